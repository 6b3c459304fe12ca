package forecast_test

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"pipe/forecast"
)

// Whatever a document says, it is refused, or the model forecasts without a panic.
func FuzzModel(f *testing.F) {
	s := forecast.Series{Values: noise(80, 1), Past: [][]float64{noise(80, 2)}, Known: [][]float64{noise(100, 3)}}
	for _, name := range forecast.Methods() {
		m, err := forecast.Fit(forecast.Method{Name: name, Season: 4, Steps: 2, Ridge: forecast.RidgeForm{Lags: 3}}, s)
		if err != nil {
			f.Fatal(err)
		}
		text, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var m forecast.Model
		if json.Unmarshal(text, &m) != nil {
			return
		}
		rows, err := m.Roll(s, []int{1, 40, 80}, 5)
		if err != nil {
			return
		}
		for _, row := range rows {
			for _, v := range row {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s forecasts %v", text, row)
				}
			}
		}
	})
}

// Whatever a series has, there is an error, or finite forecasts.
func TestExtremeSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, math.NaN(), 1e300, -1e300, math.MaxFloat64, 5e-324, 1e-300, 1e15}), rapid.Float64Range(-1e3, 1e3))
		few := rapid.SliceOfN(value, 1, 3).Draw(t, "values")
		n := rapid.IntRange(0, 90).Draw(t, "length")
		s := forecast.Series{Values: make([]float64, n)}
		for i := range s.Values {
			s.Values[i] = few[rapid.IntRange(0, len(few)-1).Draw(t, "which")]
		}
		m := forecast.Method{Name: rapid.SampledFrom(forecast.Methods()).Draw(t, "method"), Season: rapid.IntRange(0, 30).Draw(t, "season"), Steps: rapid.IntRange(1, 9).Draw(t, "steps"),
			Ridge: forecast.RidgeForm{Lags: rapid.IntRange(0, 30).Draw(t, "lags")}}
		model, err := forecast.Fit(m, s)
		if err != nil {
			return
		}
		text, err := json.Marshal(model)
		if err != nil {
			t.Fatal(err)
		}
		var again forecast.Model
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s is not read: %v", text, err)
		}
		got, err := again.Forecast(s, 7)
		if err != nil {
			return
		}
		for _, v := range got {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("%s of %v forecasts %v", m.Name, s.Values, got)
			}
		}
	})
}
