package forecaster

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"pipe/base/diag"
	"pipe/data/timeline"
	"pipe/forecast"
	"pipe/nn"
)

// A Model is what forecasts series of a table, with all that is needed to go on from where a table ends.
type Model struct {
	Plan   Plan
	Clock  timeline.Clock
	Method string // a method of package forecast, or network

	Classical *Classical     // exactly one of these
	Network   *FittedNetwork //

	Levels []float64 // of intervals
	// Intervals are made of the errors of the forecasts of each series until the end of the table that the model
	// was made of, one for each level.
	Intervals map[string][]*forecast.Conformal

	pooled [][]float64 // see Model.pool
}

// Engine is what forecasts.
func (m *Model) Engine() Engine {
	if m.Network != nil {
		return m.Network
	}
	return m.Classical
}

// base is the method of package forecast that forecasts, or that a network adds to; nil: there is none.
func (m *Model) base() *Classical {
	if m.Network != nil {
		return m.Network.Bases
	}
	return m.Classical
}

// Known is how many series it can forecast by what it learned of them.
func (m *Model) Known() int {
	if m.Network != nil {
		return len(m.Network.Scales)
	}
	return len(m.Classical.Models)
}

const (
	documentFormat  = "pipe.forecaster"
	documentVersion = 1
	maxDocument     = 1 << 30
	documentHead    = `{"format":"` + documentFormat + `"`
)

// HeadSize is how many bytes Is needs.
const HeadSize = len(documentHead)

// Is says whether a model, of which these are the first bytes, is one that Read reads.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(documentHead)) }

type document struct {
	Format    string                           `json:"format"`
	Version   int                              `json:"version"`
	Plan      Plan                             `json:"plan"`
	Clock     timeline.Clock                   `json:"clock"`
	Method    string                           `json:"method"`
	Levels    []float64                        `json:"levels,omitempty"`
	Intervals map[string][]*forecast.Conformal `json:"intervals,omitempty"`
	Classical *Classical                       `json:"classical,omitempty"`
	Network   *FittedNetwork                   `json:"network,omitempty"`
	Weights   []byte                           `json:"weights,omitempty"` // of the network: a model file
}

// WriteTo writes the model as JSON. The same model always gives the same bytes.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	d := document{Format: documentFormat, Version: documentVersion, Plan: m.Plan, Clock: m.Clock, Method: m.Method, Levels: m.Levels, Intervals: m.Intervals,
		Classical: m.Classical, Network: m.Network}
	if m.Network != nil {
		var b bytes.Buffer
		if _, err := m.Network.Model.WriteTo(&b); err != nil {
			return 0, err
		}
		d.Weights = b.Bytes()
	}
	text, err := json.Marshal(d)
	if err != nil {
		return 0, fmt.Errorf("write model: %w", err)
	}
	n, err := w.Write(append(text, '\n'))
	return int64(n), err
}

// Read reads a model. It trusts nothing.
func Read(r io.ReaderAt, size int64) (*Model, error) {
	m, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	return m, nil
}

func read(r io.ReaderAt, size int64) (*Model, error) {
	if size > maxDocument {
		return nil, fmt.Errorf("%d bytes are more than a model of series has", size)
	}
	text, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return nil, err
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, err
	}
	if d.Format != documentFormat {
		return nil, errors.New("it is no model of series")
	}
	if d.Version != documentVersion {
		return nil, diag.WithHint(fmt.Errorf("it is of version %d, and this pipe knows %d", d.Version, documentVersion), "use a later version of pipe")
	}
	m := &Model{Plan: d.Plan, Clock: d.Clock, Method: d.Method, Levels: d.Levels, Intervals: d.Intervals, Classical: d.Classical, Network: d.Network}
	if m.Network != nil {
		if m.Network.Model, err = nn.ReadModel(bytes.NewReader(d.Weights), int64(len(d.Weights))); err != nil {
			return nil, err
		}
		m.Network.plan = &m.Plan
	}
	return m, m.check()
}

