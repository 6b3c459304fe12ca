package lineage_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
)

func TestQueryTypes(t *testing.T) {
	db, _ := lineagetest.New(t)
	rows, err := db.Query(t.Context(), "SELECT 1 AS i, 1.5 AS f, 'x' AS s, x'00ff' AS b, NULL AS n, count(*) FROM runs", 0)
	if err != nil {
		t.Fatal(err)
	}
	want := &lineage.Rows{Columns: []string{"i", "f", "s", "b", "n", "count(*)"}, Rows: [][]any{{int64(1), 1.5, "x", []byte{0, 255}, nil, int64(0)}}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestQueryLimit(t *testing.T) {
	db, _ := lineagetest.New(t)
	const three = "SELECT value FROM json_each('[1,2,3]')"
	for limit, want := range map[int]struct {
		rows      int
		truncated bool
	}{0: {3, false}, 2: {2, true}, 3: {3, false}, 4: {3, false}} {
		rows, err := db.Query(t.Context(), three, limit)
		if err != nil || len(rows.Rows) != want.rows || rows.Truncated != want.truncated {
			t.Errorf("limit %d: %+v, %v", limit, rows, err)
		}
	}
}

func TestQueryRefusesToWrite(t *testing.T) {
	db, c := lineagetest.New(t)
	lineagetest.TwoRuns(t, db, c)
	other := filepath.Join(t.TempDir(), "other.db")
	for _, q := range []string{
		"DELETE FROM runs",
		"UPDATE runs SET status = 'failed'",
		"INSERT INTO runs DEFAULT VALUES",
		"DROP TABLE runs",
		"CREATE TABLE x (id)",
		"CREATE TEMP TABLE x (id)",
		"ALTER TABLE runs ADD COLUMN x",
		"VACUUM",
		"VACUUM INTO '" + other + "'",
		"ATTACH '" + other + "' AS other",
		"PRAGMA query_only = 0",
		"PRAGMA journal_mode = DELETE",
		"PRAGMA user_version = 7",
		"PRAGMA writable_schema = 1",
		"BEGIN IMMEDIATE",
		"SELECT 1; DELETE FROM runs",
		"WITH x AS (SELECT 1) DELETE FROM runs",
		"REINDEX",
		"ANALYZE",
		"SELECT load_extension('x')",
		"EXPLAIN DELETE FROM runs",
	} {
		_, err := db.Query(t.Context(), q, 0)
		if err == nil {
			t.Errorf("%s: no error", q)
			continue
		}
		if strings.HasPrefix(q, "SELECT load_extension") {
			continue // the driver has no such function at all
		}
		if !strings.Contains(err.Error(), "read-only") {
			t.Errorf("%s: error is %v", q, err)
		}
		var hint interface{ Hint() string }
		if !errors.As(err, &hint) || strings.Contains(hint.Hint(), "sqlite3 ") {
			t.Errorf("%s: hint of %v", q, err)
		}
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("a file was written")
	}
	if runs, err := db.Runs(t.Context(), lineage.RunFilter{}); len(runs) != 2 || err != nil {
		t.Errorf("%d runs, %v", len(runs), err)
	}
}

func TestQueryAllowsToRead(t *testing.T) {
	db, c := lineagetest.New(t)
	lineagetest.TwoRuns(t, db, c)
	for _, q := range []string{
		"SELECT count(*) FROM runs",
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 10) SELECT i FROM n",
		"SELECT json_extract(params, '$.hidden') FROM runs_view",
		"EXPLAIN QUERY PLAN SELECT * FROM runs",
		"SELECT name, sql FROM sqlite_schema",
		"PRAGMA table_info(runs)",
		"SELECT name FROM pragma_table_info('runs')",
		"  -- a comment\nSELECT 1",
		"VALUES (1), (2)",
		"SELECT julianday('now'), upper('x'), printf('%.2f', 1.0)",
	} {
		if rows, err := db.Query(t.Context(), q, 0); err != nil || len(rows.Rows) == 0 {
			t.Errorf("%s: %v, %v", q, rows, err)
		}
	}
}

func TestQueryErrors(t *testing.T) {
	db, _ := lineagetest.New(t)
	for q, want := range map[string]string{"SELEC 1": "syntax error", "SELECT * FROM runz": "no such table: runz", "SELECT x FROM runs": "no such column: x"} {
		_, err := db.Query(t.Context(), q, 0)
		var hint interface{ Hint() string }
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "docs/lineage.md") {
			t.Errorf("%s: error is %v", q, err)
		}
	}
	if rows, err := db.Query(t.Context(), "", 0); err == nil && len(rows.Rows) > 0 {
		t.Errorf("the empty query gave %v", rows)
	}
}

func TestQueryStopsWithItsContext(t *testing.T) {
	db, _ := lineagetest.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	_, err := db.Query(ctx, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", 0)
	if err == nil || time.Since(begun) > 5*time.Second {
		t.Errorf("it ended after %s with %v", time.Since(begun), err)
	}
	if _, err := db.Query(t.Context(), "SELECT 1", 0); err != nil {
		t.Errorf("after that: %v", err)
	}
}

func TestRunsFilter(t *testing.T) {
	db, c := lineagetest.New(t)
	first, second := lineagetest.TwoRuns(t, db, c)
	third := lineagetest.Begin(t, db, "other")
	for _, test := range []struct {
		filter lineage.RunFilter
		want   []string
	}{
		{lineage.RunFilter{}, []string{third, second, first}},
		{lineage.RunFilter{Limit: 2}, []string{third, second}},
		{lineage.RunFilter{Pipeline: "penguins"}, []string{second, first}},
		{lineage.RunFilter{Status: lineage.Running}, []string{third}},
		{lineage.RunFilter{Status: lineage.Succeeded, Pipeline: "penguins", Limit: 1}, []string{second}},
		{lineage.RunFilter{Pipeline: "nothing"}, nil},
	} {
		runs, err := db.Runs(t.Context(), test.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range runs {
			got = append(got, r.ID)
			if len(r.Params) != 2 {
				t.Errorf("run %s has the parameters %v", r.ID, r.Params)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v: %s", test.filter, diff)
		}
	}
}
