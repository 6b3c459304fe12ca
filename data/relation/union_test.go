package relation

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// united makes one table of several, which are named a, b, c.
func united(t testing.TB, union Union, tables ...[]byte) (types []string, rows []string, err error) {
	t.Helper()
	var named []Named
	for i, data := range tables {
		name := string(rune('a' + i))
		named = append(named, Named{tabletest.Open(t, data), name + ".table", name})
	}
	u, err := NewUnifier(t.Context(), named, union)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range u.Schema().Fields() {
		types = append(types, f.Name+" "+table.TypeName(f.Type))
	}
	err = u.Run(t.Context(), Means{Threads: 3, rows: 2}, func(rec arrow.RecordBatch) error {
		rows = append(rows, lines(rec)...)
		return nil
	})
	return types, rows, err
}

func TestUnionTypes(t *testing.T) {
	nanos := &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	column := func(values any) []byte { return tabletest.Table(t, "x", values) }
	fine := column(table.NewFixedArray(nanos, 1, arrow.Int64Traits.CastToBytes([]int64{1}), nil))
	nothing := column(table.NewArray([]string{""}, []bool{false}))
	for _, c := range []struct {
		a, b []byte
		want string
	}{
		{column([]int8{1}), column([]int32{2}), "x int32: 1 2"},
		{column([]uint8{200}), column([]int8{-1}), "x int16: 200 -1"},
		{column([]int64{-1}), column([]uint32{4e9}), "x int64: -1 4000000000"},
		{column([]uint16{1}), column([]uint64{math.MaxUint64}), "x uint64: 1 18446744073709551615"},
		{column([]int64{1}), column([]uint64{1}), `column "x" is int64 in a.table, and uint64 in b.table, and no type holds both`},
		{column([]any{int64(1), nil}), column([]float32{0.5}), "x float64: 1 - 0.5"},
		{column([]float64{0.5}), column([]int64{1, 1<<53 + 1}), `b.table: row 2, column "x": 9007199254740993 is none of the values that float64 holds`},
		{column([]arrow.Date32{1}), column([]arrow.Timestamp{5}), "x timestamp: 1970-01-02T00:00:00Z 1970-01-01T00:00:00.000005Z"},
		{fine, column([]any{arrow.Timestamp(5), nil}), "x timestamp[ns]: 1970-01-01T00:00:00.000000001Z 1970-01-01T00:00:00.000005Z -"},
		{fine, column([]arrow.Timestamp{math.MaxInt64 / 10}), `b.table: row 1, column "x": 31197-`},
		{column([]string{"1"}), column([]int64{1}), `column "x" is string in a.table, and int64 in b.table`},
		{column([]bool{true}), column([]int64{1}), `column "x" is bool in a.table`},
		{nothing, column([]float64{2}), "x float64: - 2"},
		{column([]bool{true}), nothing, "x bool: true -"},
		{nothing, nothing, "x string: - -"},
	} {
		types, rows, err := united(t, Union{}, c.a, c.b)
		got := fmt.Sprintf("%s: %s", strings.Join(types, ","), strings.Join(rows, " "))
		if err != nil {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.HasPrefix(got, c.want)) {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

func TestUnionColumns(t *testing.T) {
	a := tabletest.Table(t, "x", []int64{1}, "y", []string{"p"})
	b := tabletest.Table(t, "y", []string{"q"}, "x", []int64{2})
	c := tabletest.Table(t, "z", []bool{true}, "x", []int64{3})
	types, rows, err := united(t, Union{Source: "from"}, a, b)
	if got := fmt.Sprint(types, rows); err != nil || got != "[x int64 y string from string] [1|p|a 2|q|b]" {
		t.Errorf("got %s, %v", got, err)
	}
	types, rows, err = united(t, Union{Lacking: true}, a, b, c)
	if got := fmt.Sprint(types, rows); err != nil || got != "[x int64 y string z bool] [1|p|- 2|q|- 3|-|true]" {
		t.Errorf("got %s, %v", got, err)
	}
	_, _, err = united(t, Union{}, a, b, c)
	if want := `c.table has no column "y", which a.table has`; err == nil || err.Error() != want || !strings.Contains(diag.HintOf(err), "columns: all") {
		t.Errorf("got %v (%s), want %s", err, diag.HintOf(err), want)
	}
	_, _, err = united(t, Union{Source: "y"}, a, b)
	if want := `source: there is a column "y" already`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
