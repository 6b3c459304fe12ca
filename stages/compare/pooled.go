package compare

import (
	"context"
	"fmt"
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

// maxPooled bounds the rows of a variant: they are in memory at once.
const maxPooled = 20_000_000

// A pooled value is a metric of the rows of all cases together, as of one evaluation: with
// folds, of each row by a model that has not seen it.
type pooled struct {
	value    float64
	interval *metric.Interval // nil: there is none, as where rows are there once for each seed
}

// A pool collects what was predicted of rows.
type pool struct {
	classes   []string
	actual    []int32
	taken     []int32 // for which class
	prob      []float64
	values    []float64
	predicted []float64
}

// pool measures the rows of all cases of each variant together.
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
	for _, v := range r.variants {
		p := &pool{classes: r.classes}
		for _, c := range v.cases {
			port := c.name.Of(predictionsPort)
			if !slices.Contains(from.Inputs(), port) {
				return diag.WithHint(fmt.Errorf("there are no predictions of the case %s", c.name), "connect the predictions of the stage whose metrics these are")
			}
			if err := p.read(ctx, from, port); err != nil {
				return err
			}
		}
		sample, err := p.sample(r.task)
		if err != nil {
			return fmt.Errorf("predictions of %s: %w", v.name(), err)
		}
		intervals := make([]*metric.Interval, len(list))
		if !v.repeats() {
			if intervals, err = metric.Intervals(ctx, sample, list, threads); err != nil {
				return err
			}
		}
		v.rows = sample.Rows()
		v.pooled = map[string]pooled{}
		for i, value := range sample.Measure(list, nil) {
			if value.Undefined == "" {
				v.pooled[list[i].Name] = pooled{value.Value, intervals[i]}
			}
		}
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

// repeats says whether rows are there more than once: the folds of one division have each
// once, and seeds do not.
func (v *variant) repeats() bool {
	return slices.ContainsFunc(v.cases, func(c result) bool {
		for _, of := range c.name {
			if first, _ := v.cases[0].name.Get(of.Axis); of.Axis != foldAxis && first != of.Label {
				return true
			}
		}
		return false
	})
}

// foldAxis is the axis whose cases have different rows.
const foldAxis = "fold"

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
	names := []string{"actual", "predicted"}
	for _, class := range p.classes {
		names = append(names, "p_"+class)
	}
	prefix, ok := prefixOf(t.Schema())
	if !ok {
		return diag.WithHint(fmt.Errorf("%s has no columns actual and predicted", in.Name), "connect the output predictions of a stage of kind evaluate")
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

// prefixOf finds what evaluate has put before the names of its columns.
func prefixOf(schema *arrow.Schema) (prefix string, ok bool) {
	for _, name := range table.Names(schema) {
		if prefix, ok := strings.CutSuffix(name, "actual"); ok && schema.HasField(prefix+"predicted") {
			return prefix, true
		}
	}
	return "", false
}

// add takes in a batch of actual, predicted and the probabilities.
func (p *pool) add(rec arrow.RecordBatch) error {
	if len(p.actual)+len(p.values)+int(rec.NumRows()) > maxPooled {
		return fmt.Errorf("the cases have more than %d rows together", maxPooled)
	}
	if len(p.classes) == 0 {
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
	for i := range actual.Len() {
		if actual.IsNull(i) || predicted.IsNull(i) {
			continue
		}
		class, taken := slices.Index(p.classes, actual.Value(i)), slices.Index(p.classes, predicted.Value(i))
		if class < 0 || taken < 0 {
			continue // evaluate does not count it either
		}
		p.actual, p.taken = append(p.actual, int32(class)), append(p.taken, int32(taken))
		for _, column := range probabilities {
			p.prob = append(p.prob, column.Value(i))
		}
	}
	return nil
}

// sample is the rows as those of one evaluation. Each model has its own threshold, so that
// the class which a row is taken for is that of its own.
func (p *pool) sample(t task.Kind) (metric.Sample, error) {
	if !t.IsClassification() {
		return metric.NewValues(p.values, p.predicted)
	}
	c, err := metric.NewClasses(p.classes, p.actual, p.prob)
	if err != nil {
		return nil, err
	}
	own := *c
	own.Predicted = p.taken
	return &own, nil
}
