package runner

import (
	"context"
	"errors"
	"io/fs"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// A Forecast says what a run would do with a stage.
type Forecast struct {
	Stage  string
	Kind   string
	Action Action
	Reason string        // why it would run, or which stage it waits for
	Key    artifacts.Key // zero while an input is unknown
	Parts  []artifacts.KeyPart

	// What differs from the newest execution of the stage, which is nil if
	// there is none. Both are unknown while an input is.
	Against *lineage.Earlier
	Changes []Change

	Memory int64 // that it will need, in bytes; 0 if that is not known
}

// An Action is what a run would do.
type Action string

const (
	WillSkip Action = "cached"  // the outputs are there
	WillRun  Action = "run"     // something is missing
	MayRun   Action = "depends" // decided by what an earlier stage gives
	WillFail Action = "fail"    // an input file cannot be read, or does not fit, or the machine has too little
)

// Explain says for every stage of a plan what Run would do with the same
// options, without doing it.
// A stage whose input is still to be made cannot be decided before: if the
// input turns out as it was, the stage is cached after all.
func (r *Runner) Explain(ctx context.Context, plan *pipeline.Plan, opt Options) ([]Forecast, error) {
	e := newExecution(r, plan, opt, "")
	known := make([]bool, len(plan.Steps))
	list := make([]Forecast, len(plan.Steps))
	for i, s := range plan.Steps {
		f := &list[i]
		f.Stage, f.Kind = s.Name, s.Kind.Name
		if waits := e.unknownDependency(s, known); waits != "" {
			f.Action, f.Reason = MayRun, "after "+waits
			continue
		}
		if err := e.hashStep(ctx, i); err != nil {
			f.Action, f.Reason = WillFail, err.Error()
			continue
		}
		inputs := e.inputs(i)
		var err error
		f.Key, f.Parts, err = r.key(s, inputs)
		if errors.Is(err, fs.ErrPermission) {
			f.Action, f.Reason = MayRun, "the secret of the store, which its key is made with, cannot be read by this user"
			continue
		}
		if err != nil {
			return nil, err
		}
		hit, reason, err := e.decide(ctx, s, f.Key)
		if err != nil {
			return nil, err
		}
		if f.Against, f.Changes, err = e.sinceLast(ctx, s, f.Parts, inputs); err != nil {
			return nil, err
		}
		if hit == nil {
			f.Action, f.Reason = WillRun, reason
			if reason == "" {
				f.Reason = whyMissed(f.Against, f.Changes)
			}
			if err := r.ready(s); err != nil {
				f.Action, f.Reason = WillFail, err.Error()
				continue
			}
			if sizer, ok := s.Stage.(pipeline.Sizer); ok {
				if f.Memory, err = sizer.Memory(newSources(ctx, r.Store, inputs)); err != nil {
					f.Action, f.Reason = WillFail, err.Error()
				}
			}
			continue
		}
		f.Action, known[i] = WillSkip, true
		e.states[i].result = StageResult{Stage: s.Name, Status: lineage.Cached}
		for _, o := range hit.Outputs {
			e.states[i].result.Outputs = append(e.states[i].result.Outputs, o)
		}
	}
	return list, nil
}

// unknownDependency names the first dependency whose outputs are not known.
func (e *execution) unknownDependency(s *pipeline.Step, known []bool) string {
	for _, name := range dependencies(s) {
		if !known[e.index[name]] {
			return name
		}
	}
	return ""
}

func (e *execution) hashStep(ctx context.Context, i int) error {
	s := e.plan.Steps[i]
	e.states[i].files = make(map[string]artifacts.ID, len(s.Files))
	if ids, ok := e.rememberedFiles(s); ok {
		e.states[i].files = ids
		return nil
	}
	ids, err := e.hashAll(ctx, s.Files)
	if err == nil {
		e.states[i].files = ids
	}
	return err
}