// check says why a model cannot forecast.
func (m *Model) check() error {
	if err := m.Plan.check(); err != nil {
		return err
	}
	if err := m.Clock.Check(m.Plan.Time); err != nil {
		return err
	}
	if m.Clock.Step != m.Plan.Step {
		return fmt.Errorf("its steps are of %.20q and of %.20q", m.Clock.Step, m.Plan.Step)
	}
	if (m.Classical == nil) == (m.Network == nil) {
		return errors.New("it has no method, or two")
	}
	for _, v := range m.Levels {
		if !(v > 0 && v < 1) {
			return fmt.Errorf("an interval of level %v", v)
		}
	}
	for _, list := range m.Intervals {
		if len(list) != len(m.Levels) {
			return fmt.Errorf("%d intervals for %d levels", len(list), len(m.Levels))
		}
		for i, c := range list {
			if c == nil || c.Level != m.Levels[i] || len(c.Errors) != m.Plan.Horizon {
				return errors.New("the intervals are not of its levels and steps")
			}
			if err := c.Check(); err != nil {
				return err
			}
		}
	}
	if m.Network != nil {
		return m.Network.check()
	}
	return m.Classical.check()
}

func (c *Classical) check() error {
	for key, one := range c.Models {
		if one == nil || one.Fitted == nil {
			return fmt.Errorf("there is no fit of the series %.40q", key)
		}
	}
	return nil
}

func (n *FittedNetwork) check() error {
	p := n.plan
	if n.Lookback < 1 || n.Lookback > 1_000_000 || !finite(n.Typical) || n.Typical <= 0 {
		return errors.New("the network sees no window")
	}
	if !slices.Contains([]string{CenterNone, CenterLast, CenterMean}, n.Center) || n.Scale != ScaleSeries && n.Scale != ScaleWindow {
		return fmt.Errorf("windows are scaled by %.20q and %.20q", n.Center, n.Scale)
	}
	if (n.Base == NoBase) != (n.Bases == nil) {
		return errors.New("the base of the network is not there")
	}
	if n.Bases != nil {
		if err := n.Bases.check(); err != nil {
			return err
		}
	}
	for _, v := range n.Scales {
		if !finite(v) || v <= 0 {
			return fmt.Errorf("a series has the scale %v", v)
		}
	}
	if len(n.Past) != len(p.Past) || len(n.Known) != len(p.Known)+2*waves*len(p.Calendar) || len(n.Static) != len(p.Static) || len(n.Quantiles) > 99 {
		return errors.New("the columns of the network are not those of its plan")
	}
	static := 0
	for _, s := range n.Static {
		if static++; s.Standard == nil {
			static += len(s.Categories) - 1
		}
	}
	_, sig := n.spec(len(n.Past), len(n.Known), static)
	have := n.Model.Signature
	same := func(a, b nn.Input) bool {
		return a.Name == b.Name && a.Type == b.Type && slices.Equal(a.Shape, b.Shape) && !a.Ragged
	}
	if !slices.EqualFunc(sig.Inputs, have.Inputs, same) || have.Outputs() != sig.Outputs() || have.Task != sig.Task {
		return errors.New("the network has other inputs or outputs than its plan")
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// A Band is an interval around forecasts, by step.
type Band struct{ Lower, Upper []float64 }

// Next forecasts the steps behind the end of a series, with a band for each level: NaN where too few errors are known.
// Those of a series of which none are, since it is new, are made of the errors of all others: see Tested.
func (m *Model) Next(ctx context.Context, s *Subject, steps int) (points []float64, bands []Band, err error) {
	if c := m.base(); c != nil {
		if err := c.begins(s, m.Clock); err != nil {
			return nil, nil, err
		}
	}
	f, err := m.Engine().Roll(ctx, s, []int{len(s.Series.Values)}, steps)
	if err != nil {
		return nil, nil, err
	}
	known := m.Intervals[KeyOf(s.Key)]
	pooled := known == nil && m.Network != nil
	scale := 0.0
	if pooled {
		scale = m.Network.scaleOf(s)
	}
	for i, level := range m.Levels {
		middle, width := m.Shape(f, 0, level)
		b := Band{make([]float64, steps), make([]float64, steps)}
		for h := range steps {
			half := math.NaN()
			switch {
			case h >= m.Plan.Horizon:
			case known != nil:
				half = float64(known[i].Half(h) * width[h])
			case pooled:
				half = float64(float64(m.pool()[i][h]*m.unit(scale, level)) * width[h])
			}
			b.Lower[h], b.Upper[h] = middle[h]-half, middle[h]+half
		}
		bands = append(bands, b)
	}
	Nest(m.Levels, bands)
	return f.Points[0], bands, nil
}

// Nest widens intervals of higher levels to those of lower ones where these reach farther, since each is adapted by itself.
func Nest(levels []float64, bands []Band) {
	order := make([]int, len(levels))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(levels[a], levels[b]) })
	for i, wide := range order {
		for _, in := range order[:i] {
			for h, lower := range bands[in].Lower {
				if !math.IsNaN(lower) && !math.IsNaN(bands[wide].Lower[h]) {
					bands[wide].Lower[h], bands[wide].Upper[h] = min(bands[wide].Lower[h], lower), max(bands[wide].Upper[h], bands[in].Upper[h])
				}
			}
		}
	}
}

