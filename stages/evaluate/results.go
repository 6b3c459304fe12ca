package evaluate

import (
	"context"
	"fmt"
	"slices"

	"pipe/data/metric"
	"pipe/data/task"
	"pipe/estimator"
	"pipe/nn"
	"pipe/pipeline"
)

// results is everything that was found out, before it is written down.
type results struct {
	model     *estimator.Model
	task      task.Kind
	known     metric.List
	metrics   metric.List // as asked for
	costs     bool        // mistakes have costs
	parts     []*part     // data first
	measured  []measured
	baselines []metric.Baseline
	slices    []slicing
	fairness  []fairness
	verdicts  []verdict
	headline  headline
	blocks    int // rows that are drawn together
	simple    *simpleModels
	again     *again // rows of data that are in train; nil: not known

	against []metric.Difference // to another model, by metric; nil: there is none
	others  []metric.Value      // of that model

	explained explanations

	simpleSamples []simpleSample // of those simple models that there are
}

// measured is the metrics of one part.
type measured struct {
	port      string
	values    []metric.Value
	each      []metric.Value     // of each of several targets
	intervals []*metric.Interval // nil, or nil at some, where there is none
	baselines [][]metric.Value   // of each baseline
}

// A slicing is the metrics for each value of a column.
type slicing struct {
	column string
	slices []metric.Slice
}

func (r *results) data() *part { return r.parts[0] }

// positive is the class that the metrics of a binary task are about.
func (r *results) positive() (class string, ok bool) {
	if r.task != task.Binary {
		return "", false
	}
	return r.model.Signature.Classes[1], true
}

// part finds a part by its port.
func (r *results) part(port string) *part {
	for _, p := range r.parts {
		if p.port == port {
			return p
		}
	}
	return nil
}

func (r *results) measure(ctx context.Context, columns []string, threads int) error {
	r.baselines = r.guesses()
	if r.costs {
		r.baselines = append(r.baselines, metric.Baseline{Name: "always " + r.model.Signature.Classes[1], Prob: []float64{0, 1}})
	}
	for i, p := range r.parts {
		m := measured{port: p.port, values: p.sample.Measure(r.metrics, nil), each: p.sample.Measure(r.ofEach(), nil)}
		for _, b := range r.baselines {
			s, err := p.sample.Guessed(b)
			if err != nil {
				return fmt.Errorf("baseline %s: %w", b.Name, err)
			}
			m.baselines = append(m.baselines, s.Measure(r.metrics, nil))
		}
		if i == 0 {
			var err error
			if m.intervals, err = (metric.Drawing{Threads: threads, Block: r.blocks}).Intervals(ctx, p.sample, r.metrics); err != nil {
				return err
			}
		}
		r.measured = append(r.measured, m)
	}
	for _, c := range columns {
		r.slices = append(r.slices, slicing{c, metric.SliceBy(r.data().sample, r.data().groups[c], r.metrics)})
	}
	return nil
}

// withoutIntervals says why there are none, where the settings ask for more than there is.
func (r *results) withoutIntervals() string {
	why := metric.Drawing{Block: r.blocks}.Without(r.data().sample.Rows())
	if r.blocks <= 1 || why == "" {
		return ""
	}
	return "there are no intervals: " + why
}

// mostRecorded is of how many targets each has metrics of its own on record.
const mostRecorded = 32

// ofEach are the metrics of each of several targets: "rmse[price]".
func (r *results) ofEach() (list metric.List) {
	heads := r.model.Signature.Heads()
	if len(heads) == 1 || len(heads) > mostRecorded {
		return nil
	}
	for _, h := range heads {
		for _, d := range r.metrics {
			if one, ok := r.known.Find(d.Name + "[" + h.Column + "]"); ok {
				list = append(list, one)
			}
		}
	}
	return list
}

// guesses are the baselines that the training targets give: of a connected
// data set `train`, else what the model remembers of them.
func (r *results) guesses() []metric.Baseline {
	heads := r.model.Signature.Heads()
	each := make([][]metric.Baseline, len(heads))
	s := &r.model.Summary
	for i, h := range heads {
		known := nn.TargetSummary{ClassCounts: s.ClassCounts, Target: s.Target}
		if len(heads) > 1 && i < len(s.Targets) {
			known = s.Targets[i]
		}
		each[i] = r.guessesOf(i, h, &known)
	}
	if len(heads) > 1 {
		return metric.SeveralBaselines(each)
	}
	return each[0]
}

// guessesOf are the baselines of one target, of which the model knows something.
func (r *results) guessesOf(i int, sig *nn.Signature, summary *nn.TargetSummary) []metric.Baseline {
	train := r.part(trainPort)
	if sig.Task == task.Regression {
		if train != nil {
			return train.each[i].(*metric.Values).Baselines()
		}
		if t := summary.Target; t != nil {
			return metric.ValueBaselines(t.Mean, t.Median)
		}
		return nil
	}
	if train != nil {
		return train.each[i].(*metric.Classes).Baselines()
	}
	counts := make([]float64, len(sig.Classes))
	if known := summary.ClassCounts; len(known) == len(counts) {
		for j, n := range known {
			counts[j] = float64(n)
		}
	}
	return metric.ClassBaselines(counts)
}

