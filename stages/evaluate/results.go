package evaluate

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"pipe/data/metric"
	"pipe/data/task"
	"pipe/nn"
	"pipe/pipeline"
)

// results is everything that was found out, before it is written down.
type results struct {
	model     *nn.Model
	task      task.Kind
	names     []string // of metrics, as asked for
	parts     []*part  // data first
	measured  []measured
	baselines []string // names of the baselines
	slices    []slicing
	gates     []verdict
}

// measured is the metrics of one part.
type measured struct {
	port      string
	values    []metric.Value
	intervals []*metric.Interval // nil, or nil at some, where there is none
	baselines []map[string]float64
}

// A slicing is the metrics for each value of a column.
type slicing struct {
	column string
	values []slice
}

type slice struct {
	value    string
	pooled   int // that many values together; 0 for one value
	rows     int
	measured []metric.Value
	accuracy float64          // classification
	interval *metric.Interval // of accuracy; nil for regression
}

// mostSlices is how many values of a column are reported on their own.
const mostSlices = 30

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

func (r *results) measure(ctx context.Context, columns []slicingColumn, threads int) error {
	guesses := r.guesses()
	for _, g := range guesses {
		r.baselines = append(r.baselines, g.name)
	}
	for i, p := range r.parts {
		m := measured{port: p.port, values: p.sample.Measure(r.names, nil)}
		for _, g := range guesses {
			known := map[string]float64{}
			s, err := g.sample(p)
			if err != nil {
				return fmt.Errorf("baseline %s: %w", g.name, err)
			}
			for _, v := range s.Measure(r.names, nil) {
				if v.Undefined == "" {
					known[v.Name] = v.Value
				}
			}
			m.baselines = append(m.baselines, known)
		}
		if i == 0 {
			var err error
			if m.intervals, err = metric.Intervals(ctx, p.sample, r.names, threads); err != nil {
				return err
			}
		}
		r.measured = append(r.measured, m)
	}
	for _, c := range columns {
		r.slices = append(r.slices, r.slice(c))
	}
	return nil
}

// A guess is a baseline: what to say of every row without looking at it.
type guess struct {
	name  string
	prob  []float64 // of each class
	value float64
}

// guesses are the baselines that the training targets give: of a connected
// data set `train`, else what the model remembers of them.
func (r *results) guesses() []guess {
	if r.task == task.Regression {
		if train := r.part("train"); train != nil {
			sorted := slices.Sorted(slices.Values(train.values.Actual))
			var mean float64
			for i, y := range sorted {
				mean += (y - mean) / float64(i+1)
			}
			return []guess{{name: "mean", value: mean}, {name: "median", value: metric.Quantile(sorted, .5)}}
		}
		if t := r.model.Summary.Target; t != nil {
			return []guess{{name: "mean", value: t.Mean}, {name: "median", value: t.Median}}
		}
		return nil
	}
	counts := make([]float64, len(r.model.Signature.Classes))
	if train := r.part("train"); train != nil {
		for _, c := range train.classes.Actual {
			counts[c]++
		}
	} else if known := r.model.Summary.ClassCounts; len(known) == len(counts) {
		for j, n := range known {
			counts[j] = float64(n)
		}
	} else {
		return nil
	}
	var total float64
	most := 0
	for j, n := range counts {
		total += n
		if n > counts[most] {
			most = j
		}
	}
	if total == 0 {
		return nil
	}
	majority, prior := make([]float64, len(counts)), make([]float64, len(counts))
	majority[most] = 1
	for j, n := range counts {
		prior[j] = n / total
	}
	return []guess{{name: "majority", prob: majority}, {name: "prior", prob: prior}}
}

// sample is the guess for every row of a part.
func (g guess) sample(p *part) (metric.Sample, error) {
	if p.values != nil {
		predicted := make([]float64, p.values.Rows())
		for i := range predicted {
			predicted[i] = g.value
		}
		return metric.NewValues(p.values.Actual, predicted)
	}
	prob := make([]float64, 0, p.classes.Rows()*len(g.prob))
	for range p.classes.Rows() {
		prob = append(prob, g.prob...)
	}
	return metric.NewClasses(p.classes.Names, p.classes.Actual, prob)
}

// bestBaseline is the best that a baseline scores, with its name.
func (r *results) bestBaseline(m measured, name string) (string, float64, bool) {
	def, ok := metric.Find(name)
	best := -1
	for i, known := range m.baselines {
		v, have := known[name]
		if ok && have && (best < 0 || def.Better(v, m.baselines[best][name])) {
			best = i
		}
	}
	if best < 0 {
		return "", 0, false
	}
	return r.baselines[best], m.baselines[best][name], true
}

