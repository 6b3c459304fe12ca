package csv

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// drawDialect draws settings of a dialect.
func drawDialect(t *rapid.T) *Reader {
	in := Usual()
	in.Delimiter = rapid.SampledFrom([]string{",", ";", `\t`, "|"}).Draw(t, "delimiter")
	in.Quote = rapid.SampledFrom([]string{`"`, "'", ""}).Draw(t, "quote")
	in.Quotes = rapid.SampledFrom([]string{"strict", "lenient"}).Draw(t, "quotes")
	in.Escape = rapid.SampledFrom([]string{"", `\`, "^"}).Draw(t, "escape")
	in.Comment = rapid.SampledFrom([]string{"", "#"}).Draw(t, "comment")
	in.LineEnds = rapid.SampledFrom([]string{"auto", "lf", "any"}).Draw(t, "ends")
	in.Skip = rapid.IntRange(0, 2).Draw(t, "skip")
	return in
}

// A dialectWriter writes texts as a dialect has them, in any of the ways that it
// has for each.
type dialectWriter struct {
	*rapid.T
	dialect
}

// field writes a text, unless the dialect has no way to.
func (w dialectWriter) field(text string, first bool) (string, bool) {
	quote := string(rune(max(0, w.quote)))
	special := string(rune(w.delim)) + "\r\n"
	if w.escape >= 0 {
		special += string(rune(w.escape))
	}
	var ways []string
	inQuotes := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			switch {
			case int(c) == w.quote && w.escape >= 0 && rapid.Bool().Draw(w.T, "escaped quote"):
				b.WriteByte(byte(w.escape))
			case int(c) == w.quote:
				b.WriteByte(c)
			case int(c) == w.escape:
				b.WriteByte(c)
			}
			b.WriteByte(c)
		}
		return quote + b.String() + quote
	}
	isBare := func(s string) bool {
		return !strings.ContainsAny(s, special) && (w.quote < 0 || w.lenient || !strings.Contains(s, quote))
	}
	begins := func(c int) bool { return c >= 0 && text != "" && int(text[0]) == c }
	comment := first && begins(w.comment)
	if isBare(text) && !begins(w.quote) && !comment {
		ways = append(ways, text)
	}
	if w.quote >= 0 {
		ways = append(ways, inQuotes(text))
		if at := rapid.IntRange(0, len(text)).Draw(w.T, "behind"); w.lenient && utf8.ValidString(text[at:]) && isBare(text[at:]) && (at == len(text) || int(text[at]) != w.quote) {
			ways = append(ways, inQuotes(text[:at])+text[at:])
		}
	}
	if w.escape >= 0 && (w.quote < 0 || w.lenient || !strings.Contains(text, quote)) {
		var b strings.Builder
		for i, c := range []byte(text) {
			if strings.IndexByte(special, c) >= 0 || i == 0 && (begins(w.quote) || comment) {
				b.WriteByte(byte(w.escape))
			}
			b.WriteByte(c)
		}
		ways = append(ways, b.String())
	}
	if len(ways) == 0 {
		return "", false
	}
	return rapid.SampledFrom(ways).Draw(w.T, "way"), true
}

// file writes rows below a header, with the lines to skip and comments among them.
func (w dialectWriter) file(in *Reader, rows [][]string) (file string, written [][]string) {
	ends := []string{"\n", "\r\n"}
	switch in.LineEnds {
	case "any":
		ends = append(ends, "\r")
	case "auto":
		ends = [][]string{ends, {"\r"}}[rapid.IntRange(0, 1).Draw(w.T, "returns")]
	}
	var b strings.Builder
	end := func() { b.WriteString(rapid.SampledFrom(ends).Draw(w.T, "end")) }
	for i := range in.Skip {
		fmt.Fprintf(&b, "line %d, \"no data", i)
		end()
	}
	comment := func() {
		if w.comment >= 0 && rapid.IntRange(0, 3).Draw(w.T, "comment") == 0 {
			b.WriteString(`# no "data`)
			end()
		}
	}
	comment()
	for i := range rows[0] {
		fmt.Fprintf(&b, "%sc%d", strings.Repeat(string(rune(w.delim)), min(i, 1)), i)
	}
	end()
	for _, row := range rows {
		comment()
		var kept []string
		for i, text := range row {
			f, ok := w.field(text, i == 0)
			if !ok {
				text, f = "", ""
			}
			b.WriteString(strings.Repeat(string(rune(w.delim)), min(i, 1)) + f)
			kept = append(kept, text)
		}
		end()
		written = append(written, kept)
	}
	return b.String(), written
}

