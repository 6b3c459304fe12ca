package metric

import (
	"math"
	"slices"
	"sync"

	"pipe/base/exact"
	"pipe/data/task"
)

func rocAUC() *Def {
	return &Def{Name: "roc_auc", Mean: true, Title: "ROC AUC", Goal: Up, Range: unitRange, Of: Probabilities, Source: `sklearn.metrics.roc_auc_score, multi_class="ovr"`,
		Doc:     "Chance that a positive row scores above a negative one, ties counting half; several classes: plain mean of one against the rest.",
		Class:   (*Tally).auc,
		Classes: overClasses((*Tally).auc)}
}

func averagePrecision() *Def {
	return &Def{Name: "average_precision", Mean: true, Title: "Average precision", Goal: Up, Range: unitRange, Of: Probabilities, Positive: true, Source: "sklearn.metrics.average_precision_score",
		Doc:     "Area under the precision-recall steps, without interpolation; several classes: plain mean of one against the rest.",
		Class:   (*Tally).ap,
		Classes: overClasses((*Tally).ap)}
}

// steps walks through the distinct scores of a class, from the highest. At
// each it gives the number of rows of the class (tp) and of other classes (fp)
// that score at least that much.
func (t *Tally) steps(class int, yield func(score float64, tp, fp float64)) {
	var tp, fp exact.Sum
	var last float64 // the score that rows are counted of
	begun := false
	count := func(score float64, positive bool, m float64) {
		if begun && score != last {
			yield(last, tp.Value(), fp.Value())
		}
		begun, last = true, score
		if positive {
			tp.Add(m)
		} else {
			fp.Add(m)
		}
	}
	of := func(row int) {
		count(t.c.Probability(row, class), t.c.Actual(row) == class, t.of(row))
	}
	switch {
	case t.c.stride == 0:
		for row := range t.c.rows {
			of(row)
		}
	case t.c.order != nil:
		for _, row := range t.c.order(class) {
			of(int(row))
		}
	case t.c.weights == nil && once(t.count):
		t.unitSteps(class, count)
	default:
		fallingRows(t.c.rows, t.key(class), func(piece []keyedRow) bool {
			for _, k := range piece {
				of(int(k.row))
			}
			return true
		})
	}
	if begun {
		yield(last, tp.Value(), fp.Value())
	}
}

// key puts the rows that count in the order of the scores of a class.
func (t *Tally) key(class int) func(i int) (uint64, bool) {
	return func(i int) (uint64, bool) {
		if t.count != nil && t.count[i] == 0 {
			return 0, false
		}
		return math.Float64bits(t.c.Probability(i, class) + 0), true // no -0
	}
}

// unitSteps counts rows that count 1 each, or not at all. Which of those of equal scores
// comes first makes no difference to whole numbers.
func (t *Tally) unitSteps(class int, count func(score float64, positive bool, m float64)) {
	key := t.key(class)
	with := func(i int) (uint64, bool) {
		k, ok := key(i)
		k <<= 1 // a score is in [0, 1], so that the bit of its sign is free
		if t.c.Actual(i) == class {
			k++
		}
		return k, ok
	}
	fallingKeys(t.c.rows, with, func(piece []uint64) bool {
		for _, k := range piece {
			count(math.Float64frombits(k>>1), k&1 == 1, 1)
		}
		return true
	})
}

// once tells whether no row occurs more than once.
func once(count []int32) bool {
	return !slices.ContainsFunc(count, func(n int32) bool { return n > 1 })
}

// areas keeps the areas under the curves of each class, for which all rows are put in
// order.
type areas struct {
	mu sync.Mutex
	of map[int]area
}

func newAreas() *areas { return &areas{of: map[int]area{}} }

// An area is what the steps of a class come to.
type area struct {
	twice     float64 // pairs of a positive and a negative row: 2 if they are in order, 1 if they tie
	precision float64 // precision times the rise in true positives
}

// area walks through the steps of a class.
func (t *Tally) area(class int) (a area) {
	if t.count == nil {
		t.c.areas.mu.Lock()
		defer t.c.areas.mu.Unlock()
		if known, ok := t.c.areas.of[class]; ok {
			return known
		}
		defer func() { t.c.areas.of[class] = a }()
	}
	var twice, precision exact.Sum
	var lastTP, lastFP float64
	t.steps(class, func(_ float64, tp, fp float64) {
		twice.Add((fp - lastFP) * (tp + lastTP))
		if tp > lastTP {
			precision.Add((tp - lastTP) * tp / (tp + fp))
		}
		lastTP, lastFP = tp, fp
	})
	return area{twice.Value(), precision.Value()}
}

