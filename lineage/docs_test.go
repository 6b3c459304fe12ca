package lineage_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/lineagetest"
)

// docs/lineage.md is a promise to people who write queries: every example
// runs, and every table, view and column is described.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/lineage.md")
	if err != nil {
		t.Fatal(err)
	}
	db, c := lineagetest.New(t)
	lineagetest.TwoRuns(t, db, c)
	lineagetest.Record(t, db, lineagetest.WithColumns(lineagetest.Begin(t, db, "penguins"))...)
	lineagetest.Judge(t, db, lineagetest.MeasuredRun(t, db, "a", "test", 0.9), lineagetest.Better("1"))
	lineagetest.Judge(t, db, lineagetest.MeasuredRun(t, db, "b", "test", 0.8), lineagetest.Better("1"))
	changed := lineagetest.Begin(t, db, "penguins") // so that the key of a stage has changed
	lineagetest.Record(t, db, lineage.Execution{RunID: changed, Stage: "model", Kind: "train", Status: lineage.Succeeded, Key: lineagetest.Key("model2"), KeyParts: []artifacts.KeyPart{{Name: "kind", Value: "train"}}, Points: []lineage.Point{{Name: "train.loss", Step: 1, Value: 0.5}}})

	examples := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(examples) < 5 {
		t.Errorf("only %d examples were found", len(examples))
	}
	for _, example := range examples {
		if rows, err := db.Query(t.Context(), example[1], 0); err != nil {
			t.Errorf("%s\n%v", example[1], err)
		} else if len(rows.Rows) == 0 {
			t.Errorf("%s\ngives nothing", example[1])
		}
	}

	sections := map[string]string{}
	for _, s := range strings.Split(string(text), "\n### ")[1:] {
		name, body, _ := strings.Cut(s, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		sections[name] = body
	}
	tables, err := db.Query(t.Context(), "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range tables.Rows {
		name := row[0].(string)
		body, ok := sections[name]
		if !ok {
			t.Errorf("%s is not described", name)
		}
		delete(sections, name)
		columns, err := db.Query(t.Context(), "SELECT name FROM pragma_table_info('"+name+"')", 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(columns.Rows) == 0 {
			t.Errorf("%s has no columns", name)
		}
		for _, c := range columns.Rows {
			if !strings.Contains(body, "`"+c[0].(string)+"`") {
				t.Errorf("column %s.%s is not described", name, c[0])
			}
		}
	}
	for name := range sections {
		t.Errorf("%s is described and does not exist", name)
	}
}
