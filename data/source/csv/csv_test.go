package csv

import (
	"bytes"
	"encoding/csv"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// TestReadsWhatTablesWrite: a table that is written as CSV and read back with
// its types declared is the same table, if empty texts are told from missing
// ones by their quotes.
func TestReadsWhatTablesWrite(t *testing.T) {
	names := []string{"i", "f", "b", "d", "t", "s", "s,2 \"x\""}
	types := []cell.Type{cell.Int64, cell.Float64, cell.Bool, cell.Date, cell.Timestamp, cell.String, cell.String}
	rapid.Check(t, func(rt *rapid.T) {
		in := usual()
		in.Missing = cell.NewMissing(nil, false)
		first := rapid.IntRange(0, len(names)-1).Draw(rt, "first")
		last := rapid.IntRange(first, len(names)-1).Draw(rt, "last")
		rows := rapid.IntRange(1, 20).Draw(rt, "rows")
		var fields []arrow.Field
		var columns []arrow.Array
		for i := first; i <= last; i++ {
			fields = append(fields, arrow.Field{Name: names[i], Type: types[i].Arrow(), Nullable: true})
			columns = append(columns, drawColumn(rt, types[i], rows))
			in.Declared = append(in.Declared, cell.Typed{Name: names[i], Type: types[i]})
		}
		schema := arrow.NewSchema(fields, nil)
		rec, err := table.NewRecord(schema, columns...)
		if err != nil {
			rt.Fatal(err)
		}
		want := csvOf(rt, tabletest.Bytes(rt, rec))
		data, err := read(t, in, want, rapid.IntRange(1, 200).Draw(rt, "block"), 2)
		if err != nil {
			rt.Fatalf("%v in\n%s", err, want)
		}
		r, err := table.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			rt.Fatal(err)
		}
		got, err := table.ReadAll(r)
		if err != nil {
			rt.Fatal(err)
		}
		for i := range columns {
			if a, b := rec.Column(i).String(), got.Column(i).String(); a != b {
				rt.Fatalf("column %q: got %s, want %s\n%s", fields[i].Name, b, a, want)
			}
		}
		if again := csvOf(rt, data); again != want {
			rt.Fatalf("written again: got\n%s\nwant\n%s", again, want)
		}
	})
}

// The days of the years from 0000 to 9999.
const firstDay, lastDay = -719528, 2932896

func drawColumn(t *rapid.T, typ cell.Type, rows int) arrow.Array {
	valid := rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, "valid")
	switch typ {
	case cell.Int64:
		return table.NewArray(rapid.SliceOfN(rapid.Int64(), rows, rows).Draw(t, "ints"), valid)
	case cell.Float64:
		finite := rapid.Float64().Filter(func(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) })
		return table.NewArray(rapid.SliceOfN(finite, rows, rows).Draw(t, "floats"), valid)
	case cell.Bool:
		return table.NewArray(rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, "bools"), valid)
	case cell.Date:
		days := rapid.Map(rapid.Int32Range(firstDay, lastDay), func(d int32) arrow.Date32 { return arrow.Date32(d) })
		return table.NewArray(rapid.SliceOfN(days, rows, rows).Draw(t, "dates"), valid)
	case cell.Timestamp:
		micros := rapid.Map(rapid.Int64Range(firstDay*86400e6, lastDay*86400e6), func(v int64) arrow.Timestamp { return arrow.Timestamp(v) })
		return table.NewArray(rapid.SliceOfN(micros, rows, rows).Draw(t, "timestamps"), valid)
	}
	return table.NewArray(rapid.SliceOfN(drawText(), rows, rows).Draw(t, "texts"), valid)
}

// drawText draws texts that are hard to quote, and some that look like others.
func drawText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringOfN(rapid.SampledFrom([]rune("ab,\"\r\n\t é\x00")), 0, 12, -1),
		rapid.SampledFrom([]string{"", "NA", "null", "-", "1", "true", "2024-01-01"}),
		rapid.String(),
	)
}

