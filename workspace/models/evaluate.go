package models

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/data/metric"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/content"
)

// Measures say what an Evaluation measures, in place of what was measured after training.
type Measures struct {
	Metrics []string // names, the most important first
	Slices  []string // columns
}

// Check finds metrics that there are not, before anything is read.
func (m *Measures) Check() error {
	known := metric.All().Names()
	for _, name := range m.Metrics {
		if !slices.Contains(known, name) {
			return diag.Usage(diag.Unknown("metric", name, known))
		}
	}
	return nil
}

// An Evaluation is how good a model is on new rows whose target is known.
type Evaluation struct {
	Result *runner.Result // of the run that made it; nil if none began
	Remarks
	Model     artifacts.ID
	Metrics   content.Artifact // the document
	Rows      int              // that count
	Unlabeled int              // that have no target
	Absent    []string         // data sets that the stage of training compared with, and that are gone
}

// The names of the steps of an evaluation.
const (
	applyStep = "rows"
	scoreStep = "score"
)

// Evaluate reads new rows whose target is known as the training data were read, takes them through what
// these went through, and measures the model on them as the stage evaluate of its run did. It
// is a run like any other.
func Evaluate(ctx context.Context, w *workspace.Workspace, req Request, measure Measures) (*Evaluation, error) {
	m, p, err := asked(ctx, w, req)
	if err != nil {
		return nil, err
	}
	if len(p.targets) == 0 {
		return nil, diag.WithHint(fmt.Errorf("model %s was trained behind a transform without a target", m.ID.Short()), "nobody can say then what is right")
	}
	done := &Evaluation{Model: m.ID}
	plan, tables, err := done.plan(ctx, w, m, p, req, measure)
	if err != nil {
		return nil, err
	}
	done.Result, err = w.Run(ctx, plan, workspace.RunOptions{Observe: tellHow(req.Observe, loadStep)})
	res := done.Result
	if err != nil {
		p.explain(ctx, w, m, plan, res, req)
		unseen(res)
		return done, err
	}
	done.Remarks = p.remarks(ctx, w, res, tables)
	for _, s := range res.Stages {
		for _, o := range s.Outputs {
			if s.Stage == scoreStep && o.Port == "metrics" {
				done.Metrics = content.Artifact{ID: o.ID, Type: pipeline.Metrics}
			}
		}
		for _, x := range s.Metrics {
			switch {
			case s.Stage == applyStep && x.Name == "data.rows":
				done.Rows = int(x.Value)
			case s.Stage == applyStep && x.Name == "data.dropped_rows":
				done.Unlabeled = int(x.Value)
			}
		}
	}
	return done, nil
}

// unseen says of a row of a class that training did not know what to do about it here.
func unseen(res *runner.Result) {
	for i := range stagesOf(res) {
		s := &res.Stages[i]
		var wrong *feature.ValueError
		if errors.As(s.Err, &wrong) && wrong.Reason == feature.NotSeen {
			s.Err = diag.WithHint(fmt.Errorf("row %d: %s in column %q", wrong.Row+1, wrong.Msg, wrong.Column), "leave the rows of this class out of the file, or train with some of them: no model can know it")
		}
	}
}

func stagesOf(res *runner.Result) []runner.StageResult {
	if res == nil {
		return nil
	}
	return res.Stages
}

// plan is a plan that reads the file, repeats what was done to the rows of training, and
// measures the model.
func (done *Evaluation) plan(ctx context.Context, w *workspace.Workspace, m registry.Model, p *past, req Request, measure Measures) (*pipeline.Plan, *branches, error) {
	load, err := reading(ctx, w, p, req)
	if err != nil {
		return nil, nil, err
	}
	tables, way, err := p.between(ctx, w, req, true)
	if err != nil {
		return nil, nil, err
	}
	names := []string{}
	for _, e := range tables.edges {
		names = append(names, e.Port)
	}
	with, err := json.Marshal(map[string]any{"joined": names}) // JSON is YAML
	if err != nil {
		return nil, nil, err
	}
	apply, err := step(w, applyStep, "apply", string(with))
	if err != nil {
		return nil, nil, err
	}
	apply.Inputs = append([]pipeline.Edge{
		{Port: "transform", Type: pipeline.Transform, Artifact: p.transform},
		{Port: "data", From: way.rows},
	}, tables.edges...)
	score, err := done.score(ctx, w, m, measure)
	if err != nil {
		return nil, nil, err
	}
	between := slices.Concat(tables.steps, way.steps)
	plan, err := pipeline.NewPlan(m.Pipeline+".evaluate", 0, slices.Concat([]*pipeline.Step{load}, between, []*pipeline.Step{apply, score})...)
	if err != nil {
		return nil, nil, err
	}
	return plan.PinFiles(p.pins(between, req.Tables)), tables, nil
}

