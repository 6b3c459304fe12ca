package train

import (
	"errors"
	"fmt"
	"slices"

	"pipe/data/picture"
	"pipe/data/table"
	"pipe/data/tensor"
	"pipe/nn"
	"pipe/pipeline/settings"
)

// augment adds to the settings of a training what becomes of its pictures: inputs that
// are some, and features that the network begins by taking as some.
func (s *Train) augment(cfg *nn.Config, info *table.DatasetInfo, spec *nn.Spec, sig *nn.Signature) error {
	if s.Augment == nil {
		return nil
	}
	inputs := sig.AllInputs()
	a := &picture.Augmenter{How: *s.Augment, Seed: cfg.Seed, Threads: cfg.Threads, Shapes: make([][]int, len(inputs))}
	found := false
	for i := range inputs {
		a.Shapes[i] = shapeOf(&inputs[i], info, i, spec)
		found = found || a.Shapes[i] != nil
	}
	if !found {
		return &settings.FieldError{Field: "augment", Err: errors.New("there are no pictures to change among the inputs " + inputNames(inputs)),
			Todo: "make them with `[image]` in the preprocess stage, or begin the network with `reshape: [channels, height, width]` if features are the pixels; else leave out augment"}
	}
	for i, shape := range a.Shapes {
		if shape == nil {
			continue
		}
		if err := a.How.Fits(shape[1], shape[2]); err != nil {
			return &settings.FieldError{Field: "augment", Err: fmt.Errorf("input %s: %w", inputs[i].Name, err), Todo: "write less"}
		}
	}
	cfg.Augment = a
	return nil
}

// shapeOf is channels, height and width of an input of pictures; nil of others. info is
// nil of data that is not there.
func shapeOf(in *nn.Input, info *table.DatasetInfo, i int, spec *nn.Spec) []int {
	if in.Ragged || in.Type == tensor.I32 {
		return nil
	}
	if info != nil && info.Inputs[i].Kind == table.Image {
		return in.Shape
	}
	layers := spec.Layers
	if len(spec.Branches) > 0 {
		layers = spec.Branches[i].Layers
	}
	if len(layers) == 0 || layers[0].Reshape == nil || len(layers[0].Reshape.Dims) != 3 {
		return nil
	}
	shape := slices.Clone(layers[0].Reshape.Dims) // which the network was found to fit
	if open := slices.Index(shape, nn.Unknown); open >= 0 {
		shape[open] = 1
		shape[open] = in.Shape.Size() / tensor.Width(shape)
	}
	return shape
}
