package jsonl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

// read makes a table of text, in blocks of the given size.
func read(t testing.TB, text string, contract cell.Contract, size, threads int) ([]byte, error) {
	t.Helper()
	in := Reader{Nested: "text"}
	rows, err := in.Open(t.Context(), source.Inputs{
		Files:    []*source.File{{ReaderAt: strings.NewReader(text), Size: int64(len(text)), Name: "in.jsonl"}},
		Contract: contract, Block: size, Threads: threads,
	})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		t.Fatalf("reading failed after it looked at all values: %v", err)
	}
	return out.Bytes(), nil
}

// TestReadsWhatTablesWrite: a table that is written as JSON Lines and read back
// with the types that it had is the same table.
func TestReadsWhatTablesWrite(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.IntRange(1, 20).Draw(rt, "rows")
		valid := func() []bool { return rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(rt, "valid") }
		finite := rapid.Float64().Filter(func(v float64) bool { return !math.IsInf(v, 0) && !math.IsNaN(v) })
		texts := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "NA", "1", "true", "\x00\n\"\\", "2024-01-01"}))
		micros := rapid.Map(rapid.Int64Range(-62167219200e6, 253402300799e6), func(v int64) arrow.Timestamp { return arrow.Timestamp(v) })
		days := rapid.Map(rapid.Int32Range(-719528, 2932896), func(v int32) arrow.Date32 { return arrow.Date32(v) })
		columns := []any{
			"i", table.NewArray(rapid.SliceOfN(rapid.Int64(), rows, rows).Draw(rt, "i"), valid()),
			"f", table.NewArray(rapid.SliceOfN(finite, rows, rows).Draw(rt, "f"), valid()),
			"b", table.NewArray(rapid.SliceOfN(rapid.Bool(), rows, rows).Draw(rt, "b"), valid()),
			"d", table.NewArray(rapid.SliceOfN(days, rows, rows).Draw(rt, "d"), valid()),
			"t\"\n", table.NewArray(rapid.SliceOfN(micros, rows, rows).Draw(rt, "t"), valid()),
			"s", table.NewArray(rapid.SliceOfN(texts, rows, rows).Draw(rt, "s"), valid()),
		}
		r := tabletest.Open(rt, tabletest.Table(rt, columns...))
		var text strings.Builder
		if _, err := table.WriteJSONLines(&text, r); err != nil {
			rt.Fatal(err)
		}
		contract := cell.Contract{Rules: cell.Rules{Missing: cell.NewMissing(nil, false)}}.Again(cell.TypesOf(r.Schema()))
		data, err := read(t, text.String(), contract, rapid.IntRange(1, 300).Draw(rt, "block"), 2)
		if err != nil {
			rt.Fatalf("%v in\n%s", err, text.String())
		}
		var again strings.Builder
		if _, err := table.WriteJSONLines(&again, tabletest.Open(rt, data)); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(text.String(), again.String()); diff != "" {
			rt.Fatalf("(-written +read and written)\n%s", diff)
		}
	})
}

