package nn

import (
	"math"

	"pipe/nn/op"
	"pipe/random"
)

// A store holds the parameters of a network in one slice. Graphs share it: the
// optimiser writes it and the next run of any graph sees the change.
type store struct {
	specs []paramSpec
	flat  []float32   // all of them, in network order
	each  [][]float32 // by parameter, views of flat
}

func newStore(s Spec) *store {
	st := &store{specs: s.params()}
	total := 0
	for _, p := range st.specs {
		total += p.size()
	}
	st.flat = make([]float32, total)
	st.each = views(st.specs, st.flat)
	return st
}

// views cuts one slice into the parameters of a network.
func views(specs []paramSpec, flat []float32) [][]float32 {
	each := make([][]float32, len(specs))
	for i, p := range specs {
		n := p.size()
		each[i], flat = flat[:n:n], flat[n:]
	}
	return each
}

// init draws the weights: uniform in ±sqrt(6/inputs) before a relu (He et al.,
// "Delving Deep into Rectifiers", 2015), else in ±sqrt(6/(inputs+outputs))
// (Glorot and Bengio, 2010). Biases are 0.
func (st *store) init(seed uint64) {
	for i, p := range st.specs {
		clear(st.each[i])
		if len(p.shape) != 2 {
			continue
		}
		fan := p.shape[0]
		if p.act != op.ReLU {
			fan += p.shape[1]
		}
		limit := float32(math.Sqrt(6 / float64(fan)))
		stream := random.New(seed, "init."+p.name, 0)
		for j := range st.each[i] {
			st.each[i][j] = limit * (2*stream.Float32(uint64(j)) - 1)
		}
	}
}

// params copies the parameters out.
func (st *store) params() []Param {
	list := make([]Param, len(st.specs))
	for i, p := range st.specs {
		list[i] = Param{Name: p.name, Shape: p.shape, Data: append([]float32(nil), st.each[i]...)}
	}
	return list
}

// load copies parameters in.
func (st *store) load(list []Param) {
	for i, p := range list {
		copy(st.each[i], p.Data)
	}
}
