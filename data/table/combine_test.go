package table_test

import (
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// Rows that are combined hold what they held, whatever records they are from.
func TestCombine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var records []arrow.RecordBatch
		var want [][]string // by record and row
		for range rapid.IntRange(0, 4).Draw(t, "records") {
			n := rapid.IntRange(1, 20).Draw(t, "rows")
			valid := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "valid")
			rec := tabletest.Record(t,
				"text", table.NewArray(rapid.SliceOfN(rapid.StringN(0, 3, -1), n, n).Draw(t, "text"), valid),
				"flag", table.NewArray(rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "flag"), valid),
				"byte", table.NewArray(rapid.SliceOfN(rapid.Uint8(), n, n).Draw(t, "byte"), nil),
				"short", table.NewArray(rapid.SliceOfN(rapid.Int16(), n, n).Draw(t, "short"), valid),
				"day", table.NewArray(rapid.SliceOfN(rapid.Map(rapid.Int32Range(0, 9999), func(d int32) arrow.Date32 { return arrow.Date32(d) }), n, n).Draw(t, "day"), valid),
				"number", table.NewArray(rapid.SliceOfN(rapid.Float64(), n, n).Draw(t, "number"), valid))
			from := rapid.IntRange(0, n-1).Draw(t, "from")
			records = append(records, rec.NewSlice(int64(from), int64(n)))
			var rows []string
			for row := range n - from {
				rows = append(rows, rowText(records[len(records)-1], row))
			}
			want = append(want, rows)
		}
		schema := tabletest.Record(t, "text", []string{}, "flag", []bool{}, "byte", []uint8{}, "short", []int16{}, "day", []arrow.Date32{}, "number", []float64{}).Schema()
		var places []table.Place
		for range rapid.IntRange(0, 50).Draw(t, "places") {
			p := table.Nowhere
			if len(records) > 0 && rapid.IntRange(0, 5).Draw(t, "nowhere") > 0 {
				p.Record = int32(rapid.IntRange(0, len(records)-1).Draw(t, "record"))
				p.Row = int32(rapid.IntRange(0, len(want[p.Record])-1).Draw(t, "row"))
			}
			places = append(places, p)
		}
		got, err := table.Combine(schema, records, places)
		if err != nil {
			t.Fatal(err)
		}
		if got.NumRows() != int64(len(places)) {
			t.Fatalf("%d rows, want %d", got.NumRows(), len(places))
		}
		for i, p := range places {
			wanted := "[     ]"
			if p.Row >= 0 {
				wanted = want[p.Record][p.Row]
			}
			if text := rowText(got, i); text != wanted {
				t.Fatalf("row %d is %q, want %q", i, text, wanted)
			}
		}
		// What is written of it is what is written of any record of these rows.
		tabletest.Rows(t, tabletest.Bytes(t, got))
	})
}

func rowText(rec arrow.RecordBatch, row int) string {
	var texts []string
	for _, c := range rec.Columns() {
		texts = append(texts, table.Text(c, row))
	}
	return fmt.Sprint(texts)
}
