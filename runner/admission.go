package runner

import (
	"slices"

	"pipe/pipeline"
)

// patience is how many later jobs may start before one that wants more than is
// free. After that what it lacks is kept for it: otherwise a stream of narrow
// stages, which always find a gap, would keep a wide one waiting to the end.
const patience = 16

// startJobs starts as many of the waiting jobs as the free resources allow, in
// the order in which they became ready; a small one may pass a large one.
func (e *execution) startJobs() {
	e.refused.begin()
	var kept lack
	for at := 0; at < len(e.jobs) && e.free.CPU > 0 && !kept.cpu; { // all want a CPU
		want := e.need(e.jobs[at])
		short := lacking(want, e.free)
		if short == (lack{}) && !kept.needed(want) && !e.admit(&e.jobs[at]) {
			at++ // what this run has of the machine is free, but other runs have the rest
			continue
		}
		if short != (lack{}) || kept.needed(want) {
			if e.jobs[at].passed >= patience {
				kept = kept.and(short)
			}
			at++
			continue
		}
		e.start(e.jobs[at])
		e.jobs = slices.Delete(e.jobs, at, at+1)
		for i := range at {
			e.jobs[i].passed++
		}
	}
}

// start runs a job in a goroutine.
func (e *execution) start(j job) {
	want := e.need(j)
	state := &e.states[j.step]
	state.taken, state.share = want, j.share
	e.take(want, -1)
	e.running++
	var gpus []string
	if j.share != nil {
		gpus = j.share.GPUs()
	}
	go func() { e.results <- j.work(gpus) }()
}

// A lack says of which resources there is too little.
type lack struct{ cpu, memory, gpu bool }

func lacking(want, free pipeline.Resources) lack {
	return lack{want.CPU > free.CPU, want.Memory > free.Memory, want.GPU > free.GPU}
}

func (l lack) and(m lack) lack { return lack{l.cpu || m.cpu, l.memory || m.memory, l.gpu || m.gpu} }

// needed reports whether a job wants any of what is lacking.
func (l lack) needed(want pipeline.Resources) bool {
	return l.cpu && want.CPU > 0 || l.memory && want.Memory > 0 || l.gpu && want.GPU > 0
}

// need is what a job takes while it runs. Memory that grows with the attempts
// ends at what there is.
func (e *execution) need(j job) pipeline.Resources {
	if j.hashes {
		return pipeline.Resources{CPU: 1}
	}
	r := e.plan.Steps[j.step].Need(j.tried+1, e.states[j.step].on)
	r.Memory = min(r.Memory, e.Capacity.Memory)
	return r
}

func (e *execution) take(r pipeline.Resources, sign int) {
	e.free.CPU += sign * r.CPU
	e.free.Memory += int64(sign) * r.Memory
	e.free.GPU += sign * r.GPU
}
