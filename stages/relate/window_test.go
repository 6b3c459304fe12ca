package relate

import (
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/pipeline/pipelinetest"
)

func TestWindow(t *testing.T) {
	data := tabletest.Table(t, "shop", []string{"a", "b", "a", "a", "b", "a"}, "day", []arrow.Date32{2, 0, 0, 1, 1, 4}, "sold", []any{3.0, 10.0, 1.0, nil, 20.0, 5.0})
	r := gives(t, oneTable(windowKind(), "{time: day, by: shop, lags: {sold: 1}, horizon: {sold: 1}}", data), "table", `
shop,day,sold,sold_lag_1,sold_h1
a,1970-01-03,3,-,5
a,1970-01-02,-,1,3
`)
	if r.Metrics["dropped_rows"] != 4 {
		t.Errorf("metrics are %v", r.Metrics)
	}
	gives(t, oneTable(windowKind(), "{time: day, by: shop, step: 1d, gaps: missing, lags: {sold: 1..2}, incomplete: missing}", data), "table", `
shop,day,sold,sold_lag_1,sold_lag_2
a,1970-01-03,3,-,1
b,1970-01-01,10,-,-
a,1970-01-01,1,-,-
a,1970-01-02,-,1,-
b,1970-01-02,20,10,-
a,1970-01-05,5,-,3
`)
	c := oneTable(windowKind(), "{time: day, by: [shop], step: 1d, gaps: fill, differences: {sold: [1]}, windows: {last: {columns: sold, rows: 2}}}", data)
	gives(t, c, "table", `
shop,day,sold,sold_diff_1,last
a,1970-01-03,3,2,[1,3]
a,1970-01-02,-,0,[1,1]
b,1970-01-02,20,10,[10,20]
a,1970-01-05,5,2,[3,5]
`)
	gives(t, oneTable(windowKind(), "{time: day, by: shop, rolling: {mean: {of: {mean: sold}, rows: 2}, n: {of: {count: sold}, rows: 2, current: false}, rows: {of: count, rows: 1}}, incomplete: missing}", data), "table", `
shop,day,sold,mean,n,rows
a,1970-01-03,3,3,1,1
b,1970-01-01,10,-,-,1
a,1970-01-01,1,-,-,1
a,1970-01-02,-,1,-,1
b,1970-01-02,20,15,-,1
a,1970-01-05,5,4,1,1
`)
	t.Run("conforms", func(t *testing.T) { pipelinetest.Conform(t, c) })
	gives(t, oneTable(windowKind(), "{time: day, by: shop, windows: {two: {columns: [sold, n], rows: 2, current: false}}, future: {n: 1}, seasons: {year: {period: 1y, waves: 0, index: true}}, step: 1d}",
		tabletest.Table(t, "shop", []string{"a", "a", "a", "a"}, "day", []arrow.Date32{364, 365, 366, 367}, "sold", []float64{1, 2, 3, 4}, "n", []int64{7, 8, 9, 10})), "table", `
shop,day,sold,n,two,year_index,n_in_1
a,1971-01-02,3,9,[1,7,2,8],1,10
`)
	for _, tt := range []struct{ with, want, hint string }{
		{"{time: day, by: shop, step: 1d, lags: {sold: 1}}", "row 6 (shop=a, day=1970-01-05): there is no row a step of 1d before it", "gaps: missing"},
		{"{time: day, lags: {sold: 1}}", "row 3 (day=1970-01-01): another row of its series has its time", "`by`"},
		{"{time: day, by: shop, step: 2d, lags: {sold: 1}}", "row 4 (shop=a, day=1970-01-02): its time is at no step of its series, which are 2d apart", "remove `step`"},
		{"{time: shop, lags: {sold: 1}}", `time: column "shop" is string`, "columns: {shop: timestamp}"},
		{"{time: day, by: shop, rolling: {x: {of: {mean: shop}, rows: 2}}}", `x: column "shop" is string, which has no mean`, "read them as such"},
		{"{time: day, lags: {sol: 1}}", `sol_lag_1: `, ""},
		{"{time: day, by: shop, differences: {shop: 1}}", `shop_diff_1: column "shop" is string`, "lags"},
		{"{time: day, by: shop, lags: {sold: 9}}", "none of 6 rows has all that is asked for", "look fewer steps back"},
		{"{time: day, by: shop, step: 5, lags: {sold: 1}}", `step: "5" is no length of time`, "units"},
		{"{time: day, windows: {sold: {columns: sold, rows: 2}}}", `there would be two columns "sold"`, "rename"},
	} {
		refuses(t, oneTable(windowKind(), tt.with, data), tt.want, tt.hint)
	}
	refuses(t, oneTable(windowKind(), "{time: at, lags: {x: 1}}", tabletest.Table(t, "at", table.NewArray([]int64{1, 0}, []bool{true, false}), "x", []int64{1, 2})), `row 2: column "at" is missing`, "is_missing(at)")
	for with, want := range map[string]string{
		"{time: day}":                           "nothing is to be made",
		"{time: day, gaps: fill, lags: {x: 1}}": "nothing says when a row should be there",
		"{time: day, lags: {x: 0}}":             `"0" says no steps`,
		"{time: day, lags: {x: 3..2}}":          `"3..2" says no steps`,
		"{time: day, lags: {x: [1..3, 2]}}":     "2 is there twice",
		"{time: day, lags: {x: 1}, windows: {x_lag_1: {columns: x, rows: 2}}}":  `two columns would be named "x_lag_1"`,
		"{time: day, windows: {w: {columns: x, rows: 2}}, incomplete: missing}": "a list has no missing values",
		"{time: day, lags: {x: 1..9000}, differences: {x: 1..9000}}":            "18000 columns are to be made",
		"{time: day, windows: {w: {columns: [x, x], rows: 2}}}":                 `"x" is there twice`,
	} {
		refusesSettings(t, windowKind(), with, want)
	}
}

