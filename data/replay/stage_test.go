package replay

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/relation"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// staged takes the rows of a table through steps, and writes what became of each.
func staged(t *testing.T, steps []*Step, wanted string, leave bool, data []byte) (lines []string) {
	t.Helper()
	r := tabletest.Open(t, data)
	has := func(name string) bool { return len(r.Schema().FieldIndices(name)) > 0 }
	chain, err := NewPart(steps, strings.Fields(wanted), &Given{Has: has, Read: has, Leave: leave}).Bind(r.Schema(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !chain.Wide() {
		t.Fatal("nothing looks at several rows")
	}
	s, err := chain.Stage(t.Context(), relation.Means{Threads: 2}, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for p, err := range s.Pieces(2) {
		if err != nil {
			t.Fatal(err)
		}
		rec, met, err := s.Apply(p.Rows)
		if err != nil {
			t.Fatal(err)
		}
		for row := range int(rec.NumRows()) {
			var cells []string
			for _, name := range strings.Fields(wanted) {
				at, err := table.Column(rec.Schema(), name)
				if err != nil {
					t.Fatal(err)
				}
				if rec.Column(at).IsNull(row) {
					cells = append(cells, "-")
				} else {
					cells = append(cells, table.Text(rec.Column(at), row))
				}
			}
			for _, p := range met.Problems {
				if p.Row == int64(row) {
					cells = append(cells, p.Column+": "+p.Reason)
				}
			}
			if met.Gone != nil && met.Gone[row] {
				cells = append(cells, "gone")
			}
			lines = append(lines, strings.Join(cells, " "))
		}
		p.Rows.Release()
	}
	return lines
}

// A window does not see the rows that training left out before it, and what follows of
// several windows is kept beside each row.
func TestWindowsSeeWhatTrainingSaw(t *testing.T) {
	lag := func(name, column string) string {
		return fmt.Sprintf(`{"window":{"framing":{"time":"day","gaps":"error","frames":[{"name":%q,"view":"shift","columns":[%q],"steps":-1}]}}}`, name, column)
	}
	data := tabletest.Table(t, "day", []arrow.Date32{4, 1, 2, 3, 5}, "w", []int64{1, 1, 0, 1, 1}, "z", []int64{40, 10, 20, 30, 50})
	steps := list(t, `{"columns":{"x":"z + 1"}}`, `{"filter":{"where":"w > 0"}}`, lag("before", "x"), `{"columns":{"d":"x - before"}}`, lag("d1", "d"), `{"columns":{"e":"d1 + before"}}`)
	out := "w: the filter of training leaves such rows out"
	want := []string{"20 31 51", "- - - x: its series has too few rows before it", "- - - " + out, "- 11 - d: its series has too few rows before it", "10 41 51"}
	// The row of day 3 has no d before it that training knew: that of day 1 was left out by
	// the first window, and so the second one does not see it.
	if got := staged(t, steps, "d1 before e", false, data); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	want = []string{"20 31 51", "- - - gone", "- - - gone", "- 11 - gone", "10 41 51"}
	if got := staged(t, steps, "d1 before e", true, data); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
