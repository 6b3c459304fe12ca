// Package reference computes graphs of primitive operators in float64, slowly and
// plainly: what fused operators mean, for those who test a backend. It knows no
// fused operator: see graph.Decomposer.
package reference

import (
	"fmt"
	"math"

	"pipe/nn/graph"
)

// Run computes a graph on what its leaves hold and gives the values of the nodes
// to keep.
func Run(g *graph.Graph, leaf func(*graph.Node) []float32, keep ...*graph.Node) ([][]float64, error) {
	if g.Err() != nil {
		return nil, g.Err()
	}
	values := map[*graph.Node][]float64{}
	for _, n := range g.Leaves() {
		for _, v := range leaf(n) {
			values[n] = append(values[n], float64(v))
		}
	}
	for _, c := range g.Calls() {
		var in [][]float64
		for _, n := range c.In {
			in = append(in, values[n])
		}
		out := make([]float64, c.Out[0].Shape().Size())
		if err := compute(c, in, out); err != nil {
			return nil, err
		}
		values[c.Out[0]] = out
	}
	var list [][]float64
	for _, n := range keep {
		list = append(list, values[n])
	}
	return list, nil
}

func compute(c *graph.Call, in [][]float64, out []float64) error {
	each := func(f func(i int) float64) {
		for i := range out {
			out[i] = f(i)
		}
	}
	switch o := c.Op.(type) {
	case graph.Constant:
		each(func(int) float64 { return float64(o.Value) })
	case graph.Count:
		each(func(i int) float64 { return float64(i) })
	case graph.Reshape, graph.Still:
		copy(out, in[0])
	case graph.Add, graph.SumGradients:
		each(func(i int) float64 { return in[0][i] + in[1][i] })
	case graph.Affine:
		each(func(i int) float64 { return o.Factor*in[0][i] + o.Offset })
	case graph.Multiply:
		each(func(i int) float64 { return in[0][i] * in[1][i] })
	case graph.Divide:
		each(func(i int) float64 { return in[0][i] / in[1][i] })
	case graph.Less:
		each(func(i int) float64 {
			if in[0][i] < in[1][i] {
				return 1
			}
			return 0
		})
	case graph.Map:
		f := map[graph.MapKind]func(float64) float64{graph.Exp: math.Exp, graph.Log: math.Log, graph.Sqrt: math.Sqrt, graph.Erf: math.Erf, graph.Abs: math.Abs}[o.Kind]
		if f == nil {
			return fmt.Errorf("reference: no function %q", string(o.Kind))
		}
		each(func(i int) float64 { return f(in[0][i]) })
	case graph.MatMul:
		matmul(c, in, out)
	case graph.Transpose:
		transpose(o, c.In[0].Shape(), in[0], out)
	case graph.Broadcast:
		move(c, o.Axis, func(int, int) int { return 0 }, in[0], out)
	case graph.Slice:
		move(c, o.Axis, func(_, to int) int { return to + o.From }, in[0], out)
	case graph.Pad:
		move(c, o.Axis, func(size, to int) int {
			if from := to - o.Before; from >= 0 && from < size {
				return from
			}
			return -1
		}, in[0], out)
	case graph.Reduce:
		reduce(o, c.In[0].Shape(), in[0], out)
	default:
		return fmt.Errorf("reference: %s (%T) is no primitive operator", o.Name(), o)
	}
	return nil
}

// cut is the sizes before, along and behind an axis.
func cut(s graph.Shape, axis int) (before, along, behind int) {
	return s[:axis].Size(), s[axis], s[axis+1:].Size()
}

// move copies elements along an axis: from says which one is put where, -1 none.
func move(c *graph.Call, axis int, from func(size, to int) int, in, out []float64) {
	before, size, behind := cut(c.In[0].Shape(), axis)
	_, made, _ := cut(c.Out[0].Shape(), axis)
	for i := range before {
		for to := range made {
			at := from(size, to)
			for k := range behind {
				if at >= 0 {
					out[(i*made+to)*behind+k] = in[(i*size+at)*behind+k]
				}
			}
		}
	}
}

func reduce(o graph.Reduce, s graph.Shape, in, out []float64) {
	before, size, behind := cut(s, o.Axis)
	for i := range before {
		for k := range behind {
			v := 0.0
			if o.Max {
				v = math.Inf(-1)
			}
			for j := range size {
				if x := in[(i*size+j)*behind+k]; o.Max {
					v = max(v, x)
				} else {
					v += x
				}
			}
			out[i*behind+k] = v
		}
	}
}

func transpose(o graph.Transpose, s graph.Shape, in, out []float64) {
	at := make([]int, len(s))
	for _, v := range in {
		to := 0
		for axis := range s {
			from := axis // the axis of the input that is here in the output
			switch axis {
			case o.A:
				from = o.B
			case o.B:
				from = o.A
			}
			to = to*s[from] + at[from]
		}
		out[to] = v
		for axis := len(s) - 1; axis >= 0; axis-- {
			if at[axis]++; at[axis] < s[axis] {
				break
			}
			at[axis] = 0
		}
	}
}

func matmul(c *graph.Call, in [][]float64, out []float64) {
	n, m, k := c.In[0].Shape()[0], c.In[0].Shape()[1], c.In[0].Shape()[2]
	p := c.In[1].Shape()[2]
	for i := range n {
		for r := range m {
			for col := range p {
				sum := 0.0
				for j := range k {
					sum += in[0][(i*m+r)*k+j] * in[1][(i*k+j)*p+col]
				}
				out[(i*m+r)*p+col] = sum
			}
		}
	}
}
