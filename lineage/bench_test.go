package lineage_test

import (
	"context"
	"path/filepath"
	"testing"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/lineagetest"
	"pipe/lineage/walk"
)

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "lineage.db")
	for b.Loop() {
		db, err := lineage.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenBesideOthers is the case of a `pipe` that is started while
// another one runs: the last to close a database cleans up, the others do not.
func BenchmarkOpenBesideOthers(b *testing.B) {
	path := filepath.Join(b.TempDir(), "lineage.db")
	other, err := lineage.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer other.Close()
	beginRun(b, other, "p")
	for b.Loop() {
		db, err := lineage.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func beginRun(tb testing.TB, db *lineage.DB, pipeline string) string {
	tb.Helper()
	run, err := db.BeginRun(context.Background(), lineage.Run{Pipeline: pipeline, File: pipeline + ".yaml", SpecText: "x", SpecID: artifacts.Sum([]byte("x")), Trigger: "manual"})
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

func BenchmarkRecordAll10000(b *testing.B) {
	ctx := context.Background()
	db, err := lineage.Open(filepath.Join(b.TempDir(), "lineage.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for b.Loop() {
		if err := db.RecordAll(ctx, lineagetest.Layered(beginRun(b, db, "p"), 10000)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecord is what the lineage adds to a stage that ran.
func BenchmarkRecord(b *testing.B) {
	db, err := lineage.Open(filepath.Join(b.TempDir(), "lineage.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	list := lineagetest.Layered(beginRun(b, db, "p"), b.N+20)
	if err := db.RecordAll(b.Context(), list[:20]); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := range b.N {
		if err := db.Record(b.Context(), list[20+i]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNoop10000 is what the lineage costs in a run of 10,000 stages in
// which nothing changed.
func BenchmarkNoop10000(b *testing.B) {
	ctx := context.Background()
	db, err := lineage.Open(filepath.Join(b.TempDir(), "lineage.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	run := beginRun(b, db, "p")
	list := lineagetest.Layered(run, 10000)
	if err := db.RecordAll(ctx, list); err != nil {
		b.Fatal(err)
	}
	if err := db.FinishRun(ctx, run, lineage.Succeeded, ""); err != nil {
		b.Fatal(err)
	}
	lookup := func(b *testing.B) {
		for i := range list {
			hit, err := db.Lookup(ctx, list[i].Key)
			if err != nil || hit == nil {
				b.Fatal(hit, err)
			}
			list[i].CachedFrom = hit.ExecutionID
		}
	}
	b.Run("LookupCold", func(b *testing.B) {
		for b.Loop() {
			lookup(b)
		}
	})
	b.Run("Whole", func(b *testing.B) {
		for b.Loop() {
			run := beginRun(b, db, "p")
			lookup(b)
			for i := range list {
				list[i].RunID, list[i].Status = run, lineage.Cached
			}
			if err := db.RecordAll(ctx, list); err != nil {
				b.Fatal(err)
			}
			if err := db.FinishRun(ctx, run, lineage.Succeeded, ""); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkUpstream asks for the ancestry of an artifact in a lineage of
// 100,000: 100 runs of 1,000 stages that each read two earlier ones. The last
// stage of a run depends on all others.
func BenchmarkUpstream100000(b *testing.B) {
	ctx := context.Background()
	db, err := lineage.Open(filepath.Join(b.TempDir(), "lineage.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const runs, each = 100, 1000
	for r := range runs {
		run := beginRun(b, db, "p")
		list := lineagetest.Layered(run, each)
		for i := range list {
			list[i].Key[31] = byte(r + 1)
			list[i].Outputs[0].ID[31] = byte(r + 1)
			for k := range list[i].Inputs {
				list[i].Inputs[k].ID[31] = byte(r + 1)
			}
		}
		if err := db.RecordAll(ctx, list); err != nil {
			b.Fatal(err)
		}
		if err := db.FinishRun(ctx, run, lineage.Succeeded, ""); err != nil {
			b.Fatal(err)
		}
	}
	artifact := func(stage int) lineage.Ref {
		a := lineagetest.Numbered(stage)
		a[31] = runs
		return lineage.Ref{Artifact: a}
	}
	for _, test := range []struct {
		name  string
		walk  func(context.Context, *lineage.DB, lineage.Ref) (*walk.Graph, error)
		start int
	}{
		{"Up1000", walk.Upstream, each - 1}, {"Up10", walk.Upstream, 9}, {"Down1000", walk.Downstream, 0}, {"Down10", walk.Downstream, each - 10},
	} {
		b.Run(test.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				g, err := test.walk(ctx, db, artifact(test.start))
				if err != nil {
					b.Fatal(err)
				}
				n = len(g.Artifacts)
			}
			b.ReportMetric(float64(n), "artifacts")
		})
	}
}
