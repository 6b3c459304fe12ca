// Package forecast says what a number at equal steps of time will be: by the classical methods that each
// other model has to beat, with intervals made of the errors of earlier forecasts, and with the measures
// by which forecasts are judged. It knows nothing of tables, networks and stages.
//
// A method is fitted once, to the steps of training. Forecasts are then made from any later origin: what
// was fitted stays, and what a method carries from step to step (a level, a trend, a season) follows the
// values up to the origin. Numbers are float64, and the same on any number of threads.
package forecast

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// A Series is a number at equal steps, with what else is known at each of them.
type Series struct {
	Values []float64   // NaN: not measured
	Past   [][]float64 // further columns that are known up to an origin, each as long as Values
	Known  [][]float64 // columns that are known ahead: as long as Values, and by the steps to forecast longer where those lie behind its end
}

// A Fitted is a method after its fit.
type Fitted interface {
	// Roll forecasts the steps after each origin, of which there are none below the one before. An origin is
	// the number of steps that are known there: row i of the result has the forecasts of steps origins[i],
	// origins[i]+1, ..., which depend on no value of these steps, nor of later ones. The time is linear in the
	// length of the series.
	Roll(s Series, origins []int, steps int) ([][]float64, error)

	// check is why no document can hold it.
	check() error
}

// Bounds of what documents may ask for.
const (
	MaxSeason = 100_000
	MaxSteps  = 10_000
	maxLags   = 10_000
	maxKnown  = 10_000

	maxSquared = 1e150 // of which there are squares, and sums of these
)

// A Method is what is fitted, and how.
type Method struct {
	Name   string // one of Methods
	Season int    // steps of a period: 12 for months; 0 and 1: there is none
	Steps  int    // of Ridge, how far ahead it forecasts
	ETS    ETSForm
	Ridge  RidgeForm
}

// Names of methods.
const (
	NaiveName         = "naive"
	SeasonalNaiveName = "seasonal_naive"
	DriftName         = "drift"
	ETSName           = "ets"
	ThetaName         = "theta"
	RidgeName         = "ridge"
)

// Methods lists the names of all, the simplest first.
func Methods() []string {
	return []string{NaiveName, SeasonalNaiveName, DriftName, ETSName, ThetaName, RidgeName}
}

// A Model is a fitted method that is written as JSON, and read.
type Model struct {
	Method string
	Fitted
}

// Fit fits a method to a series, all of whose values are those of training. An error says what the series
// lacks for it.
func Fit(m Method, s Series) (*Model, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if m.Name == ETSName || m.Name == ThetaName || m.Name == RidgeName {
		for _, x := range s.Values {
			if math.Abs(x) > maxSquared {
				return nil, fmt.Errorf("a value of the target is %.3g, and of those beyond %.0e there are no squares: it needs another unit", x, maxSquared)
			}
		}
	}
	var fitted Fitted
	var err error
	switch m.Name {
	case NaiveName:
		fitted = &Naive{}
	case SeasonalNaiveName:
		fitted = &SeasonalNaive{Season: max(1, m.Season)}
	case DriftName:
		fitted = &Drift{}
	case ETSName:
		fitted, err = fitETS(m.ETS, m.Season, s.Values)
	case ThetaName:
		fitted, err = fitTheta(m.Season, s.Values)
	case RidgeName:
		fitted, err = fitRidge(m.Ridge, m.Season, m.Steps, s)
	}
	if err != nil {
		return nil, err
	}
	return &Model{Method: m.Name, Fitted: fitted}, nil
}

// Forecast forecasts the steps after the end of a series.
func (m *Model) Forecast(s Series, steps int) ([]float64, error) {
	rows, err := m.Roll(s, []int{len(s.Values)}, steps)
	if err != nil {
		return nil, err
	}
	return rows[0], nil
}

