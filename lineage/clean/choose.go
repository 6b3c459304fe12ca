// Package clean forgets runs that are no longer worth their rows: it chooses them
// by a rule, and deletes them while other processes run.
package clean

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
)

// A Retention says which runs are kept. The newest run of each pipeline, runs
// that are running, and what promoted models were made from stay in any case.
type Retention struct {
	Runs      int           // the newest of each pipeline that gave a result
	Age       time.Duration // and all that are younger than this
	FailedAge time.Duration // of those that failed, were interrupted or cancelled, those younger than this
}

// A Choice says what Forget would delete.
type Choice struct {
	Kept       int       // runs
	Runs       []Run     // that would be forgotten, the oldest first
	Executions int       // whose rows would go
	Artifacts  []Garbage // that nothing would refer to any more, by hash

	doomed []int64 // IDs, ascending
	spared []int64 // doomed before, and needed now
}

// A Run is a run that would be forgotten.
type Run struct {
	ID       string
	Pipeline string
	Status   lineage.Status
	Started  time.Time
}

// A Garbage is an artifact that would go.
type Garbage struct {
	ID      artifacts.ID
	Name    string // pipeline/run/stage.port of the execution that made it last, or the path of a file
	Type    string
	Size    int64
	LastUse time.Time // when a run last made, found or read it
}

// Choose finds out what a retention rule would forget, without doing it.
func Choose(ctx context.Context, d *lineage.DB, keep Retention) (_ *Choice, err error) {
	defer func() { err = d.Error("plan the clean-up of", err) }()
	g := &graph{runs: map[string]*candidate{}, index: map[int64]int{}}
	if err := g.read(ctx, d); err != nil {
		return nil, err
	}
	g.chooseRuns(keep, d.Now())
	g.keepClosure()
	chosen := g.choice()
	chosen.Artifacts, err = g.garbage(ctx, d)
	return chosen, err
}

// A graph is the part of the database that decides what is needed.
type graph struct {
	order      []*candidate // by age, the oldest first
	runs       map[string]*candidate
	executions []node        // by ID
	index      map[int64]int // of an execution by its ID
	roots      []int64       // executions that made or measured promoted models
}

type candidate struct {
	Run
	finished time.Time
	repeats  string    // the run whose executions are those of this one
	repeated time.Time // when a run that repeats this one began last
	keep     bool
	held     bool // a run that is kept repeats it
}

type node struct {
	id      int64
	run     *candidate
	stage   string
	needs   []int64 // cached_from, and what made its inputs
	doomed  bool
	keep    bool
	lastUse time.Time
}

func (g *graph) read(ctx context.Context, d *lineage.DB) error {
	forgotten := map[string]bool{}
	err := d.Each(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		forgotten[id] = true
		return err
	}, "SELECT run_id FROM forgotten_runs")
	if err != nil {
		return err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		r := &candidate{}
		var started, finished string
		if err := rows.Scan(&r.ID, &r.Pipeline, &r.Status, &started, &finished, &r.repeats); err != nil {
			return err
		}
		if err := lineage.SetTime(&r.Started, started); err != nil {
			return err
		}
		g.runs[r.ID] = r
		if !forgotten[r.ID] {
			g.order = append(g.order, r)
		}
		return lineage.SetTime(&r.finished, finished)
	}, "SELECT id, pipeline, status, started_at, coalesce(finished_at, ''), coalesce(repeats, '') FROM runs ORDER BY seq")
	if err != nil {
		return err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var e node
		var run string
		var origin int64
		if err := rows.Scan(&e.id, &run, &e.stage, &origin, &e.doomed); err != nil {
			return err
		}
		e.run = g.runs[run]
		if e.run == nil { // it began after the list of runs was read
			e.run = &candidate{Run: Run{ID: run, Status: lineage.Running}, keep: true}
			g.runs[run] = e.run
		}
		if origin != 0 {
			e.needs = []int64{origin}
		}
		g.index[e.id] = len(g.executions)
		g.executions = append(g.executions, e)
		return nil
	}, `SELECT e.id, e.run_id, e.stage, coalesce(e.cached_from, 0), g.execution_id IS NOT NULL
		FROM executions e LEFT JOIN doomed_executions g ON g.execution_id = e.id ORDER BY e.id`)
	if err != nil {
		return err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id, maker int64
		if err := rows.Scan(&id, &maker); err != nil {
			return err
		}
		if at, ok := g.index[id]; ok {
			g.executions[at].needs = append(g.executions[at].needs, maker)
		}
		return nil
	}, "SELECT execution_id, made_by FROM execution_inputs WHERE made_by IS NOT NULL")
	if err != nil {
		return err
	}
	return d.Each(ctx, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		g.roots = append(g.roots, id)
		return err
	}, `SELECT o.execution_id FROM artifacts a JOIN execution_outputs o ON o.artifact_id = a.id
		WHERE a.hash IN (`+promotedModels+`) UNION `+promotedBy)
}

// promotedModels are the models that have, or ever had, a label here. They
// stay, so that what was in production at any time can be looked at, made
// again, and put back. A model that was only refused goes like any other.
const promotedModels = "SELECT v.model FROM model_events v WHERE v.event = 'promoted' AND v.imported_at IS NULL"

