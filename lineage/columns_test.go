package lineage

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawColumns(columns []Column) string {
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

// withColumns adds to the executions of penguins what their stages would say.
func withColumns(run string) []Execution {
	list := penguins(run)
	list[0].Columns = []ColumnEdge{{"table", "island", "path", "island"}, {"table", "mass", "path", "mass"}}
	list[2].Columns = []ColumnEdge{{"model", "island=Biscoe", "train", "island"}, {"model", "island=Dream", "train", "island"}, {"model", "ratio", "train", "island"}, {"model", "ratio", "train", "mass"}}
	list[3].Columns = []ColumnEdge{{"report", "note", "extern", "x"}, {"report", "ratio", "model", "ratio"}, {"report", "other", "data", "unknown"}}
	return list
}

func TestColumns(t *testing.T) {
	db, _ := newTest(t)
	run := begin(t, db, "penguins")
	record(t, db, withColumns(run)...)
	finish(t, db, run)
	for ref, want := range map[string]string{
		"penguins/load": "load.table island: data/penguins.csv[island] through load\nload.table mass: data/penguins.csv[mass] through load\n",
		"penguins/model.model": "model.model island=Biscoe: data/penguins.csv[island] through load model\nmodel.model island=Dream: data/penguins.csv[island] through load model\n" +
			"model.model ratio: data/penguins.csv[island] data/penguins.csv[mass] through load model\n",
		aid("report").String(): "score.report note: [x] through score\nscore.report other: load[unknown] through score\n" +
			"score.report ratio: data/penguins.csv[island] data/penguins.csv[mass] through load model score\n",
		aid("metrics").String(): "", aid("csv").String(): "",
	} {
		r, err := db.Resolve(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		got, err := db.Columns(t.Context(), r)
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
		db := openTest(t, filepath.Join(dir, fmt.Sprint(n), "lineage.db"), newClock())
		run := begin(t, db, "random")
		columns := rapid.SampledFrom([]string{"a", "b", "c", "it's \"x\""})
		var made []string
		for i := range rapid.IntRange(1, 7).Draw(rt, "stages") {
			name := fmt.Sprintf("s%d", i)
			e := Execution{RunID: run, Stage: name, Kind: "any", Status: Succeeded, Key: akey(name),
				Outputs: []Output{{"out", "table", aid(name), 10}}}
			if len(made) == 0 || rapid.Bool().Draw(rt, "reads a file") {
				file := rapid.SampledFrom([]string{"x.csv", "y.csv"}).Draw(rt, "file")
				e.Inputs = append(e.Inputs, Input{Port: "path", Type: "file", ID: aid(file), Path: file})
			}
			for _, from := range made {
				if rapid.Bool().Draw(rt, "reads "+from) {
					e.Inputs = append(e.Inputs, Input{Port: "in " + from, Type: "table", ID: aid(from), Size: 10, FromStage: from, FromPort: "out"})
				}
			}
			for _, in := range e.Inputs {
				for range rapid.IntRange(0, 3).Draw(rt, "edges") {
					e.Columns = append(e.Columns, ColumnEdge{"out", columns.Draw(rt, "out"), in.Port, columns.Draw(rt, "in")})
				}
			}
			record(t, db, e)
			made = append(made, name)
		}
		finish(t, db, run)
		got, err := db.Columns(t.Context(), Ref{RunID: run})
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
