package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
	"pipe/pipeline/settings"
)

// TestAgainReadsRowsAlike: whatever the types of a file were inferred to be,
// some of its rows in a file of their own are read as they were in it, though
// by themselves they may look like anything.
func TestAgainReadsRowsAlike(t *testing.T) {
	cells := []string{"1", "0", "-7", "007", "2.0", "2.10", "1e3", "true", "False", "2024-01-02", "2024-01-02 03:04:05",
		"", " ", `""`, "NA", `"NA"`, "None", "-", "word", " 5 ", "99999999999999999999",
		"31.12.2023", "12/31/2023", "01/02/2024", "2024/01/02", "15:04", "inf", "2024-01-02T03:04:05.123456789Z", "0001-01-01", "1'000", "12%"}
	rapid.Check(t, func(rt *rapid.T) {
		width := rapid.IntRange(2, 4).Draw(rt, "width")
		var palettes [][]string // a column has few kinds of values
		for range width {
			palettes = append(palettes, rapid.SliceOfN(rapid.SampledFrom(cells), 1, 3).Draw(rt, "values"))
		}
		var lines []string
		for range rapid.IntRange(1, 12).Draw(rt, "rows") {
			var fields []string
			for _, p := range palettes {
				fields = append(fields, rapid.SampledFrom(p).Draw(rt, "cell"))
			}
			lines = append(lines, strings.Join(fields, ","))
		}
		var header []string
		for i := range width {
			header = append(header, fmt.Sprintf("c%d", i))
		}
		file := func(lines []string) string {
			return strings.Join(append([]string{strings.Join(header, ",")}, lines...), "\n") + "\n"
		}

		in := defaults()
		in.Trim = rapid.Bool().Draw(rt, "trim")
		in.Quoted = rapid.Bool().Draw(rt, "quoted")
		if rapid.Bool().Draw(rt, "missing") {
			in.Missing = []string{"word"}
		}
		if rapid.Bool().Draw(rt, "notation") {
			in.Thousands, in.Percent, in.TrueWords, in.FalseWords = "'", true, []string{"word"}, []string{"None"}
		}
		whole, types, dates := readRows(t, rt, in, file(lines))
		at := rapid.SliceOfNDistinct(rapid.IntRange(0, len(lines)-1), 1, -1, rapid.ID[int]).Draw(rt, "some")
		var some, want []string
		for _, i := range at {
			some, want = append(some, lines[i]), append(want, whole[i])
		}
		again := in.Again("new.csv", types, dates, nil, Kind(nil).Version).(*Ingest)
		got, typesAgain, _ := readRows(t, rt, again, file(some))
		if diff := cmp.Diff(types, typesAgain); diff != "" {
			rt.Fatalf("types: %s\n%s", diff, file(some))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("rows: %s\nof\n%s\nin\n%s", diff, file(some), file(lines))
		}
	})
}

// readRows gives the rows of a file as text, and the types of the columns.
func readRows(t *testing.T, rt tabletest.T, in *Ingest, csv string) (rows []string, types, dates settings.Map[string]) {
	data, err := read(t, in, csv, 64, 2)
	if err != nil {
		rt.Fatal(err)
	}
	return rowsOf(t, rt, data)
}

// rowsOf gives the rows of a table as text, and the types of its columns.
func rowsOf(t *testing.T, rt tabletest.T, data []byte) (rows []string, types, dates settings.Map[string]) {
	r, err := table.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		rt.Fatal(err)
	}
	rec, err := table.ReadAll(r)
	if err != nil {
		rt.Fatal(err)
	}
	defer rec.Release()
	for _, f := range r.Schema().Fields() {
		types = append(types, settings.Entry[string]{Key: f.Name, Value: table.TypeName(f.Type)})
		if format, ok := f.Metadata.GetValue(cell.LayoutKey); ok {
			dates = append(dates, settings.Entry[string]{Key: f.Name, Value: format})
		}
	}
	for i := range rec.NumRows() {
		row := rec.NewSlice(i, i+1)
		rows = append(rows, fmt.Sprint(row.Columns()))
		row.Release()
	}
	return rows, types, dates
}