// promotedBy are the executions that had measured them: the report of a model
// that was in production is asked for as long as the model is.
const promotedBy = `SELECT x.id FROM model_events v 
	JOIN executions x ON x.run_id = coalesce((SELECT r.repeats FROM runs r WHERE r.id = v.run_id), v.run_id) AND x.stage = v.stage
	WHERE v.event = 'promoted' AND v.imported_at IS NULL`

// chooseRuns marks the runs that are kept for their own sake.
func (g *graph) chooseRuns(keep Retention, now time.Time) {
	newest := map[string]bool{}
	results := map[string]int{}
	for _, r := range slices.Backward(g.order) {
		ended := now.Sub(r.finished)
		switch {
		case r.Status == lineage.Running:
			r.keep = true
		case r.Status == lineage.Failed || r.Status == lineage.Interrupted || r.Status == lineage.Cancelled:
			r.keep = ended < keep.FailedAge
		default:
			results[r.Pipeline]++
			r.keep = results[r.Pipeline] <= keep.Runs || ended < keep.Age
		}
		if !newest[r.Pipeline] {
			newest[r.Pipeline], r.keep = true, true
		}
	}
	for _, r := range g.order {
		if of := g.runs[r.repeats]; of != nil {
			of.held = of.held || r.keep
			of.repeated = r.Started
		}
	}
}

// keepClosure marks the executions of the kept runs, and all that their
// artifacts descend from.
func (g *graph) keepClosure() {
	var open []int
	need := func(id int64) {
		if at, ok := g.index[id]; ok && !g.executions[at].keep {
			g.executions[at].keep = true
			open = append(open, at)
		}
	}
	for i := range g.executions {
		e := &g.executions[i]
		if e.run.keep || e.run.held {
			need(e.id)
		}
		// A run that found the result in the cache used it too.
		used := e.run.Started
		if used.Before(e.run.repeated) {
			used = e.run.repeated
		}
		for _, id := range append([]int64{e.id}, e.needs...) {
			if at, ok := g.index[id]; ok && g.executions[at].lastUse.Before(used) {
				g.executions[at].lastUse = used
			}
		}
	}
	for _, id := range g.roots {
		need(id)
	}
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		for _, id := range g.executions[at].needs {
			need(id)
		}
	}
}

func (g *graph) choice() *Choice {
	chosen := &Choice{}
	for _, r := range g.order {
		if r.keep {
			chosen.Kept++
		} else {
			chosen.Runs = append(chosen.Runs, r.Run)
		}
	}
	for i := range g.executions {
		e := &g.executions[i]
		switch {
		case !e.keep:
			chosen.Executions++
			chosen.doomed = append(chosen.doomed, e.id)
		case e.doomed:
			chosen.spared = append(chosen.spared, e.id)
		}
	}
	return chosen
}

// garbage names the artifacts that only executions refer to that will go.
func (g *graph) garbage(ctx context.Context, d *lineage.DB) ([]Garbage, error) {
	live := map[int64]bool{}
	dead := map[int64]*Garbage{}
	see := func(artifact, execution int64, name func(*node) string, portType string) {
		at, ok := g.index[execution]
		if !ok || g.executions[at].keep {
			live[artifact] = true
			return
		}
		e := &g.executions[at]
		a := dead[artifact]
		if a == nil {
			a = &Garbage{}
			dead[artifact] = a
		}
		if n := name(e); n != "" {
			a.Name, a.Type = n, portType // later executions come later
		}
		if e.lastUse.After(a.LastUse) {
			a.LastUse = e.lastUse
		}
	}
	err := d.Each(ctx, func(rows *sql.Rows) error {
		var artifact, execution int64
		var path, typ string
		err := rows.Scan(&artifact, &execution, &path, &typ)
		see(artifact, execution, func(*node) string { return path }, typ)
		return err
	}, "SELECT artifact_id, execution_id, coalesce(path, ''), type FROM execution_inputs ORDER BY execution_id")
	if err != nil {
		return nil, err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var artifact, execution int64
		var port, typ string
		err := rows.Scan(&artifact, &execution, &port, &typ)
		see(artifact, execution, func(e *node) string {
			return e.run.Pipeline + "/" + e.run.ID + "/" + e.stage + "." + port
		}, typ)
		return err
	}, "SELECT artifact_id, execution_id, port, type FROM execution_outputs ORDER BY execution_id")
	if err != nil {
		return nil, err
	}
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var artifact int64
		err := rows.Scan(&artifact)
		live[artifact] = true
		return err
	}, `SELECT a.id FROM artifacts a WHERE a.hash IN (`+promotedModels+`)`)
	if err != nil {
		return nil, err
	}
	var list []Garbage
	err = d.Each(ctx, func(rows *sql.Rows) error {
		var id, size int64
		var hash string
		if err := rows.Scan(&id, &hash, &size); err != nil {
			return err
		}
		a := dead[id]
		if a == nil || live[id] {
			return nil
		}
		var err error
		a.ID, err = artifacts.ParseID(hash)
		a.Size = size
		list = append(list, *a)
		return err
	}, "SELECT id, hash, coalesce(size, 0) FROM artifacts ORDER BY hash")
	return list, err
}
