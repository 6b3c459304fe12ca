package nn

import (
	"fmt"
	"slices"

	"pipe/nn/backend"
	"pipe/nn/optim"
)

// numbers are all numbers of a network that training changes. Plans share them:
// they see each other's changes, and one at a time may run.
type numbers struct {
	params   []tensorAt
	flat     []float32        // the parameters, one behind the other: see read
	variable backend.Variable // where programs have them
}

// read brings flat up to date.
func (m *numbers) read() error { return m.variable.Read(m.flat) }

// write makes the numbers what flat holds.
func (m *numbers) write() error { return m.variable.Write(m.flat) }

// sizes are those of the parameters.
func (m *numbers) sizes() []int {
	var list []int
	for _, t := range m.params {
		list = append(list, t.size)
	}
	return list
}

// A tensorAt is a parameter as a part of a flat memory.
type tensorAt struct {
	name    string // with that of its layer: "layers.0.weight"
	from    int
	size    int
	trained bool // by gradients; else by the way, as running means
	decays  bool // weight decay and L1 apply to it
}

// of is the parameter in a memory of the size of flat.
func (t tensorAt) of(flat []float32) []float32 { return flat[t.from : t.from+t.size : t.from+t.size] }

// trained lists the parameters that the optimizer changes.
func (m *numbers) trained() []optim.Range {
	var list []optim.Range
	for _, t := range m.params {
		if t.trained {
			list = append(list, optim.Range{From: t.from, Size: t.size, Decays: t.decays})
		}
	}
	return list
}

// size is how many there are.
func (m *numbers) size() int {
	n := 0
	for _, t := range m.params {
		n += t.size
	}
	return n
}

// copy is the same numbers with memory of their own, which no program has.
func (m *numbers) copy() *numbers { return &numbers{params: m.params, flat: slices.Clone(m.flat)} }

// onBackend puts numbers to where a backend computes.
func onBackend(b backend.Backend, m *numbers) *numbers {
	m.variable = b.Variable(m.flat, m.sizes()...)
	return m
}

// trainedName is the name of the i-th parameter that is trained.
func (m *numbers) trainedName(i int) string {
	for _, t := range m.params {
		if !t.trained {
			continue
		}
		if i == 0 {
			return t.name
		}
		i--
	}
	panic(fmt.Sprintf("nn: no such parameter: %d", i))
}
