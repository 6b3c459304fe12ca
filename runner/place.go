package runner

import (
	"context"
	"slices"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// place says which processor works on a step with its inputs.
func (r *Runner) place(ctx context.Context, s *pipeline.Step, inputs []lineage.Input) (pipeline.Placement, error) {
	if on, ok := r.placed[s.Name]; ok {
		return on, nil
	}
	p, ok := s.Stage.(pipeline.Placer)
	if !ok {
		return pipeline.Placement{}, nil
	}
	src := newSources(ctx, r.Store, taskInputs(inputs))
	src.peek = true // to hash gigabytes would make a run slow that has nothing to do
	return p.Place(s.Resources.GPU, src)
}

// placeEarly says what is sure before the inputs of a step are there.
func (r *Runner) placeEarly(s *pipeline.Step) (pipeline.Placement, error) {
	if on, ok := r.placed[s.Name]; ok {
		return on, nil
	}
	p, ok := s.Stage.(pipeline.Placer)
	if !ok {
		return pipeline.Placement{}, nil
	}
	return p.Place(s.Resources.GPU, nil)
}

// placeAgain says which processor is to repeat an execution of a step: one of the
// class of that time, if it is here. The CPU always is.
func (r *Runner) placeAgain(ctx context.Context, s *pipeline.Step, rec *lineage.Execution) (pipeline.Placement, error) {
	if _, ok := s.Stage.(pipeline.Placer); !ok {
		return pipeline.Placement{}, nil
	}
	parts, err := r.DB.KeyParts(ctx, rec.ID)
	if err != nil {
		return pipeline.Placement{}, err
	}
	if engineOf(parts) == s.Kind.Engine {
		return pipeline.Placement{}, nil
	}
	return r.place(ctx, s, rec.Inputs)
}

// engineOf is the numeric class in a key; empty if there is none.
func engineOf(parts []artifacts.KeyPart) string {
	if i := slices.IndexFunc(parts, func(p artifacts.KeyPart) bool { return p.Name == "engine" }); i >= 0 {
		return parts[i].Value
	}
	return ""
}
