// Package forecaster is a model that forecasts series of a table: by a method of package forecast for each
// series, or by a network for all of them. It knows how series become what these see, and writes all that
// is needed to go on from where a table ends.
package forecaster

import (
	"fmt"
	"math"
	"slices"

	"pipe/base/diag"
	"pipe/data/relation"
	"pipe/data/timeline"
	"pipe/forecast"
)

// A Plan says what is forecast, and from which columns.
type Plan struct {
	Time     string            `json:"time"`
	Step     string            `json:"step"`
	Gaps     relation.Gaps     `json:"gaps"`
	Target   string            `json:"target"`
	By       []string          `json:"by,omitempty"`
	Season   int               `json:"season"`
	Horizon  int               `json:"horizon"`
	Past     []string          `json:"past,omitempty"`
	Known    []string          `json:"known,omitempty"`
	Static   []string          `json:"static,omitempty"`
	Calendar []timeline.Period `json:"calendar,omitempty"`
}

// waves are how many pairs of a sine and a cosine say where in a period a step is.
const waves = 2

// Spec is what is read of a table.
func (p *Plan) Spec() timeline.Spec {
	numbers := slices.Concat([]string{p.Target}, p.Past, p.Known)
	return timeline.Spec{Time: p.Time, Step: p.Step, By: p.By, Gaps: p.Gaps, Numbers: numbers, Filled: numbers[:1+len(p.Past)], Labels: p.Static}
}

// check says why a plan cannot be.
func (p *Plan) check() error {
	columns := slices.Concat([]string{p.Time, p.Target}, p.By, p.Past, p.Known, p.Static)
	switch {
	case p.Horizon < 1 || p.Horizon > forecast.MaxSteps:
		return fmt.Errorf("a horizon of %d steps", p.Horizon)
	case p.Season < 1 || p.Season > forecast.MaxSeason:
		return fmt.Errorf("a season of %d steps", p.Season)
	case len(columns) > 10_000:
		return fmt.Errorf("%d columns", len(columns))
	case p.Gaps != relation.GapsWrong && p.Gaps != relation.GapsMissing && p.Gaps != relation.GapsFilled:
		return fmt.Errorf("unknown gaps %.20q", p.Gaps)
	}
	for _, one := range p.Calendar {
		if !slices.Contains(timeline.Periods(), string(one)) {
			return fmt.Errorf("unknown period %.20q", one)
		}
	}
	return nil
}

// A Subject is a series that is forecast. Its steps are counted from the first known target.
type Subject struct {
	Key    []string
	Name   string // for people; empty of the only one
	First  int64  // the step of its first value
	Series forecast.Series
	Static []timeline.Label
	// Ahead is how many steps behind the last value have a row, and so values of columns that are known ahead.
	Ahead int
	// Gaps is how many values are missing.
	Gaps int
}

// End is the step behind its last known value.
func (s *Subject) End() int64 { return s.First + int64(len(s.Series.Values)) }

// Subjects makes series ready. Steps without a target at the end are those ahead. A series without any value is
// none; its name is among those that are left out.
func (p *Plan) Subjects(t *timeline.Series) (list []Subject, empty []string, err error) {
	for _, one := range p.Calendar {
		if err := t.Clock.Fits(one); err != nil {
			return nil, nil, err
		}
	}
	for i := range t.List {
		one := &t.List[i]
		target := one.Numbers[0]
		from, to := 0, one.Steps
		for from < to && math.IsNaN(target[from]) {
			from++
		}
		for to > from && (math.IsNaN(target[to-1]) || !one.Rows[to-1]) {
			to--
		}
		name := one.Name(t.By)
		if from == to {
			empty = append(empty, name)
			continue
		}
		s := Subject{Key: one.Key, Name: name, First: one.First + int64(from), Static: one.Labels, Ahead: one.Steps - to}
		s.Series.Values = target[from:to]
		for _, v := range s.Series.Values {
			if math.IsNaN(v) {
				s.Gaps++
			}
		}
		for _, c := range one.Numbers[1 : 1+len(p.Past)] {
			s.Series.Past = append(s.Series.Past, c[from:to])
		}
		n := to - from + p.Horizon
		for _, c := range one.Numbers[1+len(p.Past):] {
			s.Series.Known = append(s.Series.Known, longer(c[from:], n))
		}
		for _, period := range p.Calendar {
			for k := 1; k <= waves; k++ {
				sin, cos := make([]float64, n), make([]float64, n)
				for i := range n {
					sin[i], cos[i] = t.Clock.Waves(period, k, s.First+int64(i))
				}
				s.Series.Known = append(s.Series.Known, sin, cos)
			}
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, nil, diag.WithHint(fmt.Errorf("column %q has no value in any row", p.Target), "look at the table with `pipe show`")
	}
	return list, empty, nil
}

// longer is a column cut or lengthened, by what is missing, to so many steps.
func longer(c []float64, n int) []float64 {
	if len(c) >= n {
		return c[:n:n]
	}
	c = slices.Clone(c)
	for len(c) < n {
		c = append(c, math.NaN())
	}
	return c
}

// Until is the series as it was known before a step, which is counted as its own are. Columns that are known ahead stay.
func (s *Subject) Until(n int) forecast.Series {
	part := forecast.Series{Values: s.Series.Values[:n], Known: s.Series.Known}
	for _, c := range s.Series.Past {
		part.Past = append(part.Past, c[:n])
	}
	return part
}