// TestAgainReadsRowsAlike: whatever the types of a file were inferred to be, some
// of its rows in a file of their own are read as they were in it, though by
// themselves they may look like anything.
func TestAgainReadsRowsAlike(t *testing.T) {
	values := []string{"1", "0", "-7", "2.0", "1e3", "12345678901234567890", "true", "false", "null", `"1"`, `"true"`, `""`, `" "`, `"NA"`, `"None"`,
		`"2024-01-02"`, `"2024-01-02 03:04:05"`, `"word"`, `" 5 "`, "[1]"}
	rapid.Check(t, func(rt *rapid.T) {
		var palettes [][]string // a column has few kinds of values
		for range rapid.IntRange(1, 4).Draw(rt, "width") {
			palettes = append(palettes, rapid.SliceOfN(rapid.SampledFrom(values), 1, 3).Draw(rt, "values"))
		}
		var lines []string
		for range rapid.IntRange(1, 12).Draw(rt, "rows") {
			var members []string
			for i, p := range palettes {
				if rapid.IntRange(0, 4).Draw(rt, "lacks") > 0 {
					members = append(members, fmt.Sprintf("\"c%d\": %s", i, rapid.SampledFrom(p).Draw(rt, "value")))
				}
			}
			lines = append(lines, "{"+strings.Join(members, ", ")+"}\n")
		}
		var words []string
		if rapid.Bool().Draw(rt, "missing") {
			words = []string{"word", "-7"}
		}
		contract := cell.Contract{Rules: cell.Rules{Missing: cell.NewMissing(words, rapid.Bool().Draw(rt, "quoted"))}}
		data, err := read(t, strings.Join(lines, ""), contract, 64, 2)
		if err != nil {
			return // all objects are empty
		}
		whole := tabletest.Rows(rt, data)
		var some []string
		at := rapid.SliceOfNDistinct(rapid.IntRange(0, len(lines)-1), 1, -1, rapid.ID[int]).Draw(rt, "some")
		for _, i := range at {
			some = append(some, lines[i])
		}
		data, err = read(t, strings.Join(some, ""), contract.Again(cell.TypesOf(whole.Schema())), 64, 2)
		if err != nil {
			return
		}
		again := tabletest.Rows(rt, data)
		for i, f := range again.Schema().Fields() {
			j := whole.Schema().FieldIndices(f.Name)[0]
			if want := whole.Schema().Field(j).Type; f.Type.ID() != want.ID() {
				rt.Fatalf("%s was %v and is %v\n%s", f.Name, want, f.Type, some)
			}
			for row, from := range at {
				if got, want := again.Column(i).ValueStr(row), whole.Column(j).ValueStr(from); got != want {
					rt.Fatalf("%s of %q was %q and is %q", f.Name, some[row], want, got)
				}
			}
		}
	})
}

// valid is what encoding/json takes for an object. It lets pass what is half of
// a character.
func valid(line []byte) bool {
	return json.Valid(line) && bytes.HasPrefix(bytes.TrimLeft(line, " \t\r\n"), []byte("{"))
}

func membersOf(line []byte) (names, values []string, bad string) {
	var w walk
	var m member
	for w.start(line); w.next(&m); {
		names = append(names, string(m.name))
		switch {
		case m.kind == null:
			values = append(values, "null")
		case m.form == cell.Text && m.kind == scalar:
			values = append(values, "text "+string(m.text))
		default:
			values = append(values, string(m.text))
		}
	}
	return names, values, w.bad
}

