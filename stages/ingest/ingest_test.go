package ingest

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/data/source/csv"
	"pipe/data/table"
	"pipe/pipeline/pipelinetest"
	"pipe/pipeline/settings"
)

var update = flag.Bool("update", false, "rewrite the expectations of the fixtures")

// TestFixtures runs every testdata/*.txtar: the file in.* with the settings
// with, which gives either want (schema and rows) or error and hint, and log
// if there are warnings.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var in, with string
			var want []txtar.File
			for _, f := range ar.Files {
				switch {
				case strings.HasPrefix(f.Name, "in."):
					in = decodeEscapes(string(f.Data))
				case f.Name == "with":
					with = string(f.Data)
				default:
					want = append(want, f)
				}
			}
			got := outcome(t, with, in)
			if *update {
				ar.Files = append([]txtar.File{ar.Files[0], ar.Files[1]}, got...)
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(text(want), text(got)); diff != "" {
				t.Errorf("(-want +got)\n%s\nrewrite with: go test ./stages/ingest -run TestFixtures -update", diff)
			}
		})
	}
}

func text(files []txtar.File) string { return string(txtar.Format(&txtar.Archive{Files: files})) }

// hexEscape is a byte that a text fixture cannot hold.
var hexEscape = regexp.MustCompile(`\\x[0-9a-f]{2}`)

// decodeEscapes makes the bytes that a text fixture cannot hold: \r, \0, \xff
// and, at the end of a file, \c for no line end.
func decodeEscapes(s string) string {
	s = strings.NewReplacer(`\r`, "\r", `\0`, "\x00").Replace(s)
	s = hexEscape.ReplaceAllStringFunc(s, func(e string) string {
		b, err := strconv.ParseUint(e[2:], 16, 8)
		if err != nil {
			panic(err)
		}
		return string([]byte{byte(b)})
	})
	return strings.TrimSuffix(s, "\\c\n")
}

func outcome(t *testing.T, with, in string) []txtar.File {
	t.Helper()
	r, err := pipelinetest.RunErr(t, pipelinetest.Case{
		Kind: Kind(nil), With: with, Inputs: map[string][]byte{"path": []byte(in)},
	})
	if err != nil {
		files := []txtar.File{{Name: "error", Data: []byte(err.Error() + "\n")}}
		if hint := diag.HintOf(err); hint != "" {
			files = append(files, txtar.File{Name: "hint", Data: []byte(hint + "\n")})
		}
		return files
	}
	files := []txtar.File{{Name: "want", Data: []byte(show(t, r.Outputs["table"]))}}
	if rejected, ok := r.Outputs["rejected"]; ok {
		files = append(files, txtar.File{Name: "rejected", Data: []byte(show(t, rejected))})
	}
	var warnings []string
	for line := range strings.Lines(r.Log) {
		if strings.Contains(line, "WARN") {
			_, line, _ = strings.Cut(line, "level=")
			warnings = append(warnings, line)
		}
	}
	if warnings != nil {
		files = append(files, txtar.File{Name: "log", Data: []byte(strings.Join(warnings, ""))})
	}
	return files
}

// show prints a table: its schema, one column a line, then its rows as CSV.
func show(t testing.TB, data []byte) string {
	t.Helper()
	r, err := table.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if found, ok := r.Schema().Metadata().GetValue("pipe.dialect"); ok {
		fmt.Fprintf(&b, "# %s\n", found)
	}
	for _, f := range r.Schema().Fields() {
		origin, _ := f.Metadata.GetValue(cell.TypeKey)
		missing, _ := f.Metadata.GetValue(cell.MissingKey)
		fmt.Fprintf(&b, "# %q %s, %s, %s missing\n", f.Name, table.TypeName(f.Type), origin, missing)
	}
	if err := table.WriteCSV(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestConform(t *testing.T) {
	pipelinetest.Conform(t, pipelinetest.Case{
		Kind: Kind(nil), With: "path: data/in.csv\ncolumns: {a: float64}",
		Inputs: map[string][]byte{"path": []byte("a,b\n1,x\n2,\"y\ny\"\n")},
	})
}

func TestConformCollect(t *testing.T) {
	pipelinetest.Conform(t, pipelinetest.Case{
		Kind: Kind(nil), With: "path: data/in.csv\nrows: collect",
		Inputs: map[string][]byte{"path": []byte("a,b\n1,x\n2\n3,\"y\"z\n4,\xff\n5,w\n")},
	})
}

func TestConformJSONLines(t *testing.T) {
	pipelinetest.Conform(t, pipelinetest.Case{
		Kind: Kind(nil), With: "path: data/in.log\ncolumns: {a: float64}\nformat: {jsonl: {nested: text}}",
		Inputs: map[string][]byte{"path": []byte("{\"a\": 1, \"b\": [2]}\n{\"b\": \"x\"}\n")},
	})
}

func TestFileInput(t *testing.T) {
	csv := []byte("a\n1\n")
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: Kind(nil), Inputs: map[string][]byte{"file": csv}})
	if got, want := show(t, r.Outputs["table"]), "# \"a\" int64, inferred, 0 missing\na\n1\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if r.Metrics["rows"] != 1 || r.Metrics["columns"] != 1 || r.Metrics["missing"] != 0 {
		t.Errorf("metrics are %v", r.Metrics)
	}
	_, err := pipelinetest.RunErr(t, pipelinetest.Case{
		Kind: Kind(nil), With: "path: x.csv", Inputs: map[string][]byte{"file": csv, "path": csv},
	})
	if err == nil || err.Error() != "there is more than one thing to read: file and path" {
		t.Errorf("with both: error is %v", err)
	}
	_, err = pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(nil)})
	if err == nil || err.Error() != "there is nothing to read" {
		t.Errorf("with neither: error is %v", err)
	}
}

