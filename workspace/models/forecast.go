package models

import (
	"context"
	"fmt"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/infile"
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
	// Through are the stages that the rows of files went through as in training.
	Through []string
	// Kept are the stages whose tables are those of training, beside rows of files.
	Kept []string
	// Taken is the stage whose table a file was taken for, since it has its columns and not those of what was read.
	Taken string
}

// A Next says which steps are forecast.
type Next struct {
	Steps int // 0: the horizon of the model
	// Incomplete says that a last month of which half is over counts as one, where rows go through a stage that makes months of them.
	Incomplete bool
}

// ForecastNext forecasts the steps behind the end of the series of files, or, without any, of the table that the
// model was made of. A file has what was read in training, and goes through the same stages, or what one of them
// made. It is a run like any other.
func ForecastNext(ctx context.Context, w *workspace.Workspace, req Request, ask Next) (*Forecast, error) {
	m, p, made, err := askedSeries(ctx, w, req)
	if err != nil {
		return nil, err
	}
	done := new(Forecast)
	next, err := step(w, "forecasts", "extrapolate", fmt.Sprintf("{steps: %d}", ask.Steps))
	if err != nil {
		return nil, err
	}
	way := &remade{past: p, req: req, made: made}
	if err := way.find(ctx, w, ask.Incomplete); err != nil {
		return nil, err
	}
	done.Through, done.Kept, done.Taken = way.through, way.kept, way.taken
	next.Inputs = []pipeline.Edge{way.edge(), {Port: "model", Type: pipeline.Model, Artifact: m.ID}}
	plan, err := pipeline.NewPlan(m.Pipeline+".forecast", 0, append(way.steps, next)...)
	if err != nil {
		return nil, err
	}
	plan = plan.PinFiles(p.pins(way.steps, way.later))
	done.Result, err = w.Run(ctx, plan, workspace.RunOptions{Observe: tellHow(req.Observe, way.reads)})
	if err != nil {
		sayHow(done.Result, way.reads)
		return done, err
	}
	stage := done.Result.Stages[len(done.Result.Stages)-1]
	done.Table = content.Artifact{ID: stage.Outputs[0].ID, Type: pipeline.Table}
	return done, nil
}

// askedSeries is the model of a request, what it came from, and the table that it was made of.
func askedSeries(ctx context.Context, w *workspace.Workspace, req Request) (m registry.Model, p *past, made artifacts.ID, err error) {
	if IsSeriesFile(req.Model) {
		m.Pipeline = "files"
		if m.ID, err = keep(ctx, w, req.Model); err != nil {
			return m, nil, made, err
		}
		if known, err := registry.LatestRun(ctx, w.DB, m.ID); err != nil {
			return m, nil, made, err
		} else if known != nil {
			m = *known
		}
	} else if m, err = findModel(ctx, w, req.Model); err != nil {
		return m, nil, made, err
	}
	model, err := seriesModel(ctx, w, m.ID)
	if err != nil {
		return m, nil, made, err
	}
	if model == nil {
		return m, nil, made, diag.WithHint(fmt.Errorf("model %s says something of rows, and forecasts no series", m.ID.Short()), "score rows with pipe predict; a stage of kind forecast makes models for pipe forecast")
	}
	if m.RunID == "" {
		return m, newPast(model), made, nil
	}
	p, made, err = seriesPast(ctx, w, m, model)
	return m, p, made, err
}

// IsSeriesFile says whether a model is named that is a file, as pipe get writes that of a stage of kind forecast.
func IsSeriesFile(model string) bool {
	f, err := infile.Open(model)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, forecaster.HeadSize)
	_, err = f.ReadAt(head, 0)
	return err == nil && forecaster.Is(head)
}

// newPast is that of a model of which only its document is known.
func newPast(model *forecaster.Model) *past {
	p := &past{used: map[artifacts.ID]bool{}, targets: []string{model.Plan.Target}}
	spec := model.Plan.Spec()
	add := func(t cell.Type, names ...string) {
		for _, name := range names {
			if !p.needs(name) {
				p.columns = append(p.columns, feature.TypedColumn{Name: name, Type: t.String()})
			}
		}
	}
	add(cell.TypeNamed(model.Clock.Type), spec.Time)
	add(cell.String, spec.By...)
	add(cell.Float64, spec.Numbers...)
	for i, name := range spec.Labels {
		if n := model.Network; n != nil && n.Static[i].Standard != nil {
			add(cell.Float64, name)
		}
		add(cell.String, name)
	}
	return p
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
	p := newPast(model)
	var made artifacts.ID
	for _, in := range list[at].Inputs {
		if in.Port == "table" {
			made = in.ID
		}
	}
	p.used[made], p.fitted = true, made
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
		return p, made, nil // it is gone: types follow from the model
	}
	defer t.Close()
	for i, c := range p.columns {
		if at, err := table.Column(t.Schema(), c.Name); err == nil {
			p.columns[i].Type = cell.TypeFor(t.Schema().Field(at).Type).String()
		}
	}
	return p, made, nil
}
