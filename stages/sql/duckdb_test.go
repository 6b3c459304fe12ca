package sql

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// TestProgramIsPinned: the module of the program has the DuckDB and the protocol that this
// package expects.
func TestProgramIsPinned(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile("../../pipe-sql/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	m := regexp.MustCompile(`duckdb-go/v2 v2\.(\d+)\.`).FindStringSubmatch(read("go.mod"))
	if m == nil {
		t.Fatal("go.mod names no DuckDB")
	}
	n, err := strconv.Atoi(m[1])
	if version := fmt.Sprintf("%d.%d.%d", n/10000, n/100%100, n%100); err != nil || version != duckDBVersion {
		t.Errorf("go.mod has DuckDB %s, want %s", version, duckDBVersion)
	}
	if want := fmt.Sprintf("const Protocol = %d\n", duckProtocol); !strings.Contains(read("main.go"), want) {
		t.Errorf("main.go lacks %s", want)
	}
}

// TestWithoutProgram: who asks for DuckDB is told how to build its program.
func TestWithoutProgram(t *testing.T) {
	c := withCase(t, "{engine: duckdb, query: SELECT seats FROM flights}")
	s, err := pipeline.DecodeStage(c.Kind, c.With)
	if err != nil {
		t.Fatal(err)
	}
	_, run := pipelinetest.RunErr(t, c)
	for _, err := range []error{s.(pipeline.Readier).Ready(), run} {
		if err == nil || !strings.Contains(err.Error(), "needs the program pipe-sql") || !strings.Contains(diag.HintOf(err), "go build -C pipe-sql") {
			t.Errorf("%v, hint %q", err, diag.HintOf(err))
		}
	}
}

// TestReadDuckDB: what its SQL has besides, and what no query may have.
func TestReadDuckDB(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT l[1] AS a, x['k'] AS b FROM t":      "",
		"FROM t":                                    "begins with SELECT or WITH",
		"COPY t TO 'x'":                             "begins with SELECT or WITH",
		"SELECT * FROM t TABLESAMPLE 10%":           "TABLESAMPLE gives something else",
		"SELECT * FROM t USING SAMPLE 3":            "USING SAMPLE gives other rows",
		"SELECT * FROM t JOIN u USING (sample)":     "",
		"SELECT current_setting('threads') AS a":    "current_setting cannot be read",
		"SELECT * FROM information_schema.tables":   "information_schema cannot be read",
		"SELECT localtimestamp AS a":                "localtimestamp gives something else",
		"SELECT current_date AS a":                  "current_date is another one",
		"SELECT 1 AS a; COPY (SELECT 1) TO 'x.csv'": "more than one statement",
	} {
		if _, err := readDuckDB(query); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}
