package walk_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
	"pipe/lineage/walk"
)

func drawColumns(columns []walk.Column) string {
	var b strings.Builder
	for _, c := range columns {
		fmt.Fprintf(&b, "%s.%s %s:", c.Stage, c.Port, c.Name)
		for _, s := range c.Sources {
			fmt.Fprintf(&b, " %s%s[%s]", s.Path, s.Stage, s.Column)
		}
		fmt.Fprintf(&b, " through %s\n", strings.Join(c.Through, " "))
	}
	return b.String()
}

func TestColumns(t *testing.T) {
	db, _ := lineagetest.New(t)
	run := lineagetest.Begin(t, db, "penguins")
	lineagetest.Record(t, db, lineagetest.WithColumns(run)...)
	lineagetest.Finish(t, db, run)
	for ref, want := range map[string]string{
		"penguins/load": "load.table island: data/penguins.csv[island] through load\nload.table mass: data/penguins.csv[mass] through load\n",
		"penguins/model.model": "model.model island=Biscoe: data/penguins.csv[island] through load model\nmodel.model island=Dream: data/penguins.csv[island] through load model\n" +
			"model.model ratio: data/penguins.csv[island] data/penguins.csv[mass] through load model\n",
		lineagetest.ID("report").String(): "score.report note: [x] through score\nscore.report other: load[unknown] through score\n" +
			"score.report ratio: data/penguins.csv[island] data/penguins.csv[mass] through load model score\n",
		lineagetest.ID("metrics").String(): "", lineagetest.ID("csv").String(): "",
	} {
		r, err := db.Resolve(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := walk.Columns(t.Context(), db, r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, drawColumns(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", ref, diff)
		}
	}
}

// The trace in Go and the recursive view must agree about any pipeline.
func TestColumnsAgreeWithView(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		db := lineagetest.Open(t, filepath.Join(dir, fmt.Sprint(n), "lineage.db"), lineagetest.NewClock())
		run := lineagetest.Begin(t, db, "random")
		columns := rapid.SampledFrom([]string{"a", "b", "c", "it's \"x\""})
		var made []string
		for i := range rapid.IntRange(1, 7).Draw(rt, "stages") {
			name := fmt.Sprintf("s%d", i)
			e := lineage.Execution{RunID: run, Stage: name, Kind: "any", Status: lineage.Succeeded, Key: lineagetest.Key(name),
				Outputs: []lineage.Output{{Port: "out", Type: "table", ID: lineagetest.ID(name), Size: 10}}}
			if len(made) == 0 || rapid.Bool().Draw(rt, "reads a file") {
				file := rapid.SampledFrom([]string{"x.csv", "y.csv"}).Draw(rt, "file")
				e.Inputs = append(e.Inputs, lineage.Input{Port: "path", Type: "file", ID: lineagetest.ID(file), Path: file})
			}
			for _, from := range made {
				if rapid.Bool().Draw(rt, "reads "+from) {
					e.Inputs = append(e.Inputs, lineage.Input{Port: "in " + from, Type: "table", ID: lineagetest.ID(from), Size: 10, FromStage: from, FromPort: "out"})
				}
			}
			for _, in := range e.Inputs {
				for range rapid.IntRange(0, 3).Draw(rt, "edges") {
					e.Columns = append(e.Columns, lineage.ColumnEdge{OutPort: "out", OutColumn: columns.Draw(rt, "out"), InPort: in.Port, InColumn: columns.Draw(rt, "in")})
				}
			}
			lineagetest.Record(t, db, e)
			made = append(made, name)
		}
		lineagetest.Finish(t, db, run)
		got, err := walk.Columns(t.Context(), db, lineage.Ref{RunID: run})
		if err != nil {
			rt.Fatal(err)
		}
		var lines []string
		for _, c := range got {
			for _, s := range c.Sources {
				if s.Path != "" {
					lines = append(lines, fmt.Sprintf("%s %s <- %s %s", c.Stage, c.Name, s.Path, s.Column))
				}
			}
		}
		rows, err := db.Query(t.Context(), `SELECT stage || ' ' || "column" || ' <- ' || source_path || ' ' || source_column FROM column_lineage`, 0)
		if err != nil {
			rt.Fatal(err)
		}
		var want []string
		for _, r := range rows.Rows {
			want = append(want, r[0].(string))
		}
		slices.Sort(lines)
		slices.Sort(want)
		if diff := cmp.Diff(want, lines); diff != "" {
			rt.Errorf("view (-) and Columns (+):\n%s", diff)
		}
	})
}
