package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
)

// RecomputeExecution does the work of a recorded execution again, with the
// plan of its run and the inputs that it read, which must be in the store. It
// commits what the stage makes and records nothing. It refuses if the stage,
// with this version of its kind, would be another computation.
func (r *Runner) RecomputeExecution(ctx context.Context, plan *pipeline.Plan, rec *lineage.Execution) ([]lineage.Output, error) {
	step := r.stepOf(plan, rec)
	if step == nil {
		return nil, fmt.Errorf("the recorded pipeline has no stage %q", rec.Stage)
	}
	inputs := slices.Clone(rec.Inputs)
	on, err := r.placeAgain(ctx, step, rec)
	if err != nil {
		return nil, err
	}
	if err := r.check(step, on); err != nil {
		return nil, err
	}
	key, parts, err := r.recordedKey(step, on, inputs)
	if err != nil {
		return nil, err
	}
	if key != rec.Key {
		return nil, r.otherKey(ctx, rec, parts)
	}
	task := taskOf(step, inputs, on, 1)
	req, err := r.takeShare(ctx, step, on, holder(plan.Pipeline, step.Name, rec.RunID)+", made again")
	if err != nil {
		return nil, err
	}
	if req != nil {
		defer req.Release()
		task.GPUs = req.GPUs()
	}
	// The log of the run tells of the run, not of its repetition.
	says := &listener{stage: step.Name, emit: (&execution{Runner: r}).emit, file: &logFile{}}
	outcome, err := r.executor().Execute(ctx, task, says)
	if err != nil {
		return nil, err
	}
	defer outcome.discard()
	if err := outcome.check(&task, r.Store); err != nil {
		return nil, err
	}
	if err := outcome.Commit(r.Store); err != nil {
		return nil, err
	}
	return outcome.Outputs, nil
}

// stepOf is the step that was executed: one of the plan or, if it has none of
// that name, one that measured another model as a step of the plan does.
func (r *Runner) stepOf(plan *pipeline.Plan, rec *lineage.Execution) *pipeline.Step {
	if s := plan.Step(rec.Stage); s != nil {
		return s
	}
	var ports []string
	for _, in := range rec.Inputs {
		ports = append(ports, in.Port)
	}
	for _, s := range plan.Replayed(rec.Kind, ports) {
		if key, _, err := r.recordedKey(s, pipeline.Placement{}, rec.Inputs); err == nil && key == rec.Key {
			return s
		}
	}
	return nil
}

// recordedKey is the key of a step with the inputs of an execution.
func (r *Runner) recordedKey(step *pipeline.Step, on pipeline.Placement, inputs []lineage.Input) (artifacts.Key, []artifacts.KeyPart, error) {
	ids := inputIDs(inputs)
	var ports []string
	for _, e := range step.Inputs {
		ports = append(ports, e.Port)
	}
	for _, f := range step.Files {
		ports = append(ports, f.Port)
	}
	for _, port := range ports {
		if id, ok := ids[port]; !ok || id == (artifacts.ID{}) {
			return artifacts.Key{}, nil, fmt.Errorf("no input was recorded for %q", port)
		}
	}
	return keyOf(step, inputs, on, r.Store.Secret)
}

// otherKey says in which parts the stage of today differs.
func (r *Runner) otherKey(ctx context.Context, rec *lineage.Execution, parts []artifacts.KeyPart) error {
	recorded, err := r.DB.KeyParts(ctx, rec.ID)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range recorded {
		if !slices.Contains(parts, p) {
			names = append(names, p.Name)
		}
	}
	return diag.WithHint(fmt.Errorf("stage %s would compute something else now: %s differs", rec.Stage, strings.Join(names, ", ")),
		"use the version of pipe that made it; `pipe show` says which")
}
