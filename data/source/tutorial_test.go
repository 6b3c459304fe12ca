package source_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/settings"
)

// read reads text with the source of the tutorial, found by the name of a file.
func read(t *testing.T, with, text string, contract cell.Contract) (csv, log string, err error) {
	t.Helper()
	file := &source.File{ReaderAt: strings.NewReader(text), Size: int64(len(text)), Name: "a.txt"}
	kind := source.ByName([]source.Kind{linesKind()}, file.Name)
	reader := kind.New()
	if err := settings.DecodeFile("with", []byte(with), reader); err != nil {
		return "", "", err
	}
	rows, err := reader.Open(t.Context(), source.Inputs{Files: []*source.File{file}, Contract: contract, Threads: 1})
	if err != nil {
		return "", "", err
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		return "", "", err
	}
	var said, b bytes.Buffer
	rows.Report(slog.New(slog.NewTextHandler(&said, nil)))
	if err := table.WriteCSV(&b, tabletest.Open(t, out.Bytes())); err != nil {
		t.Fatal(err)
	}
	return b.String(), said.String(), nil
}

// TestTutorial: the source of the tutorial reads, as a contract says, and says
// where it cannot.
func TestTutorial(t *testing.T) {
	text := "one\n# two\nNA\n" + strings.Repeat("x\n", 2000)
	got, log, err := read(t, "comment: '#'", text, cell.Contract{})
	if want := "line,text\n1,one\n3,NA\n4,x\n"; err != nil || !strings.HasPrefix(got, want) || strings.Count(got, "\n") != 2003 {
		t.Errorf("got %.40q, %v", got, err)
	}
	if !strings.Contains(log, `msg="read a.txt" rows=2002 columns=2`) {
		t.Errorf("log %q", log)
	}
	one := cell.Contract{Rules: cell.Rules{Missing: cell.NewMissing([]string{"NA"}, true)}, Keep: []string{"text", "line"}}
	got, _, err = read(t, "", "NA\nb\n\n", one)
	if diff := cmp.Diff("text,line\n,1\nb,2\n\"\",3\n", got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, c := range []struct {
		with, text, want string
		contract         cell.Contract
	}{
		{"comment: [a]", "", `"comment" must be a text`, cell.Contract{}},
		{"", strings.Repeat("a\n", 1001) + "\xff\n", `a.txt: row 1002, column "text": text that is not UTF-8`, cell.Contract{}},
		{"", strings.Repeat("a", 1<<17), "a.txt: bufio.Scanner: token too long", cell.Contract{}},
		{"", "", "a.txt has no rows", cell.Contract{}},
		{"", "a\n", `select: a.txt has no column "txt"`, cell.Contract{Keep: []string{"txt"}}},
		{"", "a\nb\n", `a.txt: row 2, column "line": 2 is no bool`, cell.Contract{Declared: []cell.Typed{{Name: "line", Type: cell.Bool}}}},
	} {
		if _, _, err := read(t, c.with, c.text, c.contract); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.text[:min(len(c.text), 20)], err, c.want)
		}
	}
	// Other data are read alike by the types that some had.
	rec := tabletest.Record(t, "line", []int64{1}, "text", []string{"a"})
	if got, _, err := read(t, "", "b\n", cell.Contract{}.Again(cell.TypesOf(rec.Schema()))); err != nil || got != "line,text\n1,b\n" {
		t.Errorf("again: %q, %v", got, err)
	}
}

// TestStreamStops: who wants no more rows gets none, and no error.
func TestStreamStops(t *testing.T) {
	text := strings.Repeat("x\n", 5000)
	file := &source.File{ReaderAt: strings.NewReader(text), Size: int64(len(text)), Name: "a.txt"}
	rows, err := linesKind().New().Open(t.Context(), source.Inputs{Files: []*source.File{file}})
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range rows.Batches(t.Context()) {
		if err != nil || rec.NumRows() != 1000 {
			t.Errorf("%v rows, %v", rec, err)
		}
		break
	}
	if _, err := linesKind().New().Open(t.Context(), source.Inputs{Files: []*source.File{file, file}}); err == nil || errors.Unwrap(err) != nil {
		t.Errorf("two files: %v", err)
	}
}
