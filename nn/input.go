package nn

import (
	"fmt"
	"math"
	"slices"

	"pipe/data/tensor"
)

// An Input is what a network is given of each row under one name.
type Input struct {
	Name string      `json:"name"`
	Type tensor.Type `json:"type"` // as it is stored; the network computes with float32
	// Shape is that of a row. A ragged one has its first dimension, the number of
	// steps, cut to it or filled up with zeros that layers leave out of account.
	Shape    Shape    `json:"shape"`
	Ragged   bool     `json:"ragged,omitempty"`
	Features []string `json:"features,omitempty"` // names of the elements, if they have any
	// Sparse says that the two values of each step are an index, 0 to one less than
	// it, and what a vector of so many elements has there; the others are 0. 0 stands
	// for an input that is what it is. A row has no more steps than the vector.
	Sparse int `json:"sparse,omitempty"`
	// Scale is what a number of the data set is multiplied by; 0 stands for 1.
	Scale float64 `json:"scale,omitempty"`
	// Center and Deviation are what is taken from the numbers of each channel of a picture
	// after that, and what they are then divided by. Nil: nothing, and 1.
	Center    []float64 `json:"center,omitempty"`
	Deviation []float64 `json:"deviation,omitempty"`
}

// PixelScale makes of the levels of a picture, 0 to 255, numbers up to 1.
const PixelScale = 1. / 255

// AllInputs lists the inputs; features alone are one.
func (s *Signature) AllInputs() []Input {
	if len(s.Inputs) > 0 {
		return s.Inputs
	}
	return []Input{{Name: "features", Type: tensor.F32, Shape: Shape{len(s.Features)}, Features: s.Features}}
}

// checkInputs reports the first input that cannot be.
func (s *Signature) checkInputs() error {
	if len(s.Inputs) > maxInputs {
		return fmt.Errorf("%d inputs: at most %d are possible", len(s.Inputs), maxInputs)
	}
	if len(s.Inputs) > 0 && len(s.Features) > 0 {
		return fmt.Errorf("%d features beside named inputs", len(s.Features))
	}
	seen, size := map[string]bool{}, 0
	for _, in := range s.Inputs {
		switch {
		case in.Name == "" || seen[in.Name]:
			return fmt.Errorf("an input has no name, or two are named %q", in.Name)
		case in.Type.Size() == 0:
			return fmt.Errorf("input %q is of the unknown type %.20q", in.Name, string(in.Type))
		case !finite(in.Scale):
			return fmt.Errorf("input %q is scaled by %v", in.Name, in.Scale)
		case !in.normalised():
			return fmt.Errorf("input %q cannot be normalised by %v and %v", in.Name, in.Center, in.Deviation)
		}
		if err := in.Shape.checkRow(); err != nil {
			return fmt.Errorf("input %q: %w", in.Name, err)
		}
		if in.Sparse != 0 && !in.sparse() {
			return fmt.Errorf("input %q of type %s and shape %v is no sparse vector of %d elements", in.Name, in.Type, in.Shape, in.Sparse)
		}
		if size += in.Shape.Size(); size > maxValues {
			return fmt.Errorf("the inputs have more than %d numbers for a row", maxValues)
		}
		if n := len(in.Features); n > in.Shape.Size() {
			return fmt.Errorf("input %q names %d elements of %v", in.Name, n, in.Shape)
		}
		seen[in.Name] = true
	}
	return nil
}

// mostCenter bounds what channels are normalised by, so that they stay numbers of 32 bits.
const mostCenter = 1e12

// normalised says whether channels can be normalised as the input says, if it does.
func (in *Input) normalised() bool {
	if in.Center == nil && in.Deviation == nil {
		return true
	}
	if len(in.Shape) != 3 || in.Ragged || len(in.Center) != in.Shape[0] || len(in.Deviation) != in.Shape[0] {
		return false
	}
	for c, d := range in.Deviation {
		if !(d >= 1/mostCenter && d <= mostCenter && math.Abs(in.Center[c]) <= mostCenter) {
			return false
		}
	}
	return true
}

// checkRow says whether a row can be of a shape.
func (s Shape) checkRow() error {
	if len(s) < 1 || len(s) > 3 || slices.Min(s) < 1 || checkedSize(s) > maxValues {
		return fmt.Errorf("the shape %v is none that a row can have", s)
	}
	return nil
}

// sparse says whether rows can be pairs of an index and a value.
func (in *Input) sparse() bool {
	return in.Sparse > 0 && in.Sparse <= maxTokens && in.Ragged && in.Type == tensor.F32 && len(in.Shape) == 2 && in.Shape[1] == 2
}

// checkPairs finds the first index that a sparse vector does not have.
func (in *Input) checkPairs(rows *tensor.Rows, before int) error {
	for i := 0; i < len(rows.F32); i += 2 {
		if v := rows.F32[i]; !(v >= 0 && v < float32(in.Sparse)) || float32(int(v)) != v {
			row, _ := in.place(rows, i)
			return fmt.Errorf("row %d of %s has a value at %v, and its vectors have %d elements", before+row+1, in.Name, v, in.Sparse)
		}
	}
	return nil
}

// step is the number of elements of a step of a ragged row.
func (in *Input) step() int { return in.Shape[1:].Size() }

// plain says whether the numbers of rows are what the network gets.
func (in *Input) plain() bool {
	return in.Type == tensor.F32 && !in.Ragged && in.Center == nil && (in.Scale == 0 || in.Scale == 1)
}

