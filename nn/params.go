package nn

import (
	"runtime"
	"sync"
)

// A store holds the parameters of a network in one slice. Graphs share it: the
// optimiser writes it and the next run of any graph sees the change.
type store struct {
	specs []ParamShape
	flat  []float32   // all of them, in network order
	each  [][]float32 // by parameter, views of flat
}

func newStore(s Spec) *store {
	st := &store{specs: s.params()}
	total := 0
	for i := range st.specs {
		total += st.specs[i].Size()
	}
	st.flat = make([]float32, total)
	st.each = views(st.specs, st.flat)
	return st
}

// views cuts one slice into the parameters of a network.
func views(specs []ParamShape, flat []float32) [][]float32 {
	each := make([][]float32, len(specs))
	for i := range specs {
		n := specs[i].Size()
		each[i], flat = flat[:n:n], flat[n:]
	}
	return each
}

// init gives all parameters their values before training.
func (st *store) init(seed uint64, rule Initializer) {
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for i := range st.specs {
		if len(st.each[i]) < worthThread {
			st.specs[i].init(st.each[i], seed, rule)
			continue
		}
		room <- struct{}{}
		wait.Go(func() {
			st.specs[i].init(st.each[i], seed, rule)
			<-room
		})
	}
	wait.Wait()
}

// worthThread is the number of parameters from which on they are drawn beside others.
const worthThread = 1 << 14

// params copies the parameters out.
func (st *store) params() []Param {
	list := make([]Param, len(st.specs))
	for i, p := range st.specs {
		list[i] = Param{Name: p.Name, Shape: p.Shape, Data: append([]float32(nil), st.each[i]...)}
	}
	return list
}

// load copies parameters in.
func (st *store) load(list []Param) {
	for i, p := range list {
		copy(st.each[i], p.Data)
	}
}
