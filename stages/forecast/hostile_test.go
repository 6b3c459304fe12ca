package forecast

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/data/table/tabletest"
	"pipe/data/timeline"
	"pipe/forecaster"
	"pipe/pipeline/pipelinetest"
)

// numbersOf are those of a column of the forecasts of a method.
func numbersOf(t testing.TB, r pipelinetest.Result, method, column string) []float64 {
	t.Helper()
	var list []float64
	for _, text := range values(t, r.Outputs["forecasts"], method, column) {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			v = math.NaN()
		}
		list = append(list, v)
	}
	return list
}

// A series that is constant in training has no scale there. It gets none from values behind an origin.
func TestConstantSeriesSeeNothingLater(t *testing.T) {
	const n, changed = 160, 140
	with := func(factor float64) []byte {
		return hours(t, 2, n, func(s, i int, v float64) any {
			if s == 1 && i < 130 {
				return 3.0
			}
			if i >= changed {
				return factor * v
			}
			return v
		})
	}
	for _, scale := range []string{"series", "window"} {
		model := strings.Replace(small, "network: {", "network: {scale: "+scale+", ", 1) + "baselines: []\n"
		a, b := made(t, common+model, with(1)), made(t, common+model, with(-500))
		origins := values(t, a.Outputs["forecasts"], "network", "origin")
		for _, column := range []string{"predicted", "lower_90", "upper_80"} {
			x, y := values(t, a.Outputs["forecasts"], "network", column), values(t, b.Outputs["forecasts"], "network", column)
			for i, o := range origins {
				if o < "1970-01-06T20:00" && x[i] != y[i] {
					t.Fatalf("scale %s: %s of the origin %s is %s, and was %s before values behind it changed", scale, column, o, y[i], x[i])
				}
			}
		}
	}
}

// Rows ahead have no target: gaps that are filled leave them so.
func TestFillLeavesWhatIsAhead(t *testing.T) {
	data := hours(t, 2, 160, func(_, i int, v float64) any {
		if i >= 150 {
			return nil
		}
		return v
	})
	with := common + "model: ridge\nbaselines: []\n"
	a, b := made(t, with, data), made(t, with+"gaps: fill\n", data)
	for _, port := range []string{"forecasts", "metrics"} {
		if !bytes.Equal(a.Outputs[port], b.Outputs[port]) {
			t.Errorf("%s are others where gaps are filled, and there are none but the rows ahead", port)
		}
	}
}

// Series of any names have models of their own.
func TestSeriesAreNotConfused(t *testing.T) {
	var times []int64
	var a, b []any
	var y []float64
	add := func(x, z any, level float64) {
		for i := range 100 {
			times, a, b, y = append(times, int64(i)), append(a, x), append(b, z), append(y, level+math.Sin(float64(i*i)))
		}
	}
	add("a\x1fb", "c", 0)
	add("a", "b\x1fc", 1000)
	add("a\x1b", "\x1fb\x1fc", 2000)
	add("a", "\x1b\x1fb\x1fc", 3000)
	with := "time: t\nstep: 1\nby: [a, b]\ntarget: y\nhorizon: 2\ntest: 30\nbaselines: []\nmodel: ets\n"
	r := made(t, with, tabletest.Table(t, "t", times, "a", a, "b", b, "y", y))
	if mae := r.Metrics["mae"]; !(mae < 2) {
		t.Errorf("a mean error of %v where noise has 1: series have the model of another one", mae)
	}
	add(nil, "c", 5)
	add("", "c", 6)
	_, err := pipelinetest.RunErr(t, pipelinetest.Case{Kind: Kind(), With: with, Inputs: map[string][]byte{"table": tabletest.Table(t, "t", times, "a", a, "b", b, "y", y)}})
	if err == nil || !strings.Contains(err.Error(), "row 501: a, b is the empty text, and missing in row 401, or the other way round") {
		t.Errorf("an empty and a missing name: %v", err)
	}
}

