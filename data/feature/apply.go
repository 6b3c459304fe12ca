package feature

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// Counts say what Apply met.
type Counts struct {
	Rows    int64   // that came out
	Dropped int64   // that had no target
	Imputed []Count // by column, in the order of the specification, without zeros
	Unseen  []Count // categories that were not there in training, likewise
	Rounded []Count // integers that are features as they are and that float32 cannot hold, likewise

	Problems []ProblemCount // of ApplyRows, by column and the row of the first
}

// A Count is a number of values of a column.
type Count struct {
	Column string
	N      int64
}

// A ProblemCount is a number of rows that have the same kind of problem.
type ProblemCount struct {
	N     int64
	First *ValueError // whose row counts in the table
}

// Apply makes a data set out of a record of a table: the features of each row,
// the target and the kept columns. With target, rows that have none are
// dropped; without, the target column need not be there, nor the kept columns.
// The caller releases the record.
//
// A value that no rule covers is a *ValueError whose row counts in rec.
func (t *Transform) Apply(rec arrow.Record, withTarget bool) (arrow.Record, error) {
	a, err := t.newApplier(rec.Schema(), withTarget)
	if err != nil {
		return nil, err
	}
	return a.apply(rec)
}

// ApplyTo applies the transform to a whole table, batch by batch, and hands
// the records to write, which must not keep them.
//
// A value that no rule covers is a *ValueError whose row counts in the table.
func (t *Transform) ApplyTo(ctx context.Context, r *table.Reader, withTarget bool, write func(arrow.Record) error) (Counts, error) {
	a, err := t.newApplier(r.Schema(), withTarget)
	if err != nil {
		return Counts{}, err
	}
	return a.applyTo(ctx, r, func(_, out arrow.Record) error { return write(out) })
}

// ApplyRows applies the transform to a whole table without a target, batch by
// batch, and hands write the rows, what they became, and their problems. A
// value that no rule covers is a problem of its row, whose features then mean
// nothing, or, if strict, an error as of ApplyTo. Problems are texts by row of
// the batch, empty where there is none, and nil if no row has one.
func (t *Transform) ApplyRows(ctx context.Context, r *table.Reader, strict bool,
	write func(rows, features arrow.Record, problems []string) error) (Counts, error) {
	a, err := t.newApplier(r.Schema(), false)
	if err != nil {
		return Counts{}, err
	}
	a.problems = newProblems(len(t.columns))
	if strict {
		a.problems = nil
	}
	return a.applyTo(ctx, r, func(in, out arrow.Record) error { return write(in, out, a.problems.take()) })
}

func (a *applier) applyTo(ctx context.Context, r *table.Reader, write func(in, out arrow.Record) error) (Counts, error) {
	for rec, err := range r.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return Counts{}, err
		}
		out, err := a.apply(rec)
		if err != nil {
			return Counts{}, atRow(err, func(i int) int64 { return a.base + int64(i) })
		}
		err = write(rec, out)
		out.Release()
		if err != nil {
			return Counts{}, err
		}
		a.base += rec.NumRows()
	}
	return a.counts(), nil
}

// Schema is the schema of what Apply makes of tables with the given schema.
func (t *Transform) Schema(in *arrow.Schema, withTarget bool) (*arrow.Schema, error) {
	a, err := t.newApplier(in, withTarget)
	if err != nil {
		return nil, err
	}
	return a.schema, nil
}

// An applier applies a transform to records of one schema.
type applier struct {
	*Transform
	schema  *arrow.Schema // of what it makes
	columns []int         // in the record, by column of the transform
	target  int           // in the record, or -1
	keep    []int         // in the record

	base     int64 // row of the table that the record begins with
	rows     int64
	dropped  int64
	met      []met     // by column
	problems *problems // nil: the first one is an error
	values   Values    // of the column at hand
	out      Out       // likewise
}

// met is how many values of a column there were of those that are counted.
type met struct{ imputed, unseen, rounded int64 }

