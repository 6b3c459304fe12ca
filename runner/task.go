package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
)

// A task is one stage that has to run, with all its attempts.
type task struct {
	*execution
	*pipeline.Step
	step    int // index in the plan
	key     artifacts.Key
	parts   []artifacts.KeyPart
	inputs  []lineage.Input
	reason  string // why there was no hit; at first empty if there is no execution with the key
	claimed bool   // this process holds the claim of the key
	tried   int    // attempts so far
	freed   bool   // its resources were given back
	unread  bool   // external files could not be taken into the store

	gpus []string // names of those that it has for itself
}

// job is the work of the task, for whoever has its resources.
func (t *task) job(ctx context.Context) func(gpus []string) taskResult {
	return func(gpus []string) taskResult {
		t.gpus = gpus
		return t.run(ctx)
	}
}

// run makes attempts until one succeeds or none is left, unless another
// process is doing the same.
func (t *task) run(ctx context.Context) taskResult {
	// Nobody will use what a stage without a cache makes, and a forced one
	// would not take what another process made.
	if !t.Cache || t.forced[t.Name] {
		return t.attempts(ctx)
	}
	claim, err := t.Store.Claim(t.key.String())
	if claimed := (*artifacts.ClaimedError)(nil); errors.As(err, &claimed) {
		return taskResult{step: t.step, key: t.key, claimed: claimed}
	}
	if err != nil {
		return taskResult{step: t.step, key: t.key, stage: StageResult{Stage: t.Name, Status: lineage.Failed, Err: err}}
	}
	// Only now can nobody else begin: what was missing before may be there.
	defer claim.Release()
	t.claimed = true
	hit, _, err := t.lookup(ctx, t.Step, t.key)
	if err != nil {
		return taskResult{step: t.step, key: t.key, stage: StageResult{Stage: t.Name, Status: lineage.Failed, Err: err}}
	}
	if hit != nil {
		return taskResult{step: t.step, key: t.key, hit: hit}
	}
	return t.attempts(ctx)
}

func (t *task) attempts(ctx context.Context) taskResult {
	begun := time.Now()
	if t.reason == "" {
		t.reason = t.missReason(ctx, t.Step, t.parts, t.inputs)
	}
	for {
		t.tried++
		t.git.ask(ctx)
		t.emit(StageStarted{Stage: t.Name, Kind: t.Kind.Name, Attempt: t.tried, Reason: t.reason})
		res := t.attempt(ctx, t.tried)
		end := taskResult{step: t.step, key: t.key, stage: res, took: time.Since(begun), freed: t.freed}
		if res.Status != lineage.Failed || t.tried > t.Retry.Limit {
			return end
		}
		delay := t.Retry.Wait(t.tried)
		t.emit(StageRetry{Stage: t.Name, Attempt: t.tried, Err: res.Err, Delay: delay})
		select {
		case <-ctx.Done():
			return end
		case <-time.After(delay):
			t.passed("runner.stage.retry")
		}
		// Others may have the resources now, or it needs more of them.
		if t.freed || t.Need(t.tried+1) != t.Need(t.tried) {
			t.freed = false
			end.again, end.tried = t.job(ctx), t.tried
			return end
		}
	}
}

