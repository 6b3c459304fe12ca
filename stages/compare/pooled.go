package compare

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/data/task"
	"pipe/pipeline"
)

// foldAxis is the one whose cases have rows of their own.
const foldAxis = "fold"

// maxPooled bounds the rows of a variant: they are in memory at once.
const maxPooled = 20_000_000

// A pooled value is a metric of the rows of all cases together, as of one evaluation: with
// folds, of each row by a model that has not seen it.
type pooled struct {
	value    float64
	interval *metric.Interval // nil: there is none, as where the cases of a fold have other rows
}

// A pool collects what was predicted of rows.
type pool struct {
	task      task.Kind
	classes   []string
	begins    []int             // the first row of each case
	rated     *metric.ClassRows // of a classification
	values    []float64         // of a regression
	predicted []float64
}

// newPool has room for the rows of some cases.
func newPool(t task.Kind, classes []string, cases []result) *pool {
	rows := 0
	for _, c := range cases {
		rows = min(rows+max(0, c.compared), mostExpected/max(1, len(classes)))
	}
	p := &pool{task: t, classes: classes}
	if t.IsClassification() {
		p.rated = metric.CollectClasses(classes, rows)
		return p
	}
	p.values, p.predicted = make([]float64, 0, rows), make([]float64, 0, rows)
	return p
}

// mostExpected bounds the numbers that there is room for before they are there.
const mostExpected = 1 << 26

// pool measures the rows of all cases of each variant together, and how much better
// those of the best one are predicted.
func (r *results) pool(ctx context.Context, from pipeline.Sources, threads int) error {
	var list metric.List
	for _, m := range r.metrics {
		if def, ok := metric.All().Find(m); ok && def.For(r.task) {
			list = append(list, def)
		}
	}
	if why := r.unpooled(list); why != "" {
		r.notes = append(r.notes, "the rows of all cases are not measured together: "+why)
		return nil
	}
	drawing := metric.Drawing{Threads: threads, Block: r.blocks}
	var best metric.Sample // nil if it is not known which of its rows are the same
	for i, v := range r.variants {
		p := newPool(r.task, r.classes, v.cases)
		for j := range v.cases {
			if err := r.poolCase(ctx, from, p, &v.cases[j]); err != nil {
				return err
			}
		}
		sample, err := p.sample(0)
		if err != nil {
			return fmt.Errorf("predictions of %s: %w", v.name(), err)
		}
		v.rows = sample.Rows()
		drawn, err := p.drawn(sample, v.cases)
		if err != nil {
			return fmt.Errorf("predictions of %s: %w", v.name(), err)
		}
		intervals := make([]*metric.Interval, len(list))
		if drawn != nil {
			if intervals, err = drawing.Intervals(ctx, drawn, list); err != nil {
				return err
			}
		}
		v.pooled = map[string]pooled{}
		for i, value := range sample.Measure(list, nil) {
			if value.Undefined == "" {
				v.pooled[list[i].Name] = pooled{value.Value, intervals[i]}
			}
		}
		switch {
		case i == 0:
			best = drawn
		case drawn != nil && best != nil:
			if err := metric.SameRows(best, drawn); err != nil {
				if !v.few {
					r.notes = append(r.notes, fmt.Sprintf("%s and the best were not measured on the same rows: %v", v.name(), err))
				}
				continue
			}
			differences, err := drawing.Differences(ctx, best, []metric.Sample{drawn}, list)
			if err != nil {
				return err
			}
			v.paired = differences[0]
		}
	}
	return nil
}

// behind is by how much the best variant is better in a metric of the same rows; nil if
// that is not known.
func (v *variant) behind(m string) *metric.Difference {
	for i := range v.paired {
		if d := &v.paired[i]; d.Name == m {
			if _, _, ok := d.Gain(); ok {
				return d
			}
		}
	}
	return nil
}

