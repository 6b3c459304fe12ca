package check

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

func people(t testing.TB) []byte {
	t.Helper()
	return tabletest.Table(t,
		"id", []int64{1, 2, 3, 4, 4},
		"age", table.NewArray([]int64{30, -2, 0, 200, 41}, []bool{true, true, false, true, true}),
		"plan", []string{"pro", "basic", "gold", "pro", "pro"},
		"mail", []string{"a@b.c", "x", "d@e.f", "a@b.c", "g@h.i"},
		"born", []arrow.Date32{10, 20, 30, 19000, 18990},
		"shop", table.NewArray([]string{"n", "n", "s", "q", ""}, []bool{true, true, true, true, false}))
}

func with(t testing.TB, settings string) pipelinetest.Case {
	return pipelinetest.Case{Kind: Kind(), With: settings, Inputs: map[string][]byte{"table": people(t)}}
}

func TestConforms(t *testing.T) {
	pipelinetest.Conform(t, with(t, "{columns: {age: {min: -10, max: 500}}}"))
	c := with(t, "{columns: {age: {min: 0}, shop: {references: shops.name}}, unique: [id, mail], on_failure: quarantine}")
	c.Inputs["shops"] = tabletest.Table(t, "name", []string{"n", "s", "s"})
	pipelinetest.Conform(t, c)
	c = with(t, "{drift: {psi: 99}}")
	c.Inputs["reference"] = people(t)
	pipelinetest.Conform(t, c)
}

// What holds of the table passes it on as it is.
func TestTablePasses(t *testing.T) {
	got := pipelinetest.Run(t, with(t, `{rows: "== 5", columns: {age: {type: int64, missing: 0.2}, "*": {missing: 0.5}}, rules: {old: "id > 0"}}`))
	if !bytes.Equal(got.Outputs["table"], people(t)) {
		t.Error("the table has other bytes")
	}
	if got.Metrics["faults"] != 0 || got.Metrics["rows"] != 5 || got.Metrics["broken_rows"] != 0 {
		t.Errorf("%v", got.Metrics)
	}
}

func TestEachCheckFails(t *testing.T) {
	shops := tabletest.Table(t, "name", []string{"n", "s", "s"}, "number", []int64{1, 2, 3})
	for _, c := range []struct{ with, want string }{
		{`{rows: ">= 6"}`, "there are 5 rows, required >= 6"},
		{"{columns: {height: {min: 0}}}", `there is no column "height"`},
		{"{columns: {id: {min: 1}}, only: true}", `there are columns that are none of those under columns: "age", "plan", "mail", "born", "shop"`},
		{"{columns: {age: {type: float64}}}", `column "age" is int64, and should be float64`},
		{"{columns: {age: {missing: 0}}}", `"not is_missing(age)" is broken by 1 of 5 rows: row 3`},
		{"{columns: {age: {missing: 0.1}}}", `column "age": 20 % of the values are missing, at most 10 % may be`},
		{`{columns: {"a*": {missing: 0.1}}}`, `column "age": 20 % of the values are missing, at most 10 % may be`},
		{"{columns: {age: {min: 0}}}", `"age >= 0" is broken by 1 of 5 rows: row 2 has "-2"`},
		{"{columns: {age: {max: 99.5}}}", `"age <= 99.5" is broken by 1 of 5 rows: row 4 has "200"`},
		{"{columns: {born: {min: 1970-01-15}}}", `"born >= '1970-01-15'" is broken by 1 of 5 rows: row 1 has "1970-01-11"`},
		{"{columns: {plan: {in: [pro, basic]}}}", `"plan in ['pro', 'basic']" is broken by 1 of 5 rows: row 3 has "gold"`},
		{`{columns: {mail: {matches: "^[^@]+@.+$"}}}`, `"matches(mail, '^[^@]+@.+$')" is broken by 1 of 5 rows: row 2 has "x"`},
		{"{columns: {id: {unique: true}}}", `"id is unique" is broken by 2 of 5 rows: row 4 has "4"`},
		{"{unique: [plan, mail]}", `"plan, mail are unique" is broken by 2 of 5 rows: row 1`},
		{"{columns: {shop: {references: shops.name}}}", `"shop is in shops.name" is broken by 1 of 5 rows: row 4 has "q"`},
		{`{rules: {adult or unknown: "age >= 18"}}`, `"adult or unknown" is broken by 1 of 5 rows: row 2`},
		{"{fresh: {column: born, within: 7d, of: 2022-01-20}}", `the newest row is of 2022-01-08 00:00, more than 7d before 2022-01-20`},
		{"{columns: {age: {min: 0, max: 100}}, tolerance: 0.1}", `"age >= 0" is broken by 1 of 5 rows: row 2 has "-2"; "age <= 100" is broken by 1 of 5 rows: row 4 has "200"`},
	} {
		in := with(t, c.with)
		if strings.Contains(c.with, "shops") {
			in.Inputs["shops"] = shops
		}
		_, err := pipelinetest.RunErr(t, in)
		var required *pipeline.RequirementError
		if !errors.As(err, &required) {
			t.Errorf("%s: %v", c.with, err)
			continue
		}
		if got := strings.Join(required.Failed, "; "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.with, got, c.want)
		}
	}
	for _, fine := range []string{
		"{columns: {age: {min: 0, max: 100}}, tolerance: 0.2}",
		"{columns: {age: {min: 0, max: 100}}, on_failure: warn}",
		"{columns: {height: {min: 0, optional: true}}}",
		"{fresh: {column: born, within: 14d, of: \"2022-01-20T12:00:00Z\"}}",
	} {
		pipelinetest.Run(t, with(t, fine))
	}
}

