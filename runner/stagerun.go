package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// A stageRun is one stage that has to run, with all its attempts.
type stageRun struct {
	*execution
	*pipeline.Step
	finding
	step    int  // index in the plan
	claimed bool // this process holds the claim of the key
	tried   int  // attempts so far
	freed   bool // its resources were given back

	gpus []string // names of those that it has for itself
}

// job is the work of the stage, for whoever has its resources.
func (r *stageRun) job(ctx context.Context) func(gpus []string) jobResult {
	return func(gpus []string) jobResult {
		r.gpus = gpus
		return r.run(ctx)
	}
}

// run makes attempts until one succeeds or none is left, unless another
// process is doing the same.
func (r *stageRun) run(ctx context.Context) jobResult {
	// Nobody will use what a stage without a cache makes, and a forced one
	// would not take what another process made.
	if !r.Cache || r.forced[r.Name] {
		return r.attempts(ctx)
	}
	release, err := r.claims.Claim(r.key.String())
	if claimed := (*artifacts.ClaimedError)(nil); errors.As(err, &claimed) {
		return jobResult{step: r.step, key: r.key, claimed: claimed}
	}
	if err != nil {
		return jobResult{step: r.step, key: r.key, stage: StageResult{Stage: r.Name, Status: lineage.Failed, Err: err}}
	}
	// Only now can nobody else begin: what was missing before may be there.
	defer release()
	r.claimed = true
	hit, _, err := r.lookup(ctx, r.Step, r.key)
	if err != nil {
		return jobResult{step: r.step, key: r.key, stage: StageResult{Stage: r.Name, Status: lineage.Failed, Err: err}}
	}
	if hit != nil {
		return jobResult{step: r.step, key: r.key, hit: hit}
	}
	return r.attempts(ctx)
}

func (r *stageRun) attempts(ctx context.Context) jobResult {
	begun := time.Now()
	if r.reason == "" {
		r.reason = r.missReason(ctx, r.Step, r.parts, r.inputs)
	}
	for {
		r.tried++
		r.git.ask(ctx)
		r.emit(StageStarted{Stage: r.Name, Kind: r.Kind.Name, Attempt: r.tried, Reason: r.reason})
		res := r.attempt(ctx)
		end := jobResult{step: r.step, key: r.key, stage: res, took: time.Since(begun), freed: r.freed}
		if res.Status != lineage.Failed || r.tried > r.Retry.Limit {
			return end
		}
		delay := r.Retry.Wait(r.tried)
		r.emit(StageRetry{Stage: r.Name, Attempt: r.tried, Err: res.Err, Delay: delay})
		select {
		case <-ctx.Done():
			return end
		case <-time.After(delay):
			r.passed("runner.stage.retry")
		}
		// Others may have the resources now, or it needs more of them.
		if r.freed || r.Need(r.tried+1, r.on) != r.Need(r.tried, r.on) {
			r.freed = false
			end.again, end.tried = r.job(ctx), r.tried
			return end
		}
	}
}

// attempt runs the stage once and records it, whatever happens.
func (r *stageRun) attempt(ctx context.Context) StageResult {
	a := &attempt{stageRun: r, says: r.listen(), recorded: make(chan error, 1)}
	defer a.says.close()
	a.execute(ctx)
	succeeded := a.err == nil && len(a.outcome.Unmet) == 0
	r.committer.add(a) // which calls commit and record, and has a until it is recorded
	if succeeded {
		// Nothing is left to do but to wait for the disk.
		r.freed = true
		r.results <- jobResult{step: r.step, released: true}
	}
	err := <-a.recorded
	res := a.result()
	if err != nil {
		return StageResult{Stage: r.Name, Status: lineage.Failed, Err: errors.Join(res.Err, errRecord(err))}
	}
	r.passed("runner.stage.recorded")
	if a.err == nil {
		a.dropCheckpoint()
	}
	return res
}

// An attempt is one try at a stage. It is executed, its outputs are committed,
// and its end is recorded: each is a step that fills in more of it.
type attempt struct {
	*stageRun
	says *listener

	started, ended time.Time
	outcome        Outcome
	err            error          // why it failed; nil if requirements were not met
	stopped        lineage.Status // how a run ends that was stopped meanwhile; empty if it was not
	unread         bool           // external files could not be taken into the store

	recorded chan error // receives one value, nil if the row is written
}

// execute brings in the external files and has the work done.
func (a *attempt) execute(ctx context.Context) {
	a.started = time.Now()
	a.passed("runner.stage.begin")
	if again, err := a.importFiles(ctx, a.says); err != nil {
		a.err, a.unread = err, true
	} else {
		a.work(ctx, again)
	}
	a.passed("runner.stage.done")
	if ctx.Err() != nil {
		a.stopped = status(stopped(ctx))
	}
	if a.err != nil {
		a.outcome.discard()
		a.dropCheckpoint()
	}
	a.says.last(a.outcome, a.err)
	a.ended = time.Now()
}