// poolCase takes in the predictions of a case, which are to be those that were measured.
func (r *results) poolCase(ctx context.Context, from pipeline.Sources, p *pool, c *result) error {
	port := c.name.Of(predictionsPort)
	if !slices.Contains(from.Inputs(), port) {
		return diag.WithHint(fmt.Errorf("there are no predictions of the case %s", c.name), "connect the predictions of the stage whose metrics these are")
	}
	first := p.rows()
	p.begins = append(p.begins, first)
	if err := p.read(ctx, from, port); err != nil {
		return err
	}
	other := func(format string, args ...any) error {
		return diag.WithHint(fmt.Errorf("%s are not the predictions that %s was measured by: %s", port, c.name.Of(metricsPort), fmt.Sprintf(format, args...)),
			"connect metrics and predictions of the same stage")
	}
	if n := p.rows() - first; n != c.compared {
		return other("they have %d rows with a target, and there are metrics of %d", n, c.compared)
	}
	if n := p.rows() - first; n == 0 || r.def == nil || r.def.Name != r.by || !r.def.For(r.task) {
		return nil
	}
	sample, err := p.sample(first)
	if err != nil {
		return fmt.Errorf("%s: %w", port, err)
	}
	if v := sample.Measure(metric.List{r.def}, nil)[0]; v.Undefined == "" && math.Abs(v.Value-c.values[r.by]) > 1e-6*max(1, math.Abs(v.Value)) {
		return other("%s is %v by them, and not %v", r.by, v.Value, c.values[r.by])
	}
	return nil
}

// unpooled says why rows cannot be measured together.
func (r *results) unpooled(list metric.List) string {
	switch {
	case r.weight != "":
		return "they are weighted by " + r.weight
	case r.task == task.Multilabel || r.task == task.Multioutput:
		return "there are several targets"
	case r.mixed:
		return "the models know different classes"
	case len(list) == 0:
		return "no metric is of rows alone"
	}
	return ""
}

