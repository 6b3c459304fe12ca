package pipeline

import (
	"slices"

	"pipe/artifacts"
)

// Downstream lists, in the order of the plan, the named stages and all that
// come after them, by data or by `needs`.
func (p *Plan) Downstream(names ...string) []string {
	in := make(map[string]bool, len(names))
	for _, n := range names {
		in[n] = true
	}
	var list []string
	for _, s := range p.Steps { // producers come before consumers
		for _, e := range s.Inputs {
			in[s.Name] = in[s.Name] || in[e.From.Stage]
		}
		for _, n := range s.Needs {
			in[s.Name] = in[s.Name] || in[n]
		}
		if in[s.Name] {
			list = append(list, s.Name)
		}
	}
	return list
}

// Upto is the plan for one stage and those that it takes data from, near and
// far. Stages that it only waits for are left out.
func (p *Plan) Upto(name string) *Plan { return p.upstream(false, name) }

// Targets is the plan for the named stages and all that has to be done for
// them: those that they take data from or wait for, near and far.
func (p *Plan) Targets(names ...string) *Plan { return p.upstream(true, names...) }

func (p *Plan) upstream(needs bool, names ...string) *Plan {
	keep := make(map[string]bool, len(names))
	for _, name := range names {
		keep[name] = true
	}
	for i := len(p.Steps) - 1; i >= 0; i-- { // consumers come behind producers
		s := p.Steps[i]
		if !keep[s.Name] {
			continue
		}
		for _, e := range s.Inputs {
			keep[e.From.Stage] = true
		}
		if needs {
			for _, n := range s.Needs {
				keep[n] = true
			}
		}
	}
	return p.with(func(s *Step) bool {
		s.Needs = slices.DeleteFunc(slices.Clone(s.Needs), func(n string) bool { return !keep[n] })
		return keep[s.Name]
	})
}

// PinFiles is the plan with the external files of its stages replaced by
// stored artifacts, as far as there is one: by stage and port.
func (p *Plan) PinFiles(ids map[string]map[string]artifacts.ID) *Plan {
	return p.with(func(s *Step) bool {
		pinFiles(s, ids[s.Name])
		return true
	})
}

// Pin is a plan of the stages that ids has, in which every stage stands for
// itself: it reads the given artifacts, by port, waits for no other stage, and
// is not taken from the cache.
func (p *Plan) Pin(ids map[string]map[string]artifacts.ID) *Plan {
	return p.with(func(s *Step) bool {
		given, ok := ids[s.Name]
		pinFiles(s, given)
		edges := make([]Edge, 0, len(s.Inputs))
		for _, e := range s.Inputs {
			if id, ok := given[e.Port]; ok {
				e.Artifact = id
				edges = append(edges, e)
			}
		}
		s.Inputs, s.Needs, s.Cache = edges, nil, false
		return ok
	})
}

func pinFiles(s *Step, ids map[string]artifacts.ID) {
	files := make([]FileInput, len(s.Files))
	for i, f := range s.Files {
		if id, ok := ids[f.Port]; ok {
			f.Artifact = id
		}
		files[i] = f
	}
	s.Files = files
}

// with copies the plan with changed steps; those for which change gives false
// are left out.
func (p *Plan) with(change func(*Step) bool) *Plan {
	c := *p
	c.Steps = nil
	c.byName = make(map[string]*Step, len(p.Steps))
	for _, s := range p.Steps {
		step := *s
		if change(&step) {
			c.Steps = append(c.Steps, &step)
			c.byName[step.Name] = &step
		}
	}
	return &c
}