// work has the work done, while external files are read again.
func (a *attempt) work(ctx context.Context, again *rereading) {
	worked, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	end := again.begin(ctx, stop)
	t := a.task()
	if a.outcome, a.err = a.executor.Execute(worked, t, a.says); a.err == nil {
		a.err = a.outcome.check(&t, a.Store)
	}
	if a.err != nil {
		stop(nil) // what was read of the files is of no more interest
	}
	if err := end(); err != nil && !errors.Is(err, context.Canceled) {
		a.err, a.unread = err, true
	}
}

// commit takes in what became of the outputs.
func (a *attempt) commit(list []artifacts.Committed) {
	if err := a.outcome.committed(list); err != nil {
		a.err = err
	}
}

// record is what the lineage keeps of the attempt.
func (a *attempt) record() lineage.Execution {
	res := a.result()
	row := a.executionRecord(a.Step, a.key, a.inputs)
	if a.unread {
		row.Inputs = a.storedInputs()
	}
	row.Status, row.Reason, row.Attempt = res.Status, a.reason, a.tried
	row.Started, row.Finished = a.started, a.ended
	if res.Err != nil {
		row.Error = res.Err.Error()
	}
	row.KeyParts = a.parts
	row.Outputs, row.Metrics, row.Warnings = res.Outputs, res.Metrics, res.Warnings
	row.Points, row.Programs = a.outcome.Points, a.outcome.Programs
	row.Device = a.device()
	if len(res.Outputs) > 0 {
		row.Columns = a.outcome.Columns
	}
	return row
}

// device is what the attempt was made on.
func (a *attempt) device() lineage.Device {
	if a.on.IsCPU() && a.outcome.BegunOn == "" {
		return lineage.Device{}
	}
	return lineage.Device{Name: deviceName(a.on), Varies: a.on.Varies, BegunOn: a.outcome.BegunOn}
}

// result says how the attempt ended.
func (a *attempt) result() StageResult {
	res := StageResult{Stage: a.Name, Err: a.err, Warnings: a.outcome.Warnings}
	switch {
	case a.err != nil && a.stopped != "":
		res.Status = a.stopped
		return res
	case a.err != nil:
		res.Status = lineage.Failed
		return res
	case len(a.outcome.Unmet) > 0:
		res.Status, res.Err = lineage.RequirementFailed, a.outcome.err()
	default:
		res.Status = lineage.Succeeded
	}
	res.Outputs, res.Metrics = a.outcome.Outputs, a.outcome.Metrics
	return res
}

// dropCheckpoint removes the checkpoint of a stage that needs it no longer. One
// that stays costs space, and pipe gc finds it.
func (a *attempt) dropCheckpoint() {
	if !a.outcome.Checkpoint {
		return
	}
	if err := a.Store.RemoveCheckpoint(a.key.String()); err != nil {
		a.says.Log(Message{Level: slog.LevelWarn, Text: fmt.Sprintf("a checkpoint that is not needed is left behind error=%v", err)})
	}
	a.passed("runner.checkpoint.removed")
}

// task is the next attempt, for an executor.
func (r *stageRun) task() Task {
	t := taskOf(r.Step, r.inputs, r.on, r.tried)
	t.GPUs = r.gpus
	if r.claimed {
		t.Checkpoints, t.Work = r.key, workOf(r.Step, r.parts)
	}
	return t
}

// taskOf is an attempt at a step, counted from 1.
func taskOf(s *pipeline.Step, inputs []lineage.Input, on pipeline.Placement, attempt int) Task {
	t := Task{
		Kind: s.Kind.Name, Version: s.Kind.Version, Settings: s.Config, Inputs: taskInputs(inputs), Outputs: s.Outputs,
		Files: make([]settings.File, len(s.Files)), Resources: s.Need(attempt, on), Placement: on, Timeout: s.Timeout.Of(attempt), stage: s.Stage,
	}
	for i, f := range s.Files {
		t.Files[i] = settings.File{Name: f.Port, Path: f.Path}
	}
	t.Resources.CPU = s.Resources.CPU
	if s.Seeded() {
		t.Seed = s.Seed
	}
	return t
}

func taskInputs(inputs []lineage.Input) []TaskInput {
	list := make([]TaskInput, len(inputs))
	for i, in := range inputs {
		list[i] = TaskInput{Port: in.Port, Type: pipeline.PortType(in.Type), ID: in.ID, Name: inputName(in)}
	}
	slices.SortFunc(list, func(a, b TaskInput) int { return strings.Compare(a.Port, b.Port) })
	return list
}

func inputName(in lineage.Input) string {
	switch {
	case in.Path != "":
		return in.Path
	case in.FromStage != "":
		return in.FromStage + "." + in.FromPort
	default:
		return in.ID.Short()
	}
}

// executionRecord holds what is the same for a stage that ran and for one
// that was found in the cache.
func (e *execution) executionRecord(s *pipeline.Step, key artifacts.Key, inputs []lineage.Input) lineage.Execution {
	rec := lineage.Execution{
		RunID: e.runID, Stage: s.Name, Kind: s.Kind.Name, KindVersion: s.Kind.Version,
		Key: key, Config: s.Settings, Inputs: inputs,
	}
	if s.Seeded() {
		rec.Seed = &s.Seed
	}
	return rec
}