// A slicingColumn is a slice column with the group of each row of data.
type slicingColumn struct {
	name string
	*groups
}

func (s *Stage) slicedBy(data *part) []slicingColumn {
	var columns []slicingColumn
	for _, c := range s.Slices {
		columns = append(columns, slicingColumn{c, data.groups[c]})
	}
	return columns
}

// slice measures each value of a column, the most frequent first; beyond
// mostSlices values the others are taken together.
func (r *results) slice(c slicingColumn) slicing {
	sizes := make([]int, len(c.values))
	for _, code := range c.of {
		sizes[code]++
	}
	order := make([]int, len(c.values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), cmp.Compare(c.values[a], c.values[b]), cmp.Compare(a, b))
	})
	out := slicing{column: c.name}
	add := func(s slice, in func(code int32) bool) {
		count := make([]int32, len(c.of))
		for i, code := range c.of {
			if in(code) {
				count[i] = 1
				s.rows++
			}
		}
		s.measured = r.data().sample.Measure(r.names, count)
		if r.task != task.Regression {
			s.accuracy = r.data().sample.Measure([]string{"accuracy"}, count)[0].Value
			w := metric.Wilson(s.accuracy, s.rows)
			s.interval = &w
		}
		out.values = append(out.values, s)
	}
	own := min(len(order), mostSlices)
	if len(order) == own+1 {
		own++ // a pool of one would be of no use
	}
	alone := map[int32]bool{}
	for _, code := range order[:own] {
		alone[int32(code)] = true
		add(slice{value: c.values[code]}, func(x int32) bool { return x == int32(code) })
	}
	if rest := len(order) - own; rest > 0 {
		add(slice{value: fmt.Sprintf("(%d other values)", rest), pooled: rest}, func(x int32) bool { return !alone[x] })
	}
	return out
}

// A verdict is a gate with what came of it.
type verdict struct {
	gate
	value     float64
	limit     float64
	undefined string // why there is nothing to compare
	met       bool
}

func (r *results) require(gates []gate) {
	for _, g := range gates {
		r.gates = append(r.gates, r.judge(g))
	}
}

func (r *results) judge(g gate) verdict {
	v := verdict{gate: g, limit: g.Bound}
	i := slices.IndexFunc(r.parts, func(p *part) bool { return p.port == g.dataset })
	got := r.parts[i].sample.Measure([]string{g.metric}, nil)[0]
	v.value, v.undefined = got.Value, got.Undefined
	if v.undefined == "" && g.baseline {
		best, err := r.baselineOf(r.parts[i], g.metric)
		if err != nil {
			v.undefined = err.Error()
		}
		v.limit = g.Bound * best
	}
	v.met = v.undefined == "" && g.Holds(v.value, v.limit)
	return v
}

// baselineOf is the best baseline of any metric, asked for or not.
func (r *results) baselineOf(p *part, name string) (float64, error) {
	base, _, perClass := metric.PerClass(name)
	if !perClass {
		base = name
	}
	def, _ := metric.Find(base)
	best := math.NaN()
	for _, g := range r.guesses() {
		s, err := g.sample(p)
		if err != nil {
			return 0, err
		}
		if v := s.Measure([]string{name}, nil)[0]; v.Undefined == "" && (math.IsNaN(best) || def.Better(v.Value, best)) {
			best = v.Value
		}
	}
	if math.IsNaN(best) {
		return 0, fmt.Errorf("there is no baseline for it")
	}
	return best, nil
}

// sentence says what was found and what was wanted.
func (v verdict) sentence() string {
	if v.undefined != "" {
		return fmt.Sprintf("%s is undefined (%s), required %s", v.key, v.undefined, v.Condition)
	}
	s := fmt.Sprintf("%s is %s, required %s", v.key, pipeline.Telling(v.value, v.limit), v.Condition)
	if v.baseline {
		s += fmt.Sprintf(", which is %s", pipeline.Telling(v.limit, v.value))
	}
	return s
}

func (r *results) gateError() error {
	var failed []string
	for _, v := range r.gates {
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
	name  string
	value float64
}

// flat lists every metric that is defined.
func (r *results) flat() []named {
	var all []named
	for _, m := range r.measured {
		for _, v := range m.values {
			if v.Undefined == "" {
				all = append(all, named{recorded(m.port, v.Name), v.Value})
			}
		}
	}
	for _, v := range r.gates {
		if v.undefined == "" && !slices.ContainsFunc(all, func(n named) bool { return n.name == v.key }) {
			all = append(all, named{v.key, v.value})
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