// attempt runs the stage once and records it, whatever happens.
func (t *task) attempt(ctx context.Context, attempt int) StageResult {
	started := time.Now()
	env := newEnv(t)
	defer env.close()
	t.passed("runner.stage.begin")
	err := t.importFiles(ctx)
	t.unread = err != nil
	if err == nil {
		err = t.runStage(ctx, env)
	}
	t.passed("runner.stage.done")
	var ports []pipeline.Port
	var writers []*artifacts.Writer
	var unmet *pipeline.RequirementError
	if err == nil || errors.As(err, &unmet) {
		var missing error
		if ports, writers, missing = env.written(t.Outputs); missing != nil {
			err, unmet = missing, nil
		}
	}
	if err != nil {
		env.file.add(slog.LevelError, err.Error())
	}
	ended := time.Now()

	res := StageResult{Stage: t.Name}
	end := &attemptEnd{outputs: writers, record: func(committed []artifacts.Committed) lineage.Execution {
		if err == nil || unmet != nil {
			var commitErr error
			if res.Outputs, commitErr = committedOutputs(ports, committed); commitErr != nil {
				err, unmet = commitErr, nil
			}
		}
		res.Status, res.Err = lineage.Succeeded, err
		switch {
		case unmet != nil:
			res.Status = lineage.RequirementFailed
		case err != nil && ctx.Err() != nil:
			res.Status = status(stopped(ctx))
		case err != nil:
			res.Status = lineage.Failed
		}
		if err == nil || unmet != nil {
			res.Metrics = env.finalMetrics()
		}
		res.Warnings = env.warnings.list()
		return t.record(res, attempt, started, ended, env)
	}}
	succeeded, ownError := err == nil, unmet == nil && env.ownError(err) // end.record may change err from now on
	if ownError {
		env.dropCheckpoint()
	}
	for _, message := range env.warnings.rest() {
		t.emit(StageLog{Stage: t.Name, Level: slog.LevelWarn, Message: message})
	}
	t.committer.add(end)
	if succeeded {
		// Nothing is left to do but to wait for the disk.
		t.freed = true
		t.results <- taskResult{step: t.step, released: true}
	}
	if err := <-end.recorded; err != nil {
		return StageResult{Stage: t.Name, Status: lineage.Failed, Err: errors.Join(res.Err, errRecord(err))}
	}
	t.passed("runner.stage.recorded")
	if res.Status == lineage.Succeeded || res.Status == lineage.RequirementFailed {
		env.dropCheckpoint()
	}
	return res
}

// runStage calls the stage under its time-out. A panic is a bug in the kind,
// and must cost the run one stage, not the process and all that it runs.
func (t *task) runStage(ctx context.Context, env *taskEnv) (err error) {
	limit := t.Timeout.Of(max(1, t.tried))
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTimeout)
		defer cancel()
	}
	env.ctx = ctx
	env.checkpoints.begin()
	defer func() {
		env.stopped = ctx.Err() != nil
		if p := recover(); p != nil {
			env.Log().Error("panic", "value", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = diag.WithHint(fmt.Errorf("the stage panicked: %v", p),
				fmt.Sprintf("this is a bug in kind %q; the log shows where", t.Kind.Name))
		}
		if err != nil && context.Cause(ctx) == errTimeout {
			err = diag.WithHint(fmt.Errorf("timed out after %s", limit), "raise timeout of the stage")
		}
	}()
	if err := t.Stage.Run(ctx, env); err != nil {
		return err
	}
	return ctx.Err() // a stage that overlooked the end of ctx has not succeeded
}

var errTimeout = errors.New("stage timed out")

// record turns the end of an attempt into the rows of the lineage.
func (t *task) record(res StageResult, attempt int, started, ended time.Time, env *taskEnv) lineage.Execution {
	rec := t.executionRecord(t.Step, t.key, t.inputs)
	if t.unread {
		rec.Inputs = t.storedInputs()
	}
	rec.Status = res.Status
	rec.Reason = t.reason
	rec.Attempt = attempt
	rec.Started, rec.Finished = started, ended
	if res.Err != nil {
		rec.Error = res.Err.Error()
	}
	for _, p := range t.parts {
		rec.KeyParts = append(rec.KeyParts, artifacts.KeyPart{Name: p.Name, Value: p.Value})
	}
	rec.Metrics, rec.Warnings = res.Metrics, res.Warnings
	rec.Points = env.curvePoints()
	rec.Programs = env.calledPrograms()
	if len(res.Outputs) > 0 {
		rec.Columns = env.columnEdges()
	}
	for _, o := range res.Outputs {
		rec.Outputs = append(rec.Outputs, lineage.Output{Port: o.Port, Type: o.Type, ID: o.ID, Size: o.Size})
	}
	return rec
}

// executionRecord holds what is the same for a stage that ran and for one
// that was found in the cache.
func (e *execution) executionRecord(s *pipeline.Step, key artifacts.Key, inputs []lineage.Input) lineage.Execution {
	rec := lineage.Execution{
		RunID: e.runID, Stage: s.Name, Kind: s.Kind.Name, KindVersion: s.Kind.Version,
		Key: key, Config: s.Settings, Inputs: inputs,
	}
	if s.Kind.Seeded {
		rec.Seed = &s.Seed
	}
	return rec
}