func csvOf(t tabletest.T, data []byte) string {
	r := tabletest.Open(t, data)
	defer r.Close()
	var b strings.Builder
	if err := table.WriteCSV(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestAgreesWithEncodingCSV compares the records of valid files, with random
// quoting, with what the standard library reads.
func TestAgreesWithEncodingCSV(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		width := rapid.IntRange(2, 4).Draw(rt, "width")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(rt, "end")
		var b strings.Builder
		for i := range width {
			b.WriteString(strings.Repeat(",", min(i, 1)) + "c" + strconv.Itoa(i))
		}
		for range rapid.IntRange(1, 10).Draw(rt, "rows") {
			b.WriteString(end)
			if rapid.IntRange(0, 5).Draw(rt, "blank") == 0 {
				b.WriteString(end)
			}
			for i := range width {
				b.WriteString(strings.Repeat(",", min(i, 1)))
				b.WriteString(drawField(rt))
			}
		}
		if rapid.Bool().Draw(rt, "last") {
			b.WriteString(end)
		}
		want, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil {
			rt.Fatal(err)
		}
		in := usual()
		for i := range width {
			in.Declared = append(in.Declared, cell.Typed{Name: "c" + strconv.Itoa(i), Type: cell.String})
		}
		data, err := read(t, in, b.String(), rapid.IntRange(1, 100).Draw(rt, "block"), 2)
		if err != nil {
			rt.Fatalf("%v in %q", err, b.String())
		}
		if diff := cmp.Diff(want[1:], rowsOf(rt, data)); diff != "" {
			rt.Fatalf("records of %q (-encoding/csv +ingest)\n%s", b.String(), diff)
		}
	})
}

// drawField draws a field as it stands in a file. encoding/csv drops a
// carriage return before a line feed in quotes, so there is none.
func drawField(t *rapid.T) string {
	if rapid.Bool().Draw(t, "quoted") {
		s := rapid.StringOfN(rapid.SampledFrom([]rune("a,;|\"\n é")), 0, 10, -1).Draw(t, "text")
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return rapid.StringOfN(rapid.SampledFrom([]rune("ab1.;| é\t")), 0, 20, -1).Draw(t, "text")
}

func rowsOf(t tabletest.T, data []byte) [][]string {
	r := tabletest.Open(t, data)
	rec, err := table.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([][]string, rec.NumRows())
	for _, col := range rec.Columns() {
		values, _, err := table.Texts(col)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			rows[i] = append(rows[i], v)
		}
	}
	return rows
}

// TestSplitterFindsRecordEnds: blocks of a valid file are whole records, and
// together they are the file.
func TestSplitterFindsRecordEnds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var text []byte
		var ends []int
		for range rapid.IntRange(1, 20).Draw(rt, "records") {
			text = append(text, drawField(rt)+","+drawField(rt)+"\n"...)
			ends = append(ends, len(text))
		}
		file := &source.File{ReaderAt: bytes.NewReader(text), Size: int64(len(text))}
		sp := block.Splitter{File: file, Quote: '"', Size: rapid.IntRange(1, 60).Draw(rt, "size")}
		for at := 0; at < len(text); {
			b, err := sp.Next(nil)
			if err != nil || b.Cut || int(b.Offset) != at || !bytes.HasPrefix(text[at:], b.Data) {
				rt.Fatalf("block %+v at %d, error %v", b, at, err)
			}
			if at += len(b.Data); !slices.Contains(ends, at) {
				rt.Fatalf("a block ends at %d, records end at %v", at, ends)
			}
		}
	})
}

// FuzzCSV: whatever a file holds, reading it gives a table or an error with
// a text, and both do not depend on blocks and threads.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n1,x\n2,\"y\ny\"\n", "a\r\n\r\n\"\"\"\"\r\n", "a,b\n1,5\" x\n", "\xef\xbb\xbfa\n\xff\n", "a;b\n1e5;2024-01-01\n"} {
		f.Add([]byte(s), uint8(3), true, false)
	}
	f.Fuzz(func(t *testing.T, data []byte, block uint8, header, trim bool) {
		in := usual()
		in.Header.Text, in.Trim = strconv.FormatBool(header), trim
		want, wantErr := read(t, in, string(data), 1<<20, 1)
		got, err := read(t, in, string(data), 1+int(block), 2)
		if wantErr != nil {
			if err == nil || err.Error() != wantErr.Error() || err.Error() == "" {
				t.Fatalf("error %v in small blocks, %v in one", err, wantErr)
			}
			return
		}
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("small blocks give another table, error %v", err)
		}
		if r, err := table.Open(bytes.NewReader(got), int64(len(got))); err != nil || r.NumRows() == 0 {
			t.Fatalf("the table cannot be read: %v", err)
		}
	})
}
