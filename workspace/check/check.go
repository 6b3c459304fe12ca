// Package check looks for damage in a store, and repairs it.
package check

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/repair"
	"pipe/pipeline"
	"pipe/workspace"
)

// ErrDamage is that of a store that holds damage.
var ErrDamage = errors.New("the store is damaged")

// A Report is what was found.
type Report struct {
	Damage    bool      `json:"damage"`
	Objects   int       `json:"objects"` // that were read
	Bytes     int64     `json:"bytes"`
	Findings  []Finding `json:"findings"`
	Database  []string  `json:"database"`  // problems of the lineage database
	Strangers []string  `json:"strangers"` // files that are no artifacts
	Leftovers []string  `json:"leftovers"` // of dead processes, which is no damage

	database error // why the database could not be opened
	repaired bool  // it was tried
}

// A Finding is an artifact that is damaged or missing.
type Finding struct {
	ID         artifacts.ID `json:"id"`
	State      string       `json:"state"` // damaged, missing or outside
	Reason     string       `json:"reason"`
	Needed     bool         `json:"needed"`
	Touched    []Touch      `json:"touched"`              // what made or read it
	ListedBy   []string     `json:"listed_by,omitempty"`  // directories
	Quarantine string       `json:"quarantine,omitempty"` // where it was moved to
	Repaired   string       `json:"repaired,omitempty"`   // how it was made again
	Lost       string       `json:"lost,omitempty"`       // why it was not

	More bool `json:"-"` // runs have touched it than are named
}

// States of a finding.
const (
	Damaged = "damaged"
	Missing = "missing"
	Outside = "outside" // a file that was never copied into the store, and has changed or is gone; no damage
)

// A Touch is a port of a stage.
type Touch struct {
	Run       string `json:"run"`
	Pipeline  string `json:"pipeline"`
	Stage     string `json:"stage"`
	Port      string `json:"port"`
	Direction string `json:"direction"` // "out": made, "in": read
	Path      string `json:"path,omitempty"`
}

// Store checks the store in a folder. With fix, what is damaged is moved away and
// made again as far as the lineage says how. Commands of runs that were imported run only if
// allowExec says so.
func Store(ctx context.Context, h *workspace.Host, dir string, fix, allowExec bool) (*Report, error) {
	store := artifacts.OpenReadOnly(dir)
	if fix {
		var err error
		if store, err = artifacts.Open(dir); err != nil {
			return nil, err
		}
		defer store.Close()
	}
	db, dbErr := h.ReadDatabase(dir, store)
	if dbErr != nil {
		if !lineage.IsDamaged(dbErr) {
			return nil, dbErr
		}
		db = nil
	} else {
		defer db.Close()
	}
	rep, err := repair.Check(ctx, store, db, dbErr)
	if err != nil {
		return nil, err
	}
	if fix && db != nil {
		w := h.With(dir, store, db)
		again, err := w.Runner(0)
		if err != nil {
			return nil, err
		}
		r := &repair.Repairer{
			Runner:  again,
			Plan:    func(run *lineage.Run) (*pipeline.Plan, error) { return w.RecordedPlan(ctx, run) },
			Folders: []string{filepath.Dir(dir)},
		}
		if !allowExec {
			r.Allowed = allowed
		}
		if err := r.Repair(ctx, rep); err != nil {
			return nil, err
		}
	}
	return reportOf(rep, dbErr, fix), nil
}

// allowed refuses commands of a run that was imported.
func allowed(run *lineage.Run, plan *pipeline.Plan, stage string) error {
	var err error
	if s := plan.Step(stage); s != nil {
		err = workspace.CheckCommand(run, s.Name, s.Stage)
	} else {
		err = workspace.CheckCommands(run, plan)
	}
	if err != nil {
		return fmt.Errorf("%w, which it does only with --allow-exec", err) // a finding has no hint
	}
	return nil
}

func reportOf(rep *repair.Report, database error, repaired bool) *Report {
	out := &Report{Damage: rep.Damage(), Objects: rep.Objects, Bytes: rep.Bytes, Findings: []Finding{}, Database: append([]string{}, rep.Database...),
		Strangers: append([]string{}, rep.Strangers...), Leftovers: append([]string{}, rep.Leftovers...), database: database, repaired: repaired}
	for _, f := range rep.Findings {
		x := Finding{ID: f.ID, State: Damaged, Reason: f.Reason, Needed: f.Needed, Touched: []Touch{},
			Quarantine: f.Quarantine, Repaired: f.Repaired, Lost: f.Lost, More: f.More}
		switch {
		case f.Outside:
			x.State = Outside
		case f.Missing:
			x.State = Missing
		}
		for _, t := range f.Touched {
			direction := "in"
			if t.Made {
				direction = "out"
			}
			x.Touched = append(x.Touched, Touch{t.RunID, t.Pipeline, t.Stage, t.Port, direction, t.Path})
		}
		for _, id := range f.ListedBy {
			x.ListedBy = append(x.ListedBy, id.String())
		}
		out.Findings = append(out.Findings, x)
	}
	return out
}

// Err is the error of a store that holds damage, with what to do next.
func (r *Report) Err() error {
	switch {
	case !r.Damage:
		return nil
	case r.database != nil:
		return diag.WithHint(ErrDamage, diag.HintOf(r.database))
	case len(r.Database) > 0:
		return diag.WithHint(ErrDamage, "copy lineage.db away and rescue its rows with `sqlite3 lineage.db .recover`; artifacts are not concerned")
	case !r.repaired:
		return diag.WithHint(ErrDamage, "`pipe check --repair` puts damaged objects into quarantine and makes them again")
	case slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Repaired == "" && f.State != Outside }):
		return diag.WithHint(fmt.Errorf("%w: not all of it could be made again", ErrDamage),
			"run the pipelines again: what is lost is a miss, and is made from the files of today")
	}
	return ErrDamage
}

// Changed counts the files outside of the store that have changed or are gone, and were not
// found again.
func (r *Report) Changed() (n int) {
	for _, f := range r.Findings {
		if f.State == Outside && f.Repaired == "" {
			n++
		}
	}
	return n
}
