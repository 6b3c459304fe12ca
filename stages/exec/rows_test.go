package exec

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
)

// series is a table of n rows of 5 groups.
func series(t *testing.T, n int) []byte {
	t.Helper()
	groups, values := make([]string, n), make([]int64, n)
	for i := range n {
		groups[i], values[i] = fmt.Sprint("g", i%5), int64(i*i%17)
	}
	schema := arrow.NewSchema([]arrow.Field{{Name: "g", Type: arrow.BinaryTypes.String}, {Name: "v", Type: arrow.PrimitiveTypes.Int64}}, nil)
	var b bytes.Buffer
	w, err := table.NewWriter(&b, schema)
	if err != nil {
		t.Fatal(err)
	}
	there := make([]bool, n)
	for i := range there {
		there[i] = i%11 != 3
	}
	rec, err := table.NewRecord(schema, table.NewArray(groups, nil), table.NewArray(values, there))
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Release()
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func rowsCase(t *testing.T, n int, awk, more string) pipelinetest.Case {
	return newCase(`{shell: "awk -F, -v OFS=, '`+awk+`' inputs/in.csv > outputs/out.csv", formats: {in: csv}, outputs: {out: table}, rows: true`+more+`}`,
		map[string][]byte{"in": series(t, n)})
}

// TestRows: a command that makes one row of each is known by what it does with some of
// them.
func TestRows(t *testing.T) {
	const twice = `NR==1{print \"g\",\"w\";next}{print $1,$2*2}`
	const mean = `NR==1{next}{g[NR]=$1;v[NR]=$2;s+=$2}END{print \"g\",\"w\";for(i=2;i<=NR;i++)print g[i],v[i]-s/(NR-1)}`
	const inGroup = `NR==1{next}{g[NR]=$1;v[NR]=$2;s[$1]+=$2}END{print \"g\",\"w\";for(i=2;i<=NR;i++)print g[i],v[i]-s[g[i]]}`
	const codes = `NR==1{next}{g[NR]=$1;k[$1]}END{print \"g\",\"w\";for(i=2;i<=NR;i++){n=0;for(c in k)if(c<g[i])n++;print g[i],n}}`
	const filled = `NR==1{next}{g[NR]=$1;v[NR]=$2;if($2>m)m=$2}END{print \"g\",\"w\";for(i=2;i<=NR;i++)print g[i],v[i]==\"\"?m:v[i]}`
	const several = `NR==1{next}{g[NR]=$1;if(!k[$1]++)n++}END{print \"g\",\"w\";for(i=2;i<=NR;i++)print g[i],(n>1?\"many\":\"one\")}`
	for _, c := range []struct {
		name      string
		n         int
		awk, more string
		want      string
	}{
		{"alone", 100, twice, "", ""},
		{"one row", 1, twice, "", ""},
		{"no row", 0, twice, "", ""},
		{"fewer", 100, `NR<50`, "", "the command read 100 rows and wrote 48"},
		{"mean of all", 100, mean, "", "`rows: true` is not true of the command: row "},
		{"mean of two", 2, mean, "", "`rows: true` is not true of the command: row "},
		{"codes of categories", 2000, codes, "", "is another one when it reads only 1 of the rows: "},
		{"a value for missing ones", 2000, filled, "", "is another one when it reads only 1 of the rows: "},
		{"other groups", 2000, several, ", group: g", `is another one when it reads only 400 of the rows: "w" is "one" there`},
		{"group", 100, inGroup, "", "`rows: true` is not true of the command: row "},
		{"group, said", 100, inGroup, ", group: g", ""},
		{"mean, and group", 100, mean, ", group: g", "`rows: true` is not true of the command: row "},
		{"number of the row", 100, `NR==1{print \"g\",\"w\";next}{print $1,NR}`, "", "`rows: true` is not true of the command: row "},
		{"other columns", 300, `NR==1{next}{g[NR]=$1}END{print \"g\",(NR>200 ? \"a\" : \"b\");for(i=2;i<=NR;i++)print g[i],1}`, "", `it makes other columns when it reads 64 of the rows: "g", "b", and not "g", "a"`},
		{"fails", 100, `NR==1{print \"g\",\"w\";next}{print $1,$2;n++}END{exit n<100}`, "", "fails when it reads 50 of these: sh: exit status 1"},
		{"no such column", 100, twice, ", group: x", `group: there is no column "x"`},
	} {
		r, err := pipelinetest.RunErr(t, rowsCase(t, c.n, c.awk, c.more))
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: error %v, want %q", c.name, err, c.want)
			} else if diag.HintOf(err) == "" && c.name != "no such column" {
				t.Errorf("%s: there is no hint", c.name)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		made, err := table.Open(bytes.NewReader(r.Outputs["out"]), int64(len(r.Outputs["out"])))
		if err != nil {
			t.Fatal(err)
		}
		steps, err := replay.Carried(made.Schema())
		if err != nil || steps == nil {
			t.Fatalf("%s: the table does not say what it went through: %v", c.name, err)
		}
		list, err := steps.List()
		if err != nil || len(list) != 1 || list[0].Program == nil || len(list[0].Program.Columns) != 2 {
			t.Errorf("%s: it went through %v, %v", c.name, list, err)
		}
	}
}

// TestRowsOfOneTable: there has to be one table among the inputs, and one among the
// outputs.
func TestRowsOfOneTable(t *testing.T) {
	c := newCase(`{shell: "cp inputs/in.arrow outputs/out", outputs: {out: table}, rows: true}`, map[string][]byte{"in": series(t, 3), "other": series(t, 2)})
	if _, err := pipelinetest.RunErr(t, c); err == nil || !strings.Contains(err.Error(), "2 of its inputs are tables") {
		t.Errorf("error %v", err)
	}
	for with, want := range map[string]string{
		`{shell: x, outputs: {a: table, b: table}, rows: true}`: "the command writes 2 tables",
		`{shell: x, outputs: {a: file}, rows: true}`:            "the command writes 0 tables",
		`{shell: x, outputs: {a: table}, group: g}`:             "nothing says that there is a row for each",
	} {
		if _, err := pipeline.DecodeStage(Kind(surroundings, NewSupervisor()), with); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", with, err, want)
		}
	}
}
