package compare

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/data/metric"
	"pipe/data/task"
	"pipe/forecast"
	"pipe/nn"
	"pipe/pipeline"
)

// measured is the part of a metrics document of evaluate that is read.
type measured struct {
	Format   string             `json:"format"`
	Version  int                `json:"version"`
	Task     task.Kind          `json:"task"`
	Target   string             `json:"target"`
	Weight   string             `json:"weight"`
	Blocks   int                `json:"blocks"`
	Classes  []string           `json:"classes"`
	Metrics  map[string]float64 `json:"metrics"`
	Datasets []struct {
		Rows     int `json:"rows"`
		Compared int `json:"compared"`
		Metrics  []struct {
			Name string `json:"name"`
		} `json:"metrics"`
	} `json:"datasets"`

	// Of forecasts: the mean errors at the origins of the test, in time. Those of cases with the same
	// first origin are of the same ones.
	Losses  []*float64 `json:"losses"`
	First   string     `json:"first_origin"`
	Every   int        `json:"every"`
	Horizon int        `json:"horizon"`
	Season  int        `json:"season"`
	Series  int        `json:"series"`
}

// maxDocument bounds a metrics document.
const maxDocument = 64 << 20

// A result is what was measured of a case.
type result struct {
	name     names.Case
	rows     int
	compared int // rows that have a target
	values   map[string]float64
	origins  *origins // of forecasts; nil: it is of rows
}

// A variant is a case without the axes that are averaged over, with all that are its
// repetitions.
type variant struct {
	of    names.Case
	cases []result
	stats map[string]statistic
	// pooled are metrics of the rows of all cases together, by their names, and rows how
	// many these are; there are none without predictions.
	pooled map[string]pooled
	rows   int
	few    bool // it was not measured for all seeds and folds that others have
	// paired is by how much metrics of the best variant are more on the same rows; there is
	// none where these are others.
	paired []metric.Difference
	// origins is by how much more the best variant of forecasts loses at the same origins; nil: that is not known.
	origins *forecast.Interval
	// against is by how much the best variant is better, where both have a case.
	against *difference
	// learned is how the model of the first case was trained; nil if that is not shown.
	learned *nn.Summary
}

// A statistic is what there is of the values of one metric.
type statistic struct {
	n                   int
	mean, std, min, max float64 // std is NaN of one value
}

// A difference is how a variant differs from the best one, by the metric that decides.
type difference struct {
	statistic
	better int // cases in which the best variant is the better one
}

// results are what is found out from the inputs.
type results struct {
	over     []string
	by       string
	goal     metric.Goal
	def      *metric.Def // of by; nil if it is not known
	task     task.Kind
	target   string
	weight   string // the column that rows were weighted by; empty: none
	blocks   int    // rows that are drawn together, the most of all cases; 0: each by itself
	mixed    bool   // the cases know different classes
	classes  []string
	metrics  []string // all that every case has, the most important first
	variants []*variant
	notes    []string
	verdicts []verdict
}

// A verdict is what came of a condition.
type verdict struct {
	key       string
	value     float64
	limit     float64 // that the condition compares with
	condition Condition
	met       bool
}

