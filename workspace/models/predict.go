package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pipe/artifacts"
	"pipe/data/source/schema"
	"pipe/data/table"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/runner"
	"pipe/stages/predict"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A Request says what is to be predicted, and by which model.
type Request struct {
	File  string // of new rows
	Model string // a reference; empty is the newest model
	// Transform, if it is not empty, is a file with the transform that the model was
	// trained behind. Model is a file then, too: both may come from another store.
	Transform string
	Tables    []Later  // in place of tables that the training data were joined with
	Read      []string // settings of how the file is written, each NAME=VALUE
	// Headers are sent to the server that has the file, or later tables, each with the
	// name of the environment variable that holds its value, see pipeline.Download.
	Headers   settings.Map[string]
	Prefix    string // goes before the names of the added columns
	AllowExec bool   // commands of runs that were imported may run
	Strict    bool   // the first row that cannot be predicted is an error
	Observe   func(runner.Event)
}

// A Prediction is what a model says of new rows.
type Prediction struct {
	Result   *runner.Result // of the run that made it; nil if none began
	Table    content.Artifact
	Rows     int    // all of them
	Problems int    // of those that have no prediction
	Column   string // which says why
	First    []Problem
	Remarks
}

// Remarks are what is to be known of the way that new rows have gone.
type Remarks struct {
	// Raw are columns that were taken as they were read, and replaced as in training.
	Raw []string
	// Anew are those of them about which there is doubt: the file has others that stages make, whether these are run for new rows or
	// not: who has run them may have given the replaced ones.
	Anew []string
	// Kept are the stages whose tables the rows were joined with as they were in training.
	Kept []string
	// Thinned are stages of training that left out rows which count in the file.
	Thinned []Thinning
}

// A Problem is why a row has no prediction.
type Problem struct {
	Row    int64 // counted from 1
	Line   int64 // of the file; 0 if that is not known
	Reason string
}

// Predict reads new rows as the training data were read, transforms them with the
// transform that the model was trained behind, and gives them to the model. It is
// a run like any other. If that fails the prediction has no table.
func Predict(ctx context.Context, w *workspace.Workspace, req Request) (*Prediction, error) {
	m, p, err := asked(ctx, w, req)
	if err != nil {
		return nil, err
	}
	plan, tables, err := predictionPlan(ctx, w, m, p, req)
	if err != nil {
		return nil, err
	}
	res, err := w.Run(ctx, plan, workspace.RunOptions{Observe: tellHow(req.Observe, loadStep)})
	done := &Prediction{Result: res, Column: req.Prefix + predict.ProblemColumn}
	if err != nil {
		p.explain(ctx, w, m, plan, res, req)
		return done, err
	}
	stage := res.Stages[len(res.Stages)-1]
	done.Remarks = p.remarks(ctx, w, res, tables)
	done.Table = content.Artifact{ID: stage.Outputs[0].ID, Type: pipeline.Table}
	for _, m := range stage.Metrics {
		switch m.Name {
		case predict.Rows:
			done.Rows = int(m.Value)
		case predict.ProblemRows:
			done.Problems = int(m.Value)
		}
	}
	for _, m := range res.Stages[0].Metrics {
		if m.Name == predict.Rows && int(m.Value) != done.Rows {
			return done, fmt.Errorf("internal error: %d rows were read, and %d came out", int(m.Value), done.Rows)
		}
	}
	if done.Problems > 0 {
		done.First, err = firstProblems(ctx, w, done, res)
	}
	return done, err
}

// explain adds to the error of a run on new rows what is to be done about it.
func (p *past) explain(ctx context.Context, w *workspace.Workspace, m registry.Model, plan *pipeline.Plan, res *runner.Result, req Request) {
	explainAbsent(ctx, w, p, res)
	explainNames(ctx, w, p, plan.Step(loadStep), res)
	sayHow(res, loadStep)
	p.explainLacking(ctx, w, res, req.Tables)
	if req.Model == "" {
		explainChoice(ctx, w, p, m, res)
	}
}

func (p *past) remarks(ctx context.Context, w *workspace.Workspace, res *runner.Result, tables *branches) Remarks {
	rows := tableOf(res)
	r := Remarks{Kept: tables.names(ctx, w, p, rows), Thinned: p.thinned(ctx, w, rows)}
	r.Raw, r.Anew = p.again(ctx, w, rows)
	return r
}

// maxProblems is how many rows without a prediction are named.
const maxProblems = 3

// tableOf is the table that the first stage has read, which has other outputs beside it.
func tableOf(res *runner.Result) (id artifacts.ID) {
	for _, o := range res.Stages[0].Outputs {
		if o.Port == "table" {
			id = o.ID
		}
	}
	return id
}