// Steps of months are those of the calendar, and waves come back each year.
func TestWindowOfMonths(t *testing.T) {
	at := times(0, 31*86400, 59*86400, 365*86400)
	gives(t, oneTable(windowKind(), "{time: at, step: 1mo, gaps: missing, lags: {x: 1}, seasons: {year: {period: 1y, waves: 0, index: true}}, incomplete: missing}",
		tabletest.Table(t, "at", table.NewArray(at, nil), "x", []int64{1, 2, 3, 4})), "table", `
at,x,x_lag_1,year_index
1970-01-01T00:00:00Z,1,-,0
1970-02-01T00:00:00Z,2,1,1
1970-03-01T00:00:00Z,3,2,2
1971-01-01T00:00:00Z,4,-,0
`)
	gives(t, oneTable(windowKind(), "{time: at, seasons: {day: {period: 24, waves: 2}}}",
		tabletest.Table(t, "at", []int64{0, 6, 12, 30}, "x", []int64{1, 2, 3, 4})), "table", `
at,x,day_sin_1,day_cos_1,day_sin_2,day_cos_2
0,1,0,1,0,1
6,2,1,0,0,-1
12,3,0,-1,0,1
30,4,1,0,0,-1
`)
}

func TestWindowOnAnyThreads(t *testing.T) {
	const n = 65536 + 3000
	groups, at, x := make([]int64, n), make([]int64, n), make([]float64, n)
	for i := range n {
		groups[i], at[i], x[i] = int64(i%7), int64(i*7919%n), float64(i%977)/7*1e9+1/float64(i+1)
	}
	data := tabletest.Table(t, "group", groups, "at", at, "x", x)
	sameOnAnyThreads(t, oneTable(windowKind(), "{time: at, by: group, lags: {x: 1..5}, windows: {w: {columns: x, rows: 12}}, horizon: {x: 2}, seasons: {s: 100}}", data))
}
