package runs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/format"
	"pipe/data/report"
	"pipe/data/report/tables"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
)

// maxTables is how many boxes of tables a page has, and maxParts how many tables are
// beside each other in one.
const (
	maxTables = 20
	maxParts  = 4
)

// maxProfiled is the size of a table up to which a page of something else makes its
// profile: one that is larger takes more than a few seconds.
const maxProfiled = 1 << 30

// A folding is a box of a page that shows tables which a stage made: one beside
// which the stage says how it was read, or those that have the same columns.
type folding struct {
	stage *lineage.Execution
	made  []lineage.Output
	read  artifacts.ID // the schema; zero if there is none
	asked bool         // it is what the page is for
}

// foldingsOf lists what a page shows of the tables of a run, or of one of its stages:
// what was read from outside, and the parts into which rows were divided. Asked for
// one stage it is whatever tables that has made.
func foldingsOf(ctx context.Context, w *workspace.Workspace, runID, stage string) ([]folding, error) {
	list, err := w.DB.Executions(ctx, runID)
	if err != nil {
		return nil, err
	}
	var all []folding
	for i := range list {
		e := &list[i]
		f := folding{stage: e}
		kind, known := w.Host().Registry().Lookup(e.Kind)
		for _, o := range e.Outputs {
			switch {
			case pipeline.PortType(o.Type) == format.Schema:
				f.read = o.ID
			case pipeline.PortType(o.Type) == pipeline.Table && !(known && kind.IsAside(o.Port)):
				f.made = append(f.made, o)
			}
		}
		if stage == "" && (len(f.made) > 1 || len(f.made) == 1 && !f.read.IsZero()) || stage == e.Stage && len(f.made) > 0 {
			all = append(all, f)
		}
	}
	return all, nil
}

// foldingOf is that of one artifact with rows, as the stage made it that was the
// first to make it.
func foldingOf(ctx context.Context, w *workspace.Workspace, art *lineage.Artifact) (folding, error) {
	alone := folding{asked: true, stage: &lineage.Execution{Stage: art.ID.Short()}, made: []lineage.Output{{Port: art.Type, Type: art.Type, ID: art.ID}}}
	if len(art.MadeBy) == 0 {
		return alone, nil
	}
	by := art.MadeBy[0]
	list, err := w.DB.Executions(ctx, by.RunID)
	if err != nil {
		return alone, err
	}
	for i, e := range list {
		if e.Stage != by.Stage {
			continue
		}
		alone.stage = &list[i]
		for _, o := range e.Outputs {
			if o.ID == art.ID {
				alone.made[0] = o
			}
			if pipeline.PortType(o.Type) == format.Schema {
				alone.read = o.ID
			}
		}
	}
	return alone, nil
}

// sectionOf shows tables; nil if there are none that can be read.
func sectionOf(ctx context.Context, w *workspace.Workspace, list []folding) ([]report.Section, error) {
	s := report.Section{Title: "Tables", Lead: "How the values of each column are spread. Point at a picture for more."}
	for i, f := range list {
		if len(s.Blocks) == maxTables {
			s.Notes = []string{fmt.Sprintf("Tables of %d more stages are not shown: pipe show lists them.", len(list)-i)}
			break
		}
		fold, err := f.fold(ctx, w)
		if gone(err) {
			continue // the page says the rest
		}
		if err != nil {
			return nil, fmt.Errorf("stage %s: %w", f.stage.Stage, err)
		}
		s.Blocks = append(s.Blocks, *fold)
	}
	if len(s.Blocks) == 0 {
		return nil, nil
	}
	return []report.Section{s}, nil
}

// gone says of an error that the artifact is no longer there or cannot be read.
func gone(err error) bool {
	return errors.As(err, new(*artifacts.NotFoundError)) || errors.As(err, new(*artifacts.DamagedError))
}

func (f *folding) fold(ctx context.Context, w *workspace.Workspace) (*report.Fold, error) {
	var parts []tables.Part
	for _, o := range f.made {
		if !f.asked && o.Size > maxProfiled && format.KeptProfile(w.Store, o.ID) == nil {
			return &report.Fold{Title: diag.Visible(f.stage.Stage + "." + o.Port), Note: "not looked at yet",
				Notes: []string{fmt.Sprintf("It is large: pipe show %s makes its profile, which is shown here then.", o.ID.Short())}}, nil
		}
		v, err := format.Profile(ctx, w.Store, o.ID)
		if err != nil {
			return nil, err
		}
		same := len(parts) == 0 || slices.EqualFunc(parts[0].Columns, v.Columns, func(a, b format.Column) bool { return a.Name == b.Name && a.Type == b.Type })
		if same && len(parts) < maxParts {
			parts = append(parts, tables.Part{Name: o.Port, Table: v})
		}
	}
	if len(parts) > 1 {
		fold := tables.Parts(f.stage.Stage, parts)
		return &fold, nil
	}
	o := f.made[0]
	var warnings []tables.Warning
	for _, message := range f.stage.Warnings {
		text, hint := runner.SplitHint(message)
		warnings = append(warnings, tables.Warning{Text: text, Hint: hint})
	}
	t := tables.Table{Name: f.stage.Stage + "." + o.Port, Table: parts[0].Table, Warnings: warnings,
		Missed: fmt.Sprintf("pipe show %s --json lists them.", o.ID.Short())}
	if !f.read.IsZero() {
		var err error
		if t.Schema, err = format.ReadSchema(ctx, w.Store, f.read); err != nil && !gone(err) {
			return nil, err
		}
	}
	fold := t.Fold()
	return &fold, nil
}
