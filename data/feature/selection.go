package feature

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/exact"
	"pipe/data/order"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

// A Selection says which features stay, of those that the columns make. Each rule
// sees what the ones before it have left.
type Selection struct {
	Variance   *float64 `yaml:"variance" min:"0" doc:"Features stay whose variance is above this, as they come out of the transforms: 0 drops those that have one value in all rows."`
	Correlated *float64 `yaml:"correlated" min:"0" max:"1" doc:"Of two features that correlate more than this, up or down, the second is dropped: 0.99 drops copies."`
	Best       *Best    `yaml:"best" doc:"So many features stay, those that tell most of the target."`
}

// A Best is a number of features that tell most of the target.
type Best struct {
	Count int   `yaml:"count" short:"true" required:"true" min:"1" doc:"How many features stay."`
	By    Score `yaml:"by" default:"f_score" enum:"f_score,mutual_information" doc:"What a feature tells of the target: f_score (the F of a straight line, or of the means of the classes; it ranks numbers as their correlation does), or mutual_information (of 16 bins of equal shares, which finds any relation)."`
}

// A Score is what a feature tells of the target.
type Score string

const (
	FScore            Score = "f_score"
	MutualInformation Score = "mutual_information"
)

// Validate finds selections that select nothing.
func (s *Selection) Validate() error {
	if s.Variance == nil && s.Correlated == nil && s.Best == nil {
		return &settings.FieldError{Err: errors.New("it says nothing of which features stay"), Todo: "write `select: {variance: 0}`, or correlated or best"}
	}
	return nil
}

// A Dropped is a feature that was not selected.
type Dropped struct {
	Feature string `json:"feature"`
	Because string `json:"because"`
}

const (
	// selectable bounds the features that are compared with each other.
	selectable = 2048
	// scoreBins are those that mutual information is of.
	scoreBins = 16
	// featureBins are those of a feature: one more is of missing values.
	featureBins = scoreBins + 1
)

// selectFeatures drops features of a transform that was learned from a table.
func (t *Transform) selectFeatures(ctx context.Context, s *Selection, r *table.Reader, use Resources, numbers *order.Store) error {
	names := t.info.Names()
	width := t.width()
	if width == 0 {
		return &SpecError{Setting: "select", Msg: "there are no features to select of, but inputs of their own", Fix: "remove `select`"}
	}
	if s.Correlated != nil && width > selectable {
		return &SpecError{Setting: "select.correlated", Msg: fmt.Sprintf("%d features are too many to compare with each other, at most %d are possible", width, selectable), Fix: "remove `correlated`"}
	}
	x := newSelector(s, t, width, numbers)
	if err := x.learn(ctx, r, use); err != nil {
		return err
	}
	because, err := x.because(names[:width])
	if err != nil {
		return err
	}
	return t.drop(names[:width], because)
}

// drop leaves features out for which there is a reason, and columns of which nothing
// is left, not even in others that are crossed of them.
func (t *Transform) drop(names []string, because []string) error {
	var columns []column
	at := 0
	for _, c := range t.columns {
		var kept []int
		for i := range c.width {
			if why := because[at]; why == "" {
				kept = append(kept, i)
			} else {
				t.dropped = append(t.dropped, Dropped{names[at], why})
			}
			at++
		}
		if len(kept) < c.width {
			c.kept = append([]int{}, kept...) // none is not the same as all
		}
		columns = append(columns, c)
	}
	crossed := map[string]bool{} // others that stay are made of it
	for _, c := range columns {
		if c.kept == nil || len(c.kept) > 0 {
			for _, name := range c.of {
				crossed[name] = true
			}
		}
	}
	t.columns = slices.DeleteFunc(columns, func(c column) bool {
		return c.kept != nil && len(c.kept) == 0 && c.whole == nil && !crossed[c.Name]
	})
	return t.derive()
}

// A selector learns of the features of a data set what a selection asks for.
type selector struct {
	*Selection
	t           *Transform
	width       int
	rows        int64
	there       []int64 // of each feature, the rows in which it is not missing: in the others it tells nothing
	sums        []exact.Sum
	least, most []float32
	means       []float64
	squares     []float64
	products    []float64 // of the deviations of feature i and of those before it, from i(i-1)/2
	classes     int       // of the target; 0: it is a number
	counts      []int64   // by class
	target      exact.Sum
	targetMean  float64
	targetSq    float64
	with        []float64 // with the target: of feature i, by class

	numbers *order.Store
	orders  []*order.Column // of the features, and of a target that is a number
	edges   [][]float64
	table   []int64 // of feature i, by bin of it and of the target
	row     []float64
}

