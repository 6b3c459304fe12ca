package format

import (
	"bytes"
	"io"

	"pipe/artifacts"
	"pipe/forecaster"
)

// A Forecaster is what there is to say of a model that forecasts series.
type Forecaster struct {
	Method    string    `json:"method"`
	Target    string    `json:"target"`
	Time      string    `json:"time"`
	Step      string    `json:"step"`
	By        []string  `json:"by,omitempty"`
	Series    int       `json:"series"` // that it knows
	Season    int       `json:"season"`
	Horizon   int       `json:"horizon"`
	Past      []string  `json:"past,omitempty"`
	Known     []string  `json:"known,omitempty"`
	Static    []string  `json:"static,omitempty"`
	Calendar  []string  `json:"calendar,omitempty"`
	Intervals []float64 `json:"intervals,omitempty"`
	Base      string    `json:"base,omitempty"`     // of a network: what it adds to
	Lookback  int       `json:"lookback,omitempty"` // likewise
	Network   *Network  `json:"network,omitempty"`
}

// Name implements View.
func (*Forecaster) Name() string { return "forecaster" }

// ForecasterOf describes a model.
func ForecasterOf(m *forecaster.Model) (*Forecaster, error) {
	p := &m.Plan
	v := &Forecaster{Method: m.Method, Target: p.Target, Time: p.Time, Step: p.Step, By: p.By, Series: m.Known(), Season: p.Season, Horizon: p.Horizon,
		Past: p.Past, Known: p.Known, Static: p.Static, Intervals: m.Levels}
	for _, one := range p.Calendar {
		v.Calendar = append(v.Calendar, string(one))
	}
	if n := m.Network; n != nil {
		var err error
		if v.Network, err = NetworkOf(n.Model); err != nil {
			return nil, err
		}
		v.Lookback, v.Base = n.Lookback, n.Base
	}
	return v, nil
}

// readForecaster reads a model if it is one that forecasts series; else it is nil.
func readForecaster(f *artifacts.File) (*forecaster.Model, error) {
	head := make([]byte, min(f.Size(), int64(forecaster.HeadSize)))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	if !forecaster.Is(head) {
		return nil, nil
	}
	return forecaster.Read(f, f.Size())
}

// forecasterDifference says where two models of series begin to differ.
func forecasterDifference(a, b *forecaster.Model) (string, error) {
	if a.Network != nil && b.Network != nil {
		if text, err := networkDifference(a.Network.Model, b.Network.Model); err != nil || text != "" {
			return text, err
		}
	}
	document := func(m *forecaster.Model) ([]byte, error) {
		var text bytes.Buffer
		_, err := m.WriteTo(&text)
		return text.Bytes(), err
	}
	return firstChangeOf(a, b, document)
}
