package forecast_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pipe/forecast"
)

// rolledRidge has the forecasts of a ridge regression at the origins of the test, and before them at those of the last
// fifth of the training part, by a regression that has not seen it.
func rolledRidge(t testing.TB, p problem) (r forecast.Rolled, before int) {
	m := forecast.Method{Name: "ridge", Season: p.season, Steps: p.steps, Ridge: forecast.RidgeForm{Lags: p.lags}}
	seen := p.trained() * 4 / 5
	for o := p.trained() - p.each; o >= seen; o -= p.each {
		r.Origins = append(r.Origins, o)
	}
	slices.Reverse(r.Origins)
	before = len(r.Origins)
	first, err := forecast.Fit(m, forecast.Series{Values: p.values[:seen]})
	if err != nil {
		t.Fatal(err)
	}
	if r.Forecast, err = first.Roll(forecast.Series{Values: p.values}, r.Origins, p.steps); err != nil {
		t.Fatal(err)
	}
	r.Forecast = append(r.Forecast, p.roll(t, p.fit(t, m))...)
	r.Origins = append(r.Origins, p.origins()...)
	for _, o := range r.Origins {
		r.Actual = append(r.Actual, p.values[o:o+p.steps])
	}
	return r, before
}

// Without adaptation they hold 0.88, 0.83 and 0.82 of the values, and at the worst step ahead 0.84, 0.76 and 0.74
// (a window of 100 errors).
func TestIntervalsCoverWhatTheySay(t *testing.T) {
	for _, p := range []problem{co2(t), jfk(t), departures(t)} {
		r, before := rolledRidge(t, p)
		c, err := forecast.NewConformal(0.9, forecast.DefaultWindow, forecast.DefaultRate, p.steps)
		if err != nil {
			t.Fatal(err)
		}
		half := c.Roll(r)
		worst, all := 1.0, 0.0
		for h := range p.steps {
			var actual, lower, upper []float64
			for i := before; i < len(half); i++ {
				actual = append(actual, r.Actual[i][h])
				lower, upper = append(lower, r.Forecast[i][h]-half[i][h]), append(upper, r.Forecast[i][h]+half[i][h])
			}
			covered, err := forecast.Coverage(actual, lower, upper)
			if err != nil {
				t.Fatal(err)
			}
			worst, all = min(worst, covered), all+covered/float64(p.steps)
		}
		t.Logf("%s: %.4f, at the worst step %.4f", p.name, all, worst)
		if all < 0.85 || all > 0.95 || worst < 0.8 {
			t.Errorf("%s: intervals of 90 %% cover %.4f, at the worst step ahead %.4f", p.name, all, worst)
		}
	}
}

// An interval depends on what was known at its origin alone, and goes on after reading.
func TestIntervalsSeeNoLaterValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, steps, every := rapid.IntRange(2, 60).Draw(t, "origins"), rapid.IntRange(1, 5).Draw(t, "steps"), rapid.IntRange(1, 3).Draw(t, "every")
		x := noise(2*n*steps, rapid.Uint32().Draw(t, "seed"))
		var r forecast.Rolled
		for i := range n {
			r.Origins = append(r.Origins, 10+i*every)
			r.Forecast = append(r.Forecast, x[2*i*steps:][:steps])
			r.Actual = append(r.Actual, slices.Clone(x[(2*i+1)*steps:][:steps]))
		}
		fresh := func() *forecast.Conformal {
			c, err := forecast.NewConformal(0.5, 7, 0.05, steps)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		half := fresh().Roll(r)
		at := rapid.IntRange(0, n-1).Draw(t, "at")
		for i := range r.Actual {
			for h := range r.Actual[i] {
				if r.Origins[i]+h >= r.Origins[at] {
					r.Actual[i][h] = 1e6
				}
			}
		}
		again := fresh().Roll(r)
		for h := range steps {
			if a, b := half[at][h], again[at][h]; a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
				t.Fatalf("%d ahead: %v, and with other values after the origin %v", h+1, a, b)
			}
		}
	})
}

func TestHalfWidthIsTheRankedError(t *testing.T) {
	c, err := forecast.NewConformal(0.8, 10, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		c.Learn(0, float64(-i), math.NaN())
		if !math.IsNaN(c.Half(0)) {
			t.Errorf("%d errors say something", i+1)
		}
	}
	for _, e := range []float64{3, 4, 5, 6, 7, 8} {
		c.Learn(0, e, math.NaN())
	}
	if got := c.Half(0); got != 7 { // of 0 to 8 the eighth
		t.Errorf("%v", got)
	}
	c.Alpha[0] = 0.05 // below 1/10, what nine errors can tell
	if got := c.Half(0); math.Abs(got-8*1.05) > 1e-12 {
		t.Errorf("%v", got)
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var again forecast.Conformal
	if err := json.Unmarshal(text, &again); err != nil || again.Check() != nil || again.Half(0) != c.Half(0) {
		t.Errorf("%s is read as %+v: %v, %v", text, again, err, again.Check())
	}
	for _, text := range []string{`{}`, `{"level":0.9,"window":5,"alpha":[0.1],"errors":[]}`, `{"level":0.9,"window":5,"alpha":[1e300],"errors":[[1]]}`,
		`{"level":0.9,"window":1,"alpha":[0.1],"errors":[[1,2]]}`, `{"level":0.9,"window":5,"alpha":[0.1],"errors":[[-1]]}`, `{"level":2,"window":5,"alpha":[0.1],"errors":[[1]]}`} {
		var c forecast.Conformal
		if err := json.Unmarshal([]byte(text), &c); err != nil || c.Check() == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

// The interval of independent differences is that of the normal distribution, and that of neighbours that are alike
// is wider.
func TestBlocksKeepNeighboursTogether(t *testing.T) {
	const n = 400
	a, b := noise(n, 1), noise(n, 2)
	single, err := forecast.Paired(a, b, 1, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	want := 1.96 * math.Sqrt(1.0/6/n) // the variance of each is 1/12
	if got := (single.High - single.Low) / 2; math.Abs(got/want-1) > 0.1 {
		t.Errorf("half width %v, want %v", got, want)
	}
	alike, zero := make([]float64, n), make([]float64, n)
	for i := range alike {
		alike[i] = a[i/10] // ten in a row
	}
	one, err := forecast.Paired(alike, zero, 1, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := forecast.Paired(alike, zero, 20, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	if blocks.High-blocks.Low < 2*(one.High-one.Low) {
		t.Errorf("blocks %v, single origins %v", blocks, one)
	}
	same, err := forecast.Paired(a, a, 5, 0.95)
	if err != nil || same.Mean != 0 || same.Low != 0 || same.High != 0 {
		t.Errorf("%v, %v", same, err)
	}
	if _, err := forecast.Paired(a[:20], b[:20], 5, 0.95); err == nil || err.Error() != "20 origins are too few for blocks of 5: 25 are needed" {
		t.Error(err)
	}
	if got := forecast.BlockLength(109, 12, 1); got != 12 {
		t.Error(got)
	}
	if got := forecast.BlockLength(70, 24, 24); got != 5 {
		t.Error(got)
	}
}
