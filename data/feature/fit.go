package feature

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/data/table"
)

// maxFeatures bounds the width of the vectors. A table has at most so many
// elements in a vector.
const maxFeatures = 1 << 15

// maxOneHot bounds the features of one column, far above what helps.
const maxOneHot = 4096

// maxHeld bounds the bytes of the columns that are in memory at once for the
// sake of their order. One column is always allowed.
const maxHeld = 256 << 20

// Fit learns a transform from a table. Rows without a target count for
// nothing: they are dropped from the training data.
func Fit(ctx context.Context, spec Spec, r *table.Reader) (*Transform, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	f := &fitter{ctx: ctx, r: r, target: -1}
	if err := f.prepare(spec); err != nil {
		return nil, err
	}
	for _, pass := range []func() error{f.scan, f.fillUnordered, f.order, f.deviate} {
		if err := pass(); err != nil {
			return nil, err
		}
	}
	doc, err := f.document(spec)
	if err != nil {
		return nil, err
	}
	t := newTransform(doc)
	if err := t.check(); err != nil {
		return nil, err
	}
	t.remarks = f.remarks(doc.Columns, spec.Target)
	if f.task == Classification {
		c := f.columns[len(f.columns)-1]
		for _, class := range doc.Target.Classes {
			t.counts = append(t.counts, c.counter.counts[class])
		}
	}
	return t, nil
}

// A fitter goes over the table, pass by pass.
type fitter struct {
	ctx     context.Context // of the one call of Fit that it lives for
	r       *table.Reader
	columns []*columnFit // features, then the target if it is fitted alike
	target  int          // index of the target's column in the table, or -1
	task    Task         // of the target
	rows    int64        // that count
}

// A columnFit is what is known of one column so far.
type columnFit struct {
	Column
	at      int // in the table
	typ     arrow.DataType
	moments moments    // numbers, the imputed ones included once they are known
	absent  int64      // numbers that are missing
	values  []float64  // numbers whose order matters, while it is found out
	spread  deviations // numbers that are standardised
	fill    float64
	scaling affine
	rising  rising   // integers
	two     two      // numbers of the target
	counter *counter // categories
	encoded bool     // the encoding was asked for
	doubt   string   // why it was read as text though nearly all values are of another type
	text    string   // their fill
}

func (c *columnFit) numeric() bool { return c.counter == nil }

// ordered says whether fitting needs the sorted column.
func (c *columnFit) ordered() bool {
	s := c.Impute.Strategy
	return c.numeric() && (s == Median || s == MostFrequent || c.Scale == Robust)
}

// prepare finds the columns and settles what to do with each.
func (f *fitter) prepare(spec Spec) error {
	schema := f.r.Schema()
	add := func(c Column, defaults Defaults) error {
		at, err := table.Column(schema, c.Name)
		if err != nil {
			return err
		}
		fit := &columnFit{at: at, typ: schema.Field(at).Type, encoded: c.Encode != (Encode{})}
		fit.doubt, _ = schema.Field(at).Metadata.GetValue(table.DoubtKey)
		if fit.Column, err = defaults.fill(c, fit.typ).resolved(fit.typ); err != nil {
			return err
		}
		if fit.Encode.Method != "" {
			fit.counter = newCounter(fit.typ.ID() == arrow.INT64)
		}
		f.columns = append(f.columns, fit)
		return nil
	}
	for _, c := range spec.Features {
		if err := add(c, spec.Defaults); err != nil {
			return err
		}
	}
	for _, name := range spec.Keep {
		if _, err := table.Column(schema, name); err != nil {
			return fmt.Errorf("keep: %w", err)
		}
	}
	if spec.Target == nil {
		return nil
	}
	c, task, err := spec.Target.resolved(schema)
	if err != nil {
		return fmt.Errorf("target: %w", err)
	}
	if err := add(c, Defaults{}); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	f.task, f.target = task, f.columns[len(f.columns)-1].at
	return nil
}

