package csv

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/settings"
)

var update = flag.Bool("update", false, "rewrite the table of the corpus")

const corpus = "testdata/corpus"

// A corpusCase is a file of the corpus with settings. Why says what is right where
// another reader reads the file otherwise than this one.
type corpusCase struct {
	File     string          `json:"file"`
	Settings json.RawMessage `json:"settings"`
	Why      string          `json:"why"`
}

// An answer is what a reader makes of a file.
type answer struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
	None    string     `json:"none"` // it has no setting for that
}

type peerAnswers struct {
	Versions map[string]string    `json:"versions"`
	Answers  []map[string]*answer `json:"answers"` // nil is an error
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// TestCorpus reads each file of the corpus and compares it with what pyarrow, DuckDB
// and pandas make of it, which peers.py has written down. Where they differ from
// this reader the index says why. The outcome is a table in README.md.
func TestCorpus(t *testing.T) {
	var cases []corpusCase
	var peers peerAnswers
	readJSON(t, "index.json", &cases)
	readJSON(t, "peers.json", &peers)
	if len(peers.Answers) != len(cases) {
		t.Fatalf("%d answers to %d cases: run peers.py", len(peers.Answers), len(cases))
	}
	var b strings.Builder
	b.WriteString(corpusIntroduction)
	b.WriteString("Versions:")
	names := slices.Sorted(maps.Keys(peers.Versions))
	for i, name := range names {
		fmt.Fprintf(&b, "%s %s %s", strings.Repeat(",", min(i, 1)), name, peers.Versions[name])
	}
	b.WriteString(".\n\n| file | settings | pipe | " + strings.Join(names, " | ") + " | why |\n|" + strings.Repeat("---|", len(names)+4) + "\n")
	listed := map[string]bool{}
	for i, c := range cases {
		listed[c.File] = true
		got, err := readCorpus(t, c)
		outcome := ""
		if err != nil {
			outcome = "refused: " + strings.NewReplacer("in.csv:", "line ", "in.csv ", "", "\n", "; ").Replace(err.Error())
		} else {
			outcome = fmt.Sprintf("%d x %d", len(got.Rows), len(got.Columns))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |", strings.TrimSuffix(c.File, ".csv"), cellOf(strings.Trim(string(c.Settings), "{}")), cellOf(outcome))
		differ := false
		for _, name := range names {
			verdict, bad := compare(got, peers.Answers[i][name])
			differ = differ || bad
			fmt.Fprintf(&b, " %s |", verdict)
		}
		fmt.Fprintf(&b, " %s |\n", c.Why)
		if differ != (c.Why != "") {
			t.Errorf("%s %s: readers differ: %v, and the index says why: %q; pipe gives %v, error %v", c.File, c.Settings, differ, c.Why, got, err)
		}
	}
	files, _ := filepath.Glob(corpus + "/*.csv")
	for _, f := range files {
		if !listed[filepath.Base(f)] {
			t.Errorf("%s is not in the index", f)
		}
	}
	golden := filepath.Join(corpus, "README.md")
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if want, _ := os.ReadFile(golden); string(want) != b.String() {
		t.Errorf("%s is stale; look at what changes with: go test ./data/source/csv -run TestCorpus -update", golden)
	}
}

const corpusIntroduction = `# What is right

Small files, each with something that CSV files have, and what this reader makes of them beside three others. RFC 4180
files are read alike by all. Of the others each is read alike, is refused with its line, or is read otherwise, and the last column
says why. Values are compared as text. The table is made by TestCorpus; peers.py asks the others.

"=" is the same names and values, "names" the same values below other names: a column without a name is called by its
place, and what is named twice is numbered. "≠" is other values, "refuses" an error, "-" that there is no such setting.
They were asked for a header; DuckDB finds delimiters, quotes and lines before the header out by itself.

`

// cellOf writes text in a cell of a table.
func cellOf(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// readCorpus reads a file as text, nil if it is refused.
func readCorpus(t *testing.T, c corpusCase) (*answer, error) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(corpus, c.File))
	if err != nil {
		t.Fatal(err)
	}
	in := reads{Contract: cell.Contract{Expected: []cell.Typed{{Name: "no such column", Type: cell.String}}}}
	var with struct {
		Reader
		Empty string `yaml:"empty"`
	}
	if err := settings.DecodeFile("settings", c.Settings, &with); err != nil {
		t.Fatal(err)
	}
	in.Reader, in.empty = &with.Reader, with.Empty == "allow"
	out, err := read(t, in, string(data), 16, 2)
	if err != nil {
		return nil, err
	}
	r := tabletest.Open(t, out)
	defer r.Close()
	a := &answer{Columns: table.Names(r.Schema()), Rows: rowsOf(t, out)}
	for i := range a.Rows {
		if a.Rows[i] == nil {
			a.Rows[i] = []string{}
		}
	}
	return a, nil
}

// compare says how another reader reads a file, and whether that has to be explained.
func compare(got, peer *answer) (verdict string, differ bool) {
	switch {
	case peer == nil:
		return "refuses", false
	case peer.None != "":
		return "-", false
	case got == nil:
		return "reads", true
	case len(got.Columns) != len(peer.Columns), len(got.Rows)+len(peer.Rows) > 0 && !reflect.DeepEqual(got.Rows, peer.Rows):
		return "≠", true
	case !slices.Equal(got.Columns, peer.Columns):
		return "names", false
	}
	return "=", false
}

// TestRFC4180 holds the promise of the corpus: what RFC 4180 allows is read as all
// others read it, but for the files that one of them takes for another dialect.
func TestRFC4180(t *testing.T) {
	var cases []corpusCase
	var peers peerAnswers
	readJSON(t, "index.json", &cases)
	readJSON(t, "peers.json", &peers)
	n := 0
	for i, c := range cases {
		if !strings.HasPrefix(c.File, "rfc_") {
			continue
		}
		n++
		got, err := readCorpus(t, c)
		if err != nil {
			t.Errorf("%s: %v", c.File, err)
			continue
		}
		for name, peer := range peers.Answers[i] {
			if verdict, _ := compare(got, peer); verdict != "=" && !(name == "DuckDB" && c.Why != "") {
				t.Errorf("%s: %s against %s", c.File, verdict, name)
			}
		}
	}
	if n < 20 {
		t.Errorf("%d files", n)
	}
}

var _ source.Rejecter = (*reading)(nil)
