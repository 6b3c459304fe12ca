// Package runner executes a plan: it finds out which stages are ready, looks
// each one up by its key, runs what is missing within the resources of the
// machine, retries, times out, stops cleanly, and records what happened. It
// knows no stage by name and writes no SQL.
package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/fetch"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/runner/machine"
)

// ErrInterrupted is the cause with which callers cancel the context of a run
// when a person stops it, and what Run then returns.
var ErrInterrupted = errors.New("interrupted")

// A CancelledError says that a run was given up on purpose, without anything
// being wrong with it: the context was cancelled with another cause than
// ErrInterrupted.
type CancelledError struct{ Cause error }

func (e *CancelledError) Error() string { return e.Cause.Error() }
func (e *CancelledError) Unwrap() error { return e.Cause }

// stopped is how a run ends whose context has ended.
func stopped(ctx context.Context) error {
	switch cause := context.Cause(ctx); cause {
	case ErrInterrupted, context.Canceled, context.DeadlineExceeded:
		return ErrInterrupted
	default:
		return &CancelledError{cause}
	}
}

// A Runner executes plans against one store and one lineage database. Several
// runs may use it at once.
type Runner struct {
	Store       *artifacts.Store
	DB          *lineage.DB
	Environment lineage.Environment

	// LogDir is where what stages say is kept, see LogFile; empty for nowhere.
	LogDir string

	// Capacity is what the stages of one run may use together. CPU is also
	// the number of stages that run at once if each takes one CPU.
	Capacity pipeline.Resources

	// Machine, if set, is what all runs of this machine share: what a stage
	// declares in its resources is counted over all of them.
	Machine *machine.Machine

	// Downloads gets the files that servers have.
	Downloads fetch.Client

	// Git is the version of the project that runs are made from, as far as it is
	// known at once. GitStatus, if set, tells the rest of it; it is called beside
	// the first stage that runs, and awaited at the end.
	Git       lineage.Git
	GitStatus func(context.Context) lineage.Git

	// Observe, if set, receives every event of a run, one at a time.
	Observe func(Event)

	// Executor does the work of stages; nil does it in this process.
	Executor Executor

	// Claims are those of all who may do the same work; nil are those of the
	// store, which count on one machine.
	Claims Claims

	// EndLeftovers, if set, ends the processes that still run in scratch
	// directories whose owner is dead. It is called before a stage gets one.
	EndLeftovers func(dirs []string) error

	// At, if set, is called at each named point on the way from a stage to its
	// record, so that tests can let the process die there.
	At func(point string)

	// CheckpointEvery is how often the checkpoints of a stage are saved, 0 for
	// every 30 seconds, or less often if that takes long.
	CheckpointEvery time.Duration

	memoFrom int                           // in place of memoStages, if not 0
	placed   map[string]pipeline.Placement // where stages are worked on, whatever they say
}

func (r *Runner) executor() Executor {
	if r.Executor != nil {
		return r.Executor
	}
	return &Local{Store: r.Store, Threads: r.Capacity.CPU, CheckpointEvery: r.CheckpointEvery, EndLeftovers: r.EndLeftovers, Hash: r.hashProgram, At: r.At}
}

func (r *Runner) claims() Claims {
	if r.Claims != nil {
		return r.Claims
	}
	return storeClaims{r.Store}
}

func (r *Runner) passed(point string) {
	if r.At != nil {
		r.At(point)
	}
}

// Options say how to execute a plan.
type Options struct {
	KeepGoing   bool      // after a failure, go on with stages that do not depend on it
	Trigger     string    // "manual", "schedule" or "rerun"
	ScheduledAt time.Time // the tick that started the run, zero if there is none
	RerunOf     string    // the run that a rerun repeats

	Force []string // stages to run even if they could be taken from the cache
	Gates bool     // judge the gates of the plan if the run succeeds
	Only  string   // if not empty, the one stage that may run; all else must be in the cache

	// Given, if set, is what the plan was made from; a later Recall with the
	// same may then need no plan.
	Given *Given
}

// A Result says how a run ended.
type Result struct {
	RunID    string
	Status   lineage.Status
	Stages   []StageResult // in the order of the plan
	Duration time.Duration
}

