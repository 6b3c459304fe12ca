package relate

import (
	"strings"
	"testing"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
)

func TestRolling(t *testing.T) {
	data := tabletest.Table(t, "station", []string{"a", "b", "a", "a", "b"}, "at", table.NewArray(times(7200, 0, 0, 3600, 0), []bool{true, true, true, true, false}), "temp", []float64{3, 10, 1, 2, 20})
	r := gives(t, oneTable(rollingKind(), "{time: at, by: station, window: 2h, columns: {mean: {mean: temp}, n: count}}", data), "table", `
station,at,temp,mean,n
a,1970-01-01T02:00:00Z,3,2.5,2
b,1970-01-01T00:00:00Z,10,10,1
a,1970-01-01T00:00:00Z,1,1,1
a,1970-01-01T01:00:00Z,2,1.5,2
b,-,20,-,-
`)
	if !strings.Contains(r.Log, "rows without a time") {
		t.Errorf("log is %s", r.Log)
	}
	c := oneTable(rollingKind(), "{time: at, by: [station], rows: 2, current: false, columns: {sum: {sum: temp}, median: {median: temp}}}", data)
	gives(t, c, "table", `
station,at,temp,sum,median
a,1970-01-01T02:00:00Z,3,3,1.5
b,1970-01-01T00:00:00Z,10,0,-
a,1970-01-01T00:00:00Z,1,0,-
a,1970-01-01T01:00:00Z,2,1,1
b,-,20,-,-
`)
	t.Run("conforms", func(t *testing.T) { pipelinetest.Conform(t, c) })
	refuses(t, oneTable(rollingKind(), "{time: station, rows: 2, columns: {n: count}}", data), `time: column "station" is string`, "columns: {station: timestamp}")
	refuses(t, oneTable(rollingKind(), "{time: at, rows: 2, columns: {temp: count}}", data), `the table has a column "temp" already`, "choose another name")
	refuses(t, oneTable(rollingKind(), "{time: at, window: 3, columns: {n: count}}", data), `window: "3" is no length of time`, "units")
	refusesSettings(t, rollingKind(), "{time: at, columns: {n: count}}", "nothing says which rows count")
	refusesSettings(t, rollingKind(), "{time: at, rows: 2, window: 1h, columns: {n: count}}", "both `window` and `rows` say")
	refusesSettings(t, rollingKind(), "{time: at, window: 1 hour, columns: {n: count}}", "is no length of time")
}

func TestRollingOnAnyThreads(t *testing.T) {
	const n = 65536 + 3000
	groups, at, x := make([]int64, n), make([]int64, n), make([]float64, n)
	for i := range n {
		groups[i], at[i], x[i] = int64(i%7), int64(i*7919%n), float64(i%977)/7*1e9+1/float64(i+1)
	}
	data := tabletest.Table(t, "group", groups, "at", at, "x", x)
	sameOnAnyThreads(t, oneTable(rollingKind(), "{time: at, by: group, window: 100, columns: {sum: {sum: x}, std: {std: x}}}", data))
}
