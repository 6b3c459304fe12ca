package slice

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
)

// Row numbers mean nothing elsewhere: every column that holds one has a rule.
func TestSliceRulesCoverForeignKeys(t *testing.T) {
	db, _ := lineagetest.New(t)
	for _, rule := range rules {
		keys, err := db.Query(t.Context(), `SELECT "from", "table", "to" FROM pragma_foreign_key_list('`+rule.name+`')`, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys.Rows {
			column, table, to := k[0].(string), k[1].(string), k[2].(string)
			if table == "runs" && to == "id" {
				continue // a text that means the same everywhere
			}
			if rule.refs[column] != table {
				t.Errorf("%s.%s refers to %s.%s and has no rule", rule.name, column, table, to)
			}
		}
		for column, table := range rule.refs {
			at := slices.IndexFunc(rules, func(r tableRule) bool { return r.name == table })
			if at < 0 || rules[at].id == "" {
				t.Errorf("%s.%s refers to rows of %s, which have no numbers", rule.name, column, table)
			}
		}
	}
}

// A column without a rule could bring in anything.
func TestTextRulesCoverAllTexts(t *testing.T) {
	db, _ := lineagetest.New(t)
	used := map[string]bool{}
	for _, rule := range rules {
		columns, err := tableColumns(t.Context(), db.Reader(), rule.name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range columns {
			if c.typ != "TEXT" || slices.Contains(rule.drop, c.name) {
				continue
			}
			name := rule.name + "." + c.name
			if textRules[name] == nil {
				name = c.name
			}
			if textRules[name] == nil {
				t.Errorf("%s.%s has no rule", rule.name, c.name)
			}
			used[name] = true
		}
	}
	for name := range textRules {
		if !used[name] {
			t.Errorf("the rule for %s is used nowhere", name)
		}
	}
}

// dump is everything that a database holds.
func dump(t *testing.T, db *lineage.DB) string {
	t.Helper()
	var b strings.Builder
	for _, rule := range rules {
		rows, err := db.Query(t.Context(), "SELECT * FROM "+rule.name, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, rule.name, rows.Rows)
	}
	return b.String()
}

func exported(t *testing.T) []byte {
	t.Helper()
	db, c := lineagetest.New(t)
	_, second := lineagetest.TwoRuns(t, db, c)
	s, err := Take(t.Context(), db, second)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := s.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Rows that contradict themselves, the schema or what is there are refused,
// and then none of them is imported.
func TestImportRefuses(t *testing.T) {
	data := exported(t)
	set := func(table, column string, row int, value any) func(*Slice) {
		return func(s *Slice) {
			for i := range s.Tables {
				if s.Tables[i].Name == table {
					s.Tables[i].Rows[row][slices.Index(s.Tables[i].Columns, column)] = value
				}
			}
		}
	}
	rename := func(table, column, name string) func(*Slice) {
		return func(s *Slice) {
			for i := range s.Tables {
				if s.Tables[i].Name == table {
					s.Tables[i].Columns[slices.Index(s.Tables[i].Columns, column)] = name
				}
			}
		}
	}
	for name, c := range map[string]struct {
		change func(*Slice)
		want   string
	}{
		"newer schema":         {func(s *Slice) { s.Schema = 1 << 20 }, "newer pipe"},
		"schema without":       {func(s *Slice) { s.Schema = 3 }, "never had bundles"},
		"no tables":            {func(s *Slice) { s.Tables = nil }, "rows of 0 tables"},
		"tables out of order":  {func(s *Slice) { s.Tables[0], s.Tables[1] = s.Tables[1], s.Tables[0] }, `rows of "environments"`},
		"SQL as a column":      {rename("executions", "reason", `x") VALUES (1); DROP TABLE runs; --`), "no column"},
		"row number":           {rename("executions", "reason", "id"), "no column"},
		"own mark":             {rename("runs", "error", "imported_at"), "no column"},
		"column twice":         {rename("executions", "reason", "config"), "no column"},
		"natural key missing":  {func(s *Slice) { s.Tables[3].Columns[0] = "" }, "no column"},
		"short row":            {func(s *Slice) { s.Tables[5].Rows[0] = s.Tables[5].Rows[0][:3] }, "3 values"},
		"forward reference":    {set("executions", "cached_from", 0, int64(4)), "no row 4 yet"},
		"negative reference":   {set("execution_outputs", "artifact_id", 0, int64(-1)), "no row -1"},
		"fractional reference": {set("execution_outputs", "artifact_id", 0, 1.5), "not an integer"},
		"number for a text":    {set("executions", "stage", 0, int64(1)), "type TEXT"},
		"text for a number":    {set("executions", "attempt", 0, "1"), "not an integer"},
		"null":                 {set("executions", "stage", 0, nil), "NOT NULL"},
		"running run":          {set("runs", "status", 0, "running"), "finished"},
		"running stage":        {set("executions", "status", 0, "running"), "finished"},
		"status":               {set("executions", "status", 0, "great"), "CHECK"},
		"run ID":               {set("runs", "id", 0, "../../etc"), "is none"},
		"unknown run":          {set("executions", "run_id", 0, "20200101T000000-aaaaaa"), "FOREIGN KEY"},
		"hash":                 {set("artifacts", "hash", 0, "zz"), "is none"},
		"key":                  {set("executions", "key", 0, strings.Repeat("A", 64)), "is none"},
		"time":                 {set("runs", "started_at", 0, "yesterday"), "is none"},
		"seed":                 {set("runs", "seed", 0, "-1"), "is none"},
		"configuration":        {set("executions", "config", 0, "{"), "is none"},
		"parameter":            {set("params", "value", 0, "{"), "is none"},
		"pipeline":             {set("runs", "pipeline", 0, "../../evil"), "is none"},
		"pipeline of a file":   {set("pipelines", "name", 0, ""), "is none"},
		"long pipeline":        {set("runs", "pipeline", 0, strings.Repeat("p", 100_000)), "is none"},
		"stage":                {set("executions", "stage", 0, "../x"), "is none"},
		"stage with a line":    {set("executions", "stage", 0, "a\nb"), "is none"},
		"name of a parameter":  {set("params", "name", 0, "\x1b[2J"), "is none"},
		"name of a metric":     {set("metrics", "name", 0, "\x1b]0;owned\a"), "is none"},
		"port":                 {set("execution_outputs", "port", 0, "a/b"), "is none"},
		"type":                 {set("execution_outputs", "type", 0, ""), "is none"},
		"file":                 {set("pipelines", "file", 0, "a\x1bb"), "is none"},
		"text of the pipeline": {set("pipelines", "spec", 0, "pipeline: other\n"), "does not have its hash"},
		"no such run":          {func(s *Slice) { s.Run = "20200101T000000-aaaaaa" }, "not among its rows"},
	} {
		t.Run(name, func(t *testing.T) {
			db, _ := lineagetest.New(t)
			before := dump(t, db)
			s, err := Read(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			c.change(s)
			if _, err := Import(t.Context(), db, s, "x"); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if diff := cmp.Diff(before, dump(t, db)); diff != "" {
				t.Errorf("rows were left behind:\n%s", diff)
			}
		})
	}
}

// A run that is there with other contents is not mixed with the imported one.
func TestImportRefusesAnotherRunOfThatName(t *testing.T) {
	data := exported(t)
	db, _ := lineagetest.New(t)
	for i, change := range []func(*Slice){
		func(*Slice) {},
		func(s *Slice) { s.Tables[3].Rows[0][slices.Index(s.Tables[3].Columns, "seed")] = "5" },
		func(s *Slice) { s.Tables[5].Rows[0][slices.Index(s.Tables[5].Columns, "kind")] = "other" },
	} {
		s, err := Read(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		change(s)
		if _, err := Import(t.Context(), db, s, "x"); (err == nil) != (i == 0) || i > 0 && !strings.Contains(err.Error(), "in this database with another") {
			t.Errorf("change %d: %v", i, err)
		}
	}
}

// Metrics in bundles of before get the goals that are known of them.
func TestImportKnowsGoals(t *testing.T) {
	db, _ := lineagetest.New(t)
	s, err := Read(bytes.NewReader(exported(t)))
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(s.Tables, func(t Table) bool { return t.Name == "metrics" })
	metrics := &s.Tables[at]
	for _, name := range []string{"goal", "class"} {
		column := slices.Index(metrics.Columns, name)
		metrics.Columns = slices.Delete(metrics.Columns, column, column+1)
		for i, row := range metrics.Rows {
			metrics.Rows[i] = slices.Delete(row, column, column+1)
		}
	}
	if _, err := Import(t.Context(), db, s, "x"); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(t.Context(), "SELECT group_concat(name || ' ' || coalesce(goal, '-'), ', ') FROM (SELECT DISTINCT name, goal FROM metrics ORDER BY name)", 0)
	if err != nil || rows.Rows[0][0] != "accuracy up, best_epoch -, f1 up, loss down" {
		t.Errorf("goals %v, %v", rows, err)
	}
}

// What gc has hidden and is about to delete comes back.
func TestImportRevivesWhatWasForgotten(t *testing.T) {
	db, c := lineagetest.New(t)
	_, second := lineagetest.TwoRuns(t, db, c)
	s, err := Take(t.Context(), db, second)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), lineage.Relaxed, "forget in", func(t *lineage.Tx) error {
		if _, err := t.Exec("INSERT INTO doomed_executions SELECT id, 100 FROM executions"); err != nil {
			return err
		}
		_, err := t.Exec("INSERT INTO forgotten_runs SELECT id, started_at FROM runs")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Import(t.Context(), db, s, "x"); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Query(t.Context(), `SELECT (SELECT count(*) FROM forgotten_runs WHERE run_id = '`+second+`'),
		(SELECT count(*) FROM doomed_executions d JOIN executions e ON e.id = d.execution_id WHERE e.status IN ('succeeded', 'cached'))`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]any{{int64(0), int64(0)}}, rows.Rows); diff != "" {
		t.Errorf("forgotten runs and doomed executions (-want +got):\n%s", diff)
	}
}

func TestSliceOfARunThatIsNotOver(t *testing.T) {
	db, _ := lineagetest.New(t)
	run := lineagetest.Begin(t, db, "penguins")
	if _, err := Take(t.Context(), db, run); err == nil || !strings.Contains(err.Error(), "has not finished") {
		t.Errorf("got %v", err)
	}
}

func FuzzReadSlice(f *testing.F) {
	f.Add([]byte(`{"schema": 3, "run": "x", "tables": [{"name": "artifacts", "columns": ["hash", "size"], "rows": [["00", 1]]}]}`))
	f.Add([]byte(`{"tables": [{"name": "execution_inputs", "columns": ["type", "artifact_id"], "rows": [[]]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		_, _ = s.Artifacts() // any bytes give a list or an error, not a panic
	})
}
