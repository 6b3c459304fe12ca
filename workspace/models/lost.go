package models

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/feature"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A deriver is a stage that puts other columns in the place of those that were read.
type deriver interface {
	// Step is what a transform has of the stage if new rows go through it, too; nil if
	// they never do.
	Step() json.RawMessage
	// Replaced are the columns of a table with some names, or with unknown ones, that
	// others take the place of.
	Replaced(names []string) []string
}

// lost refuses a file if a feature is made of a column that is no longer the one of its
// name that was read, and the transform cannot make it anew: the stage that
// replaced it is before one, such as aggregate, whose rows are not those that were
// read. A file that has a column of the name would be taken for what it is not.
func (p *past) lost(ctx context.Context, w *workspace.Workspace) error {
	rows, read := p.rowsOf(), p.read(ctx, w)
	for i, e := range p.train {
		d := deriverOf(w, e)
		if d == nil || !rows[e] {
			continue
		}
		step := d.Step()
		if step != nil && p.repeats(step) {
			continue
		}
		for _, name := range d.Replaced(read) {
			if !p.needs(name) {
				continue
			}
			behind := "the stages behind it"
			if by := p.dropper(w, i); by != nil {
				behind = fmt.Sprintf("stage %s (%s) behind it", by.Stage, by.Kind)
			}
			why := "which new rows cannot repeat because of " + behind
			if step == nil {
				why = "and new rows do not go through it"
			}
			return diag.WithHint(fmt.Errorf("the column %q of the training data is not the one that was read: stage %s (%s) replaced it, %s", name, e.Stage, e.Kind, why),
				"let new rows go through the same stages of a pipeline, and connect them to a stage `predict`. For a file of rows that went through them, write transform and model to files with pipe get, and name these with --transform and --model: the columns are then taken as they are")
		}
	}
	return nil
}

// anew are the columns that new rows have as they were read and that the transform
// replaces, if new rows also need columns that nobody has read.
func (p *past) anew(ctx context.Context, w *workspace.Workspace) (list []string) {
	read := p.read(ctx, w)
	if len(read) == 0 || !slices.ContainsFunc(p.columns, func(c feature.TypedColumn) bool { return !slices.Contains(read, c.Name) }) {
		return nil
	}
	rows := p.rowsOf()
	for _, e := range p.train {
		d := deriverOf(w, e)
		if d == nil || !rows[e] || d.Step() == nil || !p.repeats(d.Step()) {
			continue
		}
		for _, name := range d.Replaced(read) {
			if p.needs(name) && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

// again are the columns of a table that was read which were replaced as in training, and
// those of them of which it looks as if that had been done before. A table that says what was done is right.
func (p *past) again(ctx context.Context, w *workspace.Workspace, rows artifacts.ID) (raw, doubt []string) {
	t, err := content.ReadTable(ctx, w, rows)
	if err != nil {
		return nil, nil
	}
	defer t.Close()
	replaced, done, said, err := p.fit.Again(t.Schema())
	if err != nil || said {
		return nil, nil
	}
	doubt = p.anew(ctx, w)
	for _, name := range replaced {
		switch {
		case slices.Contains(doubt, name):
		case done:
			doubt = append(doubt, name)
		default:
			raw = append(raw, name)
		}
	}
	return raw, doubt
}

// needs says whether features are made of a column that new rows have.
func (p *past) needs(name string) bool {
	return slices.ContainsFunc(p.columns, func(c feature.TypedColumn) bool { return c.Name == name })
}

// read are the columns that the rows of the training table were read with.
func (p *past) read(ctx context.Context, w *workspace.Workspace) (names []string) {
	rows := p.rowsOf()
	for _, e := range p.train {
		if !rows[e] || sourceKind(w, e) == nil {
			continue
		}
		types, _ := p.typesOf(ctx, w, e.Outputs)
		for _, c := range types {
			names = append(names, c.Key)
		}
	}
	return names
}

// deriverOf is the stage of an execution if it makes columns, and else nil.
func deriverOf(w *workspace.Workspace, e *lineage.Execution) deriver {
	d, _ := stageOf(w, e).(deriver)
	return d
}

// stageOf is the stage of an execution, nil if it is of no kind that is built in.
func stageOf(w *workspace.Workspace, e *lineage.Execution) pipeline.Stage {
	k, ok := w.Host().Registry().Lookup(e.Kind)
	if !ok {
		return nil
	}
	stage := k.New()
	if settings.FromJSON(e.Config, stage) != nil {
		return nil
	}
	return stage
}

// rowsOf are the executions that the rows of the training table came through: of
// a join that is the left table.
func (p *past) rowsOf() map[*lineage.Execution]bool {
	rows := map[*lineage.Execution]bool{}
	of := map[artifacts.ID]bool{p.fitted: true}
	for _, e := range slices.Backward(p.train) {
		if !slices.ContainsFunc(e.Outputs, func(o lineage.Output) bool { return of[o.ID] }) {
			continue
		}
		rows[e] = true
		left := slices.ContainsFunc(e.Inputs, func(in lineage.Input) bool { return e.Kind == "join" && in.Port == "left" })
		for _, in := range e.Inputs {
			if !left || in.Port == "left" {
				of[in.ID] = true
			}
		}
	}
	return rows
}

// dropper is the first execution behind another one whose rows are not those that came
// in, or nil if there is none.
func (p *past) dropper(w *workspace.Workspace, at int) *lineage.Execution {
	of := map[artifacts.ID]bool{}
	for _, o := range p.train[at].Outputs {
		of[o.ID] = true
	}
	for _, e := range p.train[at+1:] {
		if !slices.ContainsFunc(e.Inputs, func(in lineage.Input) bool { return of[in.ID] }) {
			continue
		}
		if slices.Contains([]string{"aggregate", "union", "exec", "sql"}, e.Kind) && (e.Kind != "exec" || !repeatable(w, e)) {
			return e
		}
		for _, o := range e.Outputs {
			if o.Type == string(pipeline.Table) {
				of[o.ID] = true
			}
		}
	}
	return nil
}
