package jsonl

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/table"
	"pipe/data/table/tabletest"
)

func readList(t testing.TB, in List, text string, size, threads int) ([]byte, error) {
	t.Helper()
	rows, err := in.Open(t.Context(), source.Inputs{
		Files: []*source.File{{ReaderAt: strings.NewReader(text), Size: int64(len(text)), Name: "in.json"}},
		Block: size, Threads: threads,
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

// TestListsAreLines: however a list of objects is written, it is the table that
// the objects are as JSON Lines.
func TestListsAreLines(t *testing.T) {
	names := rapid.SampledFrom([]string{`"a"`, `"b"`, `"c,]"`, `"d\""`, `"e\\"`})
	values := rapid.SampledFrom([]string{"1", "-2.5e3", `"x"`, `"[,{"`, `"\\"`, `"\""`, "null", "true", "[1, [2]]", `{"k": "]"}`, "9007199254740993"})
	rapid.Check(t, func(rt *rapid.T) {
		blank := func(where string) string {
			return strings.Repeat(rapid.SampledFrom([]string{"", " ", "\n", "\r\n", "\t\n "}).Draw(rt, where), rapid.IntRange(0, 2).Draw(rt, "times"))
		}
		var list, lines strings.Builder
		list.WriteString(rapid.SampledFrom([]string{"", "\xef\xbb\xbf"}).Draw(rt, "mark") + blank("first") + "[")
		for i := range rapid.IntRange(1, 9).Draw(rt, "rows") {
			list.WriteString(strings.Repeat(",", min(i, 1)) + blank("before") + "{")
			lines.WriteString("{")
			for k, name := range rapid.SliceOfNDistinct(names, 1, 4, rapid.ID[string]).Draw(rt, "names") {
				value := values.Draw(rt, "value")
				fmt.Fprintf(&list, "%s%s%s:%s%s%s", strings.Repeat(",", min(k, 1)), blank("name"), name, blank("colon"), value, blank("value"))
				fmt.Fprintf(&lines, "%s%s:%s", strings.Repeat(",", min(k, 1)), name, value)
			}
			list.WriteString("}" + blank("behind"))
			lines.WriteString("}\n")
		}
		list.WriteString("]" + blank("last"))
		in := List{Reader{Nested: "text", Flatten: rapid.Bool().Draw(rt, "flatten")}}
		want, wantErr := readList(t, in, lines.String(), 1<<20, 1)
		got, err := readList(t, in, list.String(), rapid.IntRange(1, 100).Draw(rt, "block"), 2)
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			rt.Fatalf("%q: %v\n%q: %v", list.String(), err, lines.String(), wantErr)
		}
	})
}

// TestFlatten: members of objects are columns, and no object is a column itself.
func TestFlatten(t *testing.T) {
	text := `[{"id": 1, "a": {"b": 2, "c": {"d": "x", "e\u002ef": [1]}}}, {"id": 2, "a": null}, {"id": 3, "a": {"c": {"d": null}}}]`
	data, err := readList(t, List{Reader{Nested: "text", Flatten: true}}, text, 7, 2)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := table.WriteCSV(&b, tabletest.Open(t, data)); err != nil {
		t.Fatal(err)
	}
	if want := "id,a.b,a.c.d,a.c.e.f\n1,2,x,[1]\n2,,,\n3,,,\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	_, err = readList(t, List{Reader{Nested: "text", Flatten: true}}, `[{"a.b": 1, "a": {"b": 2}}]`, 7, 1)
	if err == nil || !strings.Contains(err.Error(), `column "a.b": the name is there twice`) {
		t.Errorf("error is %v", err)
	}
}

func TestListMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": [`:                     "the line ends",
		`"x"`:                         "is no list of objects",
		`[`:                           "the list is never closed",
		`[ ]`:                         "is a list without objects",
		`[{"a": 1}`:                   "the list is never closed",
		`[{"a": 1},]`:                 "a comma before the end of the list, at byte 9",
		`[{"a": 1},,{"a": 2}]`:        "in.json:1: row 2: nothing where an object is expected, at byte 10 of the file",
		"[{\"a\": 1},\n\n{\"a\": x}]": `in.json:3: row 2: 'x' where a value is expected, at byte 18 of the file`,
		`[{"a": 1} {"a": 2}]`:         "row 1: text after the object, before a comma",
		`[{"a": 1}, [2]]`:             "row 2: no object",
		`[{"a": 1}, 2]`:               "row 2: no object",
		`[{"a": 1}}, {"a": 2}]`:       "row 1: text after the object",
		`[{"a": "x}, {"a": 2}]`:       "row 1: ",
		"[{\"a\": \"\xff\"}]":         "text that is not UTF-8, at byte 8",
		`[{"a": 1}] x]`:               "text after the object",
	} {
		for _, size := range []int{1, 5, 1 << 20} {
			_, err := readList(t, List{Reader{Nested: "error"}}, text, size, 2)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s in blocks of %d: error %v, want %s", text, size, err, want)
			}
		}
	}
}

// FuzzList: a list is a table or an error, whatever the blocks.
func FuzzList(f *testing.F) {
	for _, s := range []string{`[{"a": 1}, {"a": {"b": "]"}}]`, `[{"a": "\\"},` + "\n" + `{"a": [1,2]}, {}]`, `[{"a":1},]`, `[[`, `[{"a":"\"}]`} {
		f.Add([]byte(s), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		in := List{Reader{Nested: []string{"text", "error"}[size%2], Flatten: size%4 < 2}}
		want, wantErr := readList(t, in, string(data), 1<<20, 1)
		got, err := readList(t, in, string(data), 1+int(size), 2)
		if fmt.Sprint(err) != fmt.Sprint(wantErr) || !bytes.Equal(got, want) {
			t.Fatalf("error %v in small blocks, %v in one", err, wantErr)
		}
	})
}

// An endlessList is a file that repeats an element between a start and an end.
type endlessList struct {
	element string
	size    int64
}

func (e endlessList) ReadAt(p []byte, offset int64) (int, error) {
	for i := range p {
		switch at := offset + int64(i); at {
		case 0:
			p[i] = '['
		case e.size - 1:
			p[i] = ']'
		default:
			p[i] = e.element[(at-1)%int64(len(e.element))]
		}
	}
	return len(p), nil
}

// TestListMemory reads a list of 6 MiB in one line, of which a few blocks are in
// memory at a time.
func TestListMemory(t *testing.T) {
	element := `{"a": 1, "b": "text that is long enough"},`
	size := int64(len(element))*150_000 + 1
	file := &source.File{ReaderAt: endlessList{element, size}, Size: size, Name: "in.json"}
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	start, peak := stats.HeapAlloc, uint64(0)
	in := List{Reader{Nested: "error"}}
	rows, err := in.Open(t.Context(), source.Inputs{Files: []*source.File{file}, Threads: 2, Block: block.Usual / 8,
		Progress: func(int64, int64) {
			runtime.ReadMemStats(&stats)
			peak = max(peak, stats.HeapAlloc)
		}})
	if err != nil {
		t.Fatal(err)
	}
	count := int64(0)
	for rec, err := range rows.Batches(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		count += rec.NumRows()
	}
	if count != 150_000 || peak > start+16<<20 {
		t.Errorf("%d rows, and the heap grew by %d MiB", count, (peak-start)>>20)
	}
}