// newApplier finds the columns.
func (t *Transform) newApplier(in *arrow.Schema, withTarget bool) (*applier, error) {
	n := len(t.columns)
	a := &applier{Transform: t, target: -1, columns: make([]int, n), met: make([]met, n)}
	for i, c := range t.columns {
		at, err := table.Column(in, c.Name)
		if err != nil {
			return nil, err
		}
		a.columns[i] = at
	}
	if withTarget {
		if t.target == nil {
			return nil, errors.New("the transform was fitted without a target")
		}
		at, err := table.Column(in, t.target.Column)
		if err != nil {
			return nil, fmt.Errorf("target: %w", err)
		}
		a.target = at
	}
	var fields []arrow.Field
	for _, name := range t.keep {
		at, err := table.Column(in, name)
		if err != nil && withTarget {
			return nil, fmt.Errorf("keep: %w", err)
		}
		if err == nil {
			a.keep = append(a.keep, at)
			fields = append(fields, in.Field(at))
		}
	}
	var err error
	a.schema, err = table.DatasetSchema(t.info, withTarget, fields)
	return a, err
}

func (a *applier) apply(rec arrow.Record) (arrow.Record, error) {
	rows := labelled(rec, a.target)
	if rows == nil {
		return a.applyAll(rec)
	}
	kept, err := table.Take(rec, rows)
	if err != nil {
		return nil, err
	}
	defer kept.Release()
	a.dropped += rec.NumRows() - kept.NumRows()
	out, err := a.applyAll(kept)
	return out, atRow(err, func(i int) int64 { return int64(rows[i]) })
}

// applyAll transforms a record in which every row that needs a target has one.
func (a *applier) applyAll(rec arrow.Record) (arrow.Record, error) {
	n, width := int(rec.NumRows()), a.width()
	vectors := make([]float32, n*width)
	for i := range a.Transform.columns {
		c := &a.Transform.columns[i]
		if c.width == 0 {
			continue
		}
		rounded, err := c.apply(rec.Column(a.columns[i]), &a.values, &a.out, vectors[min(c.at, len(vectors)):], width)
		if err != nil {
			return nil, err
		}
		if err := a.fail(i, n); err != nil {
			return nil, err
		}
		met := &a.met[i]
		met.imputed += a.out.Imputed
		met.unseen += a.out.Unseen
		met.rounded += rounded
	}
	a.rows += int64(n)
	columns := []arrow.Array{table.NewVectors(vectors, width)}
	if a.target >= 0 {
		target, err := a.targets(rec.Column(a.target))
		if err != nil {
			columns[0].Release()
			return nil, err
		}
		columns = append(columns, target)
	}
	for _, at := range a.keep {
		arr := rec.Column(at)
		arr.Retain() // NewRecord takes over a reference
		columns = append(columns, arr)
	}
	return table.NewRecord(a.schema, columns...)
}

// fail makes an error of the first value in a batch of n rows that a column
// failed at, or problems of the rows of all.
func (a *applier) fail(column, n int) error {
	for _, err := range a.out.fails {
		if a.problems == nil {
			return err
		}
		a.problems.add(column, n, a.base, err)
	}
	return nil
}

// targets gives the target column of a data set.
func (a *applier) targets(arr arrow.Array) (arrow.Array, error) {
	name := a.Transform.target.Column
	rd := reading{name, a.Transform.target.Type}
	if a.classes == nil {
		values, _, err := rd.numbers(arr, nil)
		if err != nil {
			return nil, fmt.Errorf("target: %w", err)
		}
		for i, v := range values {
			if math.IsInf(v, 0) || math.IsNaN(v) {
				return nil, rd.notNumber(arr, i)
			}
		}
		return table.NewArray(values, nil), nil
	}
	values, _, err := rd.categories(arr) // rows without a target have been dropped
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	indices := make([]int32, len(values))
	for r, class := range values {
		index, ok := a.classes[class]
		if !ok {
			return nil, &ValueError{Column: name, Row: int64(r), Reason: NotSeen, Msg: fmt.Sprintf("class %q was not there in training", class),
				Fix: fmt.Sprintf("so that every part has every class, write `stratify: %s` in the split stage", name)}
		}
		indices[r] = index
	}
	return table.NewArray(indices, nil), nil
}

// counts sums up what was met so far.
func (a *applier) counts() Counts {
	c := Counts{Rows: a.rows, Dropped: a.dropped}
	if a.problems != nil {
		c.Problems = a.problems.counts()
	}
	add := func(to *[]Count, column string, n int64) {
		if n > 0 {
			*to = append(*to, Count{column, n})
		}
	}
	for i, column := range a.Transform.columns {
		add(&c.Imputed, column.Name, a.met[i].imputed)
		add(&c.Unseen, column.Name, a.met[i].unseen)
		add(&c.Rounded, column.Name, a.met[i].rounded)
	}
	return c
}
