package metric

import (
	"fmt"

	"pipe/base/exact"
	"pipe/data/task"
)

// Several is the sample of a model with several targets: one for each, of the same
// rows. It is immutable.
//
// Metrics of numbers are the plain mean of those of the targets (multioutput
// "uniform_average" of scikit-learn). Those of labels are as Def.Each and Def.Labels
// say.
type Several struct {
	names   []string
	samples []Sample
	labels  []*Classes // the same, if they are labels
}

// NewSeveral puts the samples of targets together.
func NewSeveral(names []string, samples []Sample) (*Several, error) {
	if len(names) != len(samples) || len(names) < 2 {
		return nil, fmt.Errorf("%d samples of %d targets", len(samples), len(names))
	}
	s := &Several{names: names, samples: samples}
	for i, one := range samples {
		if one.Rows() != samples[0].Rows() {
			return nil, fmt.Errorf("%d rows of the target %q and %d of %q", one.Rows(), names[i], samples[0].Rows(), names[0])
		}
		c, ok := one.(*Classes)
		if i > 0 && ok != (s.labels != nil) || ok && c.Task() != task.Binary {
			return nil, fmt.Errorf("the target %q is neither a number as all are nor a label as all are", names[i])
		}
		if ok {
			s.labels = append(s.labels, c)
		}
	}
	return s, nil
}

// Rows implements Sample.
func (s *Several) Rows() int { return s.samples[0].Rows() }

func (s *Several) isWeighted() bool { return s.samples[0].isWeighted() }

// Task is Multioutput or Multilabel.
func (s *Several) Task() task.Kind {
	if s.labels != nil {
		return task.Multilabel
	}
	return task.Multioutput
}

// Measure implements Sample.
func (s *Several) Measure(metrics List, count []int32) []Value {
	var parts List // of each target
	place := map[*Def]int{}
	for _, d := range metrics {
		if p := d.part(); p != nil {
			place[d] = len(parts)
			parts = append(parts, p)
		}
	}
	each := make([][]Value, len(s.samples))
	for i, one := range s.samples {
		each[i] = one.Measure(parts, count)
	}
	var labels *Labels
	values := make([]Value, len(metrics))
	for i, d := range metrics {
		at, ok := place[d]
		switch {
		case !d.For(s.Task()):
			values[i] = valueOf(d, 0, Undefinedf("%s is not a metric of %s", d.Name, s.Task()))
		case d.Labels != nil && s.labels != nil:
			if labels == nil {
				labels = s.tally(count)
			}
			v, err := d.Labels(labels)
			values[i] = valueOf(d, v, err)
		case !ok:
			values[i] = valueOf(d, 0, Undefinedf("%s is not a metric of several targets", d.Name))
		default:
			values[i] = s.average(d, each, at)
		}
	}
	return values
}

// part is the metric of one target that d is made of; nil if there is none.
func (d *Def) part() *Def {
	switch {
	case d.base != nil:
		return d.base
	case d.Each != nil:
		return d.Each()
	case d.Mean:
		return d
	}
	return nil
}

// average is the mean of a metric of the targets, or that of the only one that the
// metric is of.
func (s *Several) average(d *Def, each [][]Value, at int) Value {
	var sum exact.Sum
	n := 0
	for i, values := range each {
		if d.base != nil && s.names[i] != d.one {
			continue
		}
		if v := values[at]; v.Undefined != "" {
			return Value{Def: d, Undefined: s.names[i] + ": " + v.Undefined}
		}
		sum.Add(values[at].Value)
		n++
	}
	if n == 0 {
		return valueOf(d, 0, Undefinedf("there is no target %q", d.one))
	}
	return Value{Def: d, Value: sum.Value() / float64(n)}
}

// Guessed implements Sample.
func (s *Several) Guessed(b Baseline) (Sample, error) {
	if len(b.Each) != len(s.samples) {
		return nil, fmt.Errorf("%d guesses of %d targets", len(b.Each), len(s.samples))
	}
	guessed := make([]Sample, len(s.samples))
	for i, one := range s.samples {
		var err error
		if guessed[i], err = one.Guessed(b.Each[i]); err != nil {
			return nil, err
		}
	}
	return NewSeveral(s.names, guessed)
}

