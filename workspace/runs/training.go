package runs

import (
	"context"
	"slices"

	"pipe/pipeline"
	"pipe/runner"
	"pipe/stages/train"
	"pipe/workspace"
)

// A Training is a stage of a plan that trains a network, or trees.
type Training struct {
	Stage string
	Train *train.Train
	Trees *train.Trees // in place of Train
	GPUs  int          // that the stage declares
	// Sources are its data; nil if that is still to be made.
	Sources pipeline.Sources

	step *pipeline.Step
}

// Before lists the stages that make its data.
func (t *Training) Before() []string {
	var names []string
	for _, e := range t.step.Inputs {
		if e.From.Stage != "" {
			names = append(names, e.From.Stage)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Trainings lists the stages of a plan that train networks or trees, with the data that is in
// the store for them.
func Trainings(ctx context.Context, w *workspace.Workspace, plan *pipeline.Plan) ([]Training, error) {
	r, err := w.Runner(0)
	if err != nil {
		return nil, err
	}
	anywhere := *plan
	anywhere.Steps = slices.Clone(plan.Steps)
	for i, s := range plan.Steps {
		if t, ok := s.Stage.(*train.Train); ok { // what it would need is the question
			step := *s
			step.Stage, step.Resources = t.Anywhere(), pipeline.Resources{}
			anywhere.Steps[i] = &step
		}
	}
	forecasts, err := r.Explain(ctx, &anywhere, runner.Options{})
	if err != nil {
		return nil, err
	}
	var list []Training
	for i, s := range plan.Steps {
		t, ok := s.Stage.(*train.Train)
		boosted, also := s.Stage.(*train.Trees)
		if !ok && !also {
			continue
		}
		list = append(list, Training{Stage: s.Name, Train: t, Trees: boosted, GPUs: s.Resources.GPU, Sources: forecasts[i].Sources, step: s})
	}
	return list, nil
}
