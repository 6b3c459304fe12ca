package source_test

import (
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/sourcetest"
	"pipe/data/table"
)

// typed is a reader of columns that have types.
type typed struct{ columns func() []arrow.Array }

func (r typed) Open(_ context.Context, in source.Inputs) (source.Rows, error) {
	var fields []arrow.Field
	for i, c := range r.columns() {
		fields = append(fields, arrow.Field{Name: string(rune('a' + i)), Type: c.DataType(), Nullable: true})
	}
	return source.Stream(&in, "typed", arrow.NewSchema(fields, nil), func(yield func(...arrow.Array) bool) error {
		yield(r.columns()...)
		return nil
	})
}

// TestMissingInTypedColumns: what is listed as missing is so in columns of every
// type, whether text says it or a number does.
func TestMissingInTypedColumns(t *testing.T) {
	columns := func() []arrow.Array {
		return []arrow.Array{
			table.NewArray([]int64{-9, 9007199254740993, 9007199254740992, 0}, []bool{true, true, true, false}),
			table.NewArray([]float64{1.5, -9, 0, 9}, nil),
			table.NewArray([]string{"-9", "x", "", "-9.0"}, nil),
			table.NewArray([]arrow.Date32{0, 1, 2, 3}, nil),
			table.NewArray([]bool{true, false, true, false}, nil),
		}
	}
	for _, test := range []struct {
		missing []string
		want    string
	}{
		{nil, "a,b,c,d,e\n-9,1.5,-9,1970-01-01,true\n9007199254740993,-9,x,1970-01-02,false\n9007199254740992,0,\"\",1970-01-03,true\n,9,-9.0,1970-01-04,false\n"},
		{[]string{"-9", "9007199254740993", "1970-01-02"}, "a,b,c,d,e\n,1.5,,1970-01-01,true\n,,x,,false\n9007199254740992,0,\"\",1970-01-03,true\n,9,-9.0,1970-01-04,false\n"},
		{[]string{"-9.0", "false"}, "a,b,c,d,e\n,1.5,-9,1970-01-01,true\n9007199254740993,,x,1970-01-02,\n9007199254740992,0,\"\",1970-01-03,true\n,9,,1970-01-04,\n"},
	} {
		in := source.Inputs{Contract: cell.Contract{Rules: cell.Rules{Missing: cell.NewMissing(test.missing, true)}}, Threads: 1}
		made, err := sourcetest.Read(t, typed{columns}, in)
		if err != nil || made.CSV != test.want {
			t.Errorf("missing %q: %v\n%s", test.missing, err, made.CSV)
		}
	}
}
