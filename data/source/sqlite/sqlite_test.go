package sqlite

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/sourcetest"
	"pipe/pipeline/settings"
)

// people is the database of the tests, in its file or in memory alone.
func people(t testing.TB, inFile bool) *source.File {
	t.Helper()
	path := filepath.Join("testdata", "people.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "people.db"}
	if inFile {
		if f.Path, err = filepath.Abs(path); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// read gives the table as CSV, its types and what was said of it.
func read(t testing.TB, with string, f *source.File, contract cell.Contract) (csv, types, log string, err error) {
	t.Helper()
	r := new(Reader)
	if err := settings.DecodeFile("with", []byte(with), r); err != nil {
		return "", "", "", err
	}
	made, err := sourcetest.Read(t, r, source.Inputs{Files: []*source.File{f}, Contract: contract, Threads: 2})
	return made.CSV, made.Types, made.Said, err
}

func TestTables(t *testing.T) {
	keep := cell.Contract{Keep: []string{"id", "name", "height", "born", "seen", "member", `odd "name`, "code"}}
	for _, c := range []struct {
		with, want, types, log string
		contract               cell.Contract
	}{
		{"table: people", `id,name,height,born,seen,member,"odd ""name",code
1,Bob,2,1990-01-02,2024-01-02T03:04:05.5Z,0,,NA
2,"",,,,,-9223372036854775808,""
3,Ada,1.65,1815-12-10,2024-01-02T03:04:05Z,1,10,007
`, `id:int64 name:string height:float64 born:date seen:timestamp member:int64 odd "name:int64 code:string`, "rows=3", keep},
		{"table: people", "code,id\n,1\n,2\n007,3\n", "code:string id:int64", "rows=3",
			cell.Contract{Keep: []string{"code", "id"}, Rules: cell.Rules{Missing: cell.NewMissing([]string{"NA", ""}, true)}}},
		{"table: keyed", "k,v\na,1\nb,2\n", "k:string v:int64", "rows=2", cell.Contract{}},
		{"table: tall", "name,height\nBob,2\n", "name:string height:float64", "nothing says in which order", cell.Contract{}},
		{"query: SELECT name, count(*) AS n FROM people GROUP BY name ORDER BY name DESC; -- all", "name,n\nBob,1\nAda,1\n\"\",1\n",
			"name:string n:int64", "rows=3", cell.Contract{}},
		{"query: SELECT name FROM people ORDER BY id", "name\nBob\n\"\"\nAda\n", "name:string", "rows=3", cell.Contract{}},
		{"query: SELECT height FROM people WHERE height IS NOT NULL ORDER BY height DESC", "height\n2\n1.65\n", "height:float64", "rows=2", cell.Contract{}},
	} {
		for _, inFile := range []bool{true, false} {
			got, types, log, err := read(t, c.with, people(t, inFile), c.contract)
			if err != nil {
				t.Errorf("%s: %v", c.with, err)
				continue
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", c.with, diff)
			}
			if types != c.types || !strings.Contains(log, c.log) {
				t.Errorf("%s: types %s, log %s", c.with, types, log)
			}
		}
	}
}

// TestMixed: SQLite keeps any value in any column, whatever its type is said to be.
func TestMixed(t *testing.T) {
	_, types, log, err := read(t, "table: mixed", people(t, true), cell.Contract{})
	if err != nil || types != "a:string b:float64 c:string" || !strings.Contains(log, `column=a`) || !strings.Contains(log, "word") {
		t.Errorf("types %s, %v, log %s", types, err, log)
	}
	declared := cell.Contract{Declared: []cell.Typed{{Name: "a", Type: cell.Int64}}}
	if _, _, _, err := read(t, "table: mixed", people(t, true), declared); err == nil || !strings.Contains(err.Error(), `people.db: row 201, column "a"`) {
		t.Errorf("declared: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	for with, want := range map[string]string{
		"":                                                 "people.db has 6 tables: blobs, empty, keyed, mixed, people, tall",
		"table: person":                                    `people.db has no table "person"`,
		"table: people":                                    `people.db: row 2, column "photo": a blob`,
		"table: blobs":                                     `row 1, column "t": text that is not UTF-8`,
		"table: empty":                                     "has no rows",
		"{table: people, query: SELECT 1 AS a}":            "both a table and a query",
		"query: DELETE FROM people":                        "no SELECT",
		"query: SELECT 1":                                  "",
		"query: SELECT 1 AS a, 2 AS A":                     `two columns are named "A"`,
		"query: SELECT random() AS a":                      "not authorized",
		"query: \"SELECT date('now') AS a\"":               "'now' is another time",
		"query: SELECT load_extension('x') AS a":           "not authorized",
		"query: SELECT * FROM pragma_database_list":        "not authorized",
		"query: SELECT current_timestamp AS a":             "not authorized",
		"query: WITH x AS (SELECT 1) DELETE FROM people":   "syntax error",
		"query: SELECT none FROM people":                   "no such column: none",
		"query: SELECT zeroblob(100000000) AS a":           "too big",
		"query: SELECT a FROM (SELECT 1 AS a); ATTACH 'x'": "more than one statement",
	} {
		_, _, _, err := read(t, with, people(t, true), cell.Contract{})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", with, err, want)
		}
	}
	f := people(t, false)
	f.Size /= 2
	if _, _, _, err := read(t, "table: people", f, cell.Contract{}); err == nil || !strings.Contains(err.Error(), "people.db: ") {
		t.Errorf("half of a file: %v", err)
	}
	csv := &source.File{ReaderAt: strings.NewReader("a,b\n"), Size: 4, Name: "a.db"}
	if _, _, _, err := read(t, "", csv, cell.Contract{}); err == nil || !strings.Contains(err.Error(), "a.db is not an SQLite database") {
		t.Errorf("CSV: %v", err)
	}
}

// TestNothingIsWritten: reading leaves nothing behind, and ends when it shall.
func TestNothingIsWritten(t *testing.T) {
	dir := t.TempDir()
	data, err := os.ReadFile(filepath.Join("testdata", "people.db"))
	if err != nil {
		t.Fatal(err)
	}
	const write, read, log = 18, 19, 2
	data[write], data[read] = log, log
	path := filepath.Join(dir, "a?b#c%20.db")
	if err := os.WriteFile(path, data, 0o400); err != nil {
		t.Fatal(err)
	}
	f := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "a.db", Path: path}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	endless := &Reader{Query: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS n FROM n"}
	if _, err := endless.Open(ctx, source.Inputs{Files: []*source.File{f}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("endless: %v", err)
	}
	rows, err := (&Reader{Table: "keyed"}).Open(t.Context(), source.Inputs{Files: []*source.File{f}})
	if err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	if _, err := source.Write(t.Context(), &out, rows); err != nil {
		t.Error(err)
	}
	if rows.Report(slog.New(slog.NewTextHandler(&said, nil))); !strings.Contains(said.String(), "WAL") {
		t.Errorf("log %s", said.String())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// FuzzRead: no file makes the reader panic or run for ever.
func FuzzRead(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "small.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		file := &source.File{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "f.db"}
		rows, err := new(Reader).Open(ctx, source.Inputs{Files: []*source.File{file}})
		if err != nil {
			return
		}
		defer rows.Close()
		var out bytes.Buffer
		_, _ = source.Write(ctx, &out, rows)
	})
}

// TestNoRows: a query may give nothing, if that is said, and has columns then.
func TestNoRows(t *testing.T) {
	r := &Reader{Query: "SELECT id, name FROM people WHERE id < 0 ORDER BY id"}
	in := source.Inputs{Files: []*source.File{people(t, false)}, Contract: cell.Contract{Declared: []cell.Typed{{Name: "id", Type: cell.Int64}}}}
	if _, err := sourcetest.Read(t, r, in); err == nil || err.Error() != "people.db has no rows" || diag.HintOf(err) != source.HintEmpty {
		t.Errorf("%v", err)
	}
	in.Files, in.Empty = []*source.File{people(t, false)}, true
	made, err := sourcetest.Read(t, r, in)
	if err != nil || made.Types != "id:int64 name:string" || made.CSV != "id,name\n" || !strings.Contains(made.Said, "there are no rows") {
		t.Errorf("%+v, %v", made, err)
	}
}

// TestInfinity: what SQLite holds as a number is one, whatever it looks like as text.
func TestInfinity(t *testing.T) {
	for sql, want := range map[string]string{"SELECT 9e999 AS a": "a\n+Inf\n", "SELECT 1 AS a UNION ALL SELECT -9e999 ORDER BY a": "a\n-Inf\n1\n"} {
		got, types, log, err := read(t, "query: "+sql, people(t, false), cell.Contract{})
		if err != nil || got != want || types != "a:float64" || !strings.Contains(log, "infinite numbers") {
			t.Errorf("%s: %q %s, %v\n%s", sql, got, types, err, log)
		}
	}
	got, types, _, err := read(t, "query: SELECT 'inf' AS a", people(t, false), cell.Contract{})
	if err != nil || got != "a\ninf\n" || types != "a:string" {
		t.Errorf("a text: %q %s, %v", got, types, err)
	}
}
