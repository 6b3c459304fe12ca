package models

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/replay"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/stages/ingest"
	"pipe/workspace"
)

// A program is a stage that runs a command, which may make one row of each.
type program interface {
	pipeline.Stage
	RowWise() bool
	// Again is the stage for new rows, of which the columns that it writes as text have the
	// given types and formats of dates.
	Again(types, dates settings.Map[string]) pipeline.Stage
	// CommandLine is what it runs, for people.
	CommandLine() string
}

// A route is the stages that rows go through before they are what a transform is applied to.
type route struct {
	steps    []*pipeline.Step
	rows     pipeline.Ref
	problems pipeline.Ref // why rows have none; zero if there is no such table
}

// between finds what is between the file of a request and the transform: the stages that
// make the tables which its rows are joined with, and those that the rows go through.
func (p *past) between(ctx context.Context, w *workspace.Workspace, req Request, labelled bool) (*branches, *route, error) {
	if err := p.lost(ctx, w); err != nil {
		return nil, nil, err
	}
	tables, err := joinedTables(ctx, w, p, req.Tables)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range req.Tables {
		for _, s := range tables.steps {
			if reads, ok := s.Stage.(source); ok {
				reads.Ask(l.File, req.Headers)
			}
		}
	}
	way, err := p.route(ctx, w, req.File, labelled, req.Strict, tables.edges)
	if err != nil {
		return nil, nil, err
	}
	return tables, way, p.allowed(ctx, w, slices.Concat(tables.steps, way.steps), req.AllowExec)
}

// route finds the way of the rows of a file: through the commands that rows of training went
// through, and before each through what came before it. Labelled rows are for a stage apply; if
// strict, a row that cannot go is an error.
func (p *past) route(ctx context.Context, w *workspace.Workspace, file string, labelled, strict bool, joined []pipeline.Edge) (*route, error) {
	r := &route{rows: pipeline.Ref{Stage: loadStep, Port: "table"}}
	if len(p.fit.Programs("")) == 0 {
		return r, nil
	}
	through, err := ingest.StepsOf(ctx, file)
	if err != nil {
		return nil, err
	}
	used := map[*lineage.Execution]bool{}
	for i, of := range p.fit.Programs(through) {
		e := p.ran(w, of, used)
		if e == nil {
			return nil, diag.WithHint(errors.New("the rows of training went through a command (`exec` with `rows: true`) of which this store knows nothing"),
				"use the model in the store where it was trained, or in one that `pipe import` has filled with its run; a file of rows that went through the command, as pipe get writes the table of its stage (.arrow), says so, and is taken as it is")
		}
		used[e] = true
		before, err := step(w, fmt.Sprintf("before_%d", i+1), "replay", fmt.Sprintf("{labelled: %t, strict: %t}", labelled, strict))
		if err != nil {
			return nil, err
		}
		before.Inputs = append([]pipeline.Edge{{Port: "table", From: r.rows}, {Port: "transform", Type: pipeline.Transform, Artifact: p.transform}}, joined...)
		if r.problems.Stage != "" {
			before.Inputs = append(before.Inputs, pipeline.Edge{Port: "problems", From: r.problems})
		}
		if !labelled {
			r.problems = pipeline.Ref{Stage: before.Name, Port: "problems"}
		}
		run, err := p.runAgain(ctx, w, e, pipeline.Ref{Stage: before.Name, Port: "table"})
		if err != nil {
			return nil, err
		}
		for _, o := range e.Outputs {
			if o.Type == string(pipeline.Table) {
				r.rows = pipeline.Ref{Stage: run.Name, Port: o.Port}
			}
		}
		r.steps = append(r.steps, before, run)
	}
	return r, nil
}

// ran is the execution of a command that rows of training went through, nil if it is not
// known.
func (p *past) ran(w *workspace.Workspace, of *replay.Program, used map[*lineage.Execution]bool) *lineage.Execution {
	rows := p.rowsOf()
	for _, e := range p.train {
		stage, ok := stageOf(w, e).(program)
		if !ok || !rows[e] || used[e] || !stage.RowWise() || !replay.SameSettings(of, settings.Brief(stage)) {
			continue
		}
		same := true
		for _, in := range e.Inputs {
			if id, other := of.Inputs[in.Port]; other {
				same = same && id == in.ID.String()
			}
		}
		if same {
			return e
		}
	}
	return nil
}

// runAgain is the step that runs a command on other rows.
func (p *past) runAgain(ctx context.Context, w *workspace.Workspace, e *lineage.Execution, rows pipeline.Ref) (*pipeline.Step, error) {
	from := map[artifacts.ID]pipeline.Ref{}
	for _, in := range e.Inputs {
		if in.Type == string(pipeline.Table) && (in.FromStage != "" || in.Path == "") {
			from[in.ID] = rows
		}
	}
	run, err := repeated(w, e, from)
	if err != nil {
		return nil, err
	}
	run.Stage = run.Stage.(program).Again(p.typesOf(ctx, w, e.Outputs))
	return run, nil
}

// allowed refuses steps that run commands which somebody else has written: those of runs that
// were imported.
func (p *past) allowed(ctx context.Context, w *workspace.Workspace, steps []*pipeline.Step, allow bool) error {
	if allow {
		return nil
	}
	for _, s := range steps {
		if _, ok := s.Stage.(program); !ok {
			continue
		}
		for _, e := range p.train {
			if stepName(e.Stage) != s.Name {
				continue
			}
			run, err := w.DB.Run(ctx, e.RunID)
			if err != nil {
				return err
			}
			if err := workspace.CheckCommand(run, e.Stage, s.Stage); err != nil {
				return fmt.Errorf("new rows would go through a command: %w", err)
			}
		}
	}
	return nil
}
