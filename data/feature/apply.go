package feature

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

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
	imputed  []int64   // by column
	unseen   []int64   // by column
	rounded  []int64   // by column
	problems *problems // nil: the first one is an error
	buf      []float64
}

// newApplier finds the columns.
func (t *Transform) newApplier(in *arrow.Schema, withTarget bool) (*applier, error) {
	n := len(t.columns)
	a := &applier{Transform: t, target: -1, columns: make([]int, n), imputed: make([]int64, n), unseen: make([]int64, n), rounded: make([]int64, n)}
	for i, e := range t.columns {
		at, err := table.Column(in, e.Column)
		if err != nil {
			return nil, err
		}
		a.columns[i] = at
	}
	if withTarget {
		if t.doc.Target == nil {
			return nil, errors.New("the transform was fitted without a target")
		}
		at, err := table.Column(in, t.doc.Target.Column)
		if err != nil {
			return nil, fmt.Errorf("target: %w", err)
		}
		a.target = at
	}
	var fields []arrow.Field
	for _, name := range t.doc.Keep {
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
	for i, e := range a.Transform.columns {
		if e.width == 0 {
			continue
		}
		arr := rec.Column(a.columns[i])
		out := vectors[min(e.at, len(vectors)):]
		var err error
		if e.Number != nil {
			err = a.numbers(i, arr, out, width)
		} else {
			err = a.categories(i, arr, out, width)
		}
		if err != nil {
			return nil, err
		}
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

// numbers writes the features of column i, the first of row r at out[r*stride].
func (a *applier) numbers(i int, arr arrow.Array, out []float32, stride int) error {
	e := a.Transform.columns[i]
	rd := e.reading()
	values, err := rd.numbers(arr, a.buf)
	if err != nil {
		return err
	}
	a.buf = values
	center, scale := e.Number.Center, e.Number.Scale
	whole := e.Number.Scaling == None && e.Type == "int64"
	for r, x := range values {
		if math.IsNaN(x) {
			if e.Impute == nil {
				err := &ValueError{Column: e.Column, Row: int64(r), Reason: Absent, Msg: string(Absent), Fix: "add `impute: median` to the column"}
				if err := a.fail(i, arr.Len(), err); err != nil {
					return err
				}
				continue
			}
			x = *e.Impute.Number
			a.imputed[i]++
			if e.Indicator {
				out[r*stride+1] = 1
			}
		}
		v := float32((x - center) / scale)
		if math.IsInf(float64(v), 0) {
			if err := a.fail(i, arr.Len(), e.beyond(rd, arr, r, x)); err != nil {
				return err
			}
			continue
		}
		if whole && float64(v) != x {
			a.rounded[i]++
		}
		out[r*stride] = v
	}
	return nil
}

// beyond says why the number x in row i becomes no finite feature.
func (e encoder) beyond(rd reading, arr arrow.Array, i int, x float64) *ValueError {
	if math.IsInf(x, 0) {
		return rd.notNumber(arr, i)
	}
	err := &ValueError{Column: e.Column, Row: int64(i), Reason: TooLarge,
		Msg: fmt.Sprintf("%v is too large for a float32", x), Fix: "add `scale: standard` to the column"}
	if n := e.Number; n.Scaling != None {
		err.Msg = fmt.Sprintf("%v is too far from the rows that the scale was learned from (center %.6g, scale %.6g)", x, n.Center, n.Scale)
		err.Fix = "mend the value, or leave it empty where the table is made"
		if e.Impute == nil {
			err.Fix += " and write `impute: median`"
		}
	}
	return err
}

// categories writes the features of column i, the first of row r at
// out[r*stride].
func (a *applier) categories(i int, arr arrow.Array, out []float32, stride int) error {
	e := a.Transform.columns[i]
	values, valid, err := e.reading().categories(arr)
	if err != nil {
		return err
	}
	dropped := btoi(e.Category.DropFirst)
	for r, text := range values {
		code, known := e.missing, true
		if valid != nil && !valid[r] {
			if e.Impute != nil {
				a.imputed[i]++
				if e.Indicator {
					out[r*stride+e.width-1] = 1
				}
			} else {
				known = e.Category.Missing
			}
		} else if code, known = e.codes[text]; !known {
			code = e.unseen
		}
		if code == codeNone {
			if err := a.fail(i, arr.Len(), e.unseenError(int64(r), text, valid != nil && !valid[r])); err != nil {
				return err
			}
			continue
		}
		if !known {
			a.unseen[i]++
		}
		if e.Category.Encoding == Ordinal {
			out[r*stride] = float32(code) // -1 for codeZeros
		} else if at := code - dropped; at >= 0 {
			out[r*stride+at] = 1
		}
	}
	return nil
}

func (e encoder) reading() reading { return reading{e.Column, e.Type} }

// fail makes an error of a value in a batch of n rows, or a problem of its row.
func (a *applier) fail(column, n int, err *ValueError) error {
	if a.problems == nil {
		return err
	}
	a.problems.add(column, n, a.base, err)
	return nil
}

func (e encoder) unseenError(row int64, text string, missing bool) *ValueError {
	err := &ValueError{Column: e.Column, Row: row, Reason: NotSeen}
	if missing {
		err.Reason = Absent
	}
	example := fmt.Sprintf("`encode: {%s: {unseen: ignore}}`", e.Category.Encoding)
	switch {
	case !missing:
		err.Msg = fmt.Sprintf("category %s was not there in training", shortQuote(text))
		err.Fix = "to allow it write " + example
	case e.Impute != nil:
		err.Msg = fmt.Sprintf("the value is missing, and the constant %q in its place was not there in training", *e.Impute.Text)
		err.Fix = "to allow it write " + example + ", or write `impute: most_frequent`"
	default:
		err.Msg = "the value is missing, and none was in training"
		err.Fix = "add `impute: most_frequent` to the column, or write " + example
	}
	return err
}

// targets gives the target column of a data set.
func (a *applier) targets(arr arrow.Array) (arrow.Array, error) {
	name := a.doc.Target.Column
	rd := reading{name, a.doc.Target.Type}
	if a.classes == nil {
		values, err := rd.numbers(arr, nil)
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
	for i, e := range a.Transform.columns {
		if n := a.imputed[i]; n > 0 {
			c.Imputed = append(c.Imputed, Count{e.Column, n})
		}
		if n := a.unseen[i]; n > 0 {
			c.Unseen = append(c.Unseen, Count{e.Column, n})
		}
		if n := a.rounded[i]; n > 0 {
			c.Rounded = append(c.Rounded, Count{e.Column, n})
		}
	}
	return c
}