func TestValidate(t *testing.T) {
	valid := func() Ingest { return Ingest{Place: Place{Path: "x.csv"}, Reading: Reading{Reader: *csv.Usual()}} }
	for _, c := range []struct {
		name   string
		change func(*Ingest)
		want   string
	}{
		{"valid", func(*Ingest) {}, ""},
		{"tab", func(in *Ingest) { in.Delimiter = `\t` }, ""},
		{"no quote", func(in *Ingest) { in.Quote = "" }, ""},
		{"detected", func(in *Ingest) { in.Delimiter = "auto" }, ""},
		{"comment is delimiter", func(in *Ingest) { in.Delimiter, in.Comment = ";", ";" }, "comment and delimiter are both"},
		{"escape is quote", func(in *Ingest) { in.Escape = `"` }, ""},
		{"no delimiter", func(in *Ingest) { in.Delimiter = "" }, `delimiter: "" is not a delimiter`},
		{"long delimiter", func(in *Ingest) { in.Delimiter = "::" }, `delimiter: "::" is not a delimiter`},
		{"wide delimiter", func(in *Ingest) { in.Delimiter = "é" }, `delimiter: "é" is not a delimiter`},
		{"line end as quote", func(in *Ingest) { in.Quote = "\n" }, `quote: "\n" is not a quote`},
		{"quote is delimiter", func(in *Ingest) { in.Delimiter, in.Quote = ",", "," }, "quote and delimiter are both"},
		{"selected twice", func(in *Ingest) { in.Select = []string{"a", "b", "a"} }, `select: "a" is listed twice`},
		{"decimal", func(in *Ingest) { in.Decimal = ";" }, `decimal: ";" does not stand before decimals`},
		{"decimal comma", func(in *Ingest) { in.Decimal, in.Thousands = ",", "." }, ""},
		{"thousands", func(in *Ingest) { in.Thousands = "_" }, `thousands: "_" is none of the separators`},
		{"thousands are decimals", func(in *Ingest) { in.Thousands = "." }, `thousands: "." is what stands before decimals`},
		{"narrow blank", func(in *Ingest) { in.Thousands = "\u202f" }, ""},
		{"currency", func(in *Ingest) { in.Currency = []string{"€", "kg 1"} }, `currency.1: "kg 1" is not a currency`},
		{"words", func(in *Ingest) { in.TrueWords, in.FalseWords = []string{"yes"}, []string{"no", "True"} }, `false_words.1: "True" means true already`},
		{"empty word", func(in *Ingest) { in.TrueWords = []string{" x"} }, `true_words.0: " x" is not a word`},
		{"empty name", func(in *Ingest) { in.Header.Text, in.Names = "false", []string{"a", ""} }, "names: name 2 is empty"},
	} {
		in := valid()
		c.change(&in)
		err := in.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error is %v, want %q", c.name, err, c.want)
		}
	}
}

