package lineage_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/clean"
	"pipe/lineage/lineagetest"
	"pipe/lineage/registry"
	"pipe/lineage/slice"
	"pipe/lineage/ticks"
	"pipe/lineage/walk"
)

// readers ask a database for everything that it can be asked for.
func readers(db *lineage.DB, runID string, artifact artifacts.ID) map[string]func(context.Context) error {
	type ctx = context.Context
	with := func(f func(ctx, string) error) func(ctx) error { return func(c ctx) error { return f(c, runID) } }
	return map[string]func(ctx) error{
		"runs":       func(c ctx) error { _, err := db.Runs(c, lineage.RunFilter{}); return err },
		"run":        with(func(c ctx, id string) error { _, err := db.Run(c, id); return err }),
		"executions": with(func(c ctx, id string) error { _, err := db.Executions(c, id); return err }),
		"metrics":    with(func(c ctx, id string) error { _, err := db.Metrics(c, id); return err }),
		"slice":      with(func(c ctx, id string) error { _, err := slice.Take(c, db, id); return err }),
		"resolve":    with(func(c ctx, id string) error { _, err := db.Resolve(c, id[:12]); return err }),
		"in run":     with(func(c ctx, id string) error { _, err := db.InRun(c, id, "model"); return err }),
		"earlier":    func(c ctx) error { _, err := db.Earlier(c, "penguins", "model", ""); return err },
		"artifact":   func(c ctx) error { _, err := db.Artifact(c, artifact); return err },
		"background": func(c ctx) error { _, err := registry.BackgroundOf(c, db, artifact); return err },
		"upstream":   func(c ctx) error { _, err := walk.Upstream(c, db, lineage.Ref{Artifact: artifact}); return err },
		"downstream": func(c ctx) error { _, err := walk.Downstream(c, db, lineage.Ref{Artifact: artifact}); return err },
		"columns":    func(c ctx) error { _, err := walk.Columns(c, db, lineage.Ref{RunID: runID}); return err },
		"models":     func(c ctx) error { _, err := registry.Models(c, db, ""); return err },
		"labels":     func(c ctx) error { _, err := registry.Labels(c, db, time.Time{}); return err },
		"history":    func(c ctx) error { _, err := registry.Events(c, db, registry.EventFilter{}); return err },
		"measured":   func(c ctx) error { _, err := registry.LastMeasured(c, db); return err },
		"gc":         func(c ctx) error { _, err := clean.Choose(c, db, clean.Retention{Runs: 1}); return err },
		"warm":       func(c ctx) error { return db.Warm(c, "penguins") },
		"referenced": func(c ctx) error { _, err := db.Referenced(c); return err },
		"schedules":  func(c ctx) error { _, err := ticks.Schedules(c, db); return err },
		"one": func(c ctx) error {
			for id := range int64(9) {
				_, err := db.Execution(c, id)
				if err == nil {
					_, err = db.KeyParts(c, id)
				}
				if err == nil {
					_, err = db.SourcesOf(c, []int64{id})
				}
				if err == nil {
					_, err = db.Points(c, id)
				}
				if err != nil && id == 8 {
					return err
				}
			}
			return nil
		},
	}
}

// A database with damage gives errors or wrong rows, and no panic.
func TestRottenDatabase(t *testing.T) {
	db, c := lineagetest.New(t)
	_, second := lineagetest.TwoRuns(t, db, c)
	lineagetest.Chain(t, db, "penguins", "data", "fit 1")
	lineagetest.Promote(t, db, "fit 1", "production")
	list, err := db.Executions(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	artifact := list[len(list)-1].Outputs[0].ID
	if _, err := db.Writer().Exec("PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(db.Path())
	if err != nil {
		t.Fatal(err)
	}
	rows := bytes.LastIndex(whole, []byte("CREATE ")) // before it are the pages of the schema
	var places []int
	for at := 0; ; at++ {
		next := bytes.Index(whole[at:], []byte(second))
		if next < 0 {
			break
		}
		at += next
		places = append(places, at)
	}
	damages := 60
	if testing.Short() {
		damages = 20
	}
	random := rand.New(rand.NewPCG(1, 2))
	refused := 0
	for n := range damages {
		rotten := append([]byte(nil), whole...)
		if n%2 == 0 { // the name of a run in one place, a table or an index
			at := places[random.IntN(len(places))]
			rotten[at+random.IntN(len(second))] ^= 1 << random.IntN(5)
		} else {
			for range 1 + random.IntN(20) {
				rotten[rows+random.IntN(len(rotten)-rows)] ^= 1 << random.IntN(8)
			}
		}
		path := filepath.Join(t.TempDir(), "lineage.db")
		if err := os.WriteFile(path, rotten, 0o666); err != nil {
			t.Fatal(err)
		}
		bad, err := lineage.OpenReadOnly(path)
		if err != nil {
			refused++
			continue
		}
		for name, read := range readers(bad, second, artifact) {
			if panicked := panicOf(func() { _ = read(t.Context()) }); panicked != "" {
				t.Errorf("damage %d: %s: %s", n, name, panicked)
			}
		}
		bad.Close()
	}
	if refused > damages/2 {
		t.Errorf("%d of %d databases could not even be opened", refused, damages)
	}
}

func panicOf(f func()) (text string) {
	defer func() {
		if v := recover(); v != nil {
			text = fmt.Sprintf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	f()
	return ""
}
