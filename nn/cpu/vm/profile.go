package vm

import (
	"time"

	"pipe/nn/cpu/kernel"
)

// A Timing is what an instruction costs on one thread.
type Timing struct {
	Label string
	Op    kernel.Op
	Tasks int
	Took  time.Duration // the least of all runs
	Flops float64
	Bytes float64
}

// Profile runs the program so many times, instruction by instruction on one
// thread, and says how long each took.
func (p *Program) Profile(runs int) []Timing {
	list := make([]Timing, len(p.instrs))
	for i, in := range p.source {
		list[i] = Timing{in.Label, in.Op, in.Tasks, time.Hour, in.Flops, in.Bytes}
	}
	for range runs {
		for i := range p.instrs {
			begun := time.Now()
			p.table.Run(p.instrs[i:i+1], p.scratch[0])
			list[i].Took = min(list[i].Took, time.Since(begun))
		}
	}
	return list
}
