package workspace

import (
	"runtime"
	"strconv"

	"pipe/base/memory"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/runner/machine"
	"pipe/stages/exec"
)

// Runner gives what executes stages in the store. It is the only place that makes
// one, so that a stage is offered the same machine whoever asks. jobs is the
// number of stages at once, 0 for what the configuration of the store says.
func (w *Workspace) Runner(jobs int) (*runner.Runner, error) {
	c, err := w.Config()
	if err != nil {
		return nil, err
	}
	r := w.runner()
	gpus := w.host.gpus(c.Machine)
	r.Capacity = w.host.offered(c.Machine, jobs)
	r.Capacity.GPU = len(gpus)
	if w.host.Locks != nil {
		r.Machine = w.host.machine(c.Machine, r.Capacity)
		r.Machine.GPUs = gpus
	}
	r.CheckpointEvery = c.Machine.CheckpointEvery
	return r, nil
}

// runner is one that is offered nothing.
func (w *Workspace) runner() *runner.Runner {
	return &runner.Runner{Store: w.Store, DB: w.DB, Environment: environment(), LogDir: w.Logs(), EndLeftovers: exec.EndLeftovers, At: w.host.At}
}

// offered is what the stages of one run may use together: what the machine
// has, unless the configuration of the store or a flag says otherwise.
func (h *Host) offered(c MachineConfig, jobs int) pipeline.Resources {
	if jobs <= 0 {
		jobs = c.CPU
	}
	r := capacity(jobs)
	if m := int64(c.Memory); m > 0 {
		r.Memory = m
	}
	return r
}

// gpus are the names of the GPUs that a run may use: those that are found, unless
// the configuration of the store or a flag says how many there are. What is said
// is believed: there are GPUs that are not found, such as those of other makers.
func (h *Host) gpus(c MachineConfig) []string {
	n := c.GPU
	if h.GPUs >= 0 {
		n = h.GPUs
	}
	if n == 0 {
		return nil
	}
	var names []string
	for _, g := range h.NVIDIA.Driver().GPUs {
		names = append(names, g.Name)
	}
	switch visible := h.NVIDIA.Visible; {
	case n < 0:
		return names
	case n <= len(names):
		return names[:n]
	case visible != nil:
		return visible[:min(n, len(visible))]
	}
	names = names[:0]
	for i := range n {
		names = append(names, strconv.Itoa(i))
	}
	return names
}

// machine is what the runs of this machine share. What a run may use by itself is
// a part of it: --jobs bounds a run, not the machine.
func (h *Host) machine(c MachineConfig, offered pipeline.Resources) *machine.Machine {
	m := &machine.Machine{Locks: h.Locks, CPU: max(offered.CPU, capacity(c.CPU).CPU), Memory: offered.Memory}
	if len(c.Limits) > 0 {
		m.Limits = make(map[string]int, len(c.Limits))
	}
	for _, l := range c.Limits {
		m.Limits[l.Key] = l.Value
	}
	return m
}

// Capacity is what the machine offers to one run whose store says nothing, without
// GPUs.
func (h *Host) Capacity() pipeline.Resources { return capacity(0) }

// capacity is what the machine offers to one run, without GPUs.
func capacity(jobs int) pipeline.Resources {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	return pipeline.Resources{CPU: jobs, Memory: totalMemory()}
}

// totalMemory is the memory of the machine in bytes, or what a container has of it.
// Where it cannot be read there is no limit.
func totalMemory() int64 {
	if n, ok := memory.Total(); ok {
		return n
	}
	return 1 << 62
}
