package optim

import (
	"fmt"
	"math"

	"pipe/nn/graph"
)

// A Range is a part of the parameters: one of them, or several that lie one
// behind the other.
type Range struct {
	From, Size int
	Decays     bool // weight decay and L1 apply to it
}

// Regularization is what is done to gradients before the optimizer has them, in
// this order: L1 sign(p) is added, as a term L1 |p| of the loss would do, each
// is cut to ±ClipValue, and all are scaled down to a norm of ClipNorm, taken over
// all of them together, as PyTorch's clip_grad_norm_. 0: none of it.
type Regularization struct {
	L1, ClipValue, ClipNorm float64
}

// Validate says which setting makes no sense.
func (r Regularization) Validate() error {
	return first(atLeast0("gradients", "l1", r.L1), atLeast0("gradients", "clip value", r.ClipValue), atLeast0("gradients", "clip norm", r.ClipNorm))
}

// A Step is the step of an optimizer as a part of a graph: parameters change by
// their gradients times a scale. Gradients may change as Regularization says.
type Step struct {
	Parts []Part
	// Norm is, if ClipNorm asks for one, the norm of the gradients after L1 and
	// ClipValue and before it was limited, and behind it the factor that limits
	// it; else nil. If the norm is not finite, neither are the gradients (or they
	// are above 1e19), and the parameters are not to be used any more.
	Norm *graph.Node
	// Hyper and Before are inputs for what Numbers gives. Before is nil if
	// gradients are not regularised by operators of their own.
	Hyper, Before *graph.Node

	rule          rule
	reg           Regularization
	hyper, before []float32
}

// A Part is what belongs to a range of the parameters: leaves, and what becomes
// of them.
type Part struct {
	Range
	Param, Grad       *graph.Node   // leaves
	Memory            []*graph.Node // leaves, nil where there is none
	NewParam, NewGrad *graph.Node
}

// Build adds the step of an optimizer on ranges of parameters to a graph. What is
// in no range is left alone.
func Build(g *graph.Graph, o Rule, reg Regularization, ranges []Range) (*Step, error) {
	if err := first(o.Validate(), reg.Validate()); err != nil {
		return nil, err
	}
	end := 0
	for _, r := range ranges {
		if r.From < end || r.Size < 1 || r.Size > math.MaxInt-r.From {
			return nil, fmt.Errorf("range of %d at %d: ranges go upwards and do not overlap", r.Size, r.From)
		}
		end = r.From + r.Size
	}
	s := &Step{rule: o.rule(), reg: reg, hyper: make([]float32, graph.HyperSize), before: make([]float32, graph.HyperSize)}
	s.Hyper = g.Input("numbers of the step", graph.HyperSize)
	for _, r := range merge(ranges) {
		p := Part{Range: r, Param: g.Param("parameters", r.Size), Grad: g.State("gradients", r.Size)}
		p.NewParam, p.NewGrad = p.Param, p.Grad
		for i, there := range s.rule.states {
			p.Memory = append(p.Memory, nil)
			if there {
				p.Memory[i] = g.State("memory", r.Size)
			}
		}
		s.Parts = append(s.Parts, p)
	}
	if len(s.Parts) == 0 {
		return s, g.Err()
	}
	if reg.ClipNorm > 0 && (reg.L1 > 0 || reg.ClipValue > 0) {
		s.Before = g.Input("numbers of the gradients", graph.HyperSize)
		for i := range s.Parts {
			p := &s.Parts[i]
			p.NewGrad = g.Apply(graph.Regularize{Decays: p.Decays}, p.Param, p.Grad, s.Before)
		}
	}
	if reg.ClipNorm > 0 {
		in := []*graph.Node{s.Hyper}
		for _, p := range s.Parts {
			in = append(in, p.NewGrad)
		}
		s.Norm = g.Apply(graph.ClipNorm{Limit: reg.ClipNorm}, in...)
	}
	for i := range s.Parts {
		p := &s.Parts[i]
		p.NewParam = g.Apply(s.rule.op(graph.Descent{Decays: p.Decays}), append([]*graph.Node{p.Param, p.NewGrad, s.Hyper, s.Norm}, p.Memory...)...)
	}
	return s, g.Err()
}

// merge joins ranges that lie one behind the other and are treated alike.
func merge(ranges []Range) []Range {
	var list []Range
	for _, r := range ranges {
		if n := len(list); n > 0 && list[n-1].From+list[n-1].Size == r.From && list[n-1].Decays == r.Decays {
			list[n-1].Size += r.Size
			continue
		}
		list = append(list, r)
	}
	return list
}

// Memory makes what the optimizer keeps of n parameters from step to step, as it
// is in the beginning: slices that are as long as the parameters, or nil. A
// checkpoint saves and restores them.
func (s *Step) Memory(n int) [][]float32 {
	var list [][]float32
	for i, there := range s.rule.states {
		list = append(list, nil)
		if !there {
			continue
		}
		list[i] = make([]float32, n)
		if i == 0 && s.rule.initial != 0 {
			for k := range list[i] {
				list[i][k] = s.rule.initial
			}
		}
	}
	return list
}

// States says which memories there are.
func (s *Step) States() []bool { return s.rule.states }

// Numbers are what the inputs Hyper and Before hold for step t, counted from 1,
// with a factor of the learning rate and a scale of the gradients. They are
// memory of the Step.
func (s *Step) Numbers(t int, factor, scale float64) (hyper, before []float32) {
	s.rule.hyper(s.hyper, t, factor)
	h := s.hyper
	if s.Before != nil {
		h = s.before
		s.hyper[graph.HyperScale], s.hyper[graph.HyperL1], s.hyper[graph.HyperLimit] = 1, 0, float32(math.Inf(1))
	}
	h[graph.HyperScale], h[graph.HyperL1], h[graph.HyperLimit] = float32(scale), float32(s.reg.L1), float32(math.Inf(1))
	if s.reg.ClipValue > 0 {
		h[graph.HyperLimit] = float32(s.reg.ClipValue)
	}
	return s.hyper, s.before
}
