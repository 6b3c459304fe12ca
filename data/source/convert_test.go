package source_test

import (
	"context"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/sourcetest"
	"pipe/data/table"
	"pipe/data/tensor"
)

func layout(t testing.TB, text string) *cell.Layout {
	t.Helper()
	l, _, err := cell.ParseLayout(text)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestTypedColumnsAsAsked: texts and numbers of a typed format become what the
// contract names, written as it says, and what is a date already stays one.
func TestTypedColumnsAsAsked(t *testing.T) {
	german := &cell.Notation{Decimal: ',', Group: ".", True: []string{"ja"}, False: []string{"nein"}}
	columns := func() []arrow.Array {
		return []arrow.Array{
			table.NewArray([]string{"31.12.2023", "", "1.2.2024"}, []bool{true, false, true}),
			table.NewArray([]string{"1.234,5", "NA", "2"}, nil),
			table.NewArray([]string{"ja", "nein", ""}, nil),
			table.NewArray([]int64{1700000000, 0, -1}, nil),
			table.NewArray([]float64{1.5, 2, 3}, nil),
			table.NewArray([]arrow.Date32{0, 1, 2}, nil),
			table.NewArray([]string{"1970-01-02T00:00:00.000000001Z", "1970-01-01", "1970-01-01 00:00:01"}, nil),
		}
	}
	contract := cell.Contract{Rules: cell.Rules{Missing: cell.NewMissing(nil, true), Notation: german}, Declared: []cell.Typed{
		{Name: "a", Type: cell.Date, Layout: layout(t, "%d.%m.%Y")}, {Name: "b", Type: cell.Float64}, {Name: "c", Type: cell.Bool},
		{Name: "d", Type: cell.Timestamp, Layout: layout(t, "unix")}, {Name: "e", Type: cell.Float64},
		{Name: "f", Type: cell.Date, Layout: layout(t, "%d.%m.%Y")}, {Name: "g", Type: cell.TimestampNs},
	}}
	want := "a,b,c,d,e,f,g\n" +
		"2023-12-31,1234.5,true,2023-11-14T22:13:20Z,1.5,1970-01-01,1970-01-02T00:00:00.000000001Z\n" +
		",,false,1970-01-01T00:00:00Z,2,1970-01-02,1970-01-01T00:00:00Z\n" +
		"2024-02-01,2,,1969-12-31T23:59:59Z,3,1970-01-03,1970-01-01T00:00:01Z\n"
	made, err := sourcetest.Read(t, typed{columns}, source.Inputs{Contract: contract, Threads: 1})
	if err != nil || made.CSV != want {
		t.Fatalf("%v\n%s", err, made.CSV)
	}
	// Layouts are remembered, so that other data are read by them again.
	rows, err := typed{columns}.Open(t.Context(), source.Inputs{Contract: contract})
	if err != nil {
		t.Fatal(err)
	}
	var layouts []string
	for _, c := range cell.TypesOf(rows.Schema()) {
		if c.Layout != nil {
			layouts = append(layouts, c.Name+" "+c.Layout.String())
		}
	}
	if got := strings.Join(layouts, ", "); got != "a %d.%m.%Y, d unix" {
		t.Errorf("layouts %s", got)
	}

	for _, c := range []struct {
		column    arrow.Array
		want      cell.Typed
		err, hint string
	}{
		{table.NewArray([]string{"31.12.2023", "12/31/2023"}, nil), cell.Typed{Type: cell.Date, Layout: layout(t, "%d.%m.%Y")},
			`typed: row 2, column "a": "12/31/2023" is not a date as %d.%m.%Y`, "in several ways"},
		{table.NewArray([]float64{1, 1.5}, nil), cell.Typed{Type: cell.Int64}, `typed: row 2, column "a": 1.5 is no int64`, "has a type"},
		{table.NewArray([]float64{1, 1.5}, nil), cell.Typed{Type: cell.Timestamp, Layout: layout(t, "unix")},
			`typed: row 2, column "a": "1.5" is not a timestamp as unix`, "several ways"},
		{table.NewLists(tensor.I32, tensor.Rows{I32: []int32{7, -43}}, 2), cell.Typed{Type: cell.ListU8},
			`typed: row 1, column "a": "[7,-43]" is no list of whole numbers from 0 to 255: element 2 is -43`, "as f32[] in columns:"},
	} {
		c.want.Name = "a"
		_, err := sourcetest.Read(t, typed{func() []arrow.Array { c.column.Retain(); return []arrow.Array{c.column} }},
			source.Inputs{Contract: cell.Contract{Declared: []cell.Typed{c.want}}})
		if err == nil || err.Error() != c.err || !strings.Contains(diag.HintOf(err), c.hint) {
			t.Errorf("%v, hint %s\nwant %s", err, diag.HintOf(err), c.err)
		}
	}
}

// TestTypedColumnsAsExpected: a column whose values are not all of the type that other
// data had is text, as in a file of text, and all else is as expected.
func TestTypedColumnsAsExpected(t *testing.T) {
	contract := cell.Contract{Rules: cell.Rules{Missing: cell.NewMissing(nil, true)}}.Again([]cell.Typed{
		{Name: "a", Type: cell.Date, Layout: layout(t, "%d.%m.%Y")}, {Name: "b", Type: cell.Int64},
		{Name: "c", Type: cell.Date, Layout: layout(t, "%d.%m.%Y")}, {Name: "d", Type: cell.Float64},
	})
	columns := func() []arrow.Array {
		return []arrow.Array{
			table.NewArray([]string{"31.12.2023", "", "1.2.2024"}, []bool{true, false, true}),
			table.NewArray([]float64{1, 2.5, 3.5}, nil),
			table.NewArray([]string{"31.12.2023", "soon", "1.2.2024"}, nil),
			table.NewArray([]int8{1, 2, 3}, nil),
		}
	}
	want := "a,b,c,d\n2023-12-31,1,31.12.2023,1\n,2.5,soon,2\n2024-02-01,3.5,1.2.2024,3\n"
	in := source.Inputs{Contract: contract, Threads: 1}
	made, err := sourcetest.Read(t, typed{columns}, in)
	if err != nil || made.CSV != want || made.Types != "a:date b:float64 c:string d:float64" {
		t.Fatalf("%v\n%s%s", err, made.Types, made.CSV)
	}
	for _, said := range []string{`a column was read as float64, since it has numbers with decimals, where whole ones were expected" column=b others=2 first="\"2.5\" in row 2"`, `column=c expected=date others=1 first="\"soon\" in row 2"`} {
		if !strings.Contains(made.Said, said) {
			t.Errorf("want %s in\n%s", said, made.Said)
		}
	}

	// The same with several files, of which one is as expected.
	in.Files = []*source.File{{Name: "fine"}, {Name: "other"}}
	fine := func() []arrow.Array {
		list := columns()
		list[1] = table.NewArray([]float64{1, 2, 3}, nil)
		return list
	}
	made, err = sourcetest.Read(t, &source.Together{Reader: oneOf{"fine": fine, "other": columns}, Column: "file"}, in)
	want = "a,b,c,d,file\n2023-12-31,1,31.12.2023,1,\n,2,soon,2,\n2024-02-01,3,1.2.2024,3,\n" +
		"2023-12-31,1,31.12.2023,1,\n,2.5,soon,2,\n2024-02-01,3.5,1.2.2024,3,\n"
	if err != nil || strings.ReplaceAll(made.CSV, `""`, "") != want || made.Types != "a:date b:float64 c:string d:float64 file:string" {
		t.Fatalf("%v\n%s\n%s", err, made.Types, made.CSV)
	}
	if !strings.Contains(made.Said, `file=other column=b others=2`) {
		t.Errorf("said\n%s", made.Said)
	}
	found, err := found(t, typed{columns}, source.Inputs{Contract: contract})
	if err != nil {
		t.Fatal(err)
	}
	if m := found[2].Misfits; found[0].Missing != 1 || found[1].Misfits != nil || m == nil || *m != (cell.Misfits{Type: cell.Date, Count: 1, First: "soon", Line: 2}) {
		t.Errorf("found %+v, %+v", found, m)
	}
}

// found reads rows, and gives what was found in them.
func found(t testing.TB, r source.Reader, in source.Inputs) ([]cell.Found, error) {
	rows, err := r.Open(t.Context(), in)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if _, err := source.Write(t.Context(), discard{}, rows); err != nil {
		return nil, err
	}
	return rows.(source.Finder).Found(), nil
}

// discard is an output that nobody wants.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Reset()                      {}

// oneOf reads files that are known by their names.
type oneOf map[string]func() []arrow.Array

func (r oneOf) Open(ctx context.Context, in source.Inputs) (source.Rows, error) {
	return typed{r[in.Files[0].Name]}.Open(ctx, in)
}

// TestBareNumbers: numbers without a percent sign beside others with one are told of,
// whatever format has them.
func TestBareNumbers(t *testing.T) {
	contract := cell.Contract{Rules: cell.Rules{Notation: &cell.Notation{Percent: true}}}.Again([]cell.Typed{{Name: "a", Type: cell.Float64}})
	texts := func() []arrow.Array { return []arrow.Array{table.NewArray([]string{"5%", "5"}, nil)} }
	made, err := sourcetest.Read(t, typed{texts}, source.Inputs{Contract: contract})
	if err != nil || made.CSV != "a\n0.05\n5\n" || !strings.Contains(made.Said, "numbers without a percent sign") {
		t.Errorf("%+v, %v", made, err)
	}
}
