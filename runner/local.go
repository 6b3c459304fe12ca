package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/pipeline"
)

// A Local is the Executor that does the work in this process. The outputs of
// its outcomes are pending: it is for the caller to commit them.
type Local struct {
	// Kinds are those of the tasks that come from other processes.
	Kinds *pipeline.Registry
	Store *artifacts.Store

	// Threads is how many CPU slots a task may use that asks for none.
	Threads int

	// CheckpointEvery is how often checkpoints are saved, 0 for every 30 seconds,
	// or less often if that takes long.
	CheckpointEvery time.Duration

	// EndLeftovers, if set, ends the processes that still run in scratch
	// directories whose owner is dead. It is called before a stage gets one.
	EndLeftovers func(dirs []string) error

	// Hash, if set, hashes a file of the machine by what is remembered of it.
	Hash func(ctx context.Context, path string) (artifacts.ID, error)

	// At, if set, is called at each named point of the life of a checkpoint, so
	// that tests can let the process die there.
	At func(point string)
}

func (l *Local) passed(point string) {
	if l.At != nil {
		l.At(point)
	}
}

// Accept refuses the task of another process if its kind is not known here, or in
// another version.
func (l *Local) Accept(t Task) error {
	if t.stage != nil {
		return nil
	}
	_, err := l.kind(&t)
	return err
}

func (l *Local) kind(t *Task) (*pipeline.Kind, error) {
	k, ok := l.Kinds.Lookup(t.Kind)
	if !ok {
		return nil, fmt.Errorf("there is no kind %q here", t.Kind)
	}
	if k.Version != t.Version {
		return nil, diag.WithHint(fmt.Errorf("kind %q has version %d here, and the task is for version %d", t.Kind, k.Version, t.Version),
			"use the same version of pipe for both")
	}
	return k, nil
}

// stage is what does the work of a task.
func (l *Local) stage(t *Task) (pipeline.Stage, error) {
	if t.stage != nil {
		return t.stage, nil
	}
	k, err := l.kind(t)
	if err != nil {
		return nil, err
	}
	return k.FromCanonical(t.Settings, t.Files...)
}

// Execute calls the stage.
func (l *Local) Execute(ctx context.Context, t Task, events Events) (Outcome, error) {
	stage, err := l.stage(&t)
	if err != nil {
		return Outcome{}, err
	}
	env := newEnv(l, &t, events)
	defer env.close()
	if t.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, t.Timeout, errTimeout)
		defer cancel()
	}
	err = env.run(ctx, stage)
	if unmet := (*pipeline.RequirementError)(nil); errors.As(err, &unmet) {
		return env.outcome(unmet.Failed), nil
	}
	if err != nil {
		o := env.remains()
		o.Checkpoint = env.checkpoints.spent(ctx, err)
		return o, err
	}
	return env.outcome(nil), nil
}

// run calls the stage. What it made counts only if all that it read was sound, and
// of damaged bytes nothing that it says means anything.
func (env *taskEnv) run(ctx context.Context, stage pipeline.Stage) error {
	env.ctx = ctx
	env.check = env.store.Checked(ctx)
	env.checkpoints.begin()
	err := env.call(ctx, stage)
	if damage := env.check.Wait(); damage != nil && ctx.Err() == nil {
		err = env.inputError(damage)
	}
	if err == nil {
		err = ctx.Err() // a stage that overlooked the end of ctx has not succeeded
	}
	if err != nil && context.Cause(ctx) == errTimeout {
		err = diag.WithHint(fmt.Errorf("timed out after %s", env.task.Timeout), "raise timeout of the stage")
	}
	return err
}

// call calls the stage. A panic is a bug in the kind, and must cost the run one
// stage, not the process and all that it runs.
func (env *taskEnv) call(ctx context.Context, stage pipeline.Stage) (err error) {
	defer func() {
		if p := recover(); p != nil {
			env.Log().Error("panic", "value", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = diag.WithHint(fmt.Errorf("the stage panicked: %v", p),
				fmt.Sprintf("this is a bug in kind %q; the log shows where", env.task.Kind))
		}
	}()
	return stage.Run(ctx, env)
}

var errTimeout = errors.New("stage timed out")

// remains are what is recorded also of a stage that failed.
func (env *taskEnv) remains() Outcome {
	env.mu.Lock()
	defer env.mu.Unlock()
	return Outcome{Points: env.points, Programs: env.programs, Warnings: env.warnings.list()}
}