// resolved turns a target into a column that is fitted like a feature.
func (t Target) resolved(schema *arrow.Schema) (Column, Task, error) {
	c := Column{Name: t.Column, Scale: t.Scale}
	at, err := table.Column(schema, t.Column)
	if err != nil {
		return c, "", err
	}
	typ := schema.Field(at).Type
	task := t.Task
	if task == "" || task == Auto {
		task = Classification
		if id := typ.ID(); id == arrow.INT64 || id == arrow.FLOAT64 {
			task = Regression
		}
	}
	switch {
	case task == Regression && t.Positive != nil:
		fix := "write `task: classification` if its numbers stand for classes"
		if typ.ID() == arrow.FLOAT64 {
			fix = "read the column as int64 or string if its numbers stand for classes"
		}
		return c, "", c.wrong("positive", fix, "the column is %s, and numbers have no positive class", table.TypeName(typ))
	case task == Regression && typ.ID() != arrow.INT64 && typ.ID() != arrow.FLOAT64:
		return c, "", c.wrong("task", "write `task: classification`", "a regression predicts numbers, and the column is %s", table.TypeName(typ))
	case task == Classification && !isCategorical(typ):
		return c, "", c.wrong("task", "write `task: regression`, or declare the column as int64 or string in `columns` of the ingest stage",
			"a column of type %s has no classes", table.TypeName(typ))
	case task == Classification && c.Scale != "":
		return c, "", c.wrong("scale", "remove `scale`, or write `task: regression`", "classes have no scale")
	case task == Classification:
		c.Encode.Method = Ordinal
	}
	return c, task, nil
}

// pass calls visit with every batch, without the rows that have no target.
func (f *fitter) pass(visit func(rec arrow.Record, row func(int) int64) error) error {
	var base int64
	for rec, err := range f.r.Batches() {
		if err != nil {
			return err
		}
		if err := f.ctx.Err(); err != nil {
			return err
		}
		rows := labelled(rec, f.target)
		at := func(i int) int64 { return base + int64(original(rows, i)) }
		if rows == nil {
			err = visit(rec, at)
		} else {
			var kept arrow.Record
			if kept, err = table.Take(rec, rows); err == nil {
				err = visit(kept, at)
				kept.Release()
			}
		}
		if err != nil {
			return err
		}
		base += rec.NumRows()
	}
	return nil
}

// labelled lists the rows of a record that have a value in the column, nil if
// all have. A negative column is one that nobody asks for.
func labelled(rec arrow.Record, column int) []int {
	if column < 0 {
		return nil
	}
	arr := rec.Column(column)
	n, absent := arr.Len(), 0
	for i := range n {
		if missing(arr, i) {
			absent++
		}
	}
	if absent == 0 {
		return nil
	}
	rows := make([]int, 0, n-absent)
	for i := range n {
		if !missing(arr, i) {
			rows = append(rows, i)
		}
	}
	return rows
}

// original is the row that row i of a selection was, where nil selects all.
func original(rows []int, i int) int {
	if rows == nil {
		return i
	}
	return rows[i]
}

// visitNumbers calls visit with the values of each of the columns.
func (f *fitter) visitNumbers(columns []*columnFit, visit func(c *columnFit, values []float64)) error {
	if len(columns) == 0 {
		return nil
	}
	var buf []float64
	return f.pass(func(rec arrow.Record, _ func(int) int64) error {
		for _, c := range columns {
			var err error
			if buf, err = numbers(c.Name, rec.Column(c.at), buf); err != nil {
				return err
			}
			visit(c, buf)
		}
		return nil
	})
}