// bestBaseline is the best that a baseline scores in the j-th metric, with its
// name.
func (r *results) bestBaseline(m measured, j int) (string, float64, bool) {
	values := make([]metric.Value, len(m.baselines))
	for b, known := range m.baselines {
		values[b] = known[j]
	}
	best := metric.Best(values)
	if best < 0 {
		return "", 0, false
	}
	return r.baselines[best].Name, values[best].Value, true
}

// A verdict is a requirement with what came of it.
type verdict struct {
	requirement
	value     float64
	limit     float64
	undefined string // why there is nothing to compare
	met       bool
}

func (r *results) require(list []requirement) {
	for _, q := range list {
		r.verdicts = append(r.verdicts, r.judge(q))
	}
}

func (r *results) judge(q requirement) verdict {
	v := verdict{requirement: q, limit: q.Bound}
	p := r.part(q.dataset)
	if q.across != nil {
		var err error
		if v.value, _, err = r.spread(q.across); err != nil {
			v.undefined = err.Error()
		}
	} else {
		got := p.sample.Measure(metric.List{q.metric}, nil)[0]
		v.value, v.undefined = got.Value, got.Undefined
	}
	if v.undefined == "" {
		scores := map[string]float64{}
		var err error
		for _, name := range q.others {
			if scores[name], err = r.scoreOf(name, p, q.metric); err != nil {
				break
			}
		}
		if err == nil {
			v.limit, err = q.Limit(scores)
		}
		if err != nil {
			v.undefined = err.Error()
		}
	}
	v.met = v.undefined == "" && q.Holds(v.value, v.limit)
	return v
}

// scoreOf is what the best baseline, or a simple model, scores in any metric, asked for or not.
func (r *results) scoreOf(name string, p *part, of *metric.Def) (float64, error) {
	if name == baselineName {
		return r.baselineOf(p, of)
	}
	for _, s := range r.simpleSamples {
		if s.name == name {
			v := s.Measure(metric.List{of}, nil)[0]
			if v.Undefined != "" {
				return 0, fmt.Errorf("for %s: %s", name, v.Undefined)
			}
			return v.Value, nil
		}
	}
	if r.simple != nil {
		for _, v := range r.simple.list {
			if v.name == name {
				return 0, fmt.Errorf("there is no %s: %s", name, v.why)
			}
		}
	}
	return 0, fmt.Errorf("there is no %s", name)
}

// baselineOf is the best baseline of any metric, asked for or not.
func (r *results) baselineOf(p *part, of *metric.Def) (float64, error) {
	var values []metric.Value
	for _, b := range r.baselines {
		s, err := p.sample.Guessed(b)
		if err != nil {
			return 0, err
		}
		values = append(values, s.Measure(metric.List{of}, nil)...)
	}
	best := metric.Best(values)
	if best < 0 {
		return 0, fmt.Errorf("there is no baseline for it")
	}
	return values[best].Value, nil
}

// sentence says what was found and what was wanted.
func (v verdict) sentence() string {
	if v.undefined != "" {
		return fmt.Sprintf("%s is undefined (%s), required %s", v.key, v.undefined, v.Condition)
	}
	s := fmt.Sprintf("%s is %s, required %s", v.key, pipeline.Telling(v.value, v.limit), v.Condition)
	if len(v.others) > 0 || v.Condition.limit != "" {
		s += fmt.Sprintf(", which is %s", pipeline.Telling(v.limit, v.value))
	}
	return s
}

// unmet is the error of requirements that are not met.
func (r *results) unmet() error {
	var failed []string
	for _, v := range r.verdicts {
		if !v.met {
			failed = append(failed, v.sentence())
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return &pipeline.RequirementError{Failed: failed}
}

// A named value is a metric as it is recorded: "accuracy", "train.accuracy".
type named struct {
	name string
	metric.Value
}

// flat lists every metric that is defined.
func (r *results) flat() []named {
	var all []named
	for _, m := range r.measured {
		for _, v := range slices.Concat(m.values, m.each) {
			if v.Undefined == "" {
				all = append(all, named{recorded(m.port, v.Name), v})
			}
		}
	}
	for i := range r.fairness {
		all = append(all, r.fairness[i].recorded()...)
	}
	for _, v := range r.verdicts {
		if v.undefined == "" && !slices.ContainsFunc(all, func(n named) bool { return n.name == v.key }) {
			all = append(all, named{v.key, metric.Value{Def: v.metric, Value: v.value}})
		}
	}
	return all
}

func recorded(port, name string) string {
	if port == dataPort {
		return name
	}
	return port + "." + name
}

// unweighted lists the metrics in which weights do not count, if rows have weights.
func (r *results) unweighted() []string {
	var all []string
	for _, d := range r.metrics {
		if d.Unweighted && r.data().weight != "" {
			all = append(all, d.Name+" has no weighted form: rows of weight 0 are left out, all others count the same")
		}
	}
	return all
}

// undefined lists the metrics that have no value, with the reason.
func (r *results) undefined() []string {
	var all []string
	for _, m := range r.measured {
		for _, v := range m.values {
			if v.Undefined != "" {
				all = append(all, fmt.Sprintf("%s is undefined: %s", recorded(m.port, v.Name), v.Undefined))
			}
		}
	}
	return all
}
