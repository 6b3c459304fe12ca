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

	Downloads []string // addresses of the files that it would download first

	Memory int64  // that it will need, in bytes; 0 if that is not known
	Device string // that it is placed on; empty is the CPU, or not known yet

	Sources pipeline.Sources // its inputs; nil while one is unknown
}

// An Action is what a run would do.
type Action string

const (
	WillSkip Action = "cached"  // the outputs are there
	WillRun  Action = "run"     // something is missing
	MayRun   Action = "depends" // decided by what an earlier stage gives
	WillFail Action = "fail"    // an input file cannot be read, or does not fit, or the machine has too little
)

// A dryRun is an Executor that executes nothing: it leaves every task out.
type dryRun struct{}

func (dryRun) Accept(Task) error { return errLeftOut }

func (dryRun) Execute(context.Context, Task, Events) (Outcome, error) { return Outcome{}, errLeftOut }

// Explain says for every stage of a plan what Run would do with the same
// options, without doing it: it makes a run that executes and records nothing.
// A stage whose input is still to be made cannot be decided before: if the
// input turns out as it was, the stage is cached after all. The error is a diag.List if
// columns that stages name will not be there.
func (r *Runner) Explain(ctx context.Context, plan *pipeline.Plan, opt Options) ([]Forecast, error) {
	dry := *r
	dry.Executor, dry.Observe = dryRun{}, nil
	opt.KeepGoing = true
	e := newExecution(&dry, plan, opt, "")
	e.dry = true
	e.findings = make([]finding, len(plan.Steps))
	e.free.CPU = max(1, r.Capacity.CPU) // to hash files; nothing else runs
	var hidden bool
	e.secret = func() ([]byte, error) {
		secret, err := r.Store.Secret()
		if errors.Is(err, fs.ErrPermission) {
			hidden, err = true, nil
		}
		return secret, err
	}
	var failure *StageError
	if err := e.loop(ctx); err != nil && !errors.As(err, &failure) {
		return nil, err
	}
	if err := plan.CheckColumns(ctx, seenPlan{e}); err != nil {
		return nil, err
	}
	list := make([]Forecast, len(plan.Steps))
	for i, s := range plan.Steps {
		var err error
		if hidden && private(s) && e.findings[i].parts != nil {
			list[i] = Forecast{Action: MayRun, Reason: "the secret of the store, which its key is made with, cannot be read by this user"}
		} else if list[i], err = r.forecast(ctx, e, i); err != nil {
			return nil, err
		}
		list[i].Stage, list[i].Kind = s.Name, s.Kind.Name
	}
	return list, nil
}

// forecast says what a dry run has found out about a stage.
func (r *Runner) forecast(ctx context.Context, e *execution, i int) (f Forecast, err error) {
	s, res, found := e.plan.Steps[i], e.states[i].result, e.findings[i]
	if found.parts == nil && res.Err != nil {
		return Forecast{Action: WillFail, Reason: res.Err.Error()}, nil
	}
	if found.parts == nil {
		on, err := r.placeEarly(s)
		if err != nil {
			return Forecast{Action: WillFail, Reason: err.Error()}, nil
		}
		return Forecast{Action: MayRun, Reason: "after " + e.missingDependency(s), Device: on.Device}, nil
	}
	f = Forecast{Action: WillSkip, Key: found.key, Parts: found.parts, Device: found.on.Device,
		Sources: newSources(ctx, r.Store, taskInputs(found.inputs))}
	if f.Against, f.Changes, err = e.sinceLast(ctx, s, found.parts, found.inputs); err != nil || res.Status == lineage.Cached {
		return f, err
	}
	f.Action, f.Reason = WillRun, found.reason
	if f.Reason == "" {
		f.Reason = whyMissed(f.Against, f.Changes)
	}
	for _, file := range r.missingDownloads(s) {
		f.Downloads = append(f.Downloads, file.Path)
	}
	unfit := r.ready(s)
	if sizer, ok := s.Stage.(pipeline.Sizer); ok && unfit == nil {
		f.Memory, unfit = sizer.Memory(f.Sources)
	}
	if unfit != nil {
		f.Action, f.Reason = WillFail, unfit.Error()
	}
	return f, nil
}

// missingDependency names the first dependency whose outputs are not known.
func (e *execution) missingDependency(s *pipeline.Step) string {
	for _, name := range dependencies(s) {
		if e.states[e.index[name]].result.Status != lineage.Cached {
			return name
		}
	}
	return ""
}
