package feature

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// maxFeatures bounds the width of the vectors. A table has at most so many
// elements in a vector.
const maxFeatures = 1 << 15

// maxHeld bounds the bytes of the columns that are in memory at once for the
// sake of their order. One column is always allowed.
const maxHeld = 256 << 20

// Fit learns a transform from a table, with chains of the kinds. Rows without a
// target count for nothing: they are dropped from the training data.
func Fit(ctx context.Context, spec Spec, r *table.Reader, kinds []Kind) (*Transform, error) {
	return fitWithin(ctx, spec, r, kinds, maxHeld)
}

// fitWithin is Fit with a bound of its own for the bytes that it holds.
func fitWithin(ctx context.Context, spec Spec, r *table.Reader, kinds []Kind, held int64) (*Transform, error) {
	if err := spec.Validate(kinds); err != nil {
		return nil, err
	}
	f := &fitter{ctx: ctx, r: r, held: held, target: -1}
	if err := f.prepare(spec, kinds); err != nil {
		return nil, err
	}
	if err := f.learn(); err != nil {
		return nil, err
	}
	target, err := f.fittedTarget(spec.Target)
	if err != nil {
		return nil, err
	}
	t := &Transform{target: target, keep: spec.Keep}
	for _, c := range f.columns[:len(spec.Features)] {
		t.columns = append(t.columns, c.column)
	}
	if err := t.derive(); err != nil {
		return nil, err
	}
	t.remarks = f.remarks(spec.Target)
	if f.task == Classification {
		for _, class := range target.Classes {
			t.counts = append(t.counts, f.classes.Of(class))
		}
	}
	return t, nil
}

// A fitter goes over the table, pass by pass.
type fitter struct {
	ctx     context.Context // of the one call of Fit that it lives for
	r       *table.Reader
	held    int64        // the most bytes of columns in memory at once
	columns []*columnFit // features, then the target
	target  int          // index of the target's column in the table, or -1
	task    Task         // of the target
	classes *Frequencies // of the target
	rows    int64        // that count
}

// prepare finds the columns and settles what to do with each.
func (f *fitter) prepare(spec Spec, kinds []Kind) error {
	schema := f.r.Schema()
	for _, c := range spec.Features {
		at, err := table.Column(schema, c.Name)
		if err != nil {
			return err
		}
		typ := schema.Field(at).Type
		c = spec.Defaults.fill(c, typ)
		chain, err := c.resolved(typ, kinds)
		if err != nil {
			return err
		}
		form, err := chain.begin(formsOf(table.ClassOf(typ)), "values of type "+table.TypeName(typ))
		if err != nil {
			return err
		}
		fit := newColumnFit(c.Name, at, schema.Field(at), form, chain.uses)
		fit.column.brief = c.Chain == nil
		if err := fit.advance(); err != nil {
			return err
		}
		f.columns = append(f.columns, fit)
	}
	for _, name := range spec.Keep {
		if _, err := table.Column(schema, name); err != nil {
			return fmt.Errorf("keep: %w", err)
		}
	}
	if spec.Target == nil {
		return nil
	}
	if err := f.prepareTarget(spec.Target); err != nil {
		return fmt.Errorf("target: %w", err)
	}
	return nil
}

// learn goes over the table until every transform of every column is fitted.
func (f *fitter) learn() error {
	if err := f.pass(true); err != nil {
		return err
	}
	if err := f.checkAnyValue(); err != nil {
		return err
	}
	for {
		waiting := false
		for _, c := range f.columns {
			if !c.due {
				waiting = waiting || !c.fitted()
				continue
			}
			if err := c.advance(); err != nil {
				return err
			}
			waiting = waiting || !c.fitted()
		}
		if !waiting {
			return nil
		}
		if err := f.pass(false); err != nil {
			return err
		}
	}
}

// pass gives the values of all columns that are waiting for them, as far as
// memory allows. The first one looks at the others, too.
func (f *fitter) pass(first bool) error {
	held := int64(0)
	for _, c := range f.columns {
		c.due = !c.fitted()
		if bytes := c.holds() * 8 * f.r.NumRows(); c.due && bytes > 0 {
			if held > 0 && held+bytes > f.held {
				c.due = false
				continue
			}
			held += bytes
			c.hold(f.r.NumRows())
		}
	}
	var v Values
	return f.batches(func(rec arrow.Record, row func(int) int64) error {
		if first {
			f.rows += rec.NumRows()
		}
		for _, c := range f.columns {
			if !first && !c.due {
				continue
			}
			if err := c.read(rec.Column(c.at), &v); err != nil {
				return atRow(err, row)
			}
			if first {
				c.observe(&v, c.at == f.target)
			}
			if !c.due {
				continue
			}
			if err := c.add(&v); err != nil {
				return atRow(err, row)
			}
		}
		return nil
	})
}

// batches calls visit with every batch, without the rows that have no target.
func (f *fitter) batches(visit func(rec arrow.Record, row func(int) int64) error) error {
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
			return f.columns[len(f.columns)-1].wrong("target", "", "the target is missing in all %d rows", f.r.NumRows())
		}
		return fmt.Errorf("the table has no rows to learn from")
	}
	for _, c := range f.columns {
		if !c.any && !c.always {
			return c.wrong("", "remove it from `features`, or say what it is: `impute: {constant: 0}`", "all %d values are missing", f.rows)
		}
	}
	return nil
}