// read adds the rows of a table of predictions whose target is known.
func (p *pool) read(ctx context.Context, from pipeline.Sources, port string) error {
	in, err := from.Open(port)
	if err != nil {
		return err
	}
	defer in.Close()
	t, err := table.Open(in, in.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	defer t.Close()
	names := p.columns()
	prefix, ok := prefixOf(t.Schema(), names)
	if !ok {
		return diag.WithHint(fmt.Errorf("%s has no columns %s", in.Name, strings.Join(names, ", ")), "connect the output predictions of a stage of kind evaluate")
	}
	for i := range names {
		names[i] = prefix + names[i]
	}
	if t, err = t.Select(names...); err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	for rec, err := range t.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = p.add(rec)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	return nil
}

// columns are those of predictions that are read.
func (p *pool) columns() []string {
	if !p.task.IsClassification() {
		return []string{"actual", "predicted", "residual"}
	}
	list := []string{"actual", "predicted"}
	for _, class := range p.classes {
		list = append(list, "p_"+class)
	}
	return list
}

// prefixOf finds what evaluate has put before the names of its columns. They are behind
// those that were kept, of which some may be predictions of another model.
func prefixOf(schema *arrow.Schema, columns []string) (prefix string, ok bool) {
	for _, name := range slices.Backward(table.Names(schema)) {
		prefix, ok := strings.CutSuffix(name, columns[0])
		if ok && !slices.ContainsFunc(columns, func(c string) bool { return !schema.HasField(prefix + c) }) {
			return prefix, true
		}
	}
	return "", false
}

// add takes in a batch of actual, predicted and the probabilities.
func (p *pool) add(rec arrow.RecordBatch) error {
	if p.rows()+int(rec.NumRows()) > maxPooled {
		return fmt.Errorf("the cases have more than %d rows together", maxPooled)
	}
	if !p.task.IsClassification() {
		actual, ok := rec.Column(0).(*array.Float64)
		predicted, both := rec.Column(1).(*array.Float64)
		if !ok || !both {
			return fmt.Errorf("actual is a column of %s, not of numbers", rec.Column(0).DataType())
		}
		for i := range actual.Len() {
			if actual.IsValid(i) && predicted.IsValid(i) {
				p.values, p.predicted = append(p.values, actual.Value(i)), append(p.predicted, predicted.Value(i))
			}
		}
		return nil
	}
	actual, ok := rec.Column(0).(*array.String)
	predicted, both := rec.Column(1).(*array.String)
	if !ok || !both {
		return fmt.Errorf("actual is a column of %s, not of classes", rec.Column(0).DataType())
	}
	probabilities := make([]*array.Float64, len(p.classes))
	for j := range p.classes {
		if probabilities[j], ok = rec.Column(2 + j).(*array.Float64); !ok {
			return fmt.Errorf("%s is no column of numbers", rec.ColumnName(2+j))
		}
	}
	row := make([]float64, len(p.classes))
	for i := range actual.Len() {
		if actual.IsNull(i) || predicted.IsNull(i) {
			continue
		}
		class, taken := slices.Index(p.classes, actual.Value(i)), slices.Index(p.classes, predicted.Value(i))
		if class < 0 || taken < 0 {
			continue // evaluate does not count it either
		}
		for j, column := range probabilities {
			row[j] = column.Value(i)
		}
		p.rated.AddAs(int32(class), int32(taken), row...)
	}
	return nil
}

// rows is how many there are.
func (p *pool) rows() int {
	if p.rated != nil {
		return p.rated.Rows()
	}
	return len(p.values)
}

// sample is the rows from one on as those of one evaluation. Each model has its own
// threshold, so that the class which a row is taken for is that of its own.
func (p *pool) sample(first int) (metric.Sample, error) {
	if p.rated != nil {
		return p.rated.Since(first)
	}
	return metric.NewValues(p.values[first:], p.predicted[first:])
}

// fewestChanges is how often the target has to change from row to row for rows to be known
// by it: two random parts of as many rows agree in one of a million cases, and sorted
// ones, which often do, have fewer changes.
const fewestChanges = 20

// drawn is the sample with what is known of which rows are the same: those of one fold, of
// which there is one for each seed, and those of folds of which the models were measured
// on one part. It is nil if cases of one fold have other rows, as where a seed is that of
// the split.
func (p *pool) drawn(sample metric.Sample, cases []result) (metric.Sample, error) {
	var parts []int
	var ok bool
	if p.rated != nil {
		parts, ok = partsOf(p.rated.Actual, p.begins, p.rows(), cases)
	} else {
		parts, ok = partsOf(func(row int) float64 { return p.values[row] }, p.begins, p.rows(), cases)
	}
	if !ok {
		return nil, nil
	}
	of := make([]int32, p.rows())
	next := int32(0)
	for i, first := range p.begins {
		end := len(of)
		if i+1 < len(p.begins) {
			end = p.begins[i+1]
		}
		for row := first; row < end; row++ {
			if same := parts[i]; same < i {
				of[row] = of[p.begins[same]+row-first]
				continue
			}
			of[row] = next
			next++
		}
	}
	if int(next) == len(of) {
		return sample, nil
	}
	return metric.NewRepeated(sample, of)
}

// partsOf gives for each case the first one with the same rows, as far as what is true of
// them in their order tells; ok is false where cases of one fold have other rows.
func partsOf[T comparable](of func(row int) T, begins []int, rows int, cases []result) (list []int, ok bool) {
	end := func(i int) int {
		if i+1 < len(begins) {
			return begins[i+1]
		}
		return rows
	}
	for i, from := range begins {
		n := end(i) - from
		fold, _ := cases[i].name.Get(foldAxis)
		first := i
		for j, before := range begins[:i] {
			if list[j] != j {
				continue
			}
			other, _ := cases[j].name.Get(foldAxis)
			equal := end(j)-before == n && equal(of, before, from, n)
			if other == fold && !equal {
				return nil, false
			}
			if equal && (other == fold || changes(of, from, n) >= fewestChanges) {
				first = j
				break
			}
		}
		list = append(list, first)
	}
	return list, true
}

func equal[T comparable](of func(row int) T, a, b, rows int) bool {
	for i := range rows {
		if of(a+i) != of(b+i) {
			return false
		}
	}
	return true
}

// changes counts the rows that are another value than the one before.
func changes[T comparable](of func(row int) T, from, rows int) int {
	n := 0
	for i := from + 1; i < from+rows; i++ {
		if of(i) != of(i-1) {
			n++
		}
	}
	return n
}
