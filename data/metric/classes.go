package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"pipe/data/task"
)

// clipEps bounds probabilities away from 0 and 1 in the log loss: the spacing
// of float32 at 1, since the network's output has that precision.
const clipEps = 0x1p-23

// Classes is the sample of a classifier. It is immutable.
type Classes struct {
	Names     []string  // of the classes
	Actual    []int32   // actual class of each row
	Predicted []int32   // the class each row is taken for; see At
	Prob      []float64 // rows x classes, row by row

	top     []int32   // most probable class; the first of equals
	rank    []int32   // number of classes ahead of the actual one
	loss    []float64 // -ln p(actual), clipped
	squared []float64 // contribution to the Brier score
	order   func(class int) []int32
}

// NewClasses makes the sample of rows whose actual classes are known. prob
// holds either one probability for each class and row, row by row, or, with
// two classes, the probability of the second one for each row.
func NewClasses(names []string, actual []int32, prob []float64) (*Classes, error) {
	k, n := len(names), len(actual)
	if k < 2 {
		return nil, fmt.Errorf("classification needs at least 2 classes, not %d", k)
	}
	if k == 2 && len(prob) == n && n > 0 {
		both := make([]float64, 0, 2*n)
		for _, p := range prob {
			both = append(both, 1-p, p)
		}
		prob = both
	}
	if len(prob) != n*k {
		return nil, fmt.Errorf("%d probabilities for %d rows of %d classes", len(prob), n, k)
	}
	c := &Classes{
		Names: names, Actual: actual, Prob: prob,
		top:     make([]int32, n),
		rank:    make([]int32, n),
		loss:    make([]float64, n),
		squared: make([]float64, n),
	}
	c.Predicted = c.top
	for i, a := range actual {
		if a < 0 || int(a) >= k {
			return nil, fmt.Errorf("row %d: class %d of %d", i, a, k)
		}
		row := c.Row(i)
		for j, p := range row {
			if !(p >= 0 && p <= 1) {
				return nil, fmt.Errorf("row %d: probability of %q is %v", i, names[j], p)
			}
		}
		c.rate(i, int(a), row)
	}
	c.order = ordersOf(c)
	return c, nil
}

// rate fills in what the metrics need to know of a row.
func (c *Classes) rate(i, actual int, row []float64) {
	best := 0
	var square float64
	for j, p := range row {
		if p > row[best] {
			best = j
		}
		// Of equal scores the later class is ahead, as scikit-learn has it.
		if p > row[actual] || p == row[actual] && j > actual {
			c.rank[i]++
		}
		d := p
		if j == actual {
			d = p - 1
		}
		square += float64(d * d)
	}
	if len(row) == 2 {
		// Only the positive class counts, which makes the range [0, 1].
		d := row[1] - float64(actual)
		square = d * d
	}
	c.top[i] = int32(best)
	c.loss[i] = -math.Log(min(max(row[actual], clipEps), 1-clipEps))
	c.squared[i] = square
}

// Rows implements Sample.
func (c *Classes) Rows() int { return len(c.Actual) }

// Row is the probabilities of a row, one for each class.
func (c *Classes) Row(i int) []float64 {
	k := len(c.Names)
	return c.Prob[i*k : (i+1)*k : (i+1)*k]
}

// At is the same rows of two classes with another threshold: a row is taken for
// the second class if its probability is above it. NewClasses has one half.
func (c *Classes) At(threshold float64) *Classes {
	at := *c
	at.Predicted = make([]int32, c.Rows())
	for i := range at.Predicted {
		if c.Row(i)[1] > threshold {
			at.Predicted[i] = 1
		}
	}
	return &at
}

// Confidence is the probability of the predicted class of a row.
func (c *Classes) Confidence(i int) float64 { return c.Row(i)[c.Predicted[i]] }

// Task is Binary for two classes.
func (c *Classes) Task() task.Kind {
	if len(c.Names) == 2 {
		return task.Binary
	}
	return task.Multiclass
}

// ordersOf gives, for each class, the rows by falling score. Each order is
// sorted once, on first use, and shared by all resamples.
func ordersOf(c *Classes) func(class int) []int32 {
	once := make([]func() []int32, len(c.Names))
	for class := range once {
		once[class] = sync.OnceValue(func() []int32 {
			rows := make([]int32, c.Rows())
			for i := range rows {
				rows[i] = int32(i)
			}
			k := len(c.Names)
			slices.SortFunc(rows, func(a, b int32) int {
				if d := cmp.Compare(c.Prob[int(b)*k+class], c.Prob[int(a)*k+class]); d != 0 {
					return d
				}
				return cmp.Compare(a, b)
			})
			return rows
		})
	}
	return func(class int) []int32 { return once[class]() }
}

// Measure implements Sample.
func (c *Classes) Measure(names []string, count []int32) []Value {
	t := c.tally(count)
	values := make([]Value, len(names))
	for i, name := range names {
		v, err := t.measure(name)
		values[i] = valueOf(name, v, err)
	}
	return values
}

func (t *tally) measure(name string) (float64, error) {
	if t.n == 0 {
		return 0, errNoRows
	}
	if base, class, ok := PerClass(name); ok {
		j := slices.Index(t.c.Names, class)
		if j < 0 {
			return 0, undefinedf("there is no class %q", class)
		}
		return map[string]func(tp, fp, fn int64) float64{"precision": precision, "recall": recall, "f1": f1}[base](t.cells(j)), nil
	}
	def, ok := Find(name)
	if !ok || def.class == nil || !def.For(t.c.Task()) {
		return 0, undefinedf("%s is not a metric of %s classification", name, t.c.Task())
	}
	return def.class(t)
}

