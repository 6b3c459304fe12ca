package metric

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"pipe/base/exact"
	"pipe/data/task"
)

// Classes is the sample of a classifier. It is immutable.
type Classes struct {
	Names     []string  // of the classes
	Actual    []int32   // actual class of each row
	Predicted []int32   // the class each row is taken for; see At
	Prob      []float64 // rows x classes, row by row

	weights
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
func (c *Classes) Measure(metrics List, count []int32) []Value {
	t := c.tally(count)
	values := make([]Value, len(metrics))
	for i, d := range metrics {
		v, err := t.measure(d)
		values[i] = valueOf(d, v, err)
	}
	return values
}

// Guessed implements Sample.
func (c *Classes) Guessed(b Baseline) (Sample, error) {
	prob := make([]float64, 0, c.Rows()*len(b.Prob))
	for range c.Rows() {
		prob = append(prob, b.Prob...)
	}
	guessed, err := NewClasses(c.Names, c.Actual, prob)
	if err != nil {
		return nil, err
	}
	guessed.weights = c.weights
	return guessed, nil
}

func (t *Tally) measure(d *Def) (float64, error) {
	switch {
	case t.n == 0:
		return 0, nothing(counted(t.c.Rows(), t.count))
	case !d.For(t.c.Task()):
		return 0, Undefinedf("%s is not a metric of %s classification", d.Name, t.c.Task())
	case d.Cells != nil:
		return d.Cells(t.Cells(1)), nil
	}
	return d.Classes(t)
}

// A Tally is a classification with counts, and its confusion matrix. Its numbers of
// rows are sums of their weights, where rows have weights.
type Tally struct {
	c         *Classes
	count     []int32
	n         float64
	confusion []float64 // actual x predicted
	actual    []float64 // rows of each actual class
	predicted []float64 // rows of each predicted class
	occurs    []bool    // classes that rows have or are taken for, whatever they weigh
}

func (c *Classes) tally(count []int32) *Tally {
	k := len(c.Names)
	sums, occurs := make([]exact.Sum, k*k), make([]bool, k)
	for i, a := range c.Actual {
		if count != nil && count[i] == 0 {
			continue
		}
		sums[int(a)*k+int(c.Predicted[i])].Add(c.of(i, count))
		occurs[a], occurs[c.Predicted[i]] = true, true
	}
	confusion := make([]float64, k*k)
	for i := range sums {
		confusion[i] = sums[i].Value()
	}
	return c.tallied(count, confusion, occurs)
}

// tallied is the tally of a confusion matrix.
func (c *Classes) tallied(count []int32, confusion []float64, occurs []bool) *Tally {
	k := len(c.Names)
	t := &Tally{c: c, count: count, confusion: confusion, occurs: occurs, actual: make([]float64, k), predicted: make([]float64, k)}
	for a := range k {
		for p := range k {
			m := confusion[a*k+p]
			t.actual[a] += m
			t.predicted[p] += m
			t.n += m
		}
	}
	return t
}

// Rows is the number of rows, each as often as it occurs, or the sum of their weights.
func (t *Tally) Rows() float64 { return t.n }

// Classes is the number of classes.
func (t *Tally) Classes() int { return len(t.actual) }

// Cells are the rows by a class against the rest.
func (t *Tally) Cells(class int) Cells {
	k := len(t.actual)
	c := Cells{TP: t.confusion[class*k+class]}
	for j := range k { // no differences, of which rounded weights would leave something where there is nothing
		if j != class {
			c.FP += t.confusion[j*k+class]
			c.FN += t.confusion[class*k+j]
		}
	}
	c.TN = max(0, t.n-c.TP-c.FP-c.FN)
	if k == 2 {
		c.TN = t.confusion[3-3*class]
	}
	return c
}

// Mean is the mean over all rows of a function of the actual class and the
// probabilities.
func (t *Tally) Mean(of func(actual int, prob []float64) float64) float64 {
	var s exact.Sum
	for i, a := range t.c.Actual {
		if m := t.of(i); m != 0 {
			s.Add(of(int(a), t.c.Row(i)) * m)
		}
	}
	return s.Value() / t.n
}

// of is how much row i counts.
func (t *Tally) of(i int) float64 { return t.c.of(i, t.count) }

func (t *Tally) correct() (c float64) {
	for j := range t.actual {
		c += t.confusion[j*len(t.actual)+j]
	}
	return c
}

// wrong is the rows that are not correct: no difference, as in Cells.
func (t *Tally) wrong() (c float64) {
	for i, m := range t.confusion {
		if i/len(t.actual) != i%len(t.actual) {
			c += m
		}
	}
	return c
}

// A ClassReport is the figures of one class.
type ClassReport struct {
	Class                 string
	Rows                  int64 // that are of the class
	Precision, Recall, F1 float64
	// NaN where they are not defined, as where all rows are of the class.
	ROCAUC, AveragePrecision float64
}

// PerClass reports every class, in order.
func (c *Classes) PerClass() []ClassReport {
	t, rows := c.tally(nil), c.plain().tally(nil)
	reports := make([]ClassReport, len(c.Names))
	for j, name := range c.Names {
		reports[j] = ClassReport{Class: name, Rows: int64(rows.actual[j]),
			Precision: precisionOf(t.Cells(j)), Recall: recallOf(t.Cells(j)), F1: f1Of(t.Cells(j)),
			ROCAUC: orNaN(t.auc(j)), AveragePrecision: orNaN(t.ap(j))}
	}
	return reports
}

func orNaN(v float64, err error) float64 {
	if err != nil {
		return math.NaN()
	}
	return v
}

// plain is the same rows without weights.
func (c *Classes) plain() *Classes {
	other := *c
	other.weights = nil
	return &other
}

// Confusion counts the rows by actual class (outer) and predicted class, whatever
// their weights are.
func (c *Classes) Confusion() [][]int64 {
	t, k := c.plain().tally(nil), len(c.Names)
	m := make([][]int64, k)
	for a := range m {
		m[a] = make([]int64, k)
		for p := range k {
			m[a][p] = int64(t.confusion[a*k+p])
		}
	}
	return m
}
