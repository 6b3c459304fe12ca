package models

import (
	"context"
	"fmt"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/forecaster"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A Forecast is what a model says of the steps behind the end of series.
type Forecast struct {
	Result *runner.Result // of the run that made it; nil if none began
	Table  content.Artifact
}

// ForecastNext forecasts the steps behind the end of the series of a file, or, without one, of the table that the
// model was made of. It is a run like any other.
func ForecastNext(ctx context.Context, w *workspace.Workspace, req Request, steps int) (*Forecast, error) {
	m, err := findModel(ctx, w, req.Model)
	if err != nil {
		return nil, err
	}
	model, err := seriesModel(ctx, w, m.ID)
	if err != nil {
		return nil, err
	}
	if model == nil {
		return nil, diag.WithHint(fmt.Errorf("model %s says something of rows, and forecasts no series", m.ID.Short()), "score rows with pipe predict; a stage of kind forecast makes models for pipe forecast")
	}
	done := new(Forecast)
	p, made, err := seriesPast(ctx, w, m, model)
	if err != nil {
		return nil, err
	}
	next, err := step(w, "forecasts", "extrapolate", fmt.Sprintf("{steps: %d}", steps))
	if err != nil {
		return nil, err
	}
	list := []*pipeline.Step{next}
	if req.File == "" {
		next.Inputs = []pipeline.Edge{{Port: "table", Type: pipeline.Table, Artifact: made}}
	} else {
		load, err := reading(ctx, w, p, req)
		if err != nil {
			return nil, err
		}
		list = []*pipeline.Step{load, next}
		next.Inputs = []pipeline.Edge{{Port: "table", From: pipeline.Ref{Stage: loadStep, Port: "table"}}}
	}
	next.Inputs = append(next.Inputs, pipeline.Edge{Port: "model", Type: pipeline.Model, Artifact: m.ID})
	plan, err := pipeline.NewPlan(m.Pipeline+".forecast", 0, list...)
	if err != nil {
		return nil, err
	}
	done.Result, err = w.Run(ctx, plan, workspace.RunOptions{Observe: tellHow(req.Observe)})
	if err != nil {
		sayHow(done.Result)
		return done, err
	}
	stage := done.Result.Stages[len(done.Result.Stages)-1]
	done.Table = content.Artifact{ID: stage.Outputs[0].ID, Type: pipeline.Table}
	return done, nil
}

// seriesModel reads a model that forecasts series; nil if it is of rows.
func seriesModel(ctx context.Context, w *workspace.Workspace, id artifacts.ID) (*forecaster.Model, error) {
	f, err := w.Store.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, min(f.Size(), int64(forecaster.HeadSize)))
	if _, err := f.ReadAt(head, 0); err != nil || !forecaster.Is(head) {
		return nil, err
	}
	return forecaster.Read(f, f.Size())
}

// seriesPast is what the table came from that a model of series was made of, and the table.
func seriesPast(ctx context.Context, w *workspace.Workspace, m registry.Model, model *forecaster.Model) (*past, artifacts.ID, error) {
	list, err := w.DB.Executions(ctx, m.RunID)
	if err != nil {
		return nil, artifacts.ID{}, err
	}
	makes := func(e *lineage.Execution, ids map[artifacts.ID]bool) bool {
		return slices.ContainsFunc(e.Outputs, func(o lineage.Output) bool { return ids[o.ID] })
	}
	maker := func(list []lineage.Execution) int {
		return slices.IndexFunc(list, func(e lineage.Execution) bool {
			return makes(&e, map[artifacts.ID]bool{m.ID: true}) && slices.ContainsFunc(e.Inputs, func(in lineage.Input) bool { return in.Port == "table" })
		})
	}
	at := maker(list)
	if at < 0 {
		if list, err = upstream(ctx, w, m.ID); err != nil {
			return nil, artifacts.ID{}, err
		}
		if at = maker(list); at < 0 {
			return nil, artifacts.ID{}, fmt.Errorf("nothing says what model %s was made of", m.ID.Short())
		}
	}
	p := &past{used: map[artifacts.ID]bool{}, targets: []string{model.Plan.Target}}
	var made artifacts.ID
	for _, in := range list[at].Inputs {
		if in.Port == "table" {
			made = in.ID
		}
	}
	p.used[made] = true
	for i := range slices.Backward(list) {
		if e := &list[i]; makes(e, p.used) {
			p.train = append(p.train, e)
			for _, in := range e.Inputs {
				p.used[in.ID] = true
			}
		}
	}
	slices.Reverse(p.train)
	t, err := content.ReadTable(ctx, w, made)
	if err != nil {
		return p, made, nil // it is gone: types follow from the file
	}
	defer t.Close()
	spec := model.Plan.Spec()
	for _, name := range slices.Concat([]string{spec.Time}, spec.By, spec.Numbers, spec.Labels) {
		if i, err := table.Column(t.Schema(), name); err == nil {
			p.columns = append(p.columns, feature.TypedColumn{Name: name, Type: cell.TypeFor(t.Schema().Field(i).Type).String()})
		}
	}
	return p, made, nil
}