// auc is the Mann-Whitney statistic, up to the last division in whole numbers where
// rows have no weights: each pair of a positive and a negative row counts 2 if they
// are in order, 1 if they tie.
func (t *Tally) auc(class int) (float64, error) {
	pos, neg := t.divide(class)
	if pos == 0 || neg == 0 {
		if pos == 0 {
			return 0, Undefinedf("no row is of class %q", t.c.Names[class])
		}
		return 0, Undefinedf("every row is of class %q", t.c.Names[class])
	}
	return min(1, t.area(class).twice/(2*pos*neg)), nil
}

// divide is the rows of a class, and those of all others.
func (t *Tally) divide(class int) (pos, neg float64) {
	for j, n := range t.actual {
		if j != class {
			neg += n
		}
	}
	return t.actual[class], neg
}

// ap is average precision: the sum of precision times the rise in recall, and
// 0 where there is no positive row.
func (t *Tally) ap(class int) (float64, error) {
	pos := t.actual[class]
	if pos == 0 {
		return 0, nil
	}
	return min(1, t.area(class).precision/pos), nil
}

// scored lists the classes whose scores are looked at: the positive one of
// two, else all.
func (t *Tally) scored() []int {
	if len(t.c.Names) == 2 {
		return []int{1}
	}
	classes := make([]int, len(t.c.Names))
	for j := range classes {
		classes[j] = j
	}
	return classes
}

// overClasses is the plain mean of a metric of one class against the rest over the
// classes whose scores are looked at.
func overClasses(of func(t *Tally, class int) (float64, error)) func(*Tally) (float64, error) {
	return func(t *Tally) (float64, error) {
		var s exact.Sum
		classes := t.scored()
		for _, j := range classes {
			v, err := of(t, j)
			if err != nil {
				return 0, err
			}
			s.Add(v)
		}
		return s.Value() / float64(len(classes)), nil
	}
}

func weightedROCAUC() *Def           { return weightedOver(rocAUC()) }
func weightedAveragePrecision() *Def { return weightedOver(averagePrecision()) }

// weightedOver is the mean of a metric of one class against the rest, each by its
// number of rows. A class without rows has no part in it.
func weightedOver(d *Def) *Def {
	mean := func(classes int, of func(j int) (*Tally, int)) (float64, error) {
		var s, all exact.Sum
		for j := range classes {
			t, class := of(j)
			if t.actual[class] == 0 {
				continue
			}
			v, err := d.Class(t, class)
			if err != nil {
				return 0, err
			}
			s.Add(t.actual[class] * v)
			all.Add(t.actual[class])
		}
		return ratio(s.Value(), all.Value()), nil
	}
	return &Def{Name: "weighted_" + d.Name, Title: "Weighted " + d.Title, Goal: d.Goal, Range: d.Range, Of: d.Of, Source: d.Source + `, average="weighted"`,
		Tasks: []task.Kind{task.Multiclass, task.Multilabel},
		Doc:   "Mean over the classes, each against the rest and by its number of rows.",
		Labels: func(l *Labels) (float64, error) {
			return mean(len(l.tallies), func(j int) (*Tally, int) { return l.tallies[j], 1 })
		},
		Classes: func(t *Tally) (float64, error) { return mean(t.Classes(), func(j int) (*Tally, int) { return t, j }) }}
}

// A Vertex is a point of a curve, with the score threshold that it is of.
type Vertex func(x, y, threshold float64)

// ROC walks along the true positive rate over the false positive rate of a class
// against the rest, from (0, 0) to (1, 1). There is nothing where one of the two
// does not occur.
func (c *Classes) ROC(class int, to Vertex) {
	t := c.tally(nil)
	pos, neg := t.divide(class)
	if pos == 0 || neg == 0 {
		return
	}
	to(0, 0, 1)
	t.steps(class, func(score float64, tp, fp float64) { to(fp/neg, tp/pos, score) })
}

// PrecisionRecall walks along the precision over the recall of a class against the
// rest, as steps. There is nothing where the class does not occur.
func (c *Classes) PrecisionRecall(class int, to Vertex) {
	t := c.tally(nil)
	pos := t.actual[class]
	if pos == 0 {
		return
	}
	first := true
	t.steps(class, func(score float64, tp, fp float64) {
		switch {
		case tp+fp == 0: // rows of weight 0 alone
			return
		case first:
			to(0, tp/(tp+fp), 1)
			first = false
		}
		to(tp/pos, tp/(tp+fp), score)
	})
}