// SeveralBaselines are the baselines of several targets together: those that all
// have. each has those of each target.
func SeveralBaselines(each [][]Baseline) []Baseline {
	var list []Baseline
	for i, b := range each[0] {
		one := Baseline{Name: b.Name}
		for _, of := range each {
			if i < len(of) && of[i].Name == b.Name {
				one.Each = append(one.Each, of[i])
			}
		}
		if len(one.Each) == len(each) {
			list = append(list, one)
		}
	}
	return list
}

// Labels are several labels of the same rows, with counts.
type Labels struct {
	s       *Several
	count   []int32
	tallies []*Tally
}

func (s *Several) tally(count []int32) *Labels {
	l := &Labels{s: s, count: count}
	for _, c := range s.labels {
		l.tallies = append(l.tallies, c.tally(count))
	}
	return l
}

// pooled are the cells of all labels together.
func (l *Labels) pooled() (c Cells) {
	for _, t := range l.tallies {
		one := t.Cells(1)
		c.TP, c.FP, c.FN, c.TN = c.TP+one.TP, c.FP+one.FP, c.FN+one.FN, c.TN+one.TN
	}
	return c
}

// weighted is the mean of a metric of the labels, each by the rows that have it.
func (l *Labels) weighted(of func(Cells) float64) (float64, error) {
	var sum exact.Sum
	var total exact.Sum
	for _, t := range l.tallies {
		c := t.Cells(1)
		sum.Add((c.TP + c.FN) * of(c))
		total.Add(c.TP + c.FN)
	}
	return ratio(sum.Value(), total.Value()), nil
}

// exactly is the share of rows of which all labels are right.
func (l *Labels) exactly() (float64, error) {
	n := l.tallies[0].n
	if n == 0 {
		return 0, nothing(counted(l.s.Rows(), l.count))
	}
	var right exact.Sum
	for i := range l.s.Rows() {
		all := true
		for _, c := range l.s.labels {
			all = all && c.actual.at(i) == c.taken.at(i)
		}
		if all {
			right.Add(l.tallies[0].of(i))
		}
	}
	return min(1, right.Value()/n), nil
}

func hammingLoss() *Def {
	return &Def{Name: "hamming_loss", Title: "Hamming loss", Goal: Down, Range: unitRange, Unit: Share, Tasks: []task.Kind{task.Multilabel}, Source: "sklearn.metrics.hamming_loss",
		Doc: "Share of the labels of all rows that are wrong.",
		Labels: func(l *Labels) (float64, error) {
			c := l.pooled()
			if c.TP+c.FP+c.FN+c.TN == 0 {
				return 0, nothing(counted(l.s.Rows(), l.count))
			}
			return ratio(c.FP+c.FN, c.TP+c.FP+c.FN+c.TN), nil
		}}
}

func labelRanking() *Def {
	return &Def{Name: "label_ranking_average_precision", Title: "Label ranking precision", Goal: Up, Range: unitRange, Of: Probabilities, Tasks: []task.Kind{task.Multilabel},
		Source: "sklearn.metrics.label_ranking_average_precision_score",
		Doc:    "Mean over the rows, and over the labels of each, of the share of its labels among all that are at least as probable; 1 for a row of no or all labels.",
		Labels: (*Labels).ranking}
}

// ranking is the mean over the rows of how far ahead their labels are of the others.
func (l *Labels) ranking() (float64, error) {
	n := l.tallies[0].n
	if n == 0 {
		return 0, nothing(counted(l.s.Rows(), l.count))
	}
	var sum exact.Sum
	for i := range l.s.Rows() {
		if m := l.tallies[0].of(i); m != 0 {
			sum.Add(m * l.s.precisionOf(i))
		}
	}
	return min(1, sum.Value()/n), nil
}

// precisionOf is the mean over the labels of a row of how many of the labels that are
// at least as probable it has.
func (s *Several) precisionOf(row int) float64 {
	var sum float64
	has := 0
	for _, c := range s.labels {
		if c.Actual(row) == 0 {
			continue
		}
		has++
		var ahead, right float64
		for _, other := range s.labels {
			if other.Probability(row, 1) >= c.Probability(row, 1) {
				ahead++
				right += float64(other.Actual(row))
			}
		}
		sum += right / ahead
	}
	if has == 0 || has == len(s.labels) {
		return 1
	}
	return sum / float64(has)
}
