package forecast

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/forecast"
	"pipe/pipeline"
)

// A measure is a figure of forecasts, computed for each series and averaged over them.
type measure struct {
	name, title, doc string
	goal             metric.Goal
	of               func(p *pairs) (float64, error)
	// least is the place of another measure, of whose values by step ahead this is the least one; 0: it is computed by of.
	least int
}

// pairs are what was forecast of a series, and what came.
type pairs struct {
	actual, points []float64
	lower, upper   [][]float64 // by level
	scale          scale
}

// A scale is that of mase and rmsse in a series.
type scale struct {
	forecast.Scale
	err error
}

// A value is what came of a measure.
type value struct {
	value     float64
	undefined string // why there is none
}

// figures are the measures that need no interval.
func figures() []measure {
	return []measure{
		{name: "mase", title: "MASE", doc: "mean absolute error, divided by that of the seasonal naive forecast in training", goal: goalOf("mase"),
			of: func(p *pairs) (float64, error) {
				if p.scale.err != nil {
					return 0, p.scale.err
				}
				return forecast.MASE(p.actual, p.points, p.scale.Scale)
			}},
		{name: "rmsse", title: "RMSSE", doc: "root mean squared error, divided by that of the seasonal naive forecast in training", goal: goalOf("rmsse"),
			of: func(p *pairs) (float64, error) {
				if p.scale.err != nil {
					return 0, p.scale.err
				}
				return forecast.RMSSE(p.actual, p.points, p.scale.Scale)
			}},
		usual("mae", "mean absolute error, in units of the target"),
		usual("rmse", "root mean squared error, in units of the target"),
		usual("smape", "symmetric mean absolute percentage error, from 0 to 200"),
	}
}

// goalOf is the goal of a measure of forecasts.
func goalOf(name string) metric.Goal {
	if lower, _ := forecast.LowerIsBetter(name); lower {
		return metric.Down
	}
	return metric.Up
}

// usual is a metric of actual and predicted values.
func usual(name, doc string) measure {
	def, _ := metric.All().Find(name)
	return measure{name: name, title: def.Title, doc: doc, goal: def.Goal, of: func(p *pairs) (float64, error) {
		var actual, points []float64
		for i, v := range p.actual {
			if v == v {
				actual, points = append(actual, v), append(points, p.points[i])
			}
		}
		if len(actual) == 0 {
			return 0, errors.New("no actual value is known")
		}
		sample, err := metric.NewValues(actual, points)
		if err != nil {
			return 0, err
		}
		v := sample.Measure(metric.List{def}, nil)[0]
		if v.Undefined != "" {
			return 0, errors.New(v.Undefined)
		}
		return v.Value, nil
	}}
}

// measuresOf are all measures, of intervals of some levels.
func measuresOf(levels []float64) []measure {
	list := figures()
	for i, level := range levels {
		name, percent := suffix(level), strconv.FormatFloat(100*level, 'g', 6, 64)+" %"
		list = append(list,
			measure{name: "coverage" + name, title: "Coverage of " + percent, doc: "share of the values within the " + percent + " interval", goal: goalOf("coverage" + name),
				of: func(p *pairs) (float64, error) { return forecast.Coverage(p.actual, p.lower[i], p.upper[i]) }},
			measure{name: "coverage" + name + worst, title: "Least coverage of " + percent, doc: "least of the shares by step ahead", goal: goalOf("coverage" + name + worst), least: len(list)},
			measure{name: "width" + name, title: "Width of " + percent, doc: "mean width of the " + percent + " interval", goal: goalOf("width" + name),
				of: func(p *pairs) (float64, error) { return forecast.Width(p.actual, p.lower[i], p.upper[i]) }},
			measure{name: "pinball" + name, title: "Pinball of " + percent, doc: "mean pinball loss of the two ends of the " + percent + " interval", goal: goalOf("pinball" + name),
				of: func(p *pairs) (float64, error) {
					low, err := forecast.Pinball(p.actual, p.lower[i], (1-level)/2)
					if err != nil {
						return 0, err
					}
					high, err := forecast.Pinball(p.actual, p.upper[i], (1+level)/2)
					return low/2 + high/2, err
				}},
		)
	}
	return list
}

// worst is the end of the name of a coverage that is the least of all steps ahead.
const worst = "_worst"

// suffix is the end of the names of measures of a level: _90.
func suffix(level float64) string {
	return "_" + strings.ReplaceAll(strconv.FormatFloat(100*level, 'g', 6, 64), ".", "_")
}

