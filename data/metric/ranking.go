package metric

import (
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
	k := len(t.c.Names)
	order := t.c.order(class)
	var tp, fp exact.Sum
	for i, row := range order {
		m := t.of(int(row))
		if int(t.c.Actual[row]) == class {
			tp.Add(m)
		} else {
			fp.Add(m)
		}
		score := t.c.Prob[int(row)*k+class]
		if i+1 == len(order) || t.c.Prob[int(order[i+1])*k+class] != score {
			yield(score, tp.Value(), fp.Value())
		}
	}
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
	var twice exact.Sum
	var lastTP, lastFP float64
	t.steps(class, func(_ float64, tp, fp float64) {
		twice.Add((fp - lastFP) * (tp + lastTP))
		lastTP, lastFP = tp, fp
	})
	return min(1, twice.Value()/(2*pos*neg)), nil
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
	var s exact.Sum
	var last float64
	t.steps(class, func(_ float64, tp, fp float64) {
		if tp > last {
			s.Add((tp - last) * tp / (tp + fp))
		}
		last = tp
	})
	return min(1, s.Value()/pos), nil
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

// A Curve is a polyline, with the score threshold of each vertex.
type Curve struct{ X, Y, Threshold []float64 }

// ROC is the true positive rate over the false positive rate of a class
// against the rest, from (0, 0) to (1, 1). It is empty where one of the two
// does not occur.
func (c *Classes) ROC(class int) Curve {
	t := c.tally(nil)
	pos, neg := t.divide(class)
	if pos == 0 || neg == 0 {
		return Curve{}
	}
	curve := Curve{X: []float64{0}, Y: []float64{0}, Threshold: []float64{1}}
	t.steps(class, func(score float64, tp, fp float64) {
		curve.X = append(curve.X, fp/neg)
		curve.Y = append(curve.Y, tp/pos)
		curve.Threshold = append(curve.Threshold, score)
	})
	return curve
}

// PrecisionRecall is the precision over the recall of a class against the
// rest, as steps. It is empty where the class does not occur.
func (c *Classes) PrecisionRecall(class int) Curve {
	t := c.tally(nil)
	pos := t.actual[class]
	if pos == 0 {
		return Curve{}
	}
	var curve Curve
	t.steps(class, func(score float64, tp, fp float64) {
		switch {
		case tp+fp == 0: // rows of weight 0 alone
			return
		case len(curve.X) == 0:
			curve = Curve{X: []float64{0}, Y: []float64{ratio(tp, tp+fp)}, Threshold: []float64{1}}
		}
		curve.X = append(curve.X, tp/pos)
		curve.Y = append(curve.Y, tp/(tp+fp))
		curve.Threshold = append(curve.Threshold, score)
	})
	return curve
}