// FuzzObject: what is an object, and what is in it, encoding/json says too.
func FuzzObject(f *testing.F) {
	for _, s := range []string{`{"a": 1}`, ` {"a":"x\u00e9\n\\\"\ud83d\ude00","b":[1,{"c":null}],"d":true,"e":-0.5e+3} `, `{}`, `{"a":{"b":[]},"c":null}`,
		`{"a":01}`, `{"a":1,}`, `{"a" 1}`, `{"a":1}x`, `{"a":"`, `{"a":tru}`, `{"a":"\ud800"}`, "{\"a\":\"\t\"}", `[{"a":1}]`, `{"a":.5}`, `{"a":1e}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if !utf8.Valid(line) {
			return // is found before
		}
		names, values, bad := membersOf(line)
		half, deep := strings.HasPrefix(bad, "half of"), strings.HasPrefix(bad, "values nested")
		if (bad == "") != valid(line) && !half && !deep {
			t.Fatalf("%q: bad is %q, encoding/json says %v", line, bad, valid(line))
		}
		if bad != "" {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(line))
		dec.UseNumber()
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
		for i := range names {
			name, err := dec.Token()
			if err != nil || name != names[i] {
				t.Fatalf("%q: name %q, encoding/json says %q, %v", line, names[i], name, err)
			}
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				t.Fatal(err)
			}
			want := string(raw)
			if raw[0] == '"' {
				var text string
				if err := json.Unmarshal(raw, &text); err != nil {
					t.Fatal(err)
				}
				want = "text " + text
			}
			if values[i] != want {
				t.Fatalf("%q: value %q, encoding/json says %q", line, values[i], want)
			}
		}
		if dec.More() {
			t.Fatalf("%q: more than %d members", line, len(names))
		}
	})
}

// FuzzJSONL: whatever a file holds, reading it gives a table or an error with a
// text, and both do not depend on blocks and threads.
func FuzzJSONL(f *testing.F) {
	for _, s := range []string{"{\"a\":1}\n{\"a\":\"x\",\"b\":[1]}\n", "\xef\xbb\xbf{\"a\":null}\r\n\r\n{}", "{\"a\":\"\xff\"}\n{\"a\":2024}\n", "[1]\n{\"a\":1,\"a\":2}"} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		want, wantErr := read(t, string(data), cell.Contract{}, 1<<20, 1)
		got, err := read(t, string(data), cell.Contract{}, 1+int(size), 2)
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

// TestHostile: what is built to take memory or time is an error, soon.
func TestHostile(t *testing.T) {
	var wide strings.Builder
	for i := range table.MaxColumns/1000 + 1 {
		wide.WriteString("{")
		for j := range 1000 {
			fmt.Fprintf(&wide, "%s\"c%d\":1", strings.Repeat(",", min(j, 1)), 1000*i+j)
		}
		wide.WriteString("}\n")
	}
	for _, c := range []struct{ name, text, want string }{
		{"depth", `{"a":` + strings.Repeat("[", 1<<20) + "}", "nested more than 100 levels deep"},
		{"columns", wide.String(), "at most 262144 are possible"},
		{"sparse", oneWide(50_000) + strings.Repeat("{}\n", 200_000), "nearly all values are missing"},
	} {
		if _, err := read(t, c.text, cell.Contract{}, block.Usual, 2); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	in := Reader{}
	_, err := in.Open(t.Context(), source.Inputs{Files: []*source.File{{ReaderAt: endless{}, Size: 1 << 40, Name: "in.jsonl"}}})
	if want := "in.jsonl:1:1: row 1: a line of more than 64 MiB"; err == nil || err.Error() != want {
		t.Errorf("endless line: %v", err)
	}
}

func oneWide(columns int) string {
	var b strings.Builder
	for i := range columns {
		fmt.Fprintf(&b, "%c\"c%d\":1", "{,"[min(i, 1)], i)
	}
	return b.String() + "}\n"
}

// endless is one line that never ends.
type endless struct{}

func (endless) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	if off == 0 {
		p[0] = '{'
	}
	return len(p), nil
}

// TestWide: rows of many columns are read in small batches.
func TestWide(t *testing.T) {
	text := oneWide(5000) + strings.Repeat("{\"c4999\":2}\n", 1000)
	rows, err := new(Reader).Open(t.Context(), source.Inputs{
		Files: []*source.File{{ReaderAt: strings.NewReader(text), Size: int64(len(text)), Name: "in.jsonl"}}, Threads: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for rec, err := range rows.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if cells := rec.NumRows() * rec.NumCols(); cells > batchCells {
			t.Errorf("a batch of %d values", cells)
		}
		total += rec.NumRows()
	}
	if total != 1001 {
		t.Errorf("%d rows", total)
	}
}

func BenchmarkJSONL(b *testing.B) {
	var text strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&text, `{"id": %d, "name": "category %d", "x": %d.%d, "ok": %v, "day": "2024-01-%02d"}`+"\n", i, i%30, i%1000, i%97, i%2 == 0, 1+i%28)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		rows, err := new(Reader).Open(b.Context(), source.Inputs{
			Files: []*source.File{{ReaderAt: strings.NewReader(text.String()), Size: int64(text.Len()), Name: "in.jsonl"}}, Threads: 1,
		})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := source.Write(b.Context(), discard{io.Discard}, rows); err != nil {
			b.Fatal(err)
		}
	}
}

// discard is an output that goes nowhere.
type discard struct{ io.Writer }

func (discard) Reset() {}
