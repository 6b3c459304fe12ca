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
		"shop", table.NewArray([]string{"n", "n", "s", "q", ""}, []bool{true, true, true, true, false}),
		"paid", table.NewArray([]bool{true, false, false, true, true}, []bool{true, true, true, true, false}))
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
		{"{columns: {id: {min: 1}}, only: true}", `there are columns that are none of those under columns: "age", "plan", "mail", "born", "shop", "paid"`},
		{"{columns: {age: {type: float64}}}", `column "age" is int64, and should be float64`},
		{"{columns: {age: {missing: 0}}}", `"not is_missing(age)" is broken by 1 of 5 rows: row 3`},
		{"{columns: {age: {missing: 0.1}}}", `column "age": 20 % of the values are missing, at most 10 % may be`},
		{`{columns: {"a*": {missing: 0.1}}}`, `column "age": 20 % of the values are missing, at most 10 % may be`},
		{"{columns: {age: {min: 0}}}", `"age >= 0" is broken by 1 of 5 rows: row 2 has "-2"`},
		{"{columns: {age: {max: 99.5}}}", `"age <= 99.5" is broken by 1 of 5 rows: row 4 has "200"`},
		{"{columns: {born: {min: 1970-01-15}}}", `"born >= '1970-01-15'" is broken by 1 of 5 rows: row 1 has "1970-01-11"`},
		{"{columns: {paid: {in: [true]}}}", `"paid in [true]" is broken by 2 of 5 rows: row 2 has "false"`},
		{"{columns: {paid: {in: [false, false]}}}", `"paid in [false, false]" is broken by 2 of 5 rows: row 1 has "true"`},
		{"{columns: {plan: {in: [pro, 1, true]}}}", `"plan in ['pro', '1', 'true']" is broken by 2 of 5 rows: row 2 has "basic"`},
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
		"{columns: {paid: {in: [true, false]}}}",
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

// A row that leaves the table is told of, also one that is tolerated.
func TestQuarantineIsToldOf(t *testing.T) {
	got := pipelinetest.Run(t, with(t, "{columns: {age: {max: 100}}, tolerance: 0.5, on_failure: quarantine}"))
	if n := tabletest.Rows(t, got.Outputs["quarantine"]).NumRows(); n != 1 {
		t.Errorf("%d rows", n)
	}
	if got.Metrics["faults"] != 0 || strings.Count(got.Log, "level=WARN") != 1 || !strings.Contains(got.Log, "age <= 100") {
		t.Errorf("%v, %s", got.Metrics, got.Log)
	}
	got = pipelinetest.Run(t, with(t, "{columns: {age: {max: 100}}, on_failure: quarantine}"))
	if got.Metrics["faults"] != 1 || strings.Count(got.Log, "level=WARN") != 1 {
		t.Errorf("%v, %s", got.Metrics, got.Log)
	}
}

// Messages have the names of columns and the texts of settings as they are.
func TestNamesOfRules(t *testing.T) {
	in := with(t, "")
	in.Inputs["table"] = tabletest.Table(t, "a`b", []string{"1", "`3"})
	in.With = "{columns: {\"a`b\": {min: \"2\", matches: \"`\"}}, on_failure: quarantine}"
	got := pipelinetest.Run(t, in)
	aside := tabletest.Rows(t, got.Outputs["quarantine"])
	problems, _, _ := table.Texts(aside.Column(int(aside.NumCols()) - 1))
	if diff := cmp.Diff([]string{"a`b >= '2'; matches(a`b, '`')"}, problems); diff != "" {
		t.Error(diff)
	}
}

// A reference to a column of another type says which column, whatever it is called.
func TestReferencesOfOtherTypes(t *testing.T) {
	for _, name := range []string{"code", "row", "key"} {
		in := with(t, "{columns: {"+name+": {references: shops.number}}}")
		in.Inputs = map[string][]byte{"table": tabletest.Table(t, name, []string{"1"}), "shops": tabletest.Table(t, "number", []int64{1})}
		_, err := pipelinetest.RunErr(t, in)
		want := "column \"" + name + "\" is string, and \"number\" of the input \"shops\" is int64, which are never equal"
		if hint := "columns: {" + name + ": int64}"; err == nil || !strings.HasSuffix(err.Error(), want) || !strings.Contains(diag.HintOf(err), hint) {
			t.Errorf("%s: %v (%s)", name, err, diag.HintOf(err))
		}
		in.Inputs["shops"] = tabletest.Table(t, "number", []string{"1"})
		pipelinetest.Run(t, in)
	}
}

// A column that is named and cannot be compared is a fault, of others there is a warning.
func TestDriftIsNotSilent(t *testing.T) {
	in := pipelinetest.Case{Kind: Kind(), Inputs: map[string][]byte{
		"table":     tabletest.Table(t, "x", []int64{1, 2}, "new", []int64{1, 2}, "type", []string{"a", "b"}, "empty", []int64{1, 2}),
		"reference": tabletest.Table(t, "x", []int64{1, 2}, "old", []int64{1, 2}, "type", []int64{1, 2}, "empty", table.NewArray([]string{"", ""}, []bool{false, false})),
	}}
	for _, c := range []struct{ drift, err, hint, log string }{
		{"{}", "", "", `columns that are not compared with the reference: \"new\": the reference does not have it; \"type\": it is string, and int64 in the reference; \"empty\": it is int64, and string in the reference; \"old\": only the reference has it`},
		{"{columns: [x]}", "", "", ""},
		{"{columns: [x, t*]}", "", "", `\"type\": it is string`},
		{"{columns: [x, xy]}", `drift: columns: neither the table nor the reference has a column "xy"`, `"x"`, ""},
		{"{columns: [x, z*]}", `has a column "z*"`, "", ""},
		{"{columns: [x, new]}", `column "new" cannot be compared with the reference: the reference does not have it`, "", ""},
		{"{columns: [x, old]}", `column "old" cannot be compared with the reference: only the reference has it`, "", ""},
		{"{columns: [type]}", `column "type" cannot be compared with the reference: it is string, and int64 in the reference`, "", ""},
		{"{columns: [x], except: [zz]}", "", "", `except: neither the table nor the reference has a column \"zz\"`},
		{"{except: [x]}", `no column of the two tables can be compared: "new": `, "same columns", ""},
		{"{except: ['*']}", "`except` leaves no column to compare", "", ""},
	} {
		in.With = "{drift: " + c.drift + "}"
		got, err := pipelinetest.RunErr(t, in)
		if (err == nil) != (c.err == "") || err != nil && (!strings.Contains(err.Error(), c.err) || !strings.Contains(diag.HintOf(err), c.hint)) {
			t.Errorf("%s: %v (%s), want %s", c.drift, err, diag.HintOf(err), c.err)
		}
		if err == nil && (!strings.Contains(got.Log, c.log) || c.log == "" && strings.Contains(got.Log, "WARN")) {
			t.Errorf("%s: %s, want %s", c.drift, got.Log, c.log)
		}
	}
	in.With = "{drift: {columns: [x, new]}, on_failure: warn}"
	if got := pipelinetest.Run(t, in); !strings.Contains(got.Log, `\"new\" cannot be compared`) || got.Metrics["faults"] != 1 {
		t.Errorf("%s", got.Log)
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
		{"{columns: {a: {in: []}}}", `"in" must have at least 1 entry`, ""},
		{"{drift: {columns: []}}", `"columns" must have at least 1 entry`, ""},
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
		{"{columns: {paid: {in: [true, 'yes']}}}", `columns: paid: it holds true and false, and "yes" is neither`, "in: [true]"},
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
