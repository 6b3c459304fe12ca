package source_test

import (
	"context"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/sourcetest"
	"pipe/data/table"
	"pipe/data/tensor"
)

// listed reads batches of a column of lists, and looks at the first of them before if
// it peeks.
type listed struct {
	batches [][][]int32
	peeks   bool
	reads   *int
}

func (r listed) Open(_ context.Context, in source.Inputs) (source.Rows, error) {
	f := arrow.Field{Name: "a", Type: table.ListType(tensor.I32, tensor.Ragged)}
	rows, err := source.Stream(&in, "listed", arrow.NewSchema([]arrow.Field{f}, nil), func(yield func(...arrow.Array) bool) error {
		if r.reads != nil {
			*r.reads++
		}
		for _, b := range r.batches {
			var rows tensor.Rows
			for _, list := range b {
				rows.I32 = append(rows.I32, list...)
				rows.Ends = append(rows.Ends, len(rows.I32))
			}
			if !yield(table.NewLists(tensor.I32, rows, tensor.Ragged)) {
				return nil
			}
		}
		return nil
	})
	if err == nil && r.peeks {
		err = rows.Peek()
	}
	return rows, err
}

// TestListsOfOneLength: lists are of a fixed length if all rows have it, and of any
// length if one has not, wherever it is.
func TestListsOfOneLength(t *testing.T) {
	even, late, none := [][]int32{{1, 2}, {3, 4}}, [][]int32{{5}}, [][]int32{{}, {}}
	for _, c := range []struct {
		name         string
		batches      [][][]int32
		want         string
		peeked, once int // how often all is read
	}{
		{"even", [][][]int32{even, even}, "i32[2]", 2, 2},
		{"late", [][][]int32{even, even, late}, "i32[]", 3, 1},
		{"first", [][][]int32{{{1}, {}}, even}, "i32[]", 2, 1},
		{"empty", [][][]int32{none, none}, "i32[]", 2, 1},
		{"other", [][][]int32{even, {{1, 2, 3}}}, "i32[]", 3, 1},
	} {
		csv := ""
		for _, peeks := range []bool{false, true} {
			reads := 0
			made, err := sourcetest.Read(t, listed{c.batches, peeks, &reads}, source.Inputs{})
			if err != nil {
				t.Fatal(c.name, err)
			}
			want := c.once
			if peeks {
				want = c.peeked
			}
			if made.Types != "a:"+c.want || reads != want || csv != "" && made.CSV != csv {
				t.Errorf("%s, peeks %v: %s in %d reads\n%s", c.name, peeks, made.Types, reads, made.CSV)
			}
			csv = made.CSV
		}
	}
}

// lists reads files that are known by their names.
type lists map[string][][][]int32

func (r lists) Open(ctx context.Context, in source.Inputs) (source.Rows, error) {
	return listed{r[in.Files[0].Name], true, nil}.Open(ctx, in)
}

// TestListsOfFiles: what one file has is not what all have.
func TestListsOfFiles(t *testing.T) {
	two, three, late := [][][]int32{{{1, 2}, {3, 4}}}, [][][]int32{{{1, 2, 3}}}, [][][]int32{{{1, 2}}, {{1}}}
	for _, c := range []struct {
		a, b [][][]int32
		want string
	}{{two, two, "i32[2]"}, {two, three, "i32[]"}, {two, late, "i32[]"}, {late, two, "i32[]"}} {
		in := source.Inputs{Files: []*source.File{{Name: "a"}, {Name: "b"}}}
		made, err := sourcetest.Read(t, &source.Together{Reader: lists{"a": c.a, "b": c.b}}, in)
		if err != nil || made.Types != "a:"+c.want || c.want == "i32[]" && !strings.HasPrefix(made.CSV, "a\n\"[1,2]\"\n") {
			t.Errorf("%v and %v: %s, %v\n%s", c.a, c.b, made.Types, err, made.CSV)
		}
	}
}

// TestListsAgain: where lists were, lists are, also of texts if all are lists.
func TestListsAgain(t *testing.T) {
	again := cell.Contract{}.Again(cell.TypesOf(arrow.NewSchema([]arrow.Field{{Name: "a", Type: table.ListType(tensor.I32, 2)}}, nil)))
	made, err := sourcetest.Read(t, listed{[][][]int32{{{1, 2}}}, true, nil}, source.Inputs{Contract: again})
	if err != nil || made.Types != "a:i32[2]" {
		t.Errorf("%+v, %v", made, err)
	}
	for text, want := range map[string]string{"[1, 2]": "a:i32[2]", "1, 2": "a:string"} {
		texts := func() []arrow.Array { return []arrow.Array{table.NewArray([]string{text}, nil)} }
		if made, err = sourcetest.Read(t, typed{texts}, source.Inputs{Contract: again}); err != nil || made.Types != want {
			t.Errorf("%s: %+v, %v", text, made, err)
		}
	}
}
