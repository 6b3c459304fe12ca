package lineage

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"

	"pipe/artifacts"
)

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "lineage.db")
	for b.Loop() {
		db, err := Open(path)
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
	other, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer other.Close()
	beginRun(b, other, "p")
	for b.Loop() {
		db, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func id(n int) (id artifacts.ID) {
	n++ // the zero ID is none
	binary.BigEndian.PutUint64(id[:], uint64(n)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(id[8:], uint64(n))
	return id
}

func beginRun(tb testing.TB, db *DB, pipeline string) string {
	tb.Helper()
	run, err := db.BeginRun(context.Background(), Run{Pipeline: pipeline, File: pipeline + ".yaml", SpecText: "x", SpecID: artifacts.Sum([]byte("x")), Trigger: "manual"})
	if err != nil {
		tb.Fatal(err)
	}
	return run
}

// layered makes stages that each read the outputs of two earlier ones.
func layered(run string, n int) []Execution {
	list := make([]Execution, n)
	for i := range list {
		e := &list[i]
		*e = Execution{RunID: run, Stage: fmt.Sprintf("stage%05d", i), Kind: "exec", KindVersion: 1, Status: Succeeded, Key: artifacts.Key(id(1000000 + i)),
			Config: []byte(`{"command":["true"]}`), Outputs: []Output{{"out", "file", id(i), 100}}}
		for k := range 2 {
			if from := i - 1 - k*7; from >= 0 {
				e.Inputs = append(e.Inputs, Input{Port: fmt.Sprint("in", k), Type: "file", ID: id(from), Size: 100, FromStage: fmt.Sprintf("stage%05d", from), FromPort: "out"})
			}
		}
	}
	return list
}

func BenchmarkRecordAll10000(b *testing.B) {
	ctx := context.Background()
	db, err := Open(filepath.Join(b.TempDir(), "lineage.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for b.Loop() {
		if err := db.RecordAll(ctx, layered(beginRun(b, db, "p"), 10000)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRecord is what the lineage adds to a stage that ran.
func BenchmarkRecord(b *testing.B) {
	db, err := Open(filepath.Join(b.TempDir(), "lineage.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	list := layered(beginRun(b, db, "p"), b.N+20)
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
	db, err := Open(filepath.Join(b.TempDir(), "lineage.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	run := beginRun(b, db, "p")
	list := layered(run, 10000)
	if err := db.RecordAll(ctx, list); err != nil {
		b.Fatal(err)
	}
	if err := db.FinishRun(ctx, run, Succeeded, ""); err != nil {
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
				list[i].RunID, list[i].Status = run, Cached
			}
			if err := db.RecordAll(ctx, list); err != nil {
				b.Fatal(err)
			}
			if err := db.FinishRun(ctx, run, Succeeded, ""); err != nil {
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
	db, err := Open(filepath.Join(b.TempDir(), "lineage.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const runs, each = 100, 1000
	for r := range runs {
		run := beginRun(b, db, "p")
		list := layered(run, each)
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
		if err := db.FinishRun(ctx, run, Succeeded, ""); err != nil {
			b.Fatal(err)
		}
	}
	artifact := func(stage int) Ref {
		a := id(stage)
		a[31] = runs
		return Ref{Artifact: a}
	}
	for _, test := range []struct {
		name  string
		walk  func(context.Context, Ref) (*Graph, error)
		start int
	}{
		{"Up1000", db.Upstream, each - 1}, {"Up10", db.Upstream, 9}, {"Down1000", db.Downstream, 0}, {"Down10", db.Downstream, each - 10},
	} {
		b.Run(test.name, func(b *testing.B) {
			n := 0
			for b.Loop() {
				g, err := test.walk(ctx, artifact(test.start))
				if err != nil {
					b.Fatal(err)
				}
				n = len(g.Artifacts)
			}
			b.ReportMetric(float64(n), "artifacts")
		})
	}
}