func (s *Stage) results(ctx context.Context, from pipeline.Sources, threads int) (*results, error) {
	r := &results{over: s.repetitions(), by: s.By}
	var list []result
	counts := map[string]int{}
	for _, port := range from.Inputs() {
		name, c, _ := names.SplitCase(port)
		if name != metricsPort {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		doc, err := read(from, port)
		if err != nil {
			return nil, err
		}
		one := result{name: c, values: doc.Metrics}
		if len(doc.Datasets) > 0 {
			one.rows, one.compared = doc.Datasets[0].Rows, doc.Datasets[0].Compared
		}
		one.origins, r.blocks = doc.origins(), max(r.blocks, doc.Blocks)
		for m := range doc.Metrics {
			counts[m]++
		}
		if len(list) == 0 {
			r.task, r.target, r.weight, r.classes = doc.Task, doc.Target, doc.Weight, doc.Classes
			for _, d := range doc.Datasets {
				for _, m := range d.Metrics {
					if _, ok := doc.Metrics[m.Name]; ok && !slices.Contains(r.metrics, m.Name) {
						r.metrics = append(r.metrics, m.Name)
					}
				}
			}
			for _, m := range slices.Sorted(maps.Keys(doc.Metrics)) {
				if !slices.Contains(r.metrics, m) {
					r.metrics = append(r.metrics, m)
				}
			}
		} else if err := r.alike(c, doc); err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return nil, errors.New("there are no metrics to compare")
	}
	every := func(m string) bool { return counts[m] == len(list) }
	if r.by == "" {
		if i := slices.IndexFunc(r.metrics, every); i >= 0 {
			r.by = r.metrics[i]
		}
	}
	if !every(r.by) {
		return nil, diag.WithHint(fmt.Errorf("by: %d of %d cases have no metric %q", len(list)-counts[r.by], len(list), r.by),
			diag.NearestHint(r.by, slices.DeleteFunc(slices.Clone(r.metrics), func(m string) bool { return !every(m) })))
	}
	if n := len(r.metrics); n > 0 {
		r.metrics = slices.DeleteFunc(r.metrics, func(m string) bool { return !every(m) })
		if left := n - len(r.metrics); left > 0 {
			r.notes = append(r.notes, fmt.Sprintf("%d metrics are left out: some cases do not have them", left))
		}
	}
	if r.def = known(lastPart(r.by)); r.def != nil {
		r.goal = r.def.Goal
	}
	if r.goal == metric.None {
		return nil, diag.WithHint(fmt.Errorf("by: nothing says whether more or less of %q is better", r.by), "choose a metric such as accuracy or rmse")
	}
	if err := r.knowAxes(s.Over, list); err != nil {
		return nil, err
	}
	r.group(list)
	r.compare()
	r.noteMissing()
	r.pairOrigins()
	if connected(from, predictionsPort) {
		if err := r.pool(ctx, from, threads); err != nil {
			return nil, err
		}
	}
	if connected(from, modelsPort) {
		r.curves(from)
	}
	for _, e := range s.Require {
		v, err := r.judge(e.Key, e.Value)
		if err != nil {
			return nil, fmt.Errorf("require: %w", err)
		}
		r.verdicts = append(r.verdicts, v)
	}
	return r, nil
}

// read reads what evaluate has measured.
func read(from pipeline.Sources, port string) (*measured, error) {
	in, err := from.Open(port)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if in.Size() > maxDocument {
		return nil, fmt.Errorf("%s has more than %d MiB", in.Name, maxDocument>>20)
	}
	data, err := io.ReadAll(io.NewSectionReader(in, 0, in.Size()))
	if err != nil {
		return nil, err
	}
	var doc measured
	if err := json.Unmarshal(data, &doc); err != nil || doc.Format != "pipe.metrics" || doc.Version != 1 {
		return nil, diag.WithHint(fmt.Errorf("%s was not made by evaluate", in.Name), "connect the output metrics of a stage of kind evaluate")
	}
	return &doc, nil
}

// lastPart is a metric without the data set that it is of.
func lastPart(name string) string {
	dot := strings.IndexByte(name, '.')
	if bracket := strings.IndexByte(name, '['); dot < 0 || bracket >= 0 && bracket < dot {
		return name
	}
	return name[dot+1:]
}

// cutStatistic divides accuracy.mean.
func cutStatistic(key string) (of, statistic string, ok bool) {
	dot := strings.LastIndexByte(key, '.')
	if dot < 1 || !slices.Contains(statistics, key[dot+1:]) {
		return "", "", false
	}
	return key[:dot], key[dot+1:], true
}

// alike says what makes a case one that cannot be compared with the first.
func (r *results) alike(c names.Case, doc *measured) error {
	r.mixed = r.mixed || !slices.Equal(doc.Classes, r.classes)
	switch {
	case doc.Target != r.target:
		return fmt.Errorf("the cases predict different columns: %s is about %q, the first about %q", c, doc.Target, r.target)
	case doc.Task != r.task:
		return fmt.Errorf("the cases are for different tasks: %s is for %s, the first for %s", c, doc.Task, r.task)
	case doc.Weight != r.weight:
		return fmt.Errorf("the rows of the cases count differently: those of %s by %s, of the first by %s", c, weightName(doc.Weight), weightName(r.weight))
	}
	return nil
}

func weightName(column string) string {
	if column == "" {
		return "no column"
	}
	return "the column " + diag.Quote(column)
}

// knowAxes reports axes to average over that no case has.
func (r *results) knowAxes(over []string, list []result) error {
	var axes []string
	for _, one := range list { // all cases of a stage have the same, those of several stages need not
		for _, v := range one.name {
			if !slices.Contains(axes, v.Axis) {
				axes = append(axes, v.Axis)
			}
		}
	}
	for i, axis := range over {
		if !slices.Contains(axes, axis) {
			return diag.WithHint(fmt.Errorf("over.%d: the cases have no axis %q", i, axis), diag.NearestHint(axis, axes))
		}
	}
	return nil
}

// noteMissing says which variants were measured for other seeds and folds than the best
// one: what is easier for them is no merit. What has no seeds is the same for each.
func (r *results) noteMissing() {
	all := map[string]names.Case{}
	for _, v := range r.variants {
		for _, c := range v.cases {
			one := r.repetition(c.name)
			all[one.String()] = one
		}
	}
	of := make([]int, len(r.variants))
	for i, v := range r.variants {
		for _, one := range all {
			if slices.ContainsFunc(v.cases, func(c result) bool { return meet(r.repetition(c.name), one) }) {
				of[i]++
			}
		}
	}
	var few []string
	for i, v := range r.variants {
		if v.few = of[i] < len(all); v.few {
			few = append(few, fmt.Sprintf("%s has %d of %d", v.name(), of[i], len(all)))
		}
	}
	if len(few) > 0 {
		const most = 3
		text := strings.Join(few[:min(len(few), most)], ", ")
		if left := len(few) - most; left > 0 {
			text += fmt.Sprintf(", and so on: %d more", left)
		}
		r.notes = append(r.notes, "the variants do not have the same cases, so that their means are of different ones: "+text)
	}
}

// group puts repetitions together. Variants are in the order of their first case, which
// is that of the names of the ports.
func (r *results) group(list []result) {
	by := map[string]*variant{}
	for _, one := range list {
		of := slices.DeleteFunc(slices.Clone(one.name), func(v names.Value) bool { return slices.Contains(r.over, v.Axis) })
		v := by[of.String()]
		if v == nil {
			v = &variant{of: of, stats: map[string]statistic{}}
			by[of.String()] = v
			r.variants = append(r.variants, v)
		}
		v.cases = append(v.cases, one)
	}
	for _, v := range r.variants {
		for _, m := range r.metrics {
			var values []float64
			for _, c := range v.cases {
				values = append(values, c.values[m])
			}
			v.stats[m] = statisticOf(values)
		}
	}
	slices.SortStableFunc(r.variants, func(a, b *variant) int {
		return cmp.Compare(r.goal.Gain(b.stats[r.by].mean, a.stats[r.by].mean), 0)
	})
}

// statisticOf computes the mean and the deviation in two passes, in the order of the
// values.
func statisticOf(values []float64) statistic {
	s := statistic{n: len(values), min: math.Inf(1), max: math.Inf(-1), std: math.NaN()}
	sum := 0.0
	for _, v := range values {
		sum += v
		s.min, s.max = min(s.min, v), max(s.max, v)
	}
	s.mean = min(s.max, max(s.min, sum/float64(s.n)))
	if s.n > 1 {
		squares := 0.0
		for _, v := range values {
			d := v - s.mean
			squares += float64(d * d)
		}
		s.std = math.Sqrt(squares / float64(s.n-1))
	}
	return s
}

// compare finds how the other variants differ from the best one.
func (r *results) compare() {
	best := r.best()
	for _, v := range r.variants[1:] {
		var gains []float64
		d := &difference{}
		for _, c := range v.cases {
			one := r.repetition(c.name)
			for _, of := range best.cases {
				if !meet(one, r.repetition(of.name)) {
					continue
				}
				gain := r.goal.Gain(of.values[r.by], c.values[r.by])
				if gains = append(gains, gain); gain > 0 {
					d.better++
				}
			}
		}
		if len(gains) > 0 {
			d.statistic = statisticOf(gains)
			v.against = d
		}
	}
}

// repetition is what a case has of the axes that are averaged over.
func (r *results) repetition(c names.Case) names.Case {
	return slices.DeleteFunc(slices.Clone(c), func(v names.Value) bool { return !slices.Contains(r.over, v.Axis) })
}

// meet says whether two repetitions belong together: they have the same values on the axes
// that both have, as inputs of a stage do that meet in one case.
func meet(a, b names.Case) bool {
	return !slices.ContainsFunc(a, func(v names.Value) bool {
		label, both := b.Get(v.Axis)
		return both && label != v.Label
	})
}

func (r *results) best() *variant { return r.variants[0] }

// name is what a variant is called.
func (v *variant) name() string {
	if len(v.of) == 0 {
		return "all cases"
	}
	return v.of.String()
}

// best is the case with the best value, of equal ones the first.
func (v *variant) best(by string, goal metric.Goal) *result {
	best := &v.cases[0]
	for i := range v.cases {
		if goal.Gain(v.cases[i].values[by], best.values[by]) > 0 {
			best = &v.cases[i]
		}
	}
	return best
}

// value is what is recorded of a metric; NaN if it is not defined.
func (v *variant) value(m, name string) float64 {
	if name != "pooled" {
		return v.stats[m].value(name)
	}
	if p, ok := v.pooled[m]; ok {
		return p.value
	}
	return math.NaN()
}

// value is a statistic by its name.
func (s statistic) value(name string) float64 {
	switch name {
	case "mean":
		return s.mean
	case "std":
		return s.std
	case "min":
		return s.min
	}
	return s.max
}

// unmet is the error about conditions that are not met.
func (r *results) unmet() error {
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

// record gives the metrics of the stage: those of the best variant, and of each the mean
// that decides.
func (r *results) record(put func(name string, value float64, meaning metric.Meaning)) {
	for _, m := range r.metrics {
		var meaning metric.Meaning
		if def := known(lastPart(m)); def != nil {
			meaning = def.Meaning(r.classes)
		}
		for _, name := range statistics {
			how := meaning
			if name == "std" {
				how.Goal = metric.None
			}
			if v := r.best().value(m, name); !math.IsNaN(v) {
				put(m+"."+name, v, how)
			}
		}
	}
	if len(r.variants) > 1 {
		for _, v := range r.variants {
			put(r.by+".mean["+v.of.String()+"]", v.stats[r.by].mean, r.def.Meaning(r.classes))
		}
	}
}