// A network with a base is as good at a level of thousands of millions as at 0.
func TestLevelsDoNotMatter(t *testing.T) {
	at := func(level float64) pipelinetest.Result {
		return made(t, common+"baselines: []\nmodel: {network: {layers: {mlp: [8]}, lookback: 10, epochs: 3, base: ridge}}\n", hours(t, 2, 160, func(_, _ int, v float64) any { return v + level }))
	}
	a, b := at(0), at(1<<34)
	if x, y := a.Metrics["mae"], b.Metrics["mae"]; math.Abs(x-y) > 1e-3*x {
		t.Errorf("a mean error of %v, and of %v at a level of 2^34", x, y)
	}
}

// An interval of a higher level has that of a lower one within.
func TestIntervalsAreNested(t *testing.T) {
	data := hours(t, 3, 200, nil)
	with := common + "intervals: [0.9, 0.5, 0.8]\nbaselines: [naive]\nmodel: {network: {layers: {mlp: [8]}, lookback: 10, epochs: 2, quantiles: [0.05, 0.1, 0.9, 0.95]}}\n"
	r := made(t, with, data)
	for _, m := range []string{"naive", "network"} {
		for _, side := range []string{"lower", "upper"} {
			inner := numbersOf(t, r, m, side+"_50")
			for _, level := range []string{"_80", "_90"} {
				outer := numbersOf(t, r, m, side+level)
				for i := range outer {
					if side == "lower" && outer[i] > inner[i] || side == "upper" && outer[i] < inner[i] {
						t.Fatalf("%s, forecast %d: %s%s is %v, and of the level below %v", m, i+1, side, level, outer[i], inner[i])
					}
				}
				inner = outer
			}
		}
	}
}

// The least coverage is that of the step ahead with the least.
func TestLeastCoverage(t *testing.T) {
	r := made(t, common+"baselines: [naive]\nmodel: ridge\nrequire: {coverage_90_worst: '>= 0.01', naive.coverage_80_worst: '>= 0.01'}\n", hours(t, 2, 160, nil))
	least := map[string]float64{}
	for _, h := range []string{"1", "2", "3", "4"} {
		hits, all := 0.0, 0.0
		steps := values(t, r.Outputs["forecasts"], "ridge", "step")
		actual, lower, upper := numbersOf(t, r, "ridge", "actual"), numbersOf(t, r, "ridge", "lower_90"), numbersOf(t, r, "ridge", "upper_90")
		for i, v := range actual {
			if steps[i] != h {
				continue
			}
			if all++; v >= lower[i] && v <= upper[i] {
				hits++
			}
		}
		least[h] = hits / all
	}
	want := 1.0
	for _, v := range least {
		want = min(want, v)
	}
	if got := r.Metrics["coverage_90_worst"]; math.Abs(got-want) > 1e-12 || want == r.Metrics["coverage_90"] {
		t.Errorf("the least coverage is %v, by step %v", got, least)
	}
	if _, ok := r.Metrics["naive.coverage_80_worst"]; !ok {
		t.Error("no least coverage of a baseline")
	}
}

// A model and a baseline that lacks a series are compared in those that both have: as if it were not there.
func TestComparedInTheSameSeries(t *testing.T) {
	with := common + "model: naive\nbaselines: [ridge]\n"
	one := metricsOf(t, made(t, with, hours(t, 1, 160, nil)))
	two := metricsOf(t, made(t, with, hours(t, 2, 160, func(s, i int, v float64) any {
		switch {
		case s == 1 && i < 100:
			return nil
		case s == 1:
			return float64(i * i % 17)
		}
		return v
	})))
	if a, b := one.Methods[1].Behind, two.Methods[1].Behind; two.Series != 2 || a == nil || b == nil || *a != *b {
		t.Errorf("the model is ahead by %+v, and by %+v with a series that the baseline lacks", a, b)
	}
}

