package lineage_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
)

// schemaOf lists what a database is made of, in the order in which it was made.
func schemaOf(t *testing.T, db *sql.DB) (list []string) {
	t.Helper()
	rows, err := db.Query("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// A new database is made at once and an old one step by step. Both end the same.
func TestNewestSchemaIsThatOfTheMigrations(t *testing.T) {
	stepwise, err := sql.Open("sqlite3", filepath.Join(t.TempDir(), "stepwise.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer stepwise.Close()
	stepwise.SetMaxOpenConns(1)
	files, err := lineage.Migrations.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := lineage.Migrations.ReadFile("migrations/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stepwise.Exec("BEGIN; " + string(text) + "; COMMIT"); err != nil {
			t.Fatalf("%s: %v", f.Name(), err)
		}
	}
	want := schemaOf(t, stepwise)
	text := "-- Made by a test from the migrations: go test ./lineage -run NewestSchema -update\n\n" + strings.Join(want, ";\n\n") + ";\n"
	if *update {
		if err := os.WriteFile("schema.sql", []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(text, lineage.Newest); diff != "" {
		t.Errorf("schema.sql is stale; renew it with -update (-want +got):\n%s", diff)
	}
	fresh, _ := lineagetest.New(t)
	if diff := cmp.Diff(want, schemaOf(t, fresh.Writer())); diff != "" {
		t.Errorf("a new database differs from a migrated one (-migrated +new):\n%s", diff)
	}
}
