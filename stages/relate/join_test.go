package relate

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/derive"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
	"pipe/pipeline/settings"
)

func joinCase(with string, left, right []byte) pipelinetest.Case {
	return pipelinetest.Case{Kind: joinKind(), With: with, Inputs: map[string][]byte{"left": left, "right": right}}
}

func flightsAndPlanes(t testing.TB) (flights, planes []byte) {
	t.Helper()
	flights = tabletest.Table(t, "tailnum", []any{"N1", "N2", nil, "N9", "N1"}, "year", []int64{2013, 2013, 2014, 2014, 2015})
	planes = tabletest.Table(t, "tailnum", []any{"N2", "N1", nil, "N3"}, "year", []int16{1999, 2004, 1900, 2008}, "maker", []any{"BOEING", nil, "x", "AIRBUS"})
	return
}

func TestJoinConforms(t *testing.T) {
	flights, planes := flightsAndPlanes(t)
	for _, with := range []string{"on: tailnum", "{on: {tailnum: tailnum}, how: full, multiple: all}", "{as_of: year, on: [tailnum]}"} {
		c := joinCase(with, flights, planes)
		t.Run(with, func(t *testing.T) { pipelinetest.Conform(t, c) })
	}
}

func TestJoin(t *testing.T) {
	flights, planes := flightsAndPlanes(t)
	r := gives(t, joinCase("on: tailnum", flights, planes), "table", `
tailnum,year,year_right,maker
N1,2013,2004,-
N2,2013,1999,BOEING
-,2014,-,-
N9,2014,-,-
N1,2015,2004,-
`)
	for _, want := range []string{`unmatched=2`, `such_as="tailnum missing; tailnum \"N9\""`, "name=year right=year_right"} {
		if !strings.Contains(r.Log, want) {
			t.Errorf("log without %s:\n%s", want, r.Log)
		}
	}
	if want := fmt.Sprint(pipelinetest.Column{Out: pcol("table", "year_right"), In: pcol("right", "year")}); !strings.Contains(fmt.Sprint(r.Columns), want) {
		t.Errorf("columns are %v", r.Columns)
	}
	gives(t, joinCase("{on: tailnum, how: inner, columns: {built: year}}", flights, planes), "table", `
tailnum,year,built
N1,2013,2004
N2,2013,1999
N1,2015,2004
`)
	gives(t, joinCase("{on: tailnum, how: full, columns: maker}", flights, planes), "table", `
tailnum,year,maker
N1,2013,-
N2,2013,BOEING
-,2014,-
N9,2014,-
N1,2015,-
-,-,x
N3,-,AIRBUS
`)
	gives(t, joinCase("{on: tailnum, how: semi}", flights, planes), "table", "tailnum,year\nN1,2013\nN2,2013\nN1,2015\n")
	gives(t, joinCase("{on: tailnum, how: anti}", flights, planes), "table", "tailnum,year\n-,2014\nN9,2014\n")
}