// split divides a name of a metric by method and measure: ridge.mase. The model has no name.
func splitMetric(name string) (method, of string) {
	if dot := strings.IndexByte(name, '.'); dot >= 0 {
		return name[:dot], name[dot+1:]
	}
	return "", name
}

// knows says why there will be no metric of a name.
func (s *Stage) knows(name string) error {
	method, of := splitMetric(name)
	if method != "" && (!slices.Contains(s.Baselines, Baseline(method)) || method == s.Model.name()) {
		return diag.WithHint(fmt.Errorf("%q is none of the baselines", method), "those of the model have no name before them: mase")
	}
	var names []string
	for _, m := range measuresOf(s.Intervals) {
		if m.name == of {
			return nil
		}
		names = append(names, m.name)
	}
	return diag.WithHint(fmt.Errorf("there is no metric %q", of), diag.NearestHint(of, names))
}

var (
	_ pipeline.Measurer   = (*Stage)(nil)
	_ pipeline.GoalTeller = (*Stage)(nil)
)

// CheckMetric implements pipeline.Measurer.
func (s *Stage) CheckMetric(name string, _ map[string]pipeline.Facts) error { return s.knows(name) }

// MainMetrics implements pipeline.Measurer.
func (s *Stage) MainMetrics() []string { return []string{forecast.MASEName, "mae"} }

// MetricGoal implements pipeline.GoalTeller.
func (s *Stage) MetricGoal(name string) (metric.Goal, error) {
	if err := s.knows(name); err != nil {
		return metric.None, err
	}
	_, of := splitMetric(name)
	for _, m := range measuresOf(s.Intervals) {
		if m.name == of {
			return m.goal, nil
		}
	}
	return metric.None, nil
}

// measure computes all figures, and what is required.
func (r *run) measure(ctx context.Context) error {
	r.measures = measuresOf(r.Intervals)
	var constant []string
	for i := range r.subjects {
		s := &r.subjects[i]
		n := max(0, min(len(s.Series.Values), int(r.test-s.First)))
		var one scale
		one.Scale, one.err = forecast.ScaleOf(s.Series.Values[:n], r.Season)
		if one.err == nil && one.Absolute == 0 {
			constant = append(constant, s.Name)
		}
		r.scales = append(r.scales, one)
	}
	r.tell(fmt.Sprintf("repeat themselves every %d steps of training, so that they have no scale and no mase", r.Season), constant)
	for _, m := range r.methods {
		if err := ctx.Err(); err != nil {
			return err
		}
		m.total = r.values(m, -1)
		for h := range r.Horizon {
			m.steps = append(m.steps, r.values(m, h))
		}
		for j, one := range r.measures {
			if one.least > 0 {
				m.total[j] = m.leastStep(one.least)
			}
		}
		m.origins = r.losses(m, m)
	}
	r.record()
	r.compare()
	return nil
}

// leastStep is the least value of a measure at any step ahead.
func (m *method) leastStep(j int) value {
	least := m.steps[0][j]
	for _, step := range m.steps[1:] {
		if v := step[j]; v.undefined == "" && (least.undefined != "" || v.value < least.value) {
			least = v
		}
	}
	return least
}

// pairs are those of a series, of one step ahead, or of all (-1).
func (r *run) pairs(m *method, i, step int) *pairs {
	one, s, o := &m.of[i], &r.subjects[i], &r.origins[i]
	p := &pairs{scale: r.scales[i], lower: make([][]float64, len(r.Intervals)), upper: make([][]float64, len(r.Intervals))}
	from, to := 0, r.Horizon
	if step >= 0 {
		from, to = step, step+1
	}
	for k, at := range o.test {
		row := one.early + k
		for h := from; h < to; h++ {
			p.actual, p.points = append(p.actual, actual(s, at+h)), append(p.points, one.Points[row][h])
			for l := range r.Intervals {
				p.lower[l], p.upper[l] = append(p.lower[l], one.lower[l][row][h]), append(p.upper[l], one.upper[l][row][h])
			}
		}
	}
	return p
}

// values are the means over series of each measure.
func (r *run) values(m *method, step int) []value {
	sums, counts, why := make([]float64, len(r.measures)), make([]int, len(r.measures)), make([]string, len(r.measures))
	for i := range m.of {
		if m.of[i].Points == nil {
			continue
		}
		p := r.pairs(m, i, step)
		for j := range r.measures {
			if r.measures[j].of == nil {
				continue
			}
			v, err := r.measures[j].of(p)
			if err != nil {
				if why[j] == "" {
					why[j] = err.Error()
				}
				continue
			}
			sums[j] += v
			counts[j]++
		}
	}
	list := make([]value, len(r.measures))
	for j := range list {
		if counts[j] == 0 {
			list[j] = value{math.NaN(), why[j]}
			if why[j] == "" {
				list[j].undefined = "no series has it"
			}
			continue
		}
		list[j].value = sums[j] / float64(counts[j])
	}
	return list
}

