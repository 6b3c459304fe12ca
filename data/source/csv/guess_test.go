package csv

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// TestNobodySeesTheGuess: whatever is guessed of a file, the table, what is said
// of it, and the error if it cannot be read are those of a reader that looks at
// all values before it makes columns, as it does in a file that is all sample.
func TestNobodySeesTheGuess(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := usual()
		if rapid.Bool().Draw(rt, "declared") {
			in.Declared = []cell.Typed{{Name: "c1", Type: rapid.SampledFrom([]cell.Type{cell.Int64, cell.Float64, cell.Date, cell.String}).Draw(rt, "type")}}
		}
		if rapid.Bool().Draw(rt, "expected") {
			in.Expected = []cell.Typed{{Name: "c0", Type: cell.Int64}, {Name: "c2", Type: cell.Date}}
		}
		in.Missing = cell.NewMissing(rapid.SampledFrom([][]string{nil, {"NA"}, {"x", "-1"}}).Draw(rt, "missing"), rapid.Bool().Draw(rt, "quoted"))
		text := drawSurprises(rt)
		want, report, wantErr := readReport(t, in, text, 1<<20, 1)
		got, again, err := readReport(t, in, text, rapid.IntRange(1, 120).Draw(rt, "block"), rapid.IntRange(1, 3).Draw(rt, "threads"))
		switch {
		case wantErr != nil || err != nil:
			if fmt.Sprint(err) != fmt.Sprint(wantErr) {
				rt.Fatalf("error %v, want %v in\n%s", err, wantErr, text)
			}
		case !bytes.Equal(got, want):
			rt.Fatalf("another table of\n%s", text)
		case again != report:
			rt.Fatalf("it says\n%s\nwant\n%s\nof\n%s", again, report, text)
		}
	})
}

// drawSurprises draws a file whose columns are of one kind, but for a few values.
func drawSurprises(t *rapid.T) string {
	kinds := [][]string{
		{"1", "23", "-4", "0", "456789"},
		{"0.5", "1.10", "-3.25", "2e5", "12.123456789"},
		{"true", "False", "TRUE"},
		{"2024-01-01", "1999-12-31"},
		{"2024-01-01T10:00:00Z", "2024-01-01 10:00:00.5"},
		{"a", "some text", "\"quo\"\"ted\"", "\"1\"", "\"two\nlines\""},
		{"31.12.2023", "01.02.2024", "5.6.2024"},
		{"01/02/2024", "13/02/2024"},
		{"10:00", "10:00:05.5"},
		{"", "NA", " ", "\"\""},
	}
	surprises := []string{"9007199254740993", "1e-400", "123456789.123456789123", "-0", "007", "+1", "x", "2024-02-30", " 5 ", "NA", "", "\"\"", "1.50", "-1", "true"}
	width := rapid.IntRange(1, 3).Draw(t, "width")
	var b strings.Builder
	for i := range width {
		fmt.Fprintf(&b, "%sc%d", strings.Repeat(",", min(i, 1)), i)
	}
	columns := make([][]string, width)
	for i := range columns {
		columns[i] = rapid.SampledFrom(kinds).Draw(t, "kind")
	}
	odd := rapid.IntRange(2, 60).Draw(t, "odd")
	for range rapid.IntRange(1, 80).Draw(t, "rows") {
		for i, column := range columns {
			b.WriteString("\n,"[min(i, 1):][:1])
			from := column
			if rapid.IntRange(0, odd).Draw(t, "is odd") == 0 {
				from = surprises
			}
			b.WriteString(rapid.SampledFrom(from).Draw(t, "value"))
		}
		if rapid.IntRange(0, 300).Draw(t, "broken") == 0 {
			b.WriteString(",more")
		}
	}
	return b.String()
}

// readReport reads a file, and gives what is said of it.
func readReport(t *testing.T, in reads, text string, block, threads int) ([]byte, string, error) {
	data, rows, err := readAll(t, in, text, block, threads)
	if err != nil {
		return nil, "", err
	}
	var log bytes.Buffer
	rows.Report(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})))
	return data, log.String(), nil
}

// again counts how often an output is begun again.
type again struct {
	bytes.Buffer
	times int
}

func (a *again) Reset() {
	a.Buffer.Reset()
	a.times++
}

// TestALateValueIsReadOnceMore: a value that the sample of a file has not makes
// text of a column that is numbers else, at the cost of one more pass.
func TestALateValueIsReadOnceMore(t *testing.T) {
	const rows, odd = 200_000, 11_000
	for _, late := range []string{"123456", "x"} {
		var text strings.Builder
		text.WriteString("a,b\n")
		for row := range rows {
			if row == odd {
				text.WriteString(late + ",0.5\n")
			} else {
				text.WriteString("123456,0.5\n")
			}
		}
		opened, err := Usual().Open(t.Context(), source.Inputs{
			Files:   []*source.File{{ReaderAt: strings.NewReader(text.String()), Size: int64(text.Len()), Name: "in.csv"}},
			Threads: 2,
		})
		if err != nil {
			t.Fatal(err)
		}
		var out again
		read, err := source.Write(t.Context(), &out, opened)
		if err != nil || read.Rows != rows {
			t.Fatalf("%d rows, error %v", read.Rows, err)
		}
		r, err := table.Open(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatal(err)
		}
		rec, err := r.Batch(0)
		if err != nil {
			t.Fatal(err)
		}
		_, doubted := r.Schema().Field(0).Metadata.GetValue(table.DoubtKey)
		value, wrong := rec.Column(0).ValueStr(odd), late == "x"
		if value != late || doubted != wrong || (out.times == 1) != wrong || out.times > 1 {
			t.Errorf("%s: value %s of %s, begun again %d times, doubted %v", late, value, r.Schema().Field(0).Type, out.times, doubted)
		}
	}
}