// firstProblems are the first rows that have no prediction.
func firstProblems(ctx context.Context, w *workspace.Workspace, done *Prediction, res *runner.Result) ([]Problem, error) {
	var first int64 // line
	if rows, err := content.ReadTable(ctx, w, tableOf(res)); err == nil {
		text, _ := rows.Schema().Metadata().GetValue(schema.LineKey)
		first, _ = strconv.ParseInt(text, 10, 64) // or 0, which is none
		rows.Close()
	}
	t, err := content.ReadTable(ctx, w, done.Table.ID)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	at, err := table.Column(t.Schema(), done.Column)
	if err != nil {
		return nil, err
	}
	var list []Problem
	row := int64(0)
	for rec, err := range t.Batches() {
		if err != nil {
			return nil, err
		}
		reasons, valid, err := table.Texts(rec.Column(at))
		if err != nil {
			return nil, err
		}
		for i, reason := range reasons {
			if row++; valid != nil && !valid[i] || reason == "" {
				continue
			}
			p := Problem{Row: row, Reason: strings.Clone(reason)}
			if first > 0 {
				p.Line = first + row - 1
			}
			if list = append(list, p); len(list) == maxProblems {
				return list, nil
			}
		}
	}
	return list, nil
}

// asked is the model of a request, and what it was trained on.
func asked(ctx context.Context, w *workspace.Workspace, req Request) (registry.Model, *past, error) {
	if req.Transform != "" {
		return brought(ctx, w, req)
	}
	m, err := findModel(ctx, w, req.Model)
	if err != nil {
		return m, nil, err
	}
	p, err := pastOf(ctx, w, m)
	return m, p, err
}

// predictionPlan is a plan that reads the file, makes the tables anew of which there are
// later versions, and begins otherwise with stored artifacts.
func predictionPlan(ctx context.Context, w *workspace.Workspace, m registry.Model, past *past, req Request) (*pipeline.Plan, *branches, error) {
	load, err := reading(ctx, w, past, req)
	if err != nil {
		return nil, nil, err
	}
	with, err := json.Marshal(map[string]any{"prefix": req.Prefix, "strict": req.Strict}) // JSON is YAML
	if err != nil {
		return nil, nil, err
	}
	score, err := step(w, "predictions", "predict", string(with))
	if err != nil {
		return nil, nil, err
	}
	tables, way, err := past.between(ctx, w, req, false)
	if err != nil {
		return nil, nil, err
	}
	score.Inputs = []pipeline.Edge{
		{Port: "table", From: way.rows},
		{Port: "transform", Type: pipeline.Transform, Artifact: past.transform},
		{Port: "model", Type: pipeline.Model, Artifact: m.ID},
	}
	if len(way.steps) > 0 {
		score.Inputs = append(score.Inputs, pipeline.Edge{Port: "raw", From: pipeline.Ref{Stage: loadStep, Port: "table"}}, pipeline.Edge{Port: "problems", From: way.problems})
	}
	score.Inputs = append(score.Inputs, tables.edges...)
	between := slices.Concat(tables.steps, way.steps)
	plan, err := pipeline.NewPlan(m.Pipeline+".predict", 0, slices.Concat([]*pipeline.Step{load}, between, []*pipeline.Step{score})...)
	if err != nil {
		return nil, nil, err
	}
	return plan.PinFiles(past.pins(between, req.Tables)), tables, nil
}

func step(w *workspace.Workspace, name, kind, settings string) (*pipeline.Step, error) {
	k, ok := w.Host().Registry().Lookup(kind)
	if !ok {
		return nil, fmt.Errorf("no stage of kind %q is built in", kind)
	}
	stage, err := pipeline.DecodeStage(*k, settings)
	if err != nil {
		return nil, err
	}
	return &pipeline.Step{Name: name, Kind: k, Stage: stage, Terms: pipeline.Terms{Cache: true}}, nil
}

// findModel finds the model that a reference means; without one, that of the latest run which
// has one. It is an error if the run has several of which none was chosen. Of several runs that have the same model it is the latest, unless the reference names one.
func findModel(ctx context.Context, w *workspace.Workspace, ref string) (registry.Model, error) {
	models, err := registry.Models(ctx, w.DB, "")
	if err != nil {
		return registry.Model{}, err
	}
	if len(models) == 0 {
		return registry.Model{}, errNoModels()
	}
	found := lineage.Ref{}
	if ref == "" {
		last, err := registry.LatestRun(ctx, w.DB, artifacts.ID{})
		if err != nil || last == nil {
			return models[0], err
		}
		found.RunID, ref = last.RunID, fmt.Sprintf("the latest run with a model, %s of %s,", last.RunID, last.Pipeline)
	} else if found, err = w.DB.ResolveEnded(ctx, ref); err != nil {
		return registry.Model{}, err
	}
	if found.RunID == "" {
		last, err := registry.LatestRun(ctx, w.DB, found.Artifact)
		if err != nil {
			return registry.Model{}, err
		}
		if last != nil {
			return *last, nil
		}
	}
	ids := []artifacts.ID{found.Artifact}
	if found.Artifact.IsZero() {
		if ids, err = modelsOf(ctx, w, found); err != nil {
			return registry.Model{}, err
		}
	}
	if len(ids) > 1 {
		return registry.Model{}, errSeveral(ref, ids)
	}
	for _, m := range models {
		if slices.Contains(ids, m.ID) {
			if found.RunID != "" && found.RunID != m.RunID { // several may have made the same
				run, err := w.DB.Run(ctx, found.RunID)
				if err != nil {
					return registry.Model{}, err
				}
				m.RunID, m.Pipeline = run.ID, run.Pipeline
			}
			return m, nil
		}
	}
	return registry.Model{}, errNotAModel(ctx, w, ref, found)
}
