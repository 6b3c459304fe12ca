package forecast_test

import (
	"encoding/json"
	"math"
	"testing"

	"pipe/forecast"
)

// The figures are those of scripts in Python on the same origins, with NumPy and scikit-learn. Exponential smoothing and
// Theta are better than statsmodels there, by whose fit at every sixth origin they had 0.4105 and 0.5296.
func TestFiguresOfKnownSeries(t *testing.T) {
	for _, c := range []struct {
		of   problem
		want map[string]float64
	}{
		{co2(t), map[string]float64{"naive": 2.1484, "seasonal_naive": 1.2767, "drift": 2.0621, "ets": 0.3704, "theta": 0.5275, "ridge": 0.3760}},
		{jfk(t), map[string]float64{"naive": 1.1563, "seasonal_naive": 1.4715, "drift": 1.1571, "ridge": 1.0358}},
	} {
		for _, name := range forecast.Methods() {
			want, ok := c.want[name]
			if !ok {
				continue
			}
			form := forecast.RidgeForm{Lags: c.of.lags}
			model := c.of.fit(t, forecast.Method{Name: name, Ridge: form})
			if ridge, ok := model.Fitted.(*forecast.Ridge); ok { // there the inputs are not divided by a scale
				form.Penalty = 1 / (ridge.Scale * ridge.Scale)
				model = c.of.fit(t, forecast.Method{Name: name, Ridge: form})
			}
			if got := mase(c.of, c.of.roll(t, model)); math.Abs(got-want) > 0.00005 {
				t.Errorf("%s of %s: MASE %.4f, want %.4f", name, c.of.name, got, want)
			}
		}
	}
}

func mase(p problem, rows [][]float64) float64 {
	var sum, n, scale float64
	for i, row := range p.actual() {
		for k, x := range row {
			sum += math.Abs(x - rows[i][k])
			n++
		}
	}
	train := p.values[:p.trained()]
	for i := p.season; i < len(train); i++ {
		scale += math.Abs(train[i] - train[i-p.season])
	}
	return sum / n / (scale / float64(len(train)-p.season))
}

func TestGapsAreLookedOver(t *testing.T) {
	nan := math.NaN()
	s := forecast.Series{Values: []float64{1, 2, 3, 4, nan, 6, nan, nan}}
	for _, c := range []struct {
		method string
		want   []float64
	}{
		{"naive", []float64{6, 6, 6, 6}},
		{"seasonal_naive", []float64{6, 4, 2, 6}}, // of the same step of three: of 3 and 6 the last, of 1 and 4, of 2 alone
		{"drift", []float64{9, 10, 11, 12}},
	} {
		m, err := forecast.Fit(forecast.Method{Name: c.method, Season: 3}, s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Forecast(s, 4)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.method, got, c.want)
				break
			}
		}
	}
}

func TestModelsAreReadAgain(t *testing.T) {
	p := co2(t)
	for _, name := range forecast.Methods() {
		m := p.fit(t, forecast.Method{Name: name})
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var again forecast.Model
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		a, b := p.roll(t, m), p.roll(t, &again)
		for i := range a {
			for k := range a[i] {
				if a[i][k] != b[i][k] {
					t.Fatalf("%s: origin %d, step %d: %v, and %v after reading", name, i, k+1, a[i][k], b[i][k])
				}
			}
		}
	}
	for _, text := range []string{`{}`, `{"method":"naive"}`, `{"method":"oracle","fit":{}}`, `{"method":"seasonal_naive","fit":{"season":0}}`,
		`{"method":"seasonal_naive","fit":{"season":9000000000}}`} {
		var m forecast.Model
		if err := json.Unmarshal([]byte(text), &m); err == nil {
			t.Errorf("%s is read", text)
		}
	}
}