// Longer counts the rows that have more steps than the network looks at. Of sparse
// vectors it looks at all.
func (in *Input) Longer(rows tensor.Rows) (n int) {
	from := 0
	for _, end := range rows.Ends {
		if in.Ragged && in.Sparse == 0 && end-from > in.Shape.Size() {
			n++
		}
		from = end
	}
	return n
}

// given is the memory of an input of a plan.
type given struct {
	values  []float32 // rows x size
	lengths []float32 // rows: steps that count; nil if all do
}

// newGiven makes memory for a number of rows.
func newGiven(inputs []Input, rows int) []given {
	list := make([]given, len(inputs))
	for i := range inputs {
		list[i].values = make([]float32, rows*inputs[i].Shape.Size())
		if inputs[i].Ragged {
			list[i].lengths = make([]float32, rows)
		}
	}
	return list
}

// first is the memory of the first n of rows.
func (in *Input) first(g given, n int) given {
	size := in.Shape.Size()
	g.values = g.values[:n*size]
	if g.lengths != nil {
		g.lengths = g.lengths[:n]
	}
	return g
}

// repeat copies the first row over all from one on.
func (in *Input) repeat(g given, from int) {
	size := in.Shape.Size()
	for i := from * size; i < len(g.values); i += size {
		copy(g.values[i:i+size], g.values[:size])
	}
	if g.lengths != nil {
		fill(g.lengths[from:], g.lengths[0])
	}
}

// fill turns rows from one on into what the network gets, as many as there is
// memory for in into.
func (in *Input) fill(into given, rows *tensor.Rows, first int) {
	size := in.Shape.Size()
	scale := in.Scale
	if scale == 0 {
		scale = 1
	}
	for i := range len(into.values) / size {
		dst := into.values[i*size : (i+1)*size]
		from, to := rows.Row(first+i, size)
		n := min(size, to-from)
		switch {
		case in.Center != nil:
			in.normalise(dst[:n], rows, from)
		case rows.U8 != nil:
			for j, v := range rows.U8[from : from+n] {
				dst[j] = float32(float64(v) * scale)
			}
		case rows.I32 != nil:
			for j, v := range rows.I32[from : from+n] {
				dst[j] = float32(float64(v) * scale)
			}
		case scale == 1:
			copy(dst, rows.F32[from:from+n])
		case rows.F32 != nil:
			for j, v := range rows.F32[from : from+n] {
				dst[j] = float32(float64(v) * scale)
			}
		}
		clear(dst[n:])
		if into.lengths != nil {
			into.lengths[i] = float32(n / in.step())
		}
	}
}

// normalise turns levels from one on, those of a row, into numbers of the network.
func (in *Input) normalise(dst []float32, rows *tensor.Rows, from int) {
	scale := in.Scale
	if scale == 0 {
		scale = 1
	}
	size := in.Shape.Size() / in.Shape[0]
	for c := range in.Shape[0] {
		part := dst[c*size : (c+1)*size]
		a, b := scale/in.Deviation[c], -in.Center[c]/in.Deviation[c]
		at := from + c*size
		if rows.U8 != nil {
			for j, v := range rows.U8[at : at+size] {
				part[j] = float32(float64(float64(v)*a) + b)
			}
			continue
		}
		for j := range part {
			part[j] = float32(float64(rows.At(at+j)*a) + b)
		}
	}
}

// checkRows finds the first row whose numbers a network cannot take: more or
// fewer than the shape says, not finite, no token ids of a vocabulary (0: they
// are none), or integers that float32 does not tell apart. before is the number of
// rows that come before them, for messages.
func (in *Input) checkRows(rows *tensor.Rows, n, before, vocabulary int) error {
	size := in.Shape.Size()
	switch {
	case in.Ragged && len(rows.Ends) != n:
		return fmt.Errorf("input %s has %d rows, not %d", in.Name, len(rows.Ends), n)
	case !in.Ragged && rows.Len() != n*size:
		return fmt.Errorf("input %s has %d numbers for %d rows of %d", in.Name, rows.Len(), n, size)
	}
	for i, v := range rows.F32 {
		if v-v != 0 {
			row, at := in.place(rows, i)
			return fmt.Errorf("%s of row %d is %v", in.element(at), before+row+1, v)
		}
	}
	if in.Sparse > 0 {
		if err := in.checkPairs(rows, before); err != nil {
			return err
		}
	}
	if e := in.CheckTokens(vocabulary, rows); e != nil {
		e.Row += before
		return e
	}
	for i, v := range rows.I32 {
		if v > maxTokens || v < -maxTokens {
			row, at := in.place(rows, i)
			return fmt.Errorf("%s of row %d is %d: a network tells integers apart up to %d", in.element(at), before+row+1, v, maxTokens)
		}
	}
	return nil
}

// place is the row of an element, counted from 0, and where it is in it.
func (in *Input) place(rows *tensor.Rows, i int) (row, at int) {
	if rows.Ends == nil {
		size := in.Shape.Size()
		return i / size, i % size
	}
	row, _ = slices.BinarySearch(rows.Ends, i+1)
	from, _ := rows.Row(row, 0)
	return row, i - from
}

// element names an element of a row for people.
func (in *Input) element(at int) string {
	switch n := len(in.Features); {
	case n == in.Shape.Size() && !in.Ragged:
		return "feature " + in.Features[at]
	case in.Ragged && n == in.step() && n > 0:
		return fmt.Sprintf("feature %s of step %d", in.Features[at%n], at/n+1)
	}
	return fmt.Sprintf("element %d of %s", at+1, in.Name)
}
