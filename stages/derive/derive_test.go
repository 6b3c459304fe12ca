package derive

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
)

func people(t *testing.T) []byte {
	return tabletest.Table(t, "name", []any{"Ann", "bob", nil, "Zoë"}, "weight", []any{60.0, 80.5, 70.0, nil}, "height", []any{1.7, 0.0, 1.8, 1.6},
		"age", []any{int64(7), int64(40), int64(30), int64(18)}, "born", []arrow.Date32{10957, 0, -1, 19782})
}

func TestConform(t *testing.T) {
	for _, with := range []string{
		`{columns: {bmi: weight / height ** 2, heavy: bmi > 30, name: lower(name)}, drop: [born], rename: {age: years}}`,
		`{select: ["*e*"], types: [date]}`,
	} {
		pipelinetest.Conform(t, pipelinetest.Case{Kind: deriveKind(), With: with, Inputs: map[string][]byte{"table": people(t)}})
	}
	for _, with := range []string{`{where: age >= 18 and height > 0}`, `{where: weight > 65, dropped: true}`} {
		pipelinetest.Conform(t, pipelinetest.Case{Kind: filterKind(), With: with, Inputs: map[string][]byte{"table": people(t)}})
	}
}

func asCSV(t *testing.T, data []byte) string {
	t.Helper()
	r, err := table.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b bytes.Buffer
	if err := (table.CSV{Delimiter: ','}).Write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDerive(t *testing.T) {
	for _, tt := range []struct{ with, want, log string }{
		{`{columns: {bmi: "round(weight / height ** 2, 1)"}, select: [name, bmi]}`, "name,bmi\nAnn,20.8\nbob,\n,21.6\nZoë,\n", `column=bmi values=1 first="80.5 / 0" first_row=2`},
		{`{columns: {age: age + 1, next: age + 1}, select: [next, age]}`, "next,age\n9,8\n42,41\n32,31\n20,19\n", "a column was replaced"},
		{`{columns: {code: try(int64(name))}, select: [code], rename: {code: c}}`, "c\n\n\n\n\n", `column=code values=3 first="int64(\"Ann\")" first_row=1`},
		{`{columns: {m: month(born), "two words": m + 1}, drop: ["*e*", age, born]}`, "m,two words\n1,2\n1,2\n12,13\n2,3\n", ""},
		{`{types: [number], drop: [age]}`, "weight,height\n60,1.7\n80.5,0\n70,1.8\n,1.6\n", ""},
		{`{rename: {name: age, age: name}, select: [age, name]}`, "name,age\n7,Ann\n40,bob\n30,\n18,Zoë\n", ""},
	} {
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: deriveKind(), With: tt.with, Inputs: map[string][]byte{"table": people(t)}})
		if got := asCSV(t, r.Outputs["table"]); got != tt.want {
			t.Errorf("%s\n got %q\nwant %q", tt.with, got, tt.want)
		}
		if !strings.Contains(r.Log, tt.log) {
			t.Errorf("%s: log %s", tt.with, r.Log)
		}
	}
}

func TestFilter(t *testing.T) {
	for _, tt := range []struct{ with, kept, dropped, log string }{
		{`{where: weight > 65}`, "bob ", "", `kept=2 dropped=2 missing=1 where="weight > 65"`},
		{`{where: weight > 65, dropped: true}`, "bob ", "Ann Zoë", ""},
		{`{where: weight > 65 or is_missing(weight)}`, "bob  Zoë", "", "missing=0"},
		{`{where: weight / height > 30}`, "Ann ", "", `column=where values=1 first="80.5 / 0" first_row=2`},
		{`{where: false}`, "", "", "level=WARN"},
		{`where: name in ['Ann', "Zoë"]`, "Ann Zoë", "", "missing=1"},
	} {
		r := pipelinetest.Run(t, pipelinetest.Case{Kind: filterKind(), With: tt.with, Inputs: map[string][]byte{"table": people(t)}})
		for port, want := range map[string]string{"table": tt.kept, "dropped": tt.dropped} {
			if r.Outputs[port] == nil {
				continue
			}
			var names []string
			for _, line := range strings.Split(strings.TrimSpace(asCSV(t, r.Outputs[port])), "\n")[1:] {
				name, _, _ := strings.Cut(line, ",")
				names = append(names, name)
			}
			if got := strings.Join(names, " "); got != want {
				t.Errorf("%s: %s has %q, want %q", tt.with, port, got, want)
			}
		}
		if !strings.Contains(r.Log, tt.log) {
			t.Errorf("%s: log %s", tt.with, r.Log)
		}
	}
}

// What only the table can tell is said with the place in the expression.
func TestErrors(t *testing.T) {
	for _, tt := range []struct{ kind, with, want, hint string }{
		{"derive", `{columns: {bmi: weight / heigth}}`, `columns.bmi: character 10 of "weight / heigth": there is no column "heigth"`, `did you mean "height"?`},
		{"derive", `{columns: {x: lower(age)}}`, `lower takes a text, and age is int64`, "string(x)"},
		{"derive", `{columns: {x: int64(name)}}`, `row 1: columns.x: int64("Ann") is no int64`, "try(int64(x))"},
		{"derive", `{select: [nam]}`, `select: there is no column "nam"`, `did you mean "name"?`},
		{"derive", `{drop: ["x*"]}`, `drop: no column fits "x*"`, "the columns are name, "},
		{"derive", `{drop: ["*"]}`, `no column is left`, ""},
		{"derive", `{rename: {age: name}}`, `two columns would be named "name"`, "drop the column"},
		{"filter", `{where: age + 1}`, `where: character 5 of "age + 1": a condition is true or false, and this is int64`, "write a comparison"},
		{"filter", `{where: name > 3}`, `name is string`, ""},
	} {
		kind := deriveKind()
		if tt.kind == "filter" {
			kind = filterKind()
		}
		_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: kind, With: tt.with, Inputs: map[string][]byte{"table": people(t)}})
		if !strings.Contains(fmt.Sprint(err), tt.want) || !strings.Contains(diag.HintOf(err), tt.hint) {
			t.Errorf("%s: got %v (%s)", tt.with, err, diag.HintOf(err))
		}
	}
}

// Rows are many, and the first of them that fails is told.
func TestManyRows(t *testing.T) {
	const n = 3*pieceRows + 17
	x := make([]int64, n)
	for i := range x {
		x[i] = int64(i)
	}
	x[n-5], x[2*pieceRows+3] = math.MaxInt64, math.MaxInt64
	in := map[string][]byte{"table": tabletest.Table(t, "x", x)}
	_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: deriveKind(), With: `{columns: {y: x + 1}}`, Inputs: in})
	if want := fmt.Sprintf("row %d: columns.y: 9223372036854775807 + 1 is beyond int64", 2*pieceRows+4); !strings.Contains(fmt.Sprint(err), want) {
		t.Errorf("got %v, want %s", err, want)
	}
	r := pipelinetest.Run(t, pipelinetest.Case{Kind: filterKind(), With: `{where: x % 2 = 0}`, Inputs: in})
	if want := fmt.Sprintf("kept=%d", (n+1)/2-1); !strings.Contains(r.Log, want) && !strings.Contains(r.Log, fmt.Sprintf("kept=%d", (n+1)/2)) {
		t.Errorf("log %s", r.Log)
	}
}