// losses are the mean errors at each origin of the test, over the series that another method has forecast, too: in
// scales, where a series has one.
func (r *run) losses(m, with *method) []float64 {
	scaled := slices.ContainsFunc(r.scales, func(s scale) bool { return s.err == nil && s.Absolute > 0 })
	n := 0
	for at := r.test; at+int64(r.Horizon) <= r.end; at += int64(r.Test.Every) {
		n++
	}
	sums, counts := make([]float64, n), make([]int, n)
	for i := range m.of {
		by := r.scales[i].Absolute
		if !scaled {
			by = 1
		}
		if m.of[i].Points == nil || with.of[i].Points == nil || !(by > 0) || scaled && r.scales[i].err != nil {
			continue
		}
		s, o := &r.subjects[i], &r.origins[i]
		for k, at := range o.test {
			from, to := at, min(at+r.Horizon, len(s.Series.Values))
			e, err := forecast.MASE(s.Series.Values[from:to], m.of[i].Points[m.of[i].early+k][:to-from], forecast.Scale{Absolute: by})
			if err == nil {
				j := (s.First + int64(at) - r.test) / int64(r.Test.Every)
				sums[j] += e
				counts[j]++
			}
		}
	}
	for j := range sums {
		if counts[j] == 0 {
			sums[j] = math.NaN()
		} else {
			sums[j] /= float64(counts[j])
		}
	}
	return sums
}

// record gives the metrics, and judges what is required.
func (r *run) record() {
	for i, m := range r.methods {
		for j, v := range m.total {
			name := r.measures[j].name
			if i > 0 {
				name = m.name + "." + name
			}
			if v.undefined == "" {
				r.env.Metric(name, v.value, metric.Meaning{Goal: r.measures[j].goal})
			} else if i == 0 {
				r.note("%s is not defined: %s", name, v.undefined)
			}
		}
	}
	for h := range r.Horizon {
		for j, v := range r.methods[0].steps[h] {
			if v.undefined == "" {
				r.env.Point("step."+r.measures[j].name, int64(h+1), v.value)
			}
		}
	}
	if r.summary != nil {
		r.env.Metric("best_epoch", float64(r.summary.BestEpoch), metric.Meaning{})
	}
	for _, e := range r.Require {
		v := verdict{key: e.Key, condition: e.Value}
		if found := r.find(e.Key); found == nil {
			v.undefined = "the baseline is not shown"
		} else if v.value, v.undefined = found.value, found.undefined; v.undefined == "" {
			v.met = e.Value.Holds(v.value, e.Value.Bound)
		}
		r.verdicts = append(r.verdicts, v)
	}
}

// find is a value by its name, nil if there is none.
func (r *run) find(name string) *value {
	method, of := splitMetric(name)
	for i, m := range r.methods {
		if method == m.name || method == "" && i == 0 {
			if j := slices.IndexFunc(r.measures, func(one measure) bool { return one.name == of }); j >= 0 {
				return &m.total[j]
			}
		}
	}
	return nil
}

// A verdict is what came of a requirement.
type verdict struct {
	key       string
	condition pipeline.Comparison
	value     float64
	undefined string
	met       bool
}

func (v verdict) sentence() string {
	if v.undefined != "" {
		return fmt.Sprintf("%s is not defined (%s), wanted %s", v.key, v.undefined, v.condition)
	}
	return fmt.Sprintf("%s is %s, wanted %s", v.key, pipeline.Telling(v.value, v.condition.Bound), v.condition)
}

// unmet is the error about requirements that are not met.
func (r *run) unmet() error {
	var failed []string
	for _, v := range r.verdicts {
		if !v.met {
			failed = append(failed, v.sentence())
		}
	}
	if len(failed) > 0 {
		return &pipeline.RequirementError{Failed: failed}
	}
	return nil
}

// A pair is how much less the error of the model is than that of a baseline, over the same origins.
type pair struct {
	method   *method
	interval forecast.Interval
	err      error
}

// confidence is that of the interval of a difference.
const confidence = 0.95

// compare holds the model against each baseline.
func (r *run) compare() {
	model := r.methods[0]
	for _, m := range r.methods[1:] {
		theirs, ours := r.losses(m, model), r.losses(model, m)
		block := forecast.BlockLength(len(ours), r.Horizon, r.Test.Every)
		i, err := forecast.Paired(theirs, ours, block, confidence)
		r.against = append(r.against, pair{m, i, err})
	}
}