// A StageResult says how a stage ended. A stage that was never begun, because
// the run stopped earlier, has status Skipped.
type StageResult struct {
	Stage   string
	Status  lineage.Status
	Origin  int64 // the execution that did the work, if it was cached
	Outputs []lineage.Output
	Metrics []lineage.Metric
	// Warnings are what it warned of, now or, if it was cached, when it ran.
	Warnings []string
	Err      error
}

// Count tells how many stages ended with a status.
func (r *Result) Count(s lineage.Status) int {
	n := 0
	for _, st := range r.Stages {
		if st.Status == s {
			n++
		}
	}
	return n
}

// A StageError is the failure of one stage.
type StageError struct {
	Stage string
	Err   error
}

func (e *StageError) Error() string { return fmt.Sprintf("stage %s: %v", e.Stage, e.Err) }
func (e *StageError) Unwrap() error { return e.Err }

// Run executes a plan and records it. It returns an error if the run could
// not be recorded, a *MissingError if Options.Only cannot be kept, a *StageError for the first stage that failed (wrapping
// *pipeline.RequirementError if a requirement was not met), ErrInterrupted, or a *CancelledError; the
// Result is there in all of these cases but the first two.
func (r *Runner) Run(ctx context.Context, plan *pipeline.Plan, opt Options) (*Result, error) {
	begun := time.Now()
	if err := r.checkOnly(ctx, plan, opt); err != nil {
		return nil, err
	}
	if err := r.checkReady(ctx, plan, opt); err != nil {
		return nil, err
	}
	spec, err := r.storeSpec(plan.Source)
	if err != nil {
		return nil, err
	}
	before, err := r.DB.LastExecution(ctx)
	if err != nil {
		return nil, err
	}
	runID, err := r.DB.BeginRun(context.WithoutCancel(ctx), r.runRecord(plan, spec, opt))
	if err != nil {
		return nil, err
	}
	r.passed("runner.run.begun")
	e := newExecution(r, plan, opt, runID)
	e.emit(RunStarted{RunID: runID, Pipeline: plan.Pipeline, Stages: stageNames(plan)})
	stopHeartbeat := e.heartbeat(ctx)
	var stopCommitter func()
	e.committer, stopCommitter = r.startCommitter(ctx)
	runErr := e.loop(ctx)
	gates, contests := e.gates(runErr)
	if err := e.prepare(ctx, gates, contests); err != nil {
		runErr, gates = err, nil
	}
	stopCommitter()
	e.git.wait()
	stopHeartbeat()

	r.passed("runner.run.ending")
	res := e.result(runErr)
	res.Duration = time.Since(begun)
	message := ""
	if runErr != nil {
		message = runErr.Error()
	}
	decisions, err := registry.FinishRun(context.WithoutCancel(ctx), r.DB, runID, res.Status, message, gates)
	if err != nil {
		return res, errors.Join(runErr, err)
	}
	r.passed("runner.run.finished")
	for i, d := range decisions {
		e.emit(GateJudged{Stage: gates[i].Stage, Label: gates[i].Label, Decision: d})
	}
	e.emit(RunFinished{Result: res})
	if runErr == nil {
		// Without the memo the next run takes longer; that is all.
		_ = r.remember(context.WithoutCancel(ctx), e, opt.Given, artifacts.Sized{ID: spec, Size: int64(len(plan.Source))}, before)
	}
	return res, runErr
}

// RecordFailure records a run that ended before it began, with the reason: its
// pipeline could not be loaded, say. Of run are read what BeginRun reads but
// SpecID and Environment. It returns the ID of the run.
func (r *Runner) RecordFailure(ctx context.Context, run lineage.Run, reason error) (string, error) {
	spec, err := r.storeSpec([]byte(run.SpecText))
	if err != nil {
		return "", err
	}
	run.SpecID, run.Environment = spec, r.Environment
	id, err := r.DB.BeginRun(ctx, run)
	if err != nil {
		return "", err
	}
	return id, r.DB.FinishRun(ctx, id, lineage.Failed, reason.Error())
}