// scan is the first pass: moments of numbers, counts of categories.
func (f *fitter) scan() error {
	var buf []float64
	err := f.pass(func(rec arrow.Record, row func(int) int64) error {
		f.rows += rec.NumRows()
		for _, c := range f.columns {
			arr := rec.Column(c.at)
			if !c.numeric() {
				values, valid, err := texts(c.Name, arr)
				if err != nil {
					return err
				}
				if c.counter.add(values, valid) {
					return c.wrong("encode", "leave the column out, or make groups of its values first",
						"more than %d different values: this is an identifier or free text, not a category", maxDistinct)
				}
				continue
			}
			var err error
			if buf, err = numbers(c.Name, arr, buf); err != nil {
				return atRow(err, row)
			}
			for _, x := range buf {
				c.moments.add(x)
			}
			if c.typ.ID() == arrow.INT64 {
				c.rising.add(buf)
			}
			if c.at == f.target {
				c.two.add(buf)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return f.checkAnyValue()
}

// atRow puts a ValueError of a batch at its row in the table.
func atRow(err error, row func(int) int64) error {
	if v, ok := err.(*ValueError); ok {
		moved := *v
		moved.Row = row(int(v.Row))
		return &moved
	}
	return err
}

// checkAnyValue refuses tables and columns that there is nothing to learn from.
func (f *fitter) checkAnyValue() error {
	if f.rows == 0 {
		if f.target >= 0 && f.r.NumRows() > 0 {
			c := f.columns[len(f.columns)-1]
			return c.wrong("target", "", "the target is missing in all %d rows", f.r.NumRows())
		}
		return fmt.Errorf("the table has no rows to learn from")
	}
	for _, c := range f.columns {
		c.absent = c.moments.missing
		any := c.moments.n > 0
		if !c.numeric() {
			any = len(c.counter.counts) > 0
		}
		if !any && c.Impute.Strategy != Constant {
			return c.wrong("", "remove it from `features`, or say what it is: `impute: {constant: 0}`", "all %d values are missing", f.rows)
		}
	}
	return nil
}

// fillUnordered settles what takes the place of missing values, as far as their
// order is not needed.
func (f *fitter) fillUnordered() error {
	for _, c := range f.columns {
		switch {
		case !c.numeric():
			if c.Impute.Strategy != "" {
				c.text = c.counter.fill(c.Impute)
			}
		case c.Impute.Strategy == Mean:
			c.setFill(c.moments.mean())
		case c.Impute.Strategy == Constant:
			v, err := strconv.ParseFloat(c.Impute.Value, 64)
			if err != nil {
				return err // found by Column.resolved
			}
			c.setFill(v)
		}
	}
	return nil
}

func (c *columnFit) setFill(v float64) {
	c.fill = v
	c.moments = c.moments.filled(v)
}

// order reads the columns that must be sorted, in as many passes as the memory
// asks for.
func (f *fitter) order() error {
	var all []*columnFit
	for _, c := range f.columns {
		if c.ordered() {
			all = append(all, c)
		}
	}
	group := int(max(1, maxHeld/(8*f.rows)))
	for columns := range slices.Chunk(all, group) {
		for _, c := range columns {
			c.values = make([]float64, 0, f.rows)
		}
		err := f.visitNumbers(columns, func(c *columnFit, values []float64) {
			for _, x := range values {
				if !math.IsNaN(x) {
					c.values = append(c.values, x+0) // no -0, which would sort anywhere among 0
				}
			}
		})
		if err != nil {
			return err
		}
		for _, c := range columns {
			c.sorted()
		}
	}
	return nil
}

// sorted takes from the values what their order tells, and lets them go.
func (c *columnFit) sorted() {
	slices.Sort(c.values)
	switch c.Impute.Strategy {
	case Median:
		c.setFill(median(c.values))
	case MostFrequent:
		c.setFill(mode(c.values))
	}
	if c.Scale == Robust {
		if c.Impute.Strategy != "" {
			c.values = withFill(c.values, c.fill, c.absent)
		}
		c.scaling = robust(c.values)
	}
	c.values = nil
}

// deviate is the last pass: the spread of what is standardised, and with it
// the scale of every number.
func (f *fitter) deviate() error {
	var columns []*columnFit
	for _, c := range f.columns {
		if c.numeric() && c.Scale == Standard {
			c.spread = deviations{center: c.moments.mean()}
			columns = append(columns, c)
		}
	}
	err := f.visitNumbers(columns, func(c *columnFit, values []float64) {
		for _, x := range values {
			if math.IsNaN(x) && c.Impute.Strategy != "" {
				x = c.fill
			}
			c.spread.add(x)
		}
	})
	if err != nil {
		return err
	}
	for _, c := range f.columns {
		if !c.numeric() {
			continue
		}
		switch c.Scale {
		case Standard:
			c.scaling = standard(c.spread.center, c.spread.variance(), c.spread.n)
		case MinMax:
			c.scaling = minMax(c.moments)
		case MaxAbs:
			c.scaling = maxAbs(c.moments)
		case None:
			c.scaling = affine{0, 1}
		}
		for _, v := range []float64{c.fill, c.scaling.Center, c.scaling.Scale} {
			if math.IsInf(v, 0) || math.IsNaN(v) {
				return c.wrong("scale", "divide the column by a power of ten where the table is made",
					"its values are too large to add up")
			}
		}
	}
	return nil
}
