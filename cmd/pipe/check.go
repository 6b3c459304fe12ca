package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/repair"
	"pipe/pipeline"
	"pipe/workspace"
)

func (a *app) checkCommand() *cobra.Command {
	var fix, asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Look for damage in the store, and repair it",
		Long: `Read every artifact of the store and compare its bytes with its name, read the whole lineage database, and look for
rows that point at artifacts which are missing. Damage is listed with the runs and stages that it touches, and
the exit code is 3.

With --repair, damaged objects are moved to quarantine/ in the store, never deleted, and made again as far as the
lineage says how: a stage is executed again with the settings and the inputs that were recorded, and counts only
if the bytes are the same; an external file is read again if it still has its content. What cannot be made again
is reported as lost.`,
		Example: `  pipe check
  pipe check --repair
  pipe check --json | jq '.findings[].id'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.host.FindStore()
			if err != nil {
				return err
			}
			return a.check(cmd.Context(), dir, fix, asJSON)
		},
	}
	cmd.Flags().BoolVar(&fix, "repair", false, "put damaged objects into quarantine and make them again")
	a.gpuFlag(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// errDamage says that the store holds damage that was reported.
var errDamage = errors.New("the store is damaged")

func (a *app) check(ctx context.Context, dir string, fix, asJSON bool) error {
	store := artifacts.OpenReadOnly(dir)
	if fix {
		var err error
		if store, err = artifacts.Open(dir); err != nil {
			return err
		}
		defer store.Close()
	}
	db, dbErr := workspace.ReadDatabase(dir, store)
	if dbErr != nil {
		if !lineage.IsDamaged(dbErr) {
			return dbErr
		}
		db = nil
	} else {
		defer db.Close()
	}
	rep, err := repair.Check(ctx, store, db, dbErr)
	if err != nil {
		return err
	}
	if fix && db != nil {
		ws := a.host.With(dir, store, db)
		again, err := ws.Runner(0)
		if err != nil {
			return err
		}
		r := &repair.Repairer{
			Runner:  again,
			Plan:    func(run *lineage.Run) (*pipeline.Plan, error) { return ws.RecordedPlan(ctx, run) },
			Folders: []string{filepath.Dir(dir)},
		}
		if err := r.Repair(ctx, rep); err != nil {
			return err
		}
	}
	if asJSON {
		err = writeJSON(a.out, reportJSON(rep))
	} else {
		a.printReport(rep, dir)
	}
	if err != nil || !rep.Damage() {
		return err
	}
	return a.damage(rep, dbErr, fix, asJSON)
}

// damage is the error of a check that found something.
func (a *app) damage(rep *repair.Report, dbErr error, fix, asJSON bool) error {
	if asJSON {
		return reported{errDamage}
	}
	switch {
	case dbErr != nil:
		return diag.WithHint(errDamage, diag.HintOf(dbErr))
	case len(rep.Database) > 0:
		return diag.WithHint(errDamage, "copy lineage.db away and rescue its rows with `sqlite3 lineage.db .recover`; artifacts are not concerned")
	case !fix:
		return diag.WithHint(errDamage, "`pipe check --repair` puts damaged objects into quarantine and makes them again")
	case slices.ContainsFunc(rep.Findings, func(f *repair.Finding) bool { return f.Repaired == "" }):
		return diag.WithHint(fmt.Errorf("%w: not all of it could be made again", errDamage),
			"run the pipelines again: what is lost is a miss, and is made from the files of today")
	}
	return errDamage
}

// printReport is for people.
func (a *app) printReport(rep *repair.Report, dir string) {
	paint := a.painter(a.out)
	for _, problem := range rep.Database {
		fmt.Fprintf(a.out, "%s  %s\n", paint(red, "database"), diag.Visible(problem))
	}
	for _, path := range rep.Strangers {
		fmt.Fprintf(a.out, "%s  %s is no artifact; remove it\n", paint(red, "stranger"), diag.Visible(path))
	}
	for _, f := range rep.Findings {
		word := "damaged"
		if f.Missing {
			word = "missing"
		}
		fmt.Fprintf(a.out, "%s  %s  %s\n", paint(red, word), f.ID, diag.Visible(f.Reason))
		for _, t := range f.Touched {
			verb := "read by"
			if t.Made {
				verb = "made by"
			}
			fmt.Fprintf(a.out, "  %s %s/%s.%s  run %s\n", verb, diag.Visible(t.Pipeline), t.Stage, diag.Visible(t.Port), t.RunID)
		}
		if f.More {
			fmt.Fprintf(a.out, "  and more runs\n")
		}
		if !f.Needed {
			fmt.Fprintf(a.out, "  nothing needs it\n")
		}
		if f.Quarantine != "" {
			fmt.Fprintf(a.out, "  moved to %s\n", f.Quarantine)
		}
		switch {
		case f.Repaired != "" && f.Needed:
			fmt.Fprintf(a.out, "  %s: %s\n", paint(green, "repaired"), diag.Visible(f.Repaired))
		case f.Lost != "":
			fmt.Fprintf(a.out, "  %s: %s\n", paint(red, "lost"), diag.Visible(f.Lost))
		}
	}
	if n := len(rep.Leftovers); n > 0 {
		fmt.Fprintf(a.out, "%s of dead processes in %s; that is no damage\n", plural(n, "leftover"), filepath.Join(dir, "tmp"))
	}
	missing, damaged := 0, 0
	for _, f := range rep.Findings {
		if f.Missing {
			missing++
		} else {
			damaged++
		}
	}
	fmt.Fprintf(a.out, "%s, %s: %d damaged, %d missing; database: %s\n",
		plural(rep.Objects, "artifact"), bytesText(rep.Bytes), damaged, missing, databaseText(rep))
}

func databaseText(rep *repair.Report) string {
	if len(rep.Database) == 0 {
		return "sound"
	}
	return plural(len(rep.Database), "problem")
}

func reportJSON(rep *repair.Report) any {
	type touch struct {
		Run       string `json:"run"`
		Pipeline  string `json:"pipeline"`
		Stage     string `json:"stage"`
		Port      string `json:"port"`
		Direction string `json:"direction"` // "out": made, "in": read
		Path      string `json:"path,omitempty"`
	}
	type finding struct {
		ID         string   `json:"id"`
		State      string   `json:"state"` // damaged or missing
		Reason     string   `json:"reason"`
		Needed     bool     `json:"needed"`
		Touched    []touch  `json:"touched"`
		ListedBy   []string `json:"listed_by,omitempty"`
		Quarantine string   `json:"quarantine,omitempty"`
		Repaired   string   `json:"repaired,omitempty"`
		Lost       string   `json:"lost,omitempty"`
	}
	out := struct {
		Damage    bool      `json:"damage"`
		Objects   int       `json:"objects"`
		Bytes     int64     `json:"bytes"`
		Findings  []finding `json:"findings"`
		Database  []string  `json:"database"`
		Strangers []string  `json:"strangers"`
		Leftovers []string  `json:"leftovers"`
	}{rep.Damage(), rep.Objects, rep.Bytes, []finding{}, append([]string{}, rep.Database...),
		append([]string{}, rep.Strangers...), append([]string{}, rep.Leftovers...)}
	for _, f := range rep.Findings {
		x := finding{ID: f.ID.String(), State: "damaged", Reason: f.Reason, Needed: f.Needed, Touched: []touch{},
			Quarantine: f.Quarantine, Repaired: f.Repaired, Lost: f.Lost}
		if f.Missing {
			x.State = "missing"
		}
		for _, t := range f.Touched {
			direction := "in"
			if t.Made {
				direction = "out"
			}
			x.Touched = append(x.Touched, touch{t.RunID, t.Pipeline, t.Stage, t.Port, direction, t.Path})
		}
		for _, id := range f.ListedBy {
			x.ListedBy = append(x.ListedBy, id.String())
		}
		out.Findings = append(out.Findings, x)
	}
	return out
}