func newSelector(s *Selection, t *Transform, width int, numbers *order.Store) *selector {
	x := &selector{Selection: s, t: t, width: width, numbers: numbers, sums: make([]exact.Sum, width), there: make([]int64, width), least: make([]float32, width), most: make([]float32, width),
		means: make([]float64, width), squares: make([]float64, width), row: make([]float64, width)}
	if s.Correlated != nil {
		x.products = make([]float64, width*(width-1)/2)
	}
	if s.Best == nil {
		return x
	}
	if target := t.info.Target(); target.Task.IsClassification() {
		x.classes = len(target.Classes)
		x.counts = make([]int64, x.classes)
	}
	if s.Best.By != MutualInformation {
		x.with = make([]float64, width*max(1, x.classes))
		return x
	}
	for range width {
		x.orders = append(x.orders, numbers.NewColumn())
	}
	if x.classes == 0 {
		x.orders = append(x.orders, numbers.NewColumn())
	}
	return x
}

// learn goes over the table twice, as what is learned from it will see it.
func (x *selector) learn(ctx context.Context, r *table.Reader, use Resources) error {
	for _, add := range []func([]float32, []float64, []int32) error{x.first, x.second} {
		_, err := x.t.ApplyTraining(ctx, r, use, func(rec arrow.RecordBatch) error {
			values := table.Vectors(rec.Column(rec.Schema().FieldIndices(table.FeaturesColumn)[0]))
			if x.Best == nil {
				return add(values, nil, nil)
			}
			target := rec.Column(rec.Schema().FieldIndices(table.TargetColumn)[0])
			if x.classes > 0 {
				return add(values, nil, target.(*array.Int32).Int32Values())
			}
			numbers, _, err := table.FloatsOrNaN(target, nil)
			if err != nil {
				return err
			}
			return add(values, numbers, nil)
		})
		if err != nil {
			return err
		}
		if x.rows == 0 {
			return errors.New("there are no rows to select features by")
		}
		if x.edges == nil && x.orders != nil {
			if err := x.cut(); err != nil {
				return err
			}
		}
		for i := range x.means {
			x.means[i] = x.sums[i].Value() / float64(max(1, x.there[i]))
		}
		x.targetMean = x.target.Value() / float64(x.rows)
	}
	return nil
}

// first sums up.
func (x *selector) first(values []float32, numbers []float64, classes []int32) error {
	w := x.width
	n := len(values) / w
	for r := range n {
		for i, v := range values[r*w : (r+1)*w] {
			if v != v {
				continue
			}
			x.sums[i].Add(float64(v))
			if x.there[i] == 0 || v < x.least[i] {
				x.least[i] = v
			}
			if x.there[i] == 0 || v > x.most[i] {
				x.most[i] = v
			}
			x.there[i]++
		}
		x.rows++
	}
	for _, y := range numbers {
		x.target.Add(y)
	}
	for _, c := range classes {
		x.counts[c]++
	}
	if x.orders == nil {
		return nil
	}
	column := make([]float64, 0, n)
	for i := range w {
		column = column[:0]
		for r := range n {
			if v := values[r*w+i]; v == v {
				column = append(column, float64(v))
			}
		}
		if err := x.orders[i].Add(order.Sort(column)); err != nil {
			return err
		}
	}
	if x.classes == 0 {
		return x.orders[w].Add(order.Sort(numbers))
	}
	return nil
}

// cut finds the edges of bins that share the rows equally.
func (x *selector) cut() error {
	for _, o := range x.orders {
		var edges []float64
		for i := 1; i < scoreBins && o.Len() > 0; i++ {
			e, err := o.At(o.Len() * int64(i) / scoreBins)
			if err != nil {
				return err
			}
			if len(edges) == 0 || e > edges[len(edges)-1] {
				edges = append(edges, e)
			}
		}
		x.edges = append(x.edges, edges)
		o.Free()
	}
	x.table = make([]int64, x.width*featureBins*x.targetBins())
	return nil
}

func (x *selector) targetBins() int {
	if x.classes > 0 {
		return x.classes
	}
	return scoreBins
}

func binOf(edges []float64, v float64) int {
	n := 0
	for _, e := range edges {
		if e <= v {
			n++
		}
	}
	return n
}

