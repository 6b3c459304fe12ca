package feature

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/table"
)

// Counts say what Apply met.
type Counts struct {
	Rows    int64   // that came out
	Dropped int64   // that had no target
	Imputed []Count // by column, in the order of the specification, without zeros
	Unseen  []Count // categories that were not there in training, likewise
}

// A Count is a number of values of a column.
type Count struct {
	Column string
	N      int64
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
	var base int64
	for rec, err := range r.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return Counts{}, err
		}
		out, err := a.apply(rec)
		if err != nil {
			return Counts{}, atRow(err, func(i int) int64 { return base + int64(i) })
		}
		err = write(out)
		out.Release()
		if err != nil {
			return Counts{}, err
		}
		base += rec.NumRows()
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
	rows    int64
	dropped int64
	imputed []int64 // by column
	unseen  []int64 // by column
	buf     []float64
}

// newApplier finds the columns. A column of another type will do if its values
// can be read alike: a column of integers may have come out as decimal numbers.
func (t *Transform) newApplier(in *arrow.Schema, withTarget bool) (*applier, error) {
	n := len(t.columns)
	a := &applier{Transform: t, target: -1, columns: make([]int, n), imputed: make([]int64, n), unseen: make([]int64, n)}
	for i, e := range t.columns {
		at, err := t.find(in, e.Column, e.Type, e.Number != nil)
		if err != nil {
			return nil, err
		}
		a.columns[i] = at
	}
	if withTarget {
		if t.doc.Target == nil {
			return nil, errors.New("the transform was fitted without a target")
		}
		at, err := t.find(in, t.doc.Target.Column, t.doc.Target.Type, t.classes == nil)
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

// find gives the index of a column whose values can be read as wanted.
func (t *Transform) find(in *arrow.Schema, name, fitted string, number bool) (int, error) {
	at, err := table.Column(in, name)
	if err != nil {
		return 0, err
	}
	typ := in.Field(at).Type
	if number && !isNumeric(typ) || !number && !isCategorical(typ) {
		return 0, &SpecError{Column: name, Msg: fmt.Sprintf("it is %s, but the transform was fitted on %s", table.TypeName(typ), fitted),
			Fix: fmt.Sprintf("read it as before: `columns: {%s: %s}` of the ingest stage", name, fitted)}
	}
	return at, nil
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
	values, err := numbers(e.Column, arr, a.buf)
	if err != nil {
		return err
	}
	a.buf = values
	center, scale := e.Number.Center, e.Number.Scale
	for r, x := range values {
		if math.IsNaN(x) {
			if e.Impute == nil {
				return &ValueError{Column: e.Column, Row: int64(r), Msg: "the value is missing", Fix: "add `impute: median` to the column"}
			}
			x = *e.Impute.Number
			a.imputed[i]++
			if e.Indicator {
				out[r*stride+1] = 1
			}
		}
		v := float32((x - center) / scale)
		if math.IsInf(float64(v), 0) {
			return &ValueError{Column: e.Column, Row: int64(r), Msg: fmt.Sprintf("%v is too large for a float32", x), Fix: "add `scale: standard` to the column"}
		}
		out[r*stride] = v
	}
	return nil
}

// categories writes the features of column i, the first of row r at
// out[r*stride].
func (a *applier) categories(i int, arr arrow.Array, out []float32, stride int) error {
	e := a.Transform.columns[i]
	values, valid, err := texts(e.Column, arr)
	if err != nil {
		return err
	}
	dropped := btoi(e.Category.DropFirst)
	for r, text := range values {
		code := e.missing
		if valid != nil && !valid[r] {
			if e.Impute != nil {
				a.imputed[i]++
				if e.Indicator {
					out[r*stride+e.width-1] = 1
				}
			} else if !e.Category.Missing {
				a.unseen[i]++
			}
		} else {
			c, seen := e.codes[text]
			if !seen {
				c = e.unseen
				a.unseen[i]++
			}
			code = c
		}
		if code == codeNone {
			return e.unseenError(int64(r), text, arr.IsNull(r))
		}
		if e.Category.Encoding == Ordinal {
			out[r*stride] = float32(code) // -1 for codeZeros
		} else if at := code - dropped; at >= 0 {
			out[r*stride+at] = 1
		}
	}
	return nil
}

func (e encoder) unseenError(row int64, text string, missing bool) error {
	err := &ValueError{Column: e.Column, Row: row}
	example := fmt.Sprintf("`encode: {%s: {unseen: ignore}}`", e.Category.Encoding)
	switch {
	case !missing:
		err.Msg = fmt.Sprintf("category %q was not there in training", text)
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
	if a.classes == nil {
		values, err := numbers(name, arr, nil)
		if err != nil {
			return nil, err
		}
		return table.NewArray(values, nil), nil
	}
	values, _, err := texts(name, arr) // rows without a target have been dropped
	if err != nil {
		return nil, err
	}
	indices := make([]int32, len(values))
	for r, class := range values {
		index, ok := a.classes[class]
		if !ok {
			return nil, &ValueError{Column: name, Row: int64(r), Msg: fmt.Sprintf("class %q was not there in training", class),
				Fix: fmt.Sprintf("so that every part has every class, write `stratify: %s` in the split stage", name)}
		}
		indices[r] = index
	}
	return table.NewArray(indices, nil), nil
}

// counts sums up what was met so far.
func (a *applier) counts() Counts {
	c := Counts{Rows: a.rows, Dropped: a.dropped}
	for i, e := range a.Transform.columns {
		if n := a.imputed[i]; n > 0 {
			c.Imputed = append(c.Imputed, Count{e.Column, n})
		}
		if n := a.unseen[i]; n > 0 {
			c.Unseen = append(c.Unseen, Count{e.Column, n})
		}
	}
	return c
}
