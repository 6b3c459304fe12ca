package nn

import (
	"errors"
	"math"

	"pipe/nn/backend"
	"pipe/nn/graph"
	"pipe/nn/optim"
)

// An updater is the step of the optimizer and of what follows it, as a program.
type updater struct {
	step      *optim.Step
	graph     *graph.Graph
	places    map[*graph.Node]backend.Place
	program   backend.Program // nil if there is nothing to train, or it is a part of others
	memory    [][]float32     // what the optimizer keeps: see read
	variables []backend.Variable

	average    *numbers // nil if there is none
	decay      float64
	keep, take *graph.Node
	mix        []float32 // d and 1-d
}

// newUpdater plans the step of an optimizer on numbers whose gradients are in a
// variable, and, if decay is not 0, an exponential moving average of all numbers
// (Polyak averaging): after step t, average = d average + (1-d) numbers with
// d = min(decay, (1+t)/(10+t)), so that it does not stick to the begin. With reset
// the gradients are then ready to be added to.
func newUpdater(m *numbers, gradients backend.Variable, o Rule, reg optim.Regularization, decay float64, reset bool, h how) (u *updater, err error) {
	g, places := graph.New(), map[*graph.Node]backend.Place{}
	u = &updater{graph: g, places: places, decay: decay, mix: make([]float32, 2)}
	if u.step, err = optim.Build(g, o, reg, m.trained()); err != nil {
		return nil, err
	}
	at := func(n *graph.Node, v backend.Variable, from int) *graph.Node {
		places[n] = backend.Place{Variable: v, From: from}
		return n
	}
	u.memory = make([][]float32, len(u.step.States()))
	if !h.idle {
		u.memory = u.step.Memory(m.size())
	}
	for i, there := range u.step.States() {
		u.variables = append(u.variables, nil)
		if there {
			u.variables[i] = h.backend.Variable(u.memory[i], m.sizes()...)
		}
	}
	for _, p := range u.step.Parts {
		at(p.Param, m.variable, p.From)
		at(p.Grad, gradients, p.From)
		for i, n := range p.Memory {
			if n != nil {
				at(n, u.variables[i], p.From)
			}
		}
	}
	if decay > 0 {
		u.average = onBackend(h.backend, m.copy())
		u.keep, u.take = g.Input("part of the average", 1), g.Input("part of the numbers", 1)
		mean := func(from, size int, now *graph.Node) {
			g.Apply(graph.Average{}, at(g.State("average", size), u.average.variable, from), now, u.keep, u.take)
		}
		end := 0
		rest := func(to int) { // what no gradient changes
			if end < to {
				mean(end, to-end, at(g.State("numbers", to-end), m.variable, end))
			}
		}
		for _, p := range u.step.Parts {
			rest(p.From)
			mean(p.From, p.Size, p.NewParam)
			end = p.From + p.Size
		}
		rest(m.size())
	}
	if reset {
		for _, p := range u.step.Parts {
			g.Assign(p.NewGrad, g.Apply(graph.Constant{Value: nothing, Size: p.Size}))
		}
	}
	return u, g.Err()
}

// part is the graph for a program that it is a part of.
func (u *updater) part() backend.Part { return backend.Part{Graph: u.graph, Places: u.places} }

// compile makes a program of it.
func (u *updater) compile(t *training) (err error) {
	if len(u.graph.Calls()) == 0 {
		return nil
	}
	u.program, err = t.how.compile(nil, backend.JoinOptions{Halt: t.halt}, u.part())
	return err
}

// nothing is what can be added to any number without changing a bit of it: a 0
// would make 0 of -0.
var nothing = float32(math.Copysign(0, -1))

// run does step t, counted from 1, with a factor of the learning rate and a scale
// of the gradients.
func (u *updater) run(t int, factor, scale float64) error {
	if u.program == nil {
		return nil
	}
	u.set(u.program, t, factor, scale)
	return u.program.Run(0)
}

// set gives a program that it is a part of the numbers of a step.
func (u *updater) set(p backend.Program, t int, factor, scale float64) {
	if len(u.graph.Calls()) == 0 {
		return
	}
	hyper, before := u.step.Numbers(t, factor, scale)
	p.Write(u.step.Hyper, hyper)
	if u.step.Before != nil {
		p.Write(u.step.Before, before)
	}
	if u.average != nil {
		d := min(u.decay, float64(1+t)/float64(10+t))
		u.mix[0], u.mix[1] = float32(d), float32(1-d)
		p.Write(u.keep, u.mix[:1])
		p.Write(u.take, u.mix[1:])
	}
}

// read brings memory up to date.
func (u *updater) read() error {
	var errs []error
	for i, v := range u.variables {
		if v != nil {
			errs = append(errs, v.Read(u.memory[i]))
		}
	}
	return errors.Join(errs...)
}

// write makes what the optimizer keeps what memory holds.
func (u *updater) write() error {
	var errs []error
	for i, v := range u.variables {
		if v != nil {
			errs = append(errs, v.Write(u.memory[i]))
		}
	}
	return errors.Join(errs...)
}

func (u *updater) close() error {
	var errs []error
	if u.program != nil {
		errs = append(errs, u.program.Close())
	}
	for _, v := range u.variables {
		if v != nil {
			errs = append(errs, v.Close())
		}
	}
	if u.average != nil {
		errs = append(errs, u.average.variable.Close())
	}
	return errors.Join(errs...)
}