// TestReadsWhatDialectsWrite: rows that are written in a dialect are read as they
// were, whatever the blocks.
func TestReadsWhatDialectsWrite(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		in := reads{Reader: drawDialect(rt)}
		in.Missing = cell.NewMissing(nil, false)
		if err := in.Validate(); err != nil {
			rt.Fatal(err)
		}
		width := rapid.IntRange(2, 4).Draw(rt, "width")
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab,;|\t\"'\\^#\r\n é")), 0, 8, -1)
		rows := rapid.SliceOfN(rapid.SliceOfN(text, width, width), 1, 8).Draw(rt, "rows")
		for i := range width {
			in.Declared = append(in.Declared, cell.Typed{Name: fmt.Sprintf("c%d", i), Type: cell.String})
		}
		file, want := dialectWriter{rt, in.dialect()}.file(in.Reader, rows)
		data, err := read(t, in, file, rapid.IntRange(1, 100).Draw(rt, "block"), 2)
		if err != nil {
			rt.Fatalf("%v in %q", err, file)
		}
		if diff := cmp.Diff(want, rowsOf(rt, data)); diff != "" {
			rt.Fatalf("rows of %q (-written +read)\n%s", file, diff)
		}
	})
}

// TestFindsDelimiter: a delimiter that parts all records alike is found, where no
// other does.
func TestFindsDelimiter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := dialectWriter{rt, Usual().dialect()}
		w.delim = rapid.SampledFrom([]byte(delimiters)).Draw(rt, "delimiter")
		width := rapid.IntRange(2, 4).Draw(rt, "width")
		text := rapid.StringOfN(rapid.SampledFrom([]rune("ab\"\n é")), 0, 8, -1)
		rows := rapid.SliceOfN(rapid.SliceOfN(text, width, width), 1, 8).Draw(rt, "rows")
		in := usual()
		file, want := w.file(&Reader{LineEnds: "lf"}, rows)
		for i := range width {
			in.Declared = append(in.Declared, cell.Typed{Name: fmt.Sprintf("c%d", i), Type: cell.String})
		}
		data, err := read(t, in, file, rapid.IntRange(1, 100).Draw(rt, "block"), 2)
		if err != nil {
			rt.Fatalf("%v in %q", err, file)
		}
		if diff := cmp.Diff(want, rowsOf(rt, data)); diff != "" {
			rt.Fatalf("rows of %q (-written +read)\n%s", file, diff)
		}
	})
}

// TestFindsDelimiterOfLongLines: tables of genes have a line of names that is longer
// than what is looked at of other files.
func TestFindsDelimiterOfLongLines(t *testing.T) {
	const width = 20_000
	names := make([]string, width)
	for i := range names {
		names[i] = fmt.Sprintf("gene, no. %d", i)
	}
	file := strings.Join(names, "\t") + "\n" + strings.Repeat(strings.Repeat("1\t", width-1)+"1\n", 3)
	data, err := read(t, usual(), file, 1<<20, 2)
	if err != nil {
		t.Fatal(err)
	}
	r := tabletest.Open(t, data)
	defer r.Close()
	if n := r.Schema().NumFields(); n != width {
		t.Errorf("%d columns", n)
	}
}