// Tested says whether errors of a series are known, so that its intervals are made of these.
func (m *Model) Tested(s *Subject) bool { return m.Intervals[KeyOf(s.Key)] != nil }

// mostPooled is of how many series the errors are put together.
const mostPooled = 1000

// pool is half the width of the interval of each level and step that the errors of all series together have, in
// the scale of each. The levels have been adapted as those of the series are on average.
func (m *Model) pool() [][]float64 {
	if m.pooled != nil {
		return m.pooled
	}
	keys := slices.Sorted(maps.Keys(m.Intervals))
	keys = slices.DeleteFunc(keys, func(key string) bool { return m.Network.Scales[key] == 0 })
	every := (len(keys) + mostPooled - 1) / mostPooled
	for i, level := range m.Levels {
		all := &forecast.Conformal{Level: level, Alpha: make([]float64, m.Plan.Horizon), Errors: make([][]float64, m.Plan.Horizon)}
		halves := make([]float64, m.Plan.Horizon)
		for h := range halves {
			of := 0.0
			for at := 0; at < len(keys); at += every {
				c, unit := m.Intervals[keys[at]][i], m.unit(m.Network.Scales[keys[at]], level)
				all.Alpha[h] += c.Alpha[h]
				of++
				for _, e := range c.Errors[h] {
					all.Errors[h] = append(all.Errors[h], e/unit)
				}
			}
			if of > 0 {
				all.Alpha[h] /= of
			}
			halves[h] = all.Half(h)
		}
		m.pooled = append(m.pooled, halves)
	}
	return m.pooled
}

// unit is what errors of a series of a scale are measured in, so that those of several series are alike: widths of
// the quantiles of a level are so already.
func (m *Model) unit(scale, level float64) float64 {
	if low, high := m.Network.ends(level); low >= 0 && high >= 0 {
		return 1
	}
	return scale
}

// Shape is the middle of the interval of a level at each step of an origin, and the width of which its errors are
// multiples: of quantiles, if the network has learned two that belong to the level; else around the forecast, and 1.
func (m *Model) Shape(f Forecasts, origin int, level float64) (middle, width []float64) {
	return Shape(m.Network, f, origin, level)
}

// Shape is Model.Shape of a network, or of nil.
func Shape(n *FittedNetwork, f Forecasts, origin int, level float64) (middle, width []float64) {
	points := f.Points[origin]
	middle, width = slices.Clone(points), make([]float64, len(points))
	for h := range width {
		width[h] = 1
	}
	if n == nil || f.Quantiles == nil {
		return middle, width
	}
	low, high := n.ends(level)
	if low < 0 || high < 0 {
		return middle, width
	}
	for h, row := range f.Quantiles[origin] {
		middle[h] = row[low]/2 + row[high]/2
		width[h] = max((row[high]-row[low])/2, 1e-9*max(math.Abs(row[low]), math.Abs(row[high])), math.SmallestNonzeroFloat32)
	}
	return middle, width
}

// ends are which quantiles belong to a level, below 0 if the network has not learned one.
func (n *FittedNetwork) ends(level float64) (low, high int) {
	at := func(q float64) int {
		return slices.IndexFunc(n.Quantiles, func(v float64) bool { return math.Abs(v-q) < 1e-9 })
	}
	return at((1 - level) / 2), at((1 + level) / 2)
}