// storeSpec keeps the bytes of the pipeline file, so that a run can be made
// again after the file has changed. On a rerun the bytes are there already,
// and nothing is written.
func (r *Runner) storeSpec(source []byte) (artifacts.ID, error) {
	id := artifacts.Sum(source)
	if size, err := r.Store.Renew(id); err == nil && size == int64(len(source)) {
		return id, nil
	}
	w, err := r.Store.Create()
	if err != nil {
		return artifacts.ID{}, err
	}
	defer w.Discard()
	if _, err := w.Write(source); err != nil {
		return artifacts.ID{}, err
	}
	id, _, err = w.Commit()
	return id, err
}

func (r *Runner) runRecord(plan *pipeline.Plan, spec artifacts.ID, opt Options) lineage.Run {
	run := lineage.Run{
		Pipeline: plan.Pipeline, File: plan.File, SpecID: spec, SpecText: string(plan.Source), Seed: plan.Seed,
		Trigger: opt.Trigger, ScheduledAt: opt.ScheduledAt, RerunOf: opt.RerunOf, Environment: r.Environment, Stages: len(plan.Steps), Git: r.Git,
	}
	if run.Trigger == "" {
		run.Trigger = "manual"
	}
	for _, p := range plan.RecordedParams() {
		run.Params = append(run.Params, lineage.Param{Name: p.Name, Value: string(p.Value), Source: p.Source})
	}
	return run
}

func stageNames(plan *pipeline.Plan) []string {
	names := make([]string, len(plan.Steps))
	for i, s := range plan.Steps {
		names[i] = s.Name
	}
	return names
}

// status is how a run ends that ended with err.
func status(err error) lineage.Status {
	var unmet *pipeline.RequirementError
	var cancelled *CancelledError
	switch {
	case err == nil:
		return lineage.Succeeded
	case errors.As(err, &cancelled):
		return lineage.Cancelled
	case errors.Is(err, ErrInterrupted):
		return lineage.Interrupted
	case errors.As(err, &unmet):
		return lineage.RequirementFailed
	default:
		return lineage.Failed
	}
}

// ready says why a stage could not run here: what it asks for is missing, or the
// machine has too little for it.
func (r *Runner) ready(s *pipeline.Step) error {
	if d, ok := s.Stage.(pipeline.Downloader); ok && len(r.missingDownloads(s)) > 0 {
		if _, err := d.DownloadHeaders(); err != nil {
			return err
		}
	}
	if stage, ok := s.Stage.(pipeline.Readier); ok {
		if err := stage.Ready(); err != nil {
			return err
		}
	}
	on, err := r.placeEarly(s)
	if err != nil {
		return err
	}
	return r.check(s, on)
}

// checkReady refuses to begin a run in which a stage would fail for want of
// something that it can name now. What is in the cache need not be ready.
func (r *Runner) checkReady(ctx context.Context, plan *pipeline.Plan, opt Options) error {
	missing := map[string]error{}
	for _, s := range plan.Steps {
		if err := r.ready(s); err != nil {
			missing[s.Name] = &StageError{Stage: s.Name, Err: err}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	forecast, err := r.Explain(ctx, plan, opt)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range forecast {
		if missing[f.Stage] != nil && f.Action != WillSkip {
			errs = append(errs, missing[f.Stage])
		}
	}
	return errors.Join(errs...)
}

// checkCapacity refuses a stage that could never run on this machine, instead
// of waiting for ever.
func checkCapacity(s *pipeline.Step, on pipeline.Placement, have pipeline.Resources) error {
	want := s.Need(1, on)
	want.CPU = s.Resources.CPU
	switch {
	case want.CPU > have.CPU:
		return diag.WithHint(fmt.Errorf("needs %d cpus, but only %d are offered", want.CPU, have.CPU),
			"lower resources.cpu of the stage, or raise --jobs")
	case want.Memory > have.Memory:
		return diag.WithHint(fmt.Errorf("needs %s of memory, but the machine has %s", settings.Bytes(want.Memory), settings.Bytes(have.Memory)),
			"lower resources.memory of the stage")
	case want.GPU > have.GPU:
		return diag.WithHint(fmt.Errorf("needs %d gpus, but the machine offers %d", want.GPU, have.GPU),
			"`pipe doctor` says which GPUs are found; offer others with --gpus N, or remove resources.gpu from the stage")
	}
	return nil
}