// TestLeavesOutWhatDoesNotFit: records that are broken are left out, each with its
// line, and those around them are read.
func TestLeavesOutWhatDoesNotFit(t *testing.T) {
	broken := map[string]string{
		"x": "1 field, want 3", "a,b": "2 fields, want 3", "a,b,c,d": "4 fields, want 3",
		"a,b\"c,d": "a quote inside of a field that does not start with one", "\"a\nb\"c,\"": "text after the closing quote of a field",
		"a,b\rc,d": "a carriage return that is not the end of a line", "a,\xff,c": notUTF8, "\"\xff\",b,\"c\nd\"": notUTF8,
	}
	rapid.Check(t, func(rt *rapid.T) {
		in := reads{Reader: Usual()}
		in.Rows = rapid.SampledFrom([]string{"skip", "collect"}).Draw(rt, "rows")
		in.Declared = []cell.Typed{{Name: "a", Type: cell.String}, {Name: "b", Type: cell.String}, {Name: "c", Type: cell.String}}
		var b strings.Builder
		b.WriteString("a,b,c\n")
		line := int64(2)
		var want [][]string
		var rejected []source.Rejected
		good := map[string]string{"1": "1", "text": "text", "\"in, \n\"\"quotes\"\"\"": "in, \n\"quotes\""}
		fields := rapid.SliceOfN(rapid.SampledFrom(slices.Sorted(maps.Keys(good))), 3, 3)
		for range rapid.IntRange(1, 12).Draw(rt, "records") {
			text := rapid.SampledFrom(slices.Sorted(maps.Keys(broken))).Draw(rt, "broken")
			if reason, ok := broken[text]; ok && rapid.Bool().Draw(rt, "is broken") {
				rejected = append(rejected, source.Rejected{Line: line, Text: strings.ToValidUTF8(text, "\uFFFD"), Reason: reason})
			} else {
				row := fields.Draw(rt, "row")
				text = strings.Join(row, ",")
				want = append(want, []string{good[row[0]], good[row[1]], good[row[2]]})
			}
			b.WriteString(text + "\n")
			line += int64(strings.Count(text, "\n")) + 1
		}
		if want == nil {
			return
		}
		data, got, err := readAll(t, in, b.String(), rapid.IntRange(1, 60).Draw(rt, "block"), 2)
		if err != nil {
			rt.Fatalf("%v in %q", err, b.String())
		}
		if diff := cmp.Diff(want, rowsOf(rt, data)); diff != "" {
			rt.Fatalf("rows of %q (-written +read)\n%s", b.String(), diff)
		}
		if diff := cmp.Diff(rejected, got.(source.Rejecter).Rejected()); diff != "" {
			rt.Fatalf("rejected of %q (-written +read)\n%s", b.String(), diff)
		}
	})
}

// FuzzDialect: whatever a file holds and its dialect is, reading it gives a table
// or an error with a text, and both do not depend on blocks and threads.
func FuzzDialect(f *testing.F) {
	for i, s := range []string{"a,b\n1,5\" x\n", "a,b\r1,\"x\"y\r\n", "# x\na;b\n\\;;'\n", "x\ny\na,b\n\"\\\"\",\\\r\n2\n", "sep=;\na;b\n1;2\n"} {
		f.Add([]byte(s), uint8(3), uint8(i*37), uint8(i%3))
	}
	f.Fuzz(func(t *testing.T, data []byte, block, dialect, skip uint8) {
		in := usual()
		bit := func(i int) bool { return dialect>>i&1 == 1 }
		in.Skip = int(skip % 4)
		if bit(0) {
			in.Quotes = "lenient"
		}
		if bit(1) {
			in.Escape = `\`
		}
		if bit(2) {
			in.Comment = "#"
		}
		if bit(3) {
			in.LineEnds = "any"
		}
		in.Header.Text = []string{"true", "false", "auto", "true"}[dialect>>4&1|skip>>5&2]
		in.Rows = []string{"error", "skip", "pad", "collect"}[dialect>>5&3]
		in.Trailing = bit(7)
		in.empty = skip>>7 > 0
		if skip>>2&1 > 0 {
			in.Quote = auto
		}
		if skip>>6&1 > 0 { // the columns are known
			in.Expected = []cell.Typed{{Name: "a", Type: cell.Int64}, {Name: "b", Type: cell.String}, {Name: "x", Type: cell.Float64}}
			in.Optional = []string{"x"}
		}
		alike(t, in, string(data), 1+int(block))
	})
}

// alike reads text in one block and in small ones.
func alike(t *testing.T, in reads, text string, block int) {
	want, wantErr := read(t, in, text, 1<<20, 1)
	got, err := read(t, in, text, block, 2)
	if wantErr != nil {
		if err == nil || err.Error() != wantErr.Error() || err.Error() == "" {
			t.Fatalf("error %v in small blocks, %v in one", err, wantErr)
		}
		return
	}
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("small blocks give another table, error %v", err)
	}
	if _, err := table.Open(bytes.NewReader(got), int64(len(got))); err != nil {
		t.Fatalf("the table cannot be read: %v", err)
	}
}