// A stage of the first version read text in quotes as text, always.
func TestAgainOfVersionOne(t *testing.T) {
	types := settings.Map[string]{{Key: "n", Value: "float64"}, {Key: "s", Value: "string"}}
	in := defaults()
	in.Missing = []string{"NA"}
	in.Columns, in.Select = types, []string{"s", "gone"}
	rows, _, _ := readRows(t, t, in.Again("new.csv", types, nil, nil, 1).(*Ingest), "n,s\n1.5,\"NA\"\nNA,NA\n,\"\"\n")
	if diff := cmp.Diff([]string{`[[1.5] ["NA"]]`, `[[(null)] [(null)]]`, `[[(null)] [""]]`}, rows); diff != "" {
		t.Error(diff)
	}
}

// TestFormatsAreOfAllValues: how values are written is known when all have been
// seen, wherever the one is that says it.
func TestFormatsAreOfAllValues(t *testing.T) {
	const rows = 20_000
	for _, c := range []struct{ usual, other, want string }{
		{"01/02/2024", "13/02/2024", "date"}, {"01/02/2024", "02/13/2024", "date"}, {"01/02/2024", "03/04/2024", "string"}, {"31.12.2023", "x", "string"},
		{"31.12.2023", "NA", "date"}, {"31.12.2023", "31.12.2023 10:00", "string"}, {"10:00", "10:00:00.5", "time"}, {"10:00", "24:00", "string"},
		{"2024-01-02", "2024-01-02T03:04:05.000000001Z", "timestamp[ns]"}, {"2024-01-02T03:04:05.000000001Z", "0001-01-01", "string"}, {"1", "inf", "float64"}, {"1", "+Inf", "float64"}, {"1", "+44123", "string"},
		{"1.5", "1'000.5", "float64"}, {"1", "yes", "string"}, {"1", "5%", "float64"}, {"yes", "no", "bool"}, {"yes", "true", "bool"}, {"1'000", "1'00", "string"},
	} {
		for _, at := range []int{0, rows / 2, rows - 1} {
			var text strings.Builder
			text.WriteString("i,x\n")
			for i := range rows {
				value := c.usual
				if i == at {
					value = c.other
				}
				fmt.Fprintf(&text, "%d,%s\n", i, value)
			}
			in := defaults()
			in.Thousands, in.Percent, in.TrueWords, in.FalseWords = "'", true, []string{"yes"}, []string{"no"}
			data, err := read(t, in, text.String(), 1<<14, 2)
			if err != nil {
				t.Fatal(err)
			}
			r, err := table.Open(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			if got := table.TypeName(r.Schema().Field(1).Type); got != c.want {
				t.Errorf("%s with %s in row %d is %s, want %s", c.usual, c.other, at, got, c.want)
			}
			rec, err := table.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			missing := 0
			if c.other == "NA" {
				missing = 1
			}
			if n := rec.Column(1).NullN(); n != missing {
				t.Errorf("%s with %s in row %d: %d values are missing", c.usual, c.other, at, n)
			}
			rec.Release()
		}
	}
}

// TestCarriedIsInTheKey: the same settings read a file in another way if they are those
// of other data.
func TestCarriedIsInTheKey(t *testing.T) {
	in := pipelinetest.Decode(t, Kind(nil), "{path: a.csv, skip: 2}").(*Ingest)
	key := func(in *Ingest) string { return string(settings.Canonical(in)) + fmt.Sprint(in.KeyParts()) }
	carried := in.Again("new.csv", nil, nil, nil, version()).(*Ingest)
	told := in.Again("new.csv", nil, nil, nil, version()).(*Ingest)
	if err := told.Adjust([]string{"skip=2"}); err != nil {
		t.Fatal(err)
	}
	if key(carried) == key(told) {
		t.Errorf("both have the key %s", key(told))
	}
}