func TestJoinAsOf(t *testing.T) {
	left := tabletest.Table(t, "origin", []string{"JFK", "EWR", "JFK", "JFK"}, "at", times(100, 100, 50, 200))
	right := tabletest.Table(t, "origin", []string{"JFK", "JFK", "EWR", "JFK"}, "at", times(100, 60, 160, 140), "wind", []int64{1, 2, 3, 4})
	gives(t, joinCase("{on: origin, as_of: at, columns: wind}", left, right), "table", `
origin,at,wind
JFK,1970-01-01T00:01:40Z,1
EWR,1970-01-01T00:01:40Z,-
JFK,1970-01-01T00:00:50Z,-
JFK,1970-01-01T00:03:20Z,4
`)
	gives(t, joinCase("{on: origin, as_of: {left: at, exact: false, tolerance: 1m}, columns: wind}", left, right), "table", `
origin,at,wind
JFK,1970-01-01T00:01:40Z,2
EWR,1970-01-01T00:01:40Z,-
JFK,1970-01-01T00:00:50Z,-
JFK,1970-01-01T00:03:20Z,4
`)
	gives(t, joinCase("{on: origin, as_of: {left: at, direction: nearest, tolerance: 60s}, columns: wind}", left, right), "table", `
origin,at,wind
JFK,1970-01-01T00:01:40Z,1
EWR,1970-01-01T00:01:40Z,3
JFK,1970-01-01T00:00:50Z,2
JFK,1970-01-01T00:03:20Z,4
`)
	// A day is its first moment, and times of two precisions are compared exactly.
	days := tabletest.Table(t, "day", []arrow.Date32{0, 1})
	nanos := &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	fine := tabletest.Table(t, "t", table.NewFixedArray(nanos, 2, arrow.Int64Traits.CastToBytes([]int64{1, 86400e9}), nil), "x", []int64{7, 8})
	gives(t, joinCase("as_of: {left: day, right: t}", days, fine), "table", `
day,t,x
1970-01-01,-,-
1970-01-02,1970-01-02T00:00:00Z,8
`)
}

func TestJoinSaysWhatIsWrong(t *testing.T) {
	flights, planes := flightsAndPlanes(t)
	refuses(t, joinCase("on: tailnumber", flights, planes), `left, right: on: left: there is no column "tailnumber"`, `did you mean "tailnum"?`)
	refuses(t, joinCase("on: {tailnum: year}", flights, planes),
		`the column "tailnum" of the left table is string, and "year" of the right one is int16, which are never equal`, "columns: {tailnum: int16}")
	refuses(t, joinCase("{on: {year: built}, how: full}", planes, tabletest.Table(t, "built", []int64{1999})),
		`the column "year" of the left table is int16, and "built" of the right one is int64, and a full join has one column of both`, "columns: {built: int16}")
	refuses(t, joinCase("on: {tailnum: maker}", planes, tabletest.Table(t, "maker", []string{"N1", "N1"})), `row 2 of the left table (tailnum "N1") matches 2 rows`, "multiple: first")
	refuses(t, joinCase("{on: tailnum, suffix: \"\"}", flights, planes), `there would be two columns "year"`, "columns: {NAME: year}")
	refuses(t, joinCase("{on: tailnum}", flights, tabletest.Table(t, "tailnum", []string{"a"}, "year", []int64{1}, "year_right", []int64{2})),
		`there would be two columns "year_right"`, "columns: {NAME: year_right}")
	refuses(t, joinCase("{on: tailnum, columns: {year: maker}}", flights, planes), `there would be two columns "year"`, "columns: {NAME: maker}")
	refuses(t, joinCase("{on: tailnum, columns: marker}", flights, planes), `columns: right: there is no column "marker"`, `did you mean "maker"?`)
	refuses(t, joinCase("as_of: {left: tailnum}", flights, planes), `as_of: column "tailnum" is string`, "columns: {tailnum: timestamp}")
	refuses(t, joinCase("as_of: {left: year, tolerance: 3h}", flights, planes), `"3h" is no distance of whole numbers`, "whole number")
	refusesSettings(t, joinKind(), "how: left", "nothing says which rows belong together")
	refusesSettings(t, joinKind(), "{on: a, how: anti, columns: b}", "how: anti adds no columns")
	refusesSettings(t, joinKind(), "as_of: {left: a, tolerance: 3 hours}", `"3 hours" is no length of time`)
	refusesSettings(t, joinKind(), "{on: a, how: outer}", "left, inner, full")
	for with, want := range map[string]string{
		"on: a":            `nearly the same: make them equal before the join" left=2 right=2 matched=0 rows=2 unmatched=2 such_as="a \"X1 \"; a \"x3\"" left_value="\"X1 \"" right_value="\"x1\""`,
		"{on: {a: other}}": "no row of the left table matches one of the right",
	} {
		r := pipelinetest.Run(t, joinCase(with, tabletest.Table(t, "a", []string{"X1 ", "x3"}), tabletest.Table(t, "a", []string{"x2", "x1"}, "other", []string{"p", "q"})))
		if !strings.Contains(r.Log, "level=WARN") || !strings.Contains(r.Log, want) {
			t.Errorf("%s: log is %s", with, r.Log)
		}
	}
}

