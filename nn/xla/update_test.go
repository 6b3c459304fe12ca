package xla

import (
	"fmt"
	"testing"

	"pipe/nn/graph"
	"pipe/nn/optim"
)

// trained is steps of an optimiser: on parameters of which some decay, with
// gradients that change from step to step.
func trained(rule optim.Rule, reg optim.Regularization) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		s, err := optim.Build(g.Graph, rule, reg, []optim.Range{{From: 0, Size: 13, Decays: true}, {From: 13, Size: 5}, {From: 18, Size: 1, Decays: true}})
		if err != nil {
			panic(err)
		}
		memory := s.Memory(19)
		for i, p := range s.Parts {
			name := fmt.Sprint("part", i)
			g.with(p.Param, numbers(name, p.Size))
			g.with(p.Grad, numbers(name+" gradient", p.Size))
			g.states = append(g.states, p.Param, p.Grad)
			if p.Size > 10 { // several parameters
				g.parts[p.Param], g.parts[p.Grad] = []int{6, 1, 6}, []int{6, 1, 6}
			}
			for k, m := range p.Memory {
				if m != nil {
					g.with(m, memory[k][p.From:p.From+p.Size])
					g.states = append(g.states, m)
					g.parts[m] = g.parts[p.Param]
				}
			}
		}
		// The block is that of a later step, so that corrections are not 1.
		hyper, before := s.Numbers(7, 0.8, 0.5)
		g.with(s.Hyper, hyper)
		if s.Before != nil {
			g.with(s.Before, before)
		}
		seen := s.Norm
		if seen == nil {
			seen = g.Apply(graph.SquareSums{}, s.Parts[0].NewParam, s.Parts[1].NewParam)
		}
		return seen, nil
	}
}

var (
	rules = map[string]optim.Rule{
		"sgd":      optim.SGD{LearningRate: 0.1, WeightDecay: 0.01},
		"momentum": optim.SGD{LearningRate: 0.1, Momentum: 0.9},
		"nesterov": optim.SGD{LearningRate: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 0.1},
		"adam":     optim.Adam{LearningRate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.1},
		"adamw":    optim.AdamW{LearningRate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-3, WeightDecay: 0.1},
		"rmsprop":  optim.RMSprop{LearningRate: 0.01, Alpha: 0.9, Epsilon: 1e-8},
		"centred":  optim.RMSprop{LearningRate: 0.01, Alpha: 0.9, Epsilon: 1e-3, Centered: true, Momentum: 0.5},
		"adagrad":  optim.Adagrad{LearningRate: 0.1, Epsilon: 1e-8, Initial: 0.1, WeightDecay: 0.1},
		"lion":     optim.Lion{LearningRate: 0.01, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1},
	}
	regularizations = map[string]optim.Regularization{
		"plain": {}, "l1": {L1: 0.03}, "value": {ClipValue: 0.3}, "norm": {ClipNorm: 0.5}, "small norm": {ClipNorm: 100}, "all": {L1: 0.03, ClipValue: 0.3, ClipNorm: 0.5},
	}
)

func TestOptimizers(t *testing.T) {
	c := cases{}
	for rule, o := range rules {
		c[rule] = trained(o, optim.Regularization{})
		c[rule+" all"] = trained(o, regularizations["all"])
	}
	for name, reg := range regularizations {
		c["adam "+name] = trained(rules["adam"], reg)
	}
	c["less than 0 by rounding"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		params, grads, block := g.Param("x", numbers("x", 5), 5), g.Input("dx", numbers("dx", 5), 5), make([]float32, graph.HyperSize)
		block[graph.HyperRate], block[graph.HyperScale], block[graph.HyperLimit] = 0.1, 1, 10
		squares, mean := g.State("squares", make([]float32, 5), 5), g.State("mean", []float32{1, 1, 2, 2, 3}, 5)
		x := g.Apply(graph.RMSprop{Alpha: 0.9, Epsilon: 1e-3}, params, grads, g.Input("block", block, graph.HyperSize), nil, squares, mean)
		return g.SumSquares(x), nil
	}
	check(t, c)
	checkNarrow(t, cases{"adam": c["adam"], "all": c["adam all"]})
}

// What is done with gradients and numbers over several batches, on leaves that are
// whole and on those that have parts, the same or others.
func TestUpdates(t *testing.T) {
	c := cases{}
	for name, parts := range map[string][2][]int{"whole": {}, "parts": {{3, 4, 5}, {3, 4, 5}}, "other parts": {{3, 4, 5}, {6, 6}}, "part of a value": {{3, 4, 5}, nil}, "part of a state": {nil, {6, 6}}} {
		c[name] = func(g *testGraph) (*graph.Node, []*graph.Node) {
			state := func(name string) *graph.Node {
				n := g.State(name, numbers(name, 12), 3, 4)
				g.parts[n] = parts[0]
				return n
			}
			x := g.Param("x", numbers("x", 12), 12)
			g.parts[x] = parts[1]
			factor, keep, take := g.Input("factor", []float32{0.3}, 1), g.Input("keep", []float32{0.9}, 1), g.Input("take", []float32{0.2}, 1)
			sum := g.Apply(graph.Accumulate{}, state("sum"), x, factor)
			g.Apply(graph.Average{}, state("average"), sum, keep, take)
			g.Assign(state("copy"), sum)
			return g.Apply(graph.SquareSums{}, sum, x, g.Assign(state("double"), g.Add(sum, sum))), nil
		}
	}
	check(t, c)
}