func (m Method) check() error {
	if !slices.Contains(Methods(), m.Name) {
		return fmt.Errorf("there is no method %q", m.Name)
	}
	if m.Season < 0 || m.Season > MaxSeason {
		return fmt.Errorf("a season of %d steps is not possible: at most %d are", m.Season, MaxSeason)
	}
	if err := m.ETS.check(); err != nil {
		return err
	}
	return m.Ridge.check()
}

func (s Series) check() error {
	for _, x := range s.Values {
		if math.IsInf(x, 0) {
			return fmt.Errorf("a value is infinite")
		}
	}
	for _, c := range s.Past {
		if len(c) != len(s.Values) {
			return fmt.Errorf("a column has %d steps where the series has %d", len(c), len(s.Values))
		}
	}
	for _, c := range s.Known {
		if len(c) < len(s.Values) {
			return fmt.Errorf("a column that is known ahead has %d steps where the series has %d", len(c), len(s.Values))
		}
	}
	return nil
}

// checkRoll says why forecasts from these origins are not possible.
func checkRoll(s Series, origins []int, steps int) error {
	if err := s.check(); err != nil {
		return err
	}
	if steps < 1 || steps > MaxSteps {
		return fmt.Errorf("forecasts of %d steps are not possible: 1 to %d are", steps, MaxSteps)
	}
	for i, o := range origins {
		switch {
		case o < 1 || o > len(s.Values):
			return fmt.Errorf("an origin after %d of %d steps is not possible", o, len(s.Values))
		case i > 0 && o < origins[i-1]:
			return fmt.Errorf("the origin after %d steps comes before one after %d", origins[i-1], o)
		}
	}
	return nil
}

// roll calls see with each step in order up to the last origin, and at the origins ahead for what comes next.
func roll(s Series, origins []int, steps int, see func(x float64), ahead func(out []float64) error) ([][]float64, error) {
	if err := checkRoll(s, origins, steps); err != nil {
		return nil, err
	}
	rows := make([][]float64, len(origins))
	at := 0
	for i, o := range origins {
		for ; at < o; at++ {
			see(s.Values[at])
		}
		rows[i] = make([]float64, steps)
		if err := ahead(rows[i]); err != nil {
			return nil, fmt.Errorf("at the origin after %d steps: %w", o, err)
		}
		if err := checkFinite(rows[i]); err != nil {
			return nil, fmt.Errorf("at the origin after %d steps the forecast is not finite", o)
		}
	}
	return rows, nil
}

// The document of a model is {"method": NAME, "fit": {...}}.

type modelDocument struct {
	Method string          `json:"method"`
	Fit    json.RawMessage `json:"fit"`
}

func (m *Model) MarshalJSON() ([]byte, error) {
	fit, err := json.Marshal(m.Fitted)
	if err != nil {
		return nil, err
	}
	return json.Marshal(modelDocument{Method: m.Method, Fit: fit})
}

// UnmarshalJSON reads a model, and checks all that forecasts rely on.
func (m *Model) UnmarshalJSON(text []byte) error {
	var d modelDocument
	if err := json.Unmarshal(text, &d); err != nil {
		return err
	}
	var fitted Fitted
	switch d.Method {
	case NaiveName:
		fitted = &Naive{}
	case SeasonalNaiveName:
		fitted = &SeasonalNaive{}
	case DriftName:
		fitted = &Drift{}
	case ETSName:
		fitted = &ETS{}
	case ThetaName:
		fitted = &Theta{}
	case RidgeName:
		fitted = &Ridge{}
	default:
		return fmt.Errorf("there is no method %q", d.Method)
	}
	if err := json.Unmarshal(d.Fit, fitted); err != nil {
		return fmt.Errorf("the fit of %s: %w", d.Method, err)
	}
	if err := fitted.check(); err != nil {
		return fmt.Errorf("the fit of %s is damaged: %w", d.Method, err)
	}
	m.Method, m.Fitted = d.Method, fitted
	return nil
}
