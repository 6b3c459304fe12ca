package train

import (
	"errors"
	"fmt"

	"pipe/data/picture"
	"pipe/data/table"
	"pipe/nn"
	"pipe/nn/dataset"
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
		a.Shapes[i] = dataset.PictureShape(info, spec, inputs, i)
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
