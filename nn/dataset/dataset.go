// Package dataset is where data sets meet networks: it says what a network must
// look like for a data set, and whether one was made for the other.
package dataset

import (
	"fmt"
	"slices"
	"strings"

	"pipe/data/table"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
)

// Signature is that of a network for a data set with its targets, or with none
// that is known. steps are how many steps the longest row of each ragged input
// has; nil: that does not matter.
func Signature(info table.DatasetInfo, steps []int) nn.Signature {
	var sig nn.Signature
	if len(info.Targets) > 1 {
		sig.Task = task.Of(info.Targets[0].Task)
		var names []string
		for _, t := range info.Targets {
			if names = append(names, t.Column); task.Of(t.Task) != sig.Task {
				sig.Task = "" // no network learns them together
			}
			sig.Targets = append(sig.Targets, nn.Target{Column: t.Column, Classes: t.Classes, Center: t.Center, Scale: t.Scale, Transform: t.Transform})
		}
		sig.Column = strings.Join(names, ", ")
	} else if t := info.Target(); t != nil {
		sig = nn.Signature{Column: t.Column, Task: t.Task, Classes: t.Classes, Center: t.Center, Scale: t.Scale, Transform: t.Transform}
	}
	if info.Plain() {
		sig.Features = info.Names()
		return sig
	}
	for i := range info.Inputs {
		in := &info.Inputs[i]
		out := nn.Input{Name: in.Name, Type: in.Type, Shape: slices.Clone(nn.Shape(in.Shape)), Ragged: in.Ragged()}
		if in.Kind == table.Sparse {
			out.Sparse = in.Size
		}
		if in.Ragged() {
			out.Shape[0] = 1
			if steps != nil {
				out.Shape[0] = steps[i]
			}
		}
		if in.Kind == table.Features || in.Kind == table.Series {
			for _, f := range in.Features {
				out.Features = append(out.Features, f.Name)
			}
		}
		if in.Kind == table.Image && in.Type == tensor.U8 {
			out.Scale = nn.PixelScale
		}
		out.Center, out.Deviation = in.Center, in.Deviation
		sig.Inputs = append(sig.Inputs, out)
	}
	return sig
}

// Complete says that a network can take the data: no number may be missing.
func Complete(info table.DatasetInfo) error {
	if names := info.MayMiss(); len(names) > 0 {
		return fmt.Errorf("a network takes no missing numbers, and %d of %d features may be missing, such as %q", len(names), len(info.Features()), names[0])
	}
	return nil
}

// Widen makes room in the sparse inputs of a signature for the rows of another data
// set of the same inputs: no value of them is cut off.
func Widen(sig, other *nn.Signature) {
	for i := range sig.Inputs {
		if in := &sig.Inputs[i]; in.Sparse > 0 {
			in.Shape = slices.Clone(in.Shape)
			in.Shape[0] = max(in.Shape[0], other.Inputs[i].Shape[0])
		}
	}
}

// A Part of a signature.
type Part int

// The parts, in the order in which they are compared.
const (
	Nothing  Part = iota
	Inputs        // their names, types or shapes
	Features      // the names of the elements, or their number
	Task
	Classes
	Scale  // of the target: transform, center and scale
	Column // the name of the target
)

// Differs is the first part in which two signatures differ. A network has no
// other way to tell its inputs apart than by their order; how long ragged rows
// were in training does not matter.
func Differs(a, b *nn.Signature) Part {
	x, y := a.AllInputs(), b.AllInputs()
	switch {
	case !slices.EqualFunc(x, y, sameInput):
		return Inputs
	case !slices.EqualFunc(x, y, func(a, b nn.Input) bool { return slices.Equal(a.Features, b.Features) }):
		return Features
	case a.Task != b.Task || len(a.Targets) != len(b.Targets):
		return Task
	}
	heads, others := a.Heads(), b.Heads()
	for _, d := range []struct {
		part Part
		same func(a, b *nn.Signature) bool
	}{
		{Classes, func(a, b *nn.Signature) bool { return slices.Equal(a.Classes, b.Classes) }},
		{Scale, func(a, b *nn.Signature) bool { return Scaling(a) == Scaling(b) }},
		{Column, func(a, b *nn.Signature) bool { return a.Column == b.Column }},
	} {
		if !slices.EqualFunc(heads, others, d.same) {
			return d.part
		}
	}
	return Nothing
}

// sameInput compares all but the features: whose number is the shape of an input
// that has nothing else.
func sameInput(a, b nn.Input) bool {
	if a.Name != b.Name || a.Type != b.Type || a.Ragged != b.Ragged || len(a.Shape) != len(b.Shape) || a.Scale != b.Scale || !slices.Equal(a.Center, b.Center) || !slices.Equal(a.Deviation, b.Deviation) || a.Sparse != b.Sparse {
		return false
	}
	from := 0
	if a.Ragged || len(a.Shape) == 1 && len(a.Features) > 0 && len(b.Features) > 0 {
		from = 1
	}
	return slices.Equal(a.Shape[from:], b.Shape[from:])
}

// Scaling says how the targets are scaled.
func Scaling(sig *nn.Signature) string {
	var texts []string
	for _, h := range sig.Heads() {
		text := fmt.Sprintf("center %v and scale %v", h.Center, h.Scale)
		if h.Transform != nil {
			text += " of " + h.Transform.Of("the target")
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", ")
}

// Text names inputs with their types and shapes.
func Text(sig *nn.Signature) string {
	var list []string
	for _, in := range sig.AllInputs() {
		shape := slices.Clone(in.Shape)
		if in.Ragged {
			shape[0] = nn.Unknown
		}
		list = append(list, fmt.Sprintf("%s %s%s", in.Name, in.Type, shape))
	}
	return strings.Join(list, ", ")
}

// Names lists the named elements of all inputs, in order.
func Names(sig *nn.Signature) []string {
	var list []string
	for _, in := range sig.AllInputs() {
		list = append(list, in.Features...)
	}
	return list
}

// PictureShape is channels, height and width of an input of pictures, or of features that
// the network begins by taking as some; nil of others. info is nil of data that is not there.
func PictureShape(info *table.DatasetInfo, spec *nn.Spec, inputs []nn.Input, i int) []int {
	in := &inputs[i]
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
