package trees

import (
	"fmt"
	"math"
	"slices"

	"pipe/base/exact"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
)

// blockRows are rows that a tree is asked of while it is at hand.
const blockRows = 64

// A Predictor asks the trees, for one goroutine at a time.
type Predictor struct {
	model  *Model
	inputs []nn.Input
	heads  []*nn.Signature
	trees  [][]ask
	rows   []float32 // of some rows, the columns: a number, or the place of a category
}

// An ask is a node as it is asked.
type ask struct {
	left, right int32 // of a leaf 0
	column      int32
	missing     bool
	category    bool
	at          float32
	value       float64
	in          *[4]uint64
}

// NewPredictor prepares a model for prediction.
func (m *Model) NewPredictor() (*Predictor, error) {
	if err := m.validate(); err != nil {
		return nil, err
	}
	p := &Predictor{model: m, inputs: m.Signature.AllInputs(), heads: m.Signature.Heads(), rows: make([]float32, blockRows*len(m.Columns))}
	for i := range m.Trees {
		nodes := m.Trees[i].Nodes
		list := make([]ask, len(nodes))
		for j := range nodes {
			n := &nodes[j]
			a := ask{left: int32(n.Left), right: int32(n.Right), column: int32(n.Column), missing: n.Missing, at: n.At, value: n.Value}
			if c := &m.Columns[n.Column]; !n.Leaf() && c.Category {
				a.category, a.in = true, new([4]uint64)
				for _, v := range n.In {
					at, _ := slices.BinarySearch(c.Categories, v)
					a.in[at>>6] |= 1 << (at & 63)
				}
			}
			list[j] = a
		}
		p.trees = append(p.trees, list)
	}
	return p, nil
}

// Outputs is the number of values for each row, as of a network.
func (p *Predictor) Outputs() int { return len(p.model.Start) }

// Close frees nothing: there is nothing beside the model.
func (p *Predictor) Close() error { return nil }

// Predict takes n rows of each input and returns n x Outputs values, which mean what those
// of a network mean: see nn.Predictor. A number that is NaN is missing.
func (p *Predictor) Predict(inputs []tensor.Rows, n int) ([]float64, error) {
	if n < 0 || len(inputs) != len(p.inputs) {
		return nil, fmt.Errorf("predict: %d inputs of %d rows, the trees have %d", len(inputs), n, len(p.inputs))
	}
	for i := range inputs {
		if in := &p.inputs[i]; inputs[i].Len() != n*in.Shape.Size() {
			return nil, fmt.Errorf("predict: %d values of %s for %d rows of shape %v", inputs[i].Len(), in.Name, n, in.Shape)
		}
	}
	k := len(p.model.Start)
	out := make([]float64, n*k)
	width := len(p.model.Columns)
	for from := 0; from < n; from += blockRows {
		to := min(from+blockRows, n)
		for r := from; r < to; r++ {
			p.fill(p.rows[(r-from)*width:(r-from+1)*width], inputs, r)
			copy(out[r*k:(r+1)*k], p.model.Start)
		}
		for i, t := range p.trees {
			for r := from; r < to; r++ {
				out[r*k+i%k] += leaf(t, p.rows[(r-from)*width:(r-from+1)*width])
			}
		}
		for r := from; r < to; r++ {
			p.convert(out[r*k : (r+1)*k])
		}
	}
	return out, nil
}

// fill takes the columns of a row.
func (p *Predictor) fill(row []float32, inputs []tensor.Rows, r int) {
	at := 0
	for i := range inputs {
		size := p.inputs[i].Shape.Size()
		for j := range size {
			v := value(&inputs[i], r*size+j)
			if c := &p.model.Columns[at]; c.Category {
				v = float32(c.index(v))
			}
			row[at] = v
			at++
		}
	}
}

// value is an element as a number.
func value(rows *tensor.Rows, i int) float32 {
	if len(rows.F32) > 0 {
		return rows.F32[i]
	}
	return float32(rows.At(i))
}

// index is the place of a category among those that are known, -1 of any other value.
func (c *Column) index(v float32) int {
	if v != float32(math.Trunc(float64(v))) || v < -maxCategory || v > maxCategory {
		return -1
	}
	at, known := slices.BinarySearch(c.Categories, int32(v))
	if !known {
		return -1
	}
	return at
}

// leaf is the value of the leaf that a row comes to.
func leaf(t []ask, row []float32) float64 {
	n := &t[0]
	for n.left != 0 {
		v, left := row[n.column], n.missing
		switch {
		case n.category:
			if v >= 0 {
				left = n.in[int(v)>>6]>>(int(v)&63)&1 == 1
			}
		case v == v:
			left = v <= n.at
		}
		if left {
			n = &t[n.left]
		} else {
			n = &t[n.right]
		}
	}
	return n.value
}

// convert turns sums of trees into what they mean.
func (p *Predictor) convert(z []float64) {
	if p.model.Signature.Task == task.Multiclass {
		softmax(z, z)
		return
	}
	for i, h := range p.heads {
		if binary(h) {
			z[i] = exact.Logistic(z[i])
		} else {
			z[i] = h.Unscaled(z[i])
		}
	}
}

func softmax(dst, z []float64) {
	top := slices.Max(z)
	sum := 0.
	for i, v := range z {
		dst[i] = exact.Exp(v - top)
		sum += dst[i]
	}
	for i := range dst {
		dst[i] /= sum
	}
}