// score is the step that measures as the stage did that measured the model in its run, also
// beside the same other data sets. What that required is no matter here.
func (done *Evaluation) score(ctx context.Context, w *workspace.Workspace, m registry.Model, measure Measures) (*pipeline.Step, error) {
	with := map[string]any{}
	was, err := measuredBy(ctx, w, m)
	if err != nil {
		return nil, err
	}
	if was != nil {
		if err := json.Unmarshal(was.Config, &with); err != nil {
			return nil, err
		}
		maps.DeleteFunc(with, func(name string, value any) bool { return name == "require" || value == nil })
	}
	if measure.Metrics != nil {
		with["metrics"] = measure.Metrics
	}
	if measure.Slices != nil {
		with["slices"] = measure.Slices
	}
	text, err := json.Marshal(with)
	if err != nil {
		return nil, err
	}
	score, err := step(w, scoreStep, "evaluate", string(text))
	if err != nil {
		return nil, diag.Usage(err)
	}
	score.Inputs = []pipeline.Edge{
		{Port: "model", Type: pipeline.Model, Artifact: m.ID},
		{Port: "data", From: pipeline.Ref{Stage: applyStep, Port: "data"}},
	}
	if was == nil {
		return score, nil
	}
	for _, in := range was.Inputs {
		if in.Port == "model" || in.Port == "data" || score.Kind.Beside(in.Port) {
			continue
		}
		if _, err := w.Store.Stat(in.ID); err != nil {
			done.Absent = append(done.Absent, in.Port)
			continue
		}
		score.Inputs = append(score.Inputs, pipeline.Edge{Port: in.Port, Type: pipeline.PortType(in.Type), Artifact: in.ID})
	}
	return score, nil
}

// measuredBy is the stage evaluate that measured a model in its run, the last of several, nil
// if there was none.
func measuredBy(ctx context.Context, w *workspace.Workspace, m registry.Model) (*lineage.Execution, error) {
	if m.RunID == "" {
		return nil, nil // it came as a file
	}
	list, err := w.DB.Executions(ctx, m.RunID)
	if err != nil {
		return nil, err
	}
	for _, e := range slices.Backward(list) {
		if e.Kind == "evaluate" && e.Rival == "" && len(e.Outputs) > 0 &&
			slices.ContainsFunc(e.Inputs, func(in lineage.Input) bool { return in.Port == "model" && in.ID == m.ID }) {
			return &e, nil
		}
	}
	return nil, nil
}

// A Slicing is what was measured of the rows of each value of a column.
type Slicing struct {
	Column  string
	Metrics []string // names, the most important first
	Values  []SliceOf
}

// SliceOf is what was measured of the rows with a value.
type SliceOf struct {
	Value   string             `json:"value"`
	Rows    int                `json:"rows"`
	Metrics map[string]float64 `json:"metrics"`
}

// Slices reads what was measured of the values of columns.
func (done *Evaluation) Slices(ctx context.Context, w *workspace.Workspace) ([]Slicing, error) {
	f, err := w.Store.Open(ctx, done.Metrics.ID)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var doc struct {
		Datasets []struct {
			Metrics []struct {
				Name string `json:"name"`
			} `json:"metrics"`
		} `json:"datasets"`
		Slices []struct {
			Column string    `json:"column"`
			Values []SliceOf `json:"values"`
		} `json:"slices"`
	}
	if err := json.NewDecoder(io.NewSectionReader(f, 0, f.Size())).Decode(&doc); err != nil {
		return nil, err
	}
	var list []Slicing
	for _, s := range doc.Slices {
		one := Slicing{Column: s.Column, Values: s.Values}
		for _, m := range doc.Datasets[0].Metrics {
			one.Metrics = append(one.Metrics, m.Name)
		}
		list = append(list, one)
	}
	return list, nil
}