// A tally is a sample with counts, and its confusion matrix.
type tally struct {
	c         *Classes
	count     []int32
	n         int64
	confusion []int64 // actual x predicted
	actual    []int64 // rows of each actual class
	predicted []int64 // rows of each predicted class
}

func (c *Classes) tally(count []int32) *tally {
	k := len(c.Names)
	t := &tally{c: c, count: count, confusion: make([]int64, k*k), actual: make([]int64, k), predicted: make([]int64, k)}
	for i, a := range c.Actual {
		t.confusion[int(a)*k+int(c.Predicted[i])] += t.of(i)
	}
	for a := range k {
		for p := range k {
			m := t.confusion[a*k+p]
			t.actual[a] += m
			t.predicted[p] += m
			t.n += m
		}
	}
	return t
}

// of is how often row i occurs.
func (t *tally) of(i int) int64 {
	if t.count == nil {
		return 1
	}
	return int64(t.count[i])
}

// cells gives true positives, false positives and false negatives of a class.
func (t *tally) cells(class int) (tp, fp, fn int64) {
	tp = t.confusion[class*len(t.actual)+class]
	return tp, t.predicted[class] - tp, t.actual[class] - tp
}

func (t *tally) correct() (c int64) {
	for j := range t.actual {
		c += t.confusion[j*len(t.actual)+j]
	}
	return c
}

// ratio is a/b, and 0 where that is 0/0 (zero_division=0 of scikit-learn).
func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func precision(tp, fp, _ int64) float64 { return ratio(tp, tp+fp) }
func recall(tp, _, fn int64) float64    { return ratio(tp, tp+fn) }
func f1(tp, fp, fn int64) float64       { return ratio(2*tp, 2*tp+fp+fn) }

func (t *tally) positivePrecision() (float64, error) { return precision(t.cells(1)), nil }
func (t *tally) positiveRecall() (float64, error)    { return recall(t.cells(1)), nil }
func (t *tally) positiveF1() (float64, error)        { return f1(t.cells(1)), nil }

func (t *tally) accuracy() (float64, error) { return ratio(t.correct(), t.n), nil }

func macro(of func(tp, fp, fn int64) float64) func(*tally) (float64, error) {
	return func(t *tally) (float64, error) {
		var s sum
		var n int
		for j := range t.actual {
			if t.actual[j]+t.predicted[j] > 0 {
				s.add(of(t.cells(j)))
				n++
			}
		}
		return s.value() / float64(n), nil
	}
}

func weighted(of func(tp, fp, fn int64) float64) func(*tally) (float64, error) {
	return func(t *tally) (float64, error) {
		var s sum
		for j := range t.actual {
			s.add(float64(t.actual[j]) * of(t.cells(j)))
		}
		return s.value() / float64(t.n), nil
	}
}

func (t *tally) balancedAccuracy() (float64, error) {
	var s sum
	var n int
	for j := range t.actual {
		if t.actual[j] > 0 {
			s.add(recall(t.cells(j)))
			n++
		}
	}
	return s.value() / float64(n), nil
}

// mcc is the multiclass form of Gorodkin, "Comparing two K-category
// assignments by a K-category correlation coefficient" (2004).
func (t *tally) mcc() (float64, error) {
	n := float64(t.n)
	cov, va, vp := float64(t.correct())*n, n*n, n*n
	for j := range t.actual {
		a, p := float64(t.actual[j]), float64(t.predicted[j])
		cov -= float64(a * p)
		va -= float64(a * a)
		vp -= float64(p * p)
	}
	if va == 0 || vp == 0 {
		return 0, nil
	}
	return cov / (math.Sqrt(va) * math.Sqrt(vp)), nil
}

func (t *tally) kappa() (float64, error) {
	n := float64(t.n)
	var chance float64
	for j := range t.actual {
		chance += float64(t.actual[j]) * float64(t.predicted[j])
	}
	if chance == n*n {
		return 0, undefinedf("only one class occurs among actual and predicted values")
	}
	return 1 - float64(t.n-t.correct())*n/(n*n-chance), nil
}

func topK(k int32) func(*tally) (float64, error) {
	return func(t *tally) (float64, error) {
		if int(k) >= len(t.actual) {
			return 0, undefinedf("there are only %d classes", len(t.actual))
		}
		var hits int64
		for i, r := range t.c.rank {
			if r < k {
				hits += t.of(i)
			}
		}
		return ratio(hits, t.n), nil
	}
}

func (t *tally) mean(x []float64) float64 {
	var s sum
	for i, v := range x {
		if m := t.of(i); m != 0 {
			s.add(v * float64(m))
		}
	}
	return s.value() / float64(t.n)
}

func (t *tally) logLoss() (float64, error) { return t.mean(t.c.loss), nil }
func (t *tally) brier() (float64, error)   { return t.mean(t.c.squared), nil }

// A ClassReport is the figures of one class.
type ClassReport struct {
	Class                 string
	Rows                  int64 // that are of the class
	Precision, Recall, F1 float64
}

// PerClass reports every class, in order.
func (c *Classes) PerClass() []ClassReport {
	t := c.tally(nil)
	reports := make([]ClassReport, len(c.Names))
	for j, name := range c.Names {
		reports[j] = ClassReport{Class: name, Rows: t.actual[j],
			Precision: precision(t.cells(j)), Recall: recall(t.cells(j)), F1: f1(t.cells(j))}
	}
	return reports
}

// Confusion counts the rows by actual class (outer) and predicted class.
func (c *Classes) Confusion() [][]int64 {
	t, k := c.tally(nil), len(c.Names)
	m := make([][]int64, k)
	for a := range m {
		m[a] = t.confusion[a*k : (a+1)*k : (a+1)*k]
	}
	return m
}
