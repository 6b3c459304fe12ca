package models

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"pipe/artifacts"
	"pipe/lineage/registry"
	"pipe/pipeline"
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
	Read      []string // settings of how the file is written, each NAME=VALUE
	Prefix    string   // goes before the names of the added columns
	Strict    bool     // the first row that cannot be predicted is an error
	Observe   func(runner.Event)
}

// A Prediction is what a model says of new rows.
type Prediction struct {
	Result   *runner.Result // of the run that made it; nil if none began
	Table    content.Artifact
	Rows     int    // all of them
	Problems int    // of those that have no prediction
	Column   string // which says why
}

// Predict reads new rows as the training data were read, transforms them with the
// transform that the model was trained behind, and gives them to the model. It is
// a run like any other. If that fails the prediction has no table.
func Predict(ctx context.Context, w *workspace.Workspace, req Request) (*Prediction, error) {
	m, p, err := asked(ctx, w, req)
	if err != nil {
		return nil, err
	}
	plan, err := predictionPlan(ctx, w, m, p, req)
	if err != nil {
		return nil, err
	}
	res, err := w.Run(ctx, plan, workspace.RunOptions{Observe: req.Observe})
	done := &Prediction{Result: res, Column: req.Prefix + predict.ProblemColumn}
	if err != nil {
		explainAbsent(ctx, w, p, res)
		sayHow(res)
		return done, err
	}
	stage := res.Stages[len(res.Stages)-1]
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
	return done, nil
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

// predictionPlan is a plan of two stages that begins with stored artifacts.
func predictionPlan(ctx context.Context, w *workspace.Workspace, m registry.Model, past *past, req Request) (*pipeline.Plan, error) {
	load, err := reading(ctx, w, past, req)
	if err != nil {
		return nil, err
	}
	with, err := json.Marshal(map[string]any{"prefix": req.Prefix, "strict": req.Strict}) // JSON is YAML
	if err != nil {
		return nil, err
	}
	score, err := step(w, "predictions", "predict", string(with))
	if err != nil {
		return nil, err
	}
	score.Inputs = []pipeline.Edge{
		{Port: "table", From: pipeline.Ref{Stage: "load", Port: "table"}},
		{Port: "transform", Type: pipeline.Transform, Artifact: past.transform},
		{Port: "model", Type: pipeline.Model, Artifact: m.ID},
	}
	return pipeline.NewPlan(m.Pipeline+".predict", 0, load, score)
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

// findModel finds the model that a reference means; without one, the newest.
func findModel(ctx context.Context, w *workspace.Workspace, ref string) (registry.Model, error) {
	models, err := registry.Models(ctx, w.DB, "")
	if err != nil {
		return registry.Model{}, err
	}
	if len(models) == 0 {
		return registry.Model{}, errNoModels()
	}
	if ref == "" {
		return models[0], nil
	}
	found, err := w.DB.ResolveEnded(ctx, ref)
	if err != nil {
		return registry.Model{}, err
	}
	ids := []artifacts.ID{found.Artifact}
	if found.Artifact.IsZero() {
		if ids, err = modelsOf(ctx, w, found); err != nil {
			return registry.Model{}, err
		}
	}
	for _, m := range models {
		if slices.Contains(ids, m.ID) {
			m.RunID = cmp.Or(found.RunID, m.RunID) // several may have made the same
			return m, nil
		}
	}
	return registry.Model{}, errNotAModel(ref)
}
