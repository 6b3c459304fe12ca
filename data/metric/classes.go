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
	Names []string // of the classes

	rows, classes int
	actual        codes // class of each row
	taken         codes // the class each row is taken for; see At
	top           codes // most probable class; the first of equals

	// Probabilities, row by row: of each class or, of two that are paired, of the second
	// one. From one row to the next are so many numbers; 0: all rows have the same.
	prob   []float64
	stride int
	paired bool

	weights
	areas *areas

	// What is kept of rows that are few enough to be resampled; else nil, and computed
	// when it is asked for.
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
	r := CollectClasses(names, n)
	each := k
	if k == 2 && len(prob) == n && n > 0 {
		each = 1
	}
	if r.err == nil && len(prob) != n*each {
		return nil, fmt.Errorf("%d probabilities for %d rows of %d classes", len(prob), n, k)
	}
	for i, a := range actual {
		if r.err != nil {
			break
		}
		r.Add(a, prob[i*each:(i+1)*each]...)
	}
	return r.Sample()
}

// rankOf is how many classes are ahead of the actual one of a row. Of equal scores the
// later class is ahead, as scikit-learn has it.
func (c *Classes) rankOf(i int) (rank int32) {
	actual := c.Actual(i)
	of := c.Probability(i, actual)
	for j := range c.classes {
		if p := c.Probability(i, j); p > of || p == of && j > actual {
			rank++
		}
	}
	return rank
}

// ahead is rankOf, looked up if it is kept.
func (c *Classes) ahead(i int) int {
	if c.rank != nil {
		return int(c.rank[i])
	}
	return int(c.rankOf(i))
}

func (c *Classes) lossOf(i int) float64 {
	return -math.Log(min(max(c.Probability(i, c.Actual(i)), clipEps), 1-clipEps))
}

// squaredOf is what a row contributes to the Brier score. Of two classes only the
// positive one counts, which makes the range [0, 1].
func (c *Classes) squaredOf(i int) float64 {
	actual := c.Actual(i)
	if c.classes == 2 {
		d := c.Probability(i, 1) - float64(actual)
		return d * d
	}
	var square float64
	for j := range c.classes {
		d := c.Probability(i, j)
		if j == actual {
			d--
		}
		square += float64(d * d)
	}
	return square
}

// Rows implements Sample.
func (c *Classes) Rows() int { return c.rows }

// Actual is the class of a row.
func (c *Classes) Actual(i int) int { return int(c.actual.at(i)) }

// Predicted is the class that a row is taken for; see At.
func (c *Classes) Predicted(i int) int { return int(c.taken.at(i)) }

// Probability is that of a class in a row.
func (c *Classes) Probability(i, class int) float64 {
	if !c.paired {
		return c.prob[i*c.stride+class]
	}
	if p := c.prob[i*c.stride]; class == 1 {
		return p
	} else {
		return 1 - p
	}
}

// AppendRow appends the probabilities of a row, one for each class.
func (c *Classes) AppendRow(list []float64, i int) []float64 {
	if !c.paired {
		return append(list, c.prob[i*c.stride:i*c.stride+c.classes]...)
	}
	p := c.prob[i*c.stride]
	return append(list, 1-p, p)
}

// At is the same rows of two classes with another threshold: a row is taken for
// the second class if its probability is above it. NewClasses has one half.
func (c *Classes) At(threshold float64) *Classes {
	at := *c
	at.taken = newCodes(c.rows, c.classes)
	for i := range c.rows {
		var taken int32
		if c.Probability(i, 1) > threshold {
			taken = 1
		}
		at.taken.add(taken)
	}
	return &at
}

// Confidence is the probability of the predicted class of a row.
func (c *Classes) Confidence(i int) float64 { return c.Probability(i, c.Predicted(i)) }

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
	once := make([]func() []int32, c.classes)
	for class := range once {
		once[class] = sync.OnceValue(func() []int32 {
			rows := make([]int32, c.rows)
			for i := range rows {
				rows[i] = int32(i)
			}
			slices.SortFunc(rows, func(a, b int32) int {
				if d := cmp.Compare(c.Probability(int(b), class), c.Probability(int(a), class)); d != 0 {
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

// Guessed implements Sample. All rows have the same probabilities, which are there once.
func (c *Classes) Guessed(b Baseline) (Sample, error) {
	one, err := NewClasses(c.Names, []int32{0}, b.Prob)
	if err != nil {
		return nil, err
	}
	best := codes{all: one.top.at(0)}
	return &Classes{Names: c.Names, rows: c.rows, classes: c.classes, actual: c.actual, taken: best, top: best,
		prob: one.prob, paired: one.paired, weights: c.weights, areas: newAreas()}, nil
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
	for i := range c.rows {
		if count != nil && count[i] == 0 {
			continue
		}
		a, p := c.Actual(i), c.Predicted(i)
		sums[a*k+p].Add(c.of(i, count))
		occurs[a], occurs[p] = true, true
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
	var row []float64
	for i := range t.c.rows {
		if m := t.of(i); m != 0 {
			row = t.c.AppendRow(row[:0], i)
			s.Add(of(t.c.Actual(i), row) * m)
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
	other.weights, other.areas = nil, newAreas()
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