// read runs the reader on text with blocks of the given size.
func read(t testing.TB, in *Ingest, text string, block, threads int) ([]byte, error) {
	t.Helper()
	name := "in.csv"
	if in.Path != "" {
		name = string(in.Path)
	}
	file := &source.File{ReaderAt: strings.NewReader(text), Size: int64(len(text)), Name: name}
	reading, err := in.resolved([]*source.File{file})
	if err != nil {
		return nil, err
	}
	rows, err := reading.reader().Open(t.Context(), source.Inputs{
		Files:    []*source.File{file},
		Contract: in.contract(), Block: block, Threads: threads,
	})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func defaults() *Ingest {
	return &Ingest{Reading: Reading{Reader: *csv.Usual(), Quoted: true}}
}

// TestBlocksAndThreadsChangeNothing reads every fixture in blocks of a few
// bytes and of all bytes.
func TestBlocksAndThreadsChangeNothing(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var csv, with string
		for _, f := range ar.Files {
			switch {
			case strings.HasPrefix(f.Name, "in."):
				csv = decodeEscapes(string(f.Data))
			case f.Name == "with":
				with = string(f.Data)
			}
		}
		in := pipelinetest.Decode(t, Kind(nil), with).(*Ingest)
		want, wantErr := read(t, in, csv, 1<<20, 1)
		for _, block := range []int{1, 2, 3, 5, 8, 13, 40, 100} {
			for _, threads := range []int{1, 3} {
				got, err := read(t, in, csv, block, threads)
				if fmt.Sprint(err) != fmt.Sprint(wantErr) || diag.HintOf(err) != diag.HintOf(wantErr) {
					t.Errorf("%s: blocks of %d bytes: error\n%v\nwant\n%v", file, block, err, wantErr)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: blocks of %d bytes, %d threads: the table differs", file, block, threads)
				}
			}
		}
	}
}

// processorTime is what the process has computed so far, whatever else the
// machine does.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestManyColumns: the cost of a column does not depend on how many there are.
// What compares each with all others takes minutes here.
func TestManyColumns(t *testing.T) {
	const n = table.MaxColumns
	var csv strings.Builder
	in := defaults()
	for i := range n {
		name := "column " + strconv.Itoa(i)
		csv.WriteString(strings.Repeat(",", min(i, 1)) + name)
		in.Columns = append(in.Columns, settings.Entry[string]{Key: name, Value: "int64"})
		in.Select = append(in.Select, name)
	}
	csv.WriteString("\n1" + strings.Repeat(",1", n-1) + "\n")
	start := processorTime(t)
	in.Path = "in.csv"
	if err := in.Validate(); err != nil {
		t.Fatal(err)
	}
	data, err := read(t, in, csv.String(), block.Usual, 1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := table.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil || r.Schema().NumFields() != n {
		t.Fatalf("opened with error %v", err)
	}
	if d := processorTime(t) - start; d > 30*time.Second {
		t.Errorf("%d columns took %v of the processors", n, d)
	}
	_, err = read(t, defaults(), strings.Repeat(",", n)+"\n1\n", block.Usual, 1)
	if want := "in.csv:1: 262145 fields, at most 262144 are possible"; err == nil || err.Error() != want {
		t.Errorf("one more column: error is %v, want %s", err, want)
	}
}

// TestFormatIsInTheKey: the name of a file is no part of the key, so the format
// that it tells is. CSV has the keys that it had when there was no other format.
func TestFormatIsInTheKey(t *testing.T) {
	parts := map[string]string{}
	for _, with := range []string{"path: a.csv", "path: a.log", "path: a.jsonl", "path: a.ndjson", "{path: a.jsonl, format: jsonl}", "{path: a.csv, format: {jsonl: {nested: text}}}", "{path: a.jsonl, format: csv}"} {
		in := pipelinetest.Decode(t, Kind(nil), with).(*Ingest)
		parts[with] = string(settings.Canonical(in)) + fmt.Sprint(in.KeyParts())
	}
	old := `{"columns":null,"select":null,"delimiter":"auto","quote":"\"","header":["!!bool","true"],"names":null,"repeated_names":"number","missing":null,"quoted_missing":true,"trim":false`
	for with, want := range map[string]string{
		"path: a.csv": "}[]", "path: a.log": "}[]", "path: a.jsonl": "}[{format jsonl}]", "path: a.ndjson": "}[{format jsonl}]",
		"{path: a.jsonl, format: jsonl}":                 `,"format":{"jsonl":{"nested":"error"}}}[]`,
		"{path: a.csv, format: {jsonl: {nested: text}}}": `,"format":{"jsonl":{"nested":"text"}}}[]`,
		"{path: a.jsonl, format: csv}":                   `,"format":{"csv":{}}}[]`,
	} {
		if parts[with] != old+want {
			t.Errorf("%s: %s, want %s", with, parts[with], old+want)
		}
	}
}