// A table that begins elsewhere than that of training is refused by what follows a series from its begin, and
// by others forecast as the whole one is.
func TestTableThatBeginsLater(t *testing.T) {
	n := 160
	whole := hours(t, 1, n, nil)
	next := func(model, data []byte) ([]float64, error) {
		m, err := forecaster.Read(bytes.NewReader(model), int64(len(model)))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := table.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		series, err := timeline.Read(t.Context(), rows, m.Plan.Spec(), &m.Clock)
		if err != nil {
			t.Fatal(err)
		}
		subjects, _, err := m.Plan.Subjects(series)
		if err != nil {
			t.Fatal(err)
		}
		points, _, err := m.Next(t.Context(), &subjects[0], 4)
		return points, err
	}
	rec := tabletest.Rows(t, whole)
	times, _, _ := table.Texts(rec.Column(0))
	y, _, _ := table.Texts(rec.Column(3))
	var at []arrow.Timestamp
	var v []float64
	for i := 50; i < n; i++ {
		one, err := strconv.ParseFloat(y[i], 64)
		if err != nil {
			t.Fatal(times[i], err)
		}
		at, v = append(at, arrow.Timestamp(int64(i)*3600_000_000)), append(v, one)
	}
	late := tabletest.Table(t, "time", at, "y", v)
	with := "time: time\nstep: 1h\ntarget: y\nseason: 8\nhorizon: 4\ntest: 40\nbaselines: []\nmodel: "
	for model, refused := range map[string]bool{
		"ets": true, "theta": true, "{network: {layers: {mlp: [4]}, epochs: 1, base: theta}}": true,
		"ridge": false, "naive": false, "seasonal_naive": false, "{network: {layers: {mlp: [4]}, epochs: 1, base: ridge}}": false,
	} {
		text := made(t, with+model+"\n", whole).Outputs["model"]
		a, err := next(text, whole)
		if err != nil {
			t.Fatal(err)
		}
		b, err := next(text, late)
		switch {
		case refused && (err == nil || !strings.Contains(err.Error(), "its first value is of 1970-01-03 02:00, and")):
			t.Errorf("%s: %v", model, err)
		case !refused && err != nil:
			t.Errorf("%s: %v", model, err)
		case !refused:
			for h := range a {
				if a[h] != b[h] {
					t.Errorf("%s: %v of the whole table, %v of its end", model, a, b)
					break
				}
			}
		}
	}
}

// Beside a test of one origin there are enough forecasts before it for intervals.
func TestIntervalsOfOneOrigin(t *testing.T) {
	with := strings.Replace(common, "{steps: 40, every: 2}", "4", 1) + "model: ridge\nbaselines: [naive]\n"
	r := made(t, with, hours(t, 2, 200, nil))
	for _, m := range []string{"ridge", "naive"} {
		for i, v := range numbersOf(t, r, m, "upper_90") {
			if math.IsNaN(v) {
				t.Fatalf("%s: forecast %d has no interval", m, i+1)
			}
		}
	}
	r = made(t, with+"validation: 2\n", hours(t, 2, 200, nil))
	if notes := strings.Join(metricsOf(t, r).Notes, "\n"); !strings.Contains(notes, "coverage_90 is not defined: no interval is known") {
		t.Errorf("notes %s", notes)
	}
}

// Where a series is too short for a fit without the validation part, it is told that the first intervals are narrow.
func TestShortSeriesAreTold(t *testing.T) {
	short := func(_, i int, v float64) any {
		if i < 109 {
			return nil
		}
		return v
	}
	with := strings.Replace(common, "{steps: 40, every: 2}", "40", 1) + "model: ets\nbaselines: []\n"
	const want = "series are too short for a fit without the validation part"
	if notes := strings.Join(metricsOf(t, made(t, with, hours(t, 2, 160, short))).Notes, "\n"); !strings.Contains(notes, "2 of 2 "+want) {
		t.Errorf("notes %s", notes)
	}
	one := hours(t, 2, 160, func(s, i int, v float64) any {
		if s == 0 {
			return v
		}
		return short(s, i, v)
	})
	if notes := strings.Join(metricsOf(t, made(t, with, one)).Notes, "\n"); !strings.Contains(notes, "1 of 2 "+want) || !strings.Contains(notes, "station=s1") {
		t.Errorf("notes %s", notes)
	}
	if notes := strings.Join(metricsOf(t, made(t, with, hours(t, 2, 160, nil))).Notes, "\n"); strings.Contains(notes, want) {
		t.Errorf("notes %s", notes)
	}
}
