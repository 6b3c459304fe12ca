package ingest

import (
	"bytes"
	"encoding/csv"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/settings"
)

// TestReadsWhatTablesWrite: a table that is written as CSV and read back with
// its types declared is the same table, if empty texts are told from missing
// ones by their quotes.
func TestReadsWhatTablesWrite(t *testing.T) {
	names := []string{"i", "f", "b", "d", "t", "s", "s,2 \"x\""}
	types := []columnType{int64Type, float64Type, boolType, dateType, timestampType, stringType, stringType}
	rapid.Check(t, func(rt *rapid.T) {
		in := defaults()
		in.Quoted = false
		first := rapid.IntRange(0, len(names)-1).Draw(rt, "first")
		last := rapid.IntRange(first, len(names)-1).Draw(rt, "last")
		rows := rapid.IntRange(1, 20).Draw(rt, "rows")
		var fields []arrow.Field
		var columns []arrow.Array
		for i := first; i <= last; i++ {
			fields = append(fields, arrow.Field{Name: names[i], Type: types[i].arrow(), Nullable: true})
			columns = append(columns, drawColumn(rt, types[i], rows))
			in.Columns = append(in.Columns, settings.Entry[string]{Key: names[i], Value: types[i].String()})
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

func drawColumn(t *rapid.T, typ columnType, rows int) arrow.Array {
	valid := rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, "valid")
	switch typ {
	case int64Type:
		return table.NewArray(rapid.SliceOfN(rapid.Int64(), rows, rows).Draw(t, "ints"), valid)
	case float64Type:
		finite := rapid.Float64().Filter(func(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) })
		return table.NewArray(rapid.SliceOfN(finite, rows, rows).Draw(t, "floats"), valid)
	case boolType:
		return table.NewArray(rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(t, "bools"), valid)
	case dateType:
		first, last := civilDays(0, 1, 1), civilDays(9999, 12, 31)
		days := rapid.Map(rapid.Int32Range(first, last), func(d int32) arrow.Date32 { return arrow.Date32(d) })
		return table.NewArray(rapid.SliceOfN(days, rows, rows).Draw(t, "dates"), valid)
	case timestampType:
		first, last := int64(civilDays(0, 1, 1))*86400e6, int64(civilDays(9999, 12, 31))*86400e6
		micros := rapid.Map(rapid.Int64Range(first, last), func(v int64) arrow.Timestamp { return arrow.Timestamp(v) })
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
		in := defaults()
		for i := range width {
			in.Columns = append(in.Columns, settings.Entry[string]{Key: "c" + strconv.Itoa(i), Value: "string"})
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
		s := rapid.StringOfN(rapid.SampledFrom([]rune("a,\"\n é")), 0, 10, -1).Draw(t, "text")
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return rapid.StringOfN(rapid.SampledFrom([]rune("ab1. é\t")), 0, 20, -1).Draw(t, "text")
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

// TestNumbersAgreeWithStrconv draws decimal numbers of every shape.
func TestNumbersAgreeWithStrconv(t *testing.T) {
	digits := rapid.StringOfN(rapid.SampledFrom([]rune("0123456789")), 0, 25, -1)
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.SampledFrom([]string{"", "-", "+"}).Draw(rt, "sign") + digits.Draw(rt, "whole")
		if rapid.Bool().Draw(rt, "point") {
			s += "." + digits.Draw(rt, "fraction")
		}
		if rapid.Bool().Draw(rt, "exponent") {
			s += rapid.SampledFrom([]string{"e", "E", "e-", "e+"}).Draw(rt, "e") +
				strconv.Itoa(rapid.IntRange(0, 400).Draw(rt, "exp"))
		}
		wantFloat, err := strconv.ParseFloat(s, 64)
		gotFloat, ok := parseFloat([]byte(s))
		if ok != (err == nil) || ok && math.Float64bits(gotFloat) != math.Float64bits(wantFloat) {
			rt.Fatalf("parseFloat(%q) = %v, %v; strconv gives %v, %v", s, gotFloat, ok, wantFloat, err)
		}
		if accepted := float64Type.accepts([]byte(s)); accepted != ok {
			rt.Fatalf("accepts(%q) = %v, parseFloat gives %v", s, accepted, ok)
		}
		exact, isNumber := new(big.Rat).SetString(s)
		isInt := isNumber && exact.IsInt() && exact.Num().IsInt64()
		gotInt, ok := parseInt([]byte(s))
		if ok != isInt || ok && gotInt != exact.Num().Int64() {
			rt.Fatalf("parseInt(%q) = %v, %v, math/big gives %v", s, gotInt, ok, exact)
		}
	})
	for _, s := range []string{"", "-", ".", "-.", "e1", "1e", "1e+", "0x1", "1_0", "inf", "NaN", "1 ", "--1", "1.2.3", "1e1.5"} {
		if v, ok := parseFloat([]byte(s)); ok {
			t.Errorf("parseFloat(%q) = %v, want none", s, v)
		}
	}
}

// TestTimesAgreeWithTime compares dates and timestamps with package time.
func TestTimesAgreeWithTime(t *testing.T) {
	layouts := []string{"2006-01-02T15:04:05Z07:00", "2006-01-02 15:04:05.999999-0700", "2006-01-02 15:04:05", "2006-01-02T15:04", time.DateOnly}
	rapid.Check(t, func(rt *rapid.T) {
		zone := time.FixedZone("", 60*rapid.IntRange(-1439, 1439).Draw(rt, "zone"))
		at := time.UnixMicro(rapid.Int64Range(-62135596800000000, 253402214400000000).Draw(rt, "time")).In(zone)
		layout := rapid.SampledFrom(layouts).Draw(rt, "layout")
		s := at.Format(layout)
		want, err := time.Parse(layout, s)
		got, ok := parseTimestamp([]byte(s))
		if err != nil || !ok || got != want.UnixMicro() {
			rt.Fatalf("parseTimestamp(%q) = %v, %v, want %v, %v", s, got, ok, want.UnixMicro(), err)
		}
		s = rapid.StringMatching(`[0-9]{4}-[0-3][0-9]-[0-3][0-9]`).Draw(rt, "date")
		want, err = time.Parse(time.DateOnly, s)
		days, ok := parseDate([]byte(s))
		if ok != (err == nil) || ok && int64(days)*86400 != want.Unix() {
			rt.Fatalf("parseDate(%q) = %v, %v, want %v, %v", s, days, ok, want, err)
		}
	})
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
		src := &source{ReaderAt: bytes.NewReader(text), size: int64(len(text))}
		sp := splitter{src: src, quote: '"', size: rapid.IntRange(1, 60).Draw(rt, "size")}
		for at := 0; at < len(text); {
			b, err := sp.next(nil)
			if err != nil || b.cut || int(b.offset) != at || !bytes.HasPrefix(text[at:], b.data) {
				rt.Fatalf("block %+v at %d, error %v", b, at, err)
			}
			if at += len(b.data); !slices.Contains(ends, at) {
				rt.Fatalf("a block ends at %d, records end at %v", at, ends)
			}
		}
	})
}

// FuzzIngest: whatever a file holds, reading it gives a table or an error with
// a text, and both do not depend on blocks and threads.
func FuzzIngest(f *testing.F) {
	for _, s := range []string{"a,b\n1,x\n2,\"y\ny\"\n", "a\r\n\r\n\"\"\"\"\r\n", "a,b\n1,5\" x\n", "\xef\xbb\xbfa\n\xff\n", "a;b\n1e5;2024-01-01\n"} {
		f.Add([]byte(s), uint8(3), true, false)
	}
	f.Fuzz(func(t *testing.T, data []byte, block uint8, header, trim bool) {
		in := defaults()
		in.Header, in.Trim = header, trim
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