// Rows that break something are put aside with what they break.
func TestQuarantine(t *testing.T) {
	got := pipelinetest.Run(t, with(t, `{columns: {age: {min: 0, max: 100}, plan: {in: [pro, basic]}, mail: {matches: "@"}}, on_failure: quarantine}`))
	kept, aside := tabletest.Rows(t, got.Outputs["table"]), tabletest.Rows(t, got.Outputs["quarantine"])
	ids, _, _ := table.Floats(kept.Column(0))
	if diff := cmp.Diff([]float64{1, 4}, ids); diff != "" {
		t.Error(diff)
	}
	problems, _, _ := table.Texts(aside.Column(int(aside.NumCols()) - 1))
	want := []string{"age >= 0; matches(mail, '@')", "plan in ['pro', 'basic']", "age <= 100"}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
	if got.Metrics["broken_rows"] != 3 {
		t.Errorf("%v", got.Metrics)
	}
	none := pipelinetest.Run(t, with(t, `{columns: {id: {min: 0}}, on_failure: quarantine}`))
	if n := tabletest.Rows(t, none.Outputs["quarantine"]).NumRows(); n != 0 {
		t.Errorf("%d rows", n)
	}
	if _, err := pipelinetest.RunErr(t, with(t, `{rows: "> 9", on_failure: quarantine}`)); err == nil {
		t.Error("too few rows are no matter of single rows")
	}
}

func TestDrift(t *testing.T) {
	moved := func(shift int64) []byte {
		var ages []int64
		var plans []string
		for i := range int64(1000) {
			ages = append(ages, i%50+shift)
			plans = append(plans, []string{"basic", "pro"}[(i+shift)%10/9])
		}
		return tabletest.Table(t, "age", ages, "plan", plans, "only", ages)
	}
	in := with(t, "{drift: {psi: 0.2, ks: 0.3}}")
	in.Inputs = map[string][]byte{"table": moved(0), "reference": moved(0)}
	same := pipelinetest.Run(t, in)
	if same.Metrics["drift"] > 1e-9 || same.Metrics["ks[age]"] != 0 || same.Metrics["unseen[plan]"] != 0 {
		t.Errorf("%v", same.Metrics)
	}
	in.Inputs["table"] = moved(25)
	_, err := pipelinetest.RunErr(t, in)
	if err == nil || !strings.Contains(err.Error(), `column "age" has moved from the reference: psi is`) || !strings.Contains(err.Error(), "ks is 0.5, at most 0.3") {
		t.Errorf("%v", err)
	}
	in.With = "{drift: {columns: [plan], psi: 0.2}}"
	pipelinetest.Run(t, in)
}

func TestSettings(t *testing.T) {
	for _, c := range []struct{ with, err, hint string }{
		{"{}", "there is nothing to check", "rows"},
		{`{columns: {a: {matches: "("}}}`, "missing closing", ""},
		{"{columns: {a: {references: b}}}", `"b" names no column of an input`, "INPUT.COLUMN"},
		{"{rules: {x: a +}}", `"x" is wrong: the expression ends`, ""},
		{"{rules: {x: 'string(a)'}}", "a condition is true or false", ""},
		{"{fresh: {column: a, within: 1mo, of: 2024-01-01}}", "1mo is not of one length", "30d"},
		{"{fresh: {column: a, within: 1d, of: yesterday}}", `"yesterday" is no time`, "2024"},
		{"{unique: [a]}", "several columns", "unique: true"},
		{"{on_failure: explode, rows: \">= 1\"}", "explode", ""},
	} {
		_, err := pipeline.DecodeStage(Kind(), c.with)
		if err == nil || !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: got %v, want %s", c.with, err, c.err)
		}
	}
	for _, c := range []struct{ with, err, hint string }{
		{"{columns: {age: {matches: x}}}", "matches", "string"},
		{"{columns: {plan: {min: 3}}}", "columns: plan", ""},
		{`{rules: {x: "int64(plan) > 3"}}`, "row 1", "try"},
		{"{rules: {x: age + 1}}", "a condition is true or false", ""},
		{"{fresh: {column: plan, within: 1d, of: 2024-01-01}}", `fresh: column "plan" is string, which is no date`, "date"},
	} {
		_, err := pipelinetest.RunErr(t, with(t, c.with))
		if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(diag.HintOf(err), c.hint) {
			t.Errorf("%s: got %v, hint %q", c.with, err, diag.HintOf(err))
		}
	}
}