// second sums up deviations.
func (x *selector) second(values []float32, numbers []float64, classes []int32) error {
	w := x.width
	for r := range len(values) / w {
		of, y := 0, 0.0
		if classes != nil {
			of = int(classes[r])
		}
		if numbers != nil {
			y = numbers[r] - x.targetMean
			x.targetSq += float64(y * y)
		}
		for i, v := range values[r*w : (r+1)*w] {
			d := float64(v) - x.means[i]
			if v != v {
				d = 0
			}
			x.row[i] = d
			x.squares[i] += float64(d * d)
			if x.with != nil && x.classes > 0 {
				x.with[i*x.classes+of] += d
			} else if x.with != nil {
				x.with[i] += float64(d * y)
			}
		}
		if x.products != nil {
			at := 0
			for i, d := range x.row {
				for j, e := range x.row[:i] {
					x.products[at+j] += float64(d * e)
				}
				at += i
			}
		}
		if x.table != nil {
			if x.classes == 0 {
				of = binOf(x.edges[w], numbers[r])
			}
			for i, v := range values[r*w : (r+1)*w] {
				bin := binOf(x.edges[i], float64(v))
				if v != v {
					bin = scoreBins
				}
				x.table[(i*featureBins+bin)*x.targetBins()+of]++
			}
		}
	}
	return nil
}

// because says of each feature why it is dropped, or nothing.
func (x *selector) because(names []string) ([]string, error) {
	why := make([]string, x.width)
	if x.Variance != nil {
		for i := range why {
			switch variance := x.squares[i] / float64(max(1, x.there[i])); {
			case x.least[i] == x.most[i] && x.there[i] < x.rows: // that it is missing tells something
			case x.least[i] == x.most[i]:
				why[i] = fmt.Sprintf("it is %v in all rows", x.least[i])
			case variance <= *x.Variance:
				why[i] = fmt.Sprintf("its variance is %.4g, not above %v", variance, *x.Variance)
			}
		}
	}
	if x.Correlated != nil {
		for i := range why {
			for j := 0; j < i && why[i] == ""; j++ {
				r := x.products[i*(i-1)/2+j] / math.Sqrt(x.squares[i]*x.squares[j])
				if why[j] == "" && math.Abs(r) > *x.Correlated {
					why[i] = fmt.Sprintf("its correlation with %q is %.6g", names[j], r)
				}
			}
		}
	}
	if x.Best != nil {
		var left []int
		scores := make([]float64, x.width)
		for i := range why {
			if why[i] == "" {
				left = append(left, i)
				scores[i] = x.score(i)
			}
		}
		// Of equal ones the first stay.
		slices.SortStableFunc(left, func(a, b int) int {
			switch {
			case scores[a] > scores[b]:
				return -1
			case scores[a] < scores[b]:
				return 1
			}
			return 0
		})
		for place, i := range left {
			if place >= x.Best.Count {
				why[i] = fmt.Sprintf("its %s with the target is %.4g, of which it is number %d", x.Best.By, scores[i], place+1)
			}
		}
	}
	if !slices.Contains(why, "") {
		return nil, &SpecError{Setting: "select", Msg: "no feature stays: of the first one, " + why[0], Fix: "raise or lower the bounds of `select`"}
	}
	return why, nil
}

// score is what a feature tells of the target.
func (x *selector) score(i int) float64 {
	n := float64(x.rows)
	if x.table != nil {
		return x.mutual(x.table[i*featureBins*x.targetBins() : (i+1)*featureBins*x.targetBins()])
	}
	if x.least[i] == x.most[i] {
		return 0
	}
	if x.classes == 0 {
		explained := float64(x.with[i]*x.with[i]) / float64(x.squares[i]*x.targetSq) // the square of the correlation
		if !(explained < 1) {
			return math.Inf(1)
		}
		return explained / (1 - explained) * (n - 2)
	}
	between, classes := 0.0, 0.0
	for c, rows := range x.counts {
		if rows > 0 {
			d := x.with[i*x.classes+c]
			between += float64(d*d) / float64(rows)
			classes++
		}
	}
	within := x.squares[i] - between
	if classes < 2 || n <= classes {
		return 0
	}
	if !(within > 0) {
		return math.Inf(1)
	}
	return between / (classes - 1) / (within / (n - classes))
}

// mutual is the mutual information of a table of counts, in nats.
func (x *selector) mutual(counts []int64) float64 {
	bins := x.targetBins()
	rows, columns := make([]float64, featureBins), make([]float64, bins)
	for at, n := range counts {
		rows[at/bins] += float64(n)
		columns[at%bins] += float64(n)
	}
	var sum exact.Sum
	total := float64(x.rows)
	for at, n := range counts {
		if n > 0 {
			p := float64(n) / total
			sum.Add(float64(p * exact.Log(float64(float64(n)*total)/float64(rows[at/bins]*columns[at%bins]))))
		}
	}
	return max(0, sum.Value())
}