func TestJoinOnAnyThreads(t *testing.T) {
	const n = 65536 + 3000
	keys, rows := make([]int64, n), make([]float64, n)
	for i := range n {
		keys[i], rows[i] = int64(i*7919%60000), float64(i)/3
	}
	others, names := make([]int32, 70000), make([]string, 70000)
	for i := range others {
		others[i], names[i] = int32(i*31%70000), fmt.Sprint("name ", i)
	}
	left, right := tabletest.Table(t, "key", keys, "row", rows), tabletest.Table(t, "key", others, "name", names)
	sameOnAnyThreads(t, joinCase("on: key", left, right))
}

// A table whose columns were derived says which others new rows need to have.
func TestJoinSaysWhatNewRowsNeed(t *testing.T) {
	left := tabletest.Rows(t, tabletest.Table(t, "dist", []float64{1, 2}, "year", []int64{2013, 2014}))
	d := new(derive.Columns)
	if err := settings.DecodeFile("with", []byte(`{columns: {km: "dist * 1.6"}, rename: {year: flown}}`), d); err != nil {
		t.Fatal(err)
	}
	plan, err := d.Bind(left.Schema())
	if err != nil {
		t.Fatal(err)
	}
	schema, err := replay.Carry(left.Schema(), plan.Schema(), replay.Step{Derive: d})
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := plan.Apply(left, 0)
	if err != nil {
		t.Fatal(err)
	}
	derived := tabletest.Bytes(t, array.NewRecordBatch(schema, made.Columns(), made.NumRows()))
	planes := tabletest.Table(t, "flown", []int64{2013}, "year", []int64{1999}, "built", []int32{7})
	r := pipelinetest.Run(t, joinCase("{on: flown, multiple: all}", derived, planes))
	if !strings.Contains(r.Log, "a column of this name was read, and is another one") || !strings.Contains(r.Log, "column=year") {
		t.Errorf("log is %s", r.Log)
	}
	steps, err := replay.Carried(tabletest.Open(t, r.Outputs["table"]).Schema())
	if err != nil || steps == nil {
		t.Fatalf("steps %v, %v", steps, err)
	}
	if want := `{"name":"built","type":"int64"}`; !strings.Contains(string(steps.Reading), want) || strings.Count(string(steps.Reading), `"year"`) != 1 {
		t.Errorf("reading is %s, want %s", steps.Reading, want)
	}
	// A row of each is repeated by whoever has the other table.
	r = pipelinetest.Run(t, joinCase("{on: flown, how: inner, suffix: _of_plane}", derived, planes))
	if steps, err = replay.Carried(tabletest.Open(t, r.Outputs["table"]).Schema()); err != nil || len(steps.Steps) != 2 {
		t.Fatalf("steps %v, %v", steps, err)
	}
	want := fmt.Sprintf(`{"join":{"right":"%x","on":[{"left":"flown","right":"flown"}],"inner":true,"multiple":"error",`, sha256.Sum256(planes)) +
		`"columns":[{"left":"year","right":"year"},{"left":"built","right":"built"}],"types":{"built":"int64","flown":"int64","year":"int64"}}}`
	if got := string(steps.Steps[1]); got != want {
		t.Errorf("the step is %s, want %s", got, want)
	}
	if strings.Contains(string(steps.Reading), "built") || strings.Contains(r.Log, "was read, and is another one") {
		t.Errorf("reading is %s, log %s", steps.Reading, r.Log)
	}
}
