package metric

import "pipe/base/exact"

func rocAUC() *Def {
	return &Def{Name: "roc_auc", Mean: true, Title: "ROC AUC", Goal: Up, Range: unitRange, Of: Probabilities, Source: `sklearn.metrics.roc_auc_score, multi_class="ovr"`,
		Doc:     "Chance that a positive row scores above a negative one, ties counting half; several classes: plain mean of one against the rest.",
		Classes: (*Tally).rocAUC}
}

func averagePrecision() *Def {
	return &Def{Name: "average_precision", Mean: true, Title: "Average precision", Goal: Up, Range: unitRange, Of: Probabilities, Positive: true, Source: "sklearn.metrics.average_precision_score",
		Doc:     "Area under the precision-recall steps, without interpolation; several classes: plain mean of one against the rest.",
		Classes: (*Tally).averagePrecision}
}

// steps walks through the distinct scores of a class, from the highest. At
// each it gives the number of rows of the class (tp) and of other classes (fp)
// that score at least that much.
func (t *Tally) steps(class int, yield func(score float64, tp, fp int64)) {
	k := len(t.c.Names)
	order := t.c.order(class)
	var tp, fp int64
	for i, row := range order {
		m := t.of(int(row))
		if int(t.c.Actual[row]) == class {
			tp += m
		} else {
			fp += m
		}
		score := t.c.Prob[int(row)*k+class]
		if i+1 == len(order) || t.c.Prob[int(order[i+1])*k+class] != score {
			yield(score, tp, fp)
		}
	}
}

// auc is the Mann-Whitney statistic, in whole numbers until the last division:
// each pair of a positive and a negative row counts 2 if they are in order, 1
// if they tie.
func (t *Tally) auc(class int) (float64, error) {
	pos := t.actual[class]
	neg := t.n - pos
	if pos == 0 || neg == 0 {
		if pos == 0 {
			return 0, Undefinedf("no row is of class %q", t.c.Names[class])
		}
		return 0, Undefinedf("every row is of class %q", t.c.Names[class])
	}
	var twice, lastTP, lastFP int64
	t.steps(class, func(_ float64, tp, fp int64) {
		twice += (fp - lastFP) * (tp + lastTP)
		lastTP, lastFP = tp, fp
	})
	return float64(twice) / (2 * float64(pos) * float64(neg)), nil
}

// ap is average precision: the sum of precision times the rise in recall, and
// 0 where there is no positive row.
func (t *Tally) ap(class int) float64 {
	pos := t.actual[class]
	if pos == 0 {
		return 0
	}
	var s exact.Sum
	var last int64
	t.steps(class, func(_ float64, tp, fp int64) {
		if tp > last {
			s.Add(float64(tp-last) * float64(tp) / float64(tp+fp))
		}
		last = tp
	})
	return s.Value() / float64(pos)
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

func (t *Tally) rocAUC() (float64, error) {
	var s exact.Sum
	classes := t.scored()
	for _, j := range classes {
		v, err := t.auc(j)
		if err != nil {
			return 0, err
		}
		s.Add(v)
	}
	return s.Value() / float64(len(classes)), nil
}

func (t *Tally) averagePrecision() (float64, error) {
	var s exact.Sum
	classes := t.scored()
	for _, j := range classes {
		s.Add(t.ap(j))
	}
	return s.Value() / float64(len(classes)), nil
}

// A Curve is a polyline, with the score threshold of each vertex.
type Curve struct{ X, Y, Threshold []float64 }

// ROC is the true positive rate over the false positive rate of a class
// against the rest, from (0, 0) to (1, 1). It is empty where one of the two
// does not occur.
func (c *Classes) ROC(class int) Curve {
	t := c.tally(nil)
	pos := t.actual[class]
	neg := t.n - pos
	if pos == 0 || neg == 0 {
		return Curve{}
	}
	curve := Curve{X: []float64{0}, Y: []float64{0}, Threshold: []float64{1}}
	t.steps(class, func(score float64, tp, fp int64) {
		curve.X = append(curve.X, float64(fp)/float64(neg))
		curve.Y = append(curve.Y, float64(tp)/float64(pos))
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
	t.steps(class, func(score float64, tp, fp int64) {
		if len(curve.X) == 0 {
			curve = Curve{X: []float64{0}, Y: []float64{ratio(tp, tp+fp)}, Threshold: []float64{1}}
		}
		curve.X = append(curve.X, float64(tp)/float64(pos))
		curve.Y = append(curve.Y, ratio(tp, tp+fp))
		curve.Threshold = append(curve.Threshold, score)
	})
	return curve
}
