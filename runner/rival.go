package runner

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/pipeline"
)

// A contest is a gate with what is known of the model that it compares with,
// measured as the stage of the gate has measured the model of the run. It is
// filled in when the stages of the run are done, and read when the gate is
// judged.
type contest struct {
	step     *pipeline.Step
	rival    artifacts.ID // that was measured; zero if there is none
	measured registry.Measured
	err      error // why it could not be measured

	different error // why metrics of the two cannot be compared
	contrasts map[string]pipeline.Contrast
}

// prepare measures the models that gates compare with. What it needs to run is
// recorded in this run, under names of its own, and is taken from the cache the
// next time. That a model cannot be measured does not fail the run; the error is
// that of the run's end, or of the database.
func (e *execution) prepare(ctx context.Context, gates []registry.Gate, contests []*contest) error {
	for i, c := range contests {
		model, err := registry.Contested(context.WithoutCancel(ctx), e.DB, e.runID, gates[i])
		if err != nil {
			return fmt.Errorf("gate of stage %s: %w", gates[i].Stage, err)
		}
		if model.IsZero() {
			continue
		}
		c.rival = model
		var outputs []lineage.Output
		if c.measured, outputs, c.err = e.measureOther(ctx, c.step, model, gates[i].Rival); c.err == nil {
			c.err = e.contrast(ctx, c, outputs)
		}
		if ctx.Err() != nil {
			return ErrInterrupted
		}
	}
	return nil
}

// measureOther does with another model what a stage of the run has done with
// the one of the run.
func (e *execution) measureOther(ctx context.Context, s *pipeline.Step, model artifacts.ID, label string) (m registry.Measured, outputs []lineage.Output, err error) {
	known, err := registry.BackgroundOf(context.WithoutCancel(ctx), e.DB, model)
	if err != nil {
		return m, nil, err
	}
	other := pipeline.OtherModel{Name: label, Model: model, Siblings: known.Siblings, Fitted: known.Fitted}
	made := func(r pipeline.Ref) artifacts.ID { return e.output(r).ID }
	files := func(stage string) map[string]artifacts.ID { return e.states[e.index[stage]].files }
	plan, err := e.plan.MeasureOther(s.Name, other, made, files)
	if err != nil {
		return m, nil, err
	}
	if err := registry.AddRivalStages(context.WithoutCancel(ctx), e.DB, e.runID, label, stageNames(plan)); err != nil {
		return m, nil, err
	}
	e.emit(RivalMeasured{Stage: s.Name, Label: label, Model: model, Plan: plan})
	again := newExecution(e.Runner, plan, Options{}, e.runID)
	again.committer, again.git = e.committer, e.git
	err = again.loop(ctx)
	last := again.states[len(plan.Steps)-1].result
	var unmet *pipeline.RequirementError
	if err != nil && !errors.As(err, &unmet) {
		return m, nil, err
	}
	m = registry.Measured{Metrics: map[string]float64{}, Classes: map[string]string{}}
	for _, v := range last.Metrics {
		m.Metrics[v.Name] = v.Value
		if v.Class != "" {
			m.Classes[v.Name] = v.Class
		}
	}
	return m, last.Outputs, nil
}

// contrast compares what a stage has made of the model of the run with what it has made
// of the other one, if it can.
func (e *execution) contrast(ctx context.Context, c *contest, others []lineage.Output) error {
	comparer, ok := c.step.Stage.(pipeline.Comparer)
	if !ok {
		return nil
	}
	own := e.made(ctx, c.step.Name, e.states[e.index[c.step.Name]].result.Outputs)
	other := e.made(ctx, c.step.Name, others)
	if c.different = comparer.Comparable(own, other); c.different != nil || !c.step.Promote.Paired {
		return nil
	}
	var err error
	c.contrasts, err = comparer.Contrast(ctx, own, other, c.step.Promote.By, runtime.GOMAXPROCS(0))
	return err
}

// made are the outputs of a stage as something to read.
func (e *execution) made(ctx context.Context, stage string, outputs []lineage.Output) pipeline.Sources {
	inputs := make([]TaskInput, len(outputs))
	for i, o := range outputs {
		inputs[i] = TaskInput{Port: o.Port, Name: stage + "." + o.Port, Type: pipeline.PortType(o.Type), ID: o.ID}
	}
	return newSources(ctx, e.Store, inputs)
}
