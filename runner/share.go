package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pipe/base/diag"
	"pipe/pipeline"
	"pipe/runner/machine"
)

// refusals are the jobs that have to wait for what other runs have of the
// machine. They hold nothing while they wait.
type refusals struct {
	list  []refusal     // in this round
	pause time.Duration // until the machine is asked again
}

type refusal struct {
	need machine.Need
	lack machine.Lack
}

// How often the machine is asked: what a stage declares is held for seconds at
// least, as a rule.
const (
	shortestAsk = 10 * time.Millisecond
	longestAsk  = 200 * time.Millisecond
)

func (r *refusals) none() bool { return len(r.list) == 0 }

// begin begins a round in which every job may ask.
func (r *refusals) begin() {
	r.pause = min(max(2*r.pause, shortestAsk), longestAsk)
	r.list = r.list[:0]
}

// share is what a step takes of what all runs of the machine have together: what
// it declares. A stage that declares nothing takes part in its run only, or ten
// thousand of a millisecond each would take turns with those of every other run.
func share(s *pipeline.Step, on pipeline.Placement, memory int64) machine.Need {
	n := machine.Need{CPU: s.Resources.CPU, Memory: memory, GPU: max(s.Resources.GPU, on.GPUs)}
	for _, l := range s.Limits {
		if n.Limits == nil {
			n.Limits = make(map[string]int, len(s.Limits))
		}
		n.Limits[l.Key] = l.Value
	}
	return n
}

// admit takes the share that a job needs of the machine, if it is free.
func (e *execution) admit(j *job) bool {
	if e.Machine == nil || j.hashes {
		return true
	}
	step := e.plan.Steps[j.step]
	need := share(step, e.states[j.step].on, e.need(*j).Memory)
	if need.IsZero() {
		return true
	}
	for _, r := range e.refused.list {
		if need.Covers(r.need, &r.lack) {
			e.refuse(j, need, r.lack) // no need to ask
			return false
		}
	}
	if j.share == nil {
		j.share = e.Machine.Request(need, holder(e.plan.Pipeline, step.Name, e.runID), time.Now())
	}
	lack, err := j.share.Try(time.Now())
	if lack != nil && err == nil {
		e.refuse(j, need, *lack)
		return false
	}
	if err == nil {
		err = e.Machine.Locks.Local()
	}
	if err != nil {
		e.emit(StageLog{Stage: step.Name, Level: slog.LevelWarn,
			Message: fmt.Sprintf("resources are not counted over all runs of the machine: %v", err)})
	}
	e.refused.pause = 0
	return true
}

// refuse leaves a job waiting, and says for what if that is new.
func (e *execution) refuse(j *job, need machine.Need, lack machine.Lack) {
	e.refused.list = append(e.refused.list, refusal{need, lack})
	if lack != j.lack && lack.Kind != "" {
		j.lack = lack
		e.emit(StageWaiting{Stage: e.plan.Steps[j.step].Name, Lacks: lack.Kind, Holder: lack.Holder})
	}
}

// holder is how others see who has a share.
func holder(plan, stage, runID string) string {
	return fmt.Sprintf("%s/%s of run %s", plan, stage, runID)
}

// giveBack returns the share of a stage that needs it no longer.
func (e *execution) giveBack(step int) {
	if s := &e.states[step]; s.share != nil {
		s.share.Release()
		s.share = nil
	}
}

// giveUp ends the waiting of the jobs that will not run.
func (e *execution) giveUp() {
	for _, j := range e.jobs {
		if j.share != nil {
			j.share.Release()
		}
	}
}

// check refuses a stage that could never run here.
func (r *Runner) check(s *pipeline.Step, on pipeline.Placement) error {
	if err := checkCapacity(s, on, r.Capacity); err != nil || r.Machine == nil {
		return err
	}
	err := r.Machine.Check(share(s, on, s.Resources.Memory))
	if unknown := (*machine.UnknownLimitError)(nil); errors.As(err, &unknown) {
		return diag.WithHint(err, fmt.Sprintf("say it in .pipe/config.yaml: `machine: {limits: {%s: 1}}`", unknown.Name))
	}
	return diag.WithHint(err, "lower resources.limits of the stage, or raise machine.limits in .pipe/config.yaml")
}

// takeShare waits until a step has its share of the machine.
func (r *Runner) takeShare(ctx context.Context, s *pipeline.Step, on pipeline.Placement, who string) (*machine.Request, error) {
	if r.Machine == nil {
		return nil, nil
	}
	need := share(s, on, min(s.Resources.Memory, r.Capacity.Memory))
	if need.IsZero() {
		return nil, nil
	}
	req := r.Machine.Request(need, who, time.Now())
	for {
		if lack, err := req.Try(time.Now()); lack == nil || err != nil {
			return req, err
		}
		select {
		case <-ctx.Done():
			req.Release()
			return nil, context.Cause(ctx)
		case <-time.After(longestAsk):
		}
	}
}
