package feature

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/relation"
	"pipe/data/replay"
	"pipe/data/source/block"
	"pipe/data/table"
)

// Apply makes a data set out of a record of a table: the features of each row,
// the target and the kept columns. With target, rows that have none are
// dropped; without, the target column need not be there, nor the kept columns.
// The caller releases the record.
//
// A value that no rule covers is a *ValueError whose row counts in rec.
func (t *Transform) Apply(rec arrow.RecordBatch, withTarget bool) (arrow.RecordBatch, error) {
	a, err := t.newApplier(rec.Schema(), withTarget)
	if err != nil {
		return nil, err
	}
	if a.chain != nil && a.chain.Wide() {
		return nil, errors.New("the steps of training look at several rows, and so need a whole table")
	}
	if err := a.load(context.Background(), 1); err != nil {
		return nil, err
	}
	p, err := a.apply(pair{Piece: table.Piece{Rows: rec}}, nil)
	if err != nil {
		return nil, err
	}
	p.in.Release()
	return p.out, nil
}

// ApplyTo applies the transform to a whole table in a number of goroutines, and
// hands the records to write in the order of the rows, some thousand rows at a
// time. It must not keep them.
//
// A value that no rule covers is a *ValueError whose row counts in the table.
func (t *Transform) ApplyTo(ctx context.Context, r *table.Reader, withTarget bool, with Resources, write func(arrow.RecordBatch) error) (Counts, error) {
	return t.applyTo(ctx, r, withTarget, false, with, write)
}

func (t *Transform) applyTo(ctx context.Context, r *table.Reader, withTarget, training bool, with Resources, write func(arrow.RecordBatch) error) (Counts, error) {
	a, err := t.newApplier(r.Schema(), withTarget)
	if err != nil {
		return Counts{}, err
	}
	if r, err = r.Select(a.names(r.Schema())...); err != nil {
		return Counts{}, err
	}
	if a, err = t.newApplier(r.Schema(), withTarget); err != nil {
		return Counts{}, err
	}
	a.training, a.lends = training, true
	return a.applyTo(ctx, r, with, func(p *applied) error { return write(p.out) })
}

// ApplyTraining is ApplyTo of the table that the transform was fitted on, by whom has
// just fitted it: a CrossFitted makes something else of its rows.
func (t *Transform) ApplyTraining(ctx context.Context, r *table.Reader, with Resources, write func(arrow.RecordBatch) error) (Counts, error) {
	return t.applyTo(ctx, r, len(t.targets) > 0, true, with, write)
}

// ApplyRows applies the transform to a whole table without a target, as ApplyTo
// does, and hands write the rows, what they became, and their problems. A
// value that no rule covers is a problem of its row, whose features then mean
// nothing, or, if strict, an error as of ApplyTo. Problems are texts by row of
// the record, empty where there is none, and nil if no row has one.
func (t *Transform) ApplyRows(ctx context.Context, r *table.Reader, strict bool, with Resources,
	write func(rows, features arrow.RecordBatch, problems []string) error) (Counts, error) {
	a, err := t.newApplier(r.Schema(), false)
	if err != nil {
		return Counts{}, err
	}
	a.tolerant = !strict
	return a.applyTo(ctx, r, with, func(p *applied) error { return write(p.in, p.out, p.met.texts()) })
}

// applyPiece is about the size of the features that are made at a time, in bytes. They
// stay in the cache of a processor, where setting them one by one and far from each
// other, as those of a column are, costs little; and however wide a row becomes, many
// goroutines hold little.
const applyPiece = 1 << 19

// applyTo has pieces of the table transformed beside each other, and writes them
// in order.
func (a *applier) applyTo(ctx context.Context, r *table.Reader, with Resources, write func(*applied) error) (Counts, error) {
	if err := a.load(ctx, with.Threads); err != nil {
		return Counts{}, err
	}
	all := a.newMet()
	rows := max(1, applyPiece/int64(a.bytes()))
	pieces := alone(r.Pieces(rows))
	var staged *replay.Staged
	if a.chain != nil && a.chain.Wide() {
		var err error
		if staged, err = a.chain.Stage(ctx, relation.Means{Threads: max(1, with.Threads), Scratch: with.Scratch}, r, a.readAgain); err != nil {
			return Counts{}, err
		}
		defer staged.Close()
		pieces = together(r.Pieces(rows), staged.Pieces(rows))
	}
	var base int64
	work := func(p pair) (*applied, error) {
		defer p.release()
		out, err := a.apply(p, staged)
		if err != nil {
			return nil, atRow(err, func(i int) int64 { return p.At + int64(i) })
		}
		return out, nil
	}
	err := block.Ordered(ctx, max(1, with.Threads), pieces, work, func(p *applied) error {
		defer a.release(p)
		all.merge(p.met, base)
		base += p.in.NumRows()
		return write(p)
	})
	if err != nil {
		return Counts{}, err
	}
	if staged != nil {
		all.replayed.Merge(&staged.Met, 0)
	}
	return a.counts(all), nil
}

// readAgain reads rows as they were in training, for the steps that look at several.
// What cannot be read is told when their features are made.
func (a *applier) readAgain(rec arrow.RecordBatch, at int64) (arrow.RecordBatch, error) {
	out, err := a.again.read(rec, a.newMet())
	return out, atRow(err, func(i int) int64 { return at + int64(i) })
}

// Schema is the schema of what Apply makes of tables with the given schema.
func (t *Transform) Schema(in *arrow.Schema, withTarget bool) (*arrow.Schema, error) {
	a, err := t.newApplier(in, withTarget)
	if err != nil {
		return nil, err
	}
	return a.schema, nil
}

// An applier applies a transform to records of one schema. Several goroutines may
// use it.
type applier struct {
	*Transform
	schema   *arrow.Schema // of what it makes
	columns  []int         // in the record, by column of the transform; -1: it is crossed of others
	besides  []int         // likewise, of the columns beside them; -1: there is none
	fitted   []column      // those of the transform, for the record
	labels   []int         // in the record, by target; none if they are not wanted
	keep     []int         // in the record
	chain    *replay.Chain // makes the record of the one that comes in; nil if that is it
	needs    []string      // what the chain needs
	again    *again        // what of it had another type in training
	tolerant bool          // a value that no rule covers is no error
	training bool          // the rows are those that it was fitted on

	free  sync.Pool // of *workspace
	lends bool      // nobody keeps the features of rows
	lent  sync.Pool // of *[]float32, that hold them
}

// names are the columns that it reads, of a table with a schema.
func (a *applier) names(in *arrow.Schema) []string {
	if a.chain != nil {
		return a.needs
	}
	at := slices.Concat(a.columns, a.besides, a.keep)
	at = append(at, a.labels...)
	slices.Sort(at)
	var names []string
	for _, i := range slices.Compact(at) {
		if i < 0 {
			continue // there is none
		}
		names = append(names, in.Field(i).Name)
	}
	return names
}

// bytes are about what the inputs of a row take.
func (a *applier) bytes() int {
	const ragged = 1 << 10
	n := 0
	for _, in := range a.info.Inputs {
		bytes := in.Type.Size() * in.Width()
		if in.Ragged() {
			bytes *= ragged
		}
		n += bytes
	}
	return max(1, n)
}

// newApplier finds the columns, and what makes them if the table has not gone through
// the steps of training.
func (t *Transform) newApplier(in *arrow.Schema, withTarget bool) (*applier, error) {
	part, err := t.replayOf(in, withTarget)
	if err != nil {
		return nil, err
	}
	if part == nil {
		return t.direct(in, withTarget)
	}
	for _, name := range part.Needs() {
		if _, err := table.Column(in, name); err != nil {
			return nil, err
		}
	}
	again, err := t.againOf(in, part)
	if err != nil {
		return nil, err
	}
	chain, err := part.Bind(again.schema(in), t.tables)
	if err != nil {
		return nil, fmt.Errorf("as the training table was derived: %w", err)
	}
	a, err := t.applierOf(chain.Schema(), withTarget)
	if err != nil {
		return nil, err
	}
	a.chain, a.needs, a.again = chain, part.Needs(), again
	return a, nil
}

// direct finds the columns of a table that has gone through the steps of training, or
// where there are none.
func (t *Transform) direct(in *arrow.Schema, withTarget bool) (a *applier, err error) {
	again := new(again)
	if t.steps == nil {
		if again, err = t.againOf(in, nil); err != nil {
			return nil, err
		}
	}
	if a, err = t.applierOf(again.schema(in), withTarget); err == nil {
		a.again = again
	}
	return a, err
}

// applierOf finds the columns.
func (t *Transform) applierOf(in *arrow.Schema, withTarget bool) (*applier, error) {
	n := len(t.columns)
	a := &applier{Transform: t, columns: make([]int, n), besides: make([]int, n), fitted: slices.Clone(t.columns)}
	a.free.New = func() any { return new(workspace) }
	for i, c := range t.columns {
		a.columns[i], a.besides[i] = -1, -1
		if c.beside != "" {
			at, err := table.Column(in, c.beside)
			if err != nil {
				return nil, err
			}
			a.besides[i] = at
		}
		if c.of != nil {
			continue
		}
		at, err := table.Column(in, c.Name)
		if err != nil {
			return nil, err
		}
		a.columns[i] = at
		if a.fitted[i], err = c.sized(in.Field(at)); err != nil {
			return nil, err
		}
	}
	if withTarget {
		if len(t.targets) == 0 {
			return nil, errors.New("the transform was fitted without a target")
		}
		for _, target := range t.targets {
			at, err := table.Column(in, target.Column)
			if err != nil {
				return nil, fmt.Errorf("target: %w", err)
			}
			a.labels = append(a.labels, at)
		}
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

// apply transforms rows, of which it keeps a reference. Of those that went through steps
// already that look at several, it takes what was made of them.
func (a *applier) apply(in pair, staged *replay.Staged) (*applied, error) {
	rec, first := in.Rows, in.At
	p := &applied{in: rec, met: a.newMet()}
	var err error
	var gone []bool
	if a.again.len() > 0 {
		if rec, err = a.again.read(rec, p.met); err != nil {
			return nil, err
		}
		defer rec.Release()
	}
	if a.chain != nil {
		var met *replay.Met
		if staged != nil {
			rec, met, err = staged.Apply(in.staged)
		} else {
			rec, met, err = a.chain.Apply(rec)
		}
		if err != nil {
			return nil, err
		}
		defer rec.Release()
		if err := p.met.take(met, int(rec.NumRows())); err != nil {
			return nil, err
		}
		gone = met.Gone
	}
	rows := labelled(rec, a.labels)
	if gone != nil {
		for _, is := range gone {
			if is {
				p.met.gone++
			}
		}
		rows = without(rows, gone)
	}
	if rows != nil {
		p.met.dropped = rec.NumRows() - p.met.gone - int64(len(rows))
	}
	if rows == nil {
		p.vectors = a.room(rec)
		p.out, err = a.applyAll(rec, p.vectors, p.met, placement{first: first, training: a.training})
	} else {
		var kept arrow.RecordBatch
		if kept, err = table.Take(rec, rows); err != nil {
			return nil, err
		}
		defer kept.Release()
		p.vectors = a.room(kept)
		p.out, err = a.applyAll(kept, p.vectors, p.met, placement{first: first, rows: rows, training: a.training})
		err = atRow(err, func(i int) int64 { return int64(rows[i]) })
	}
	if err != nil {
		return nil, err
	}
	p.in.Retain()
	return p, nil
}

// load makes the chain ready.
func (a *applier) load(ctx context.Context, threads int) error {
	if a.chain == nil {
		return nil
	}
	return a.chain.Load(ctx, threads)
}

// applyAll transforms a record in which every row that needs a target has one. The
// features are in vectors.
func (a *applier) applyAll(rec arrow.RecordBatch, vectors []float32, met *met, place placement) (arrow.RecordBatch, error) {
	n, width := int(rec.NumRows()), a.width()
	work := a.free.Get().(*workspace)
	defer a.free.Put(work)
	work.values.place = place
	work.batch.begin(rec)
	defer work.batch.end()
	var columns []arrow.Array
	done := false
	defer func() {
		for _, c := range columns {
			if !done {
				c.Release()
			}
		}
	}()
	for i := range a.fitted {
		c := &a.fitted[i]
		if c.width == 0 && c.whole == nil && !c.tapped {
			continue
		}
		work.batch.at, work.batch.by = a.columns[i], a.besides[i]
		if c.whole != nil {
			lists, err := c.applyWhole(&work.batch, &work.values, &work.out)
			if err != nil {
				return nil, err
			}
			columns = append(columns, lists)
			if err := met.add(i, n, &work.out, 0); err != nil {
				return nil, err
			}
			continue
		}
		to, stride := vectors[min(c.at, len(vectors)):], width
		if c.kept != nil {
			work.features = append(work.features[:0], make([]float32, n*c.made)...)
			to, stride = work.features, c.made
		}
		rounded, err := c.apply(&work.batch, &work.values, &work.out, to, stride)
		if err != nil {
			return nil, err
		}
		for at, from := range c.kept {
			for r := range n {
				vectors[r*width+c.at+at] = to[r*stride+from]
			}
		}
		if err := met.add(i, n, &work.out, rounded); err != nil {
			return nil, err
		}
	}
	met.rows += int64(n)
	if width > 0 {
		columns = slices.Insert(columns, 0, table.NewVectors(vectors, width))
	}
	for i, at := range a.labels {
		target, err := a.target(i, rec.Column(at))
		if err != nil {
			return nil, err
		}
		columns = append(columns, target)
	}
	for _, at := range a.keep {
		arr := rec.Column(at)
		arr.Retain()
		columns = append(columns, arr)
	}
	done = true // NewRecord takes over the references
	return table.NewRecord(a.schema, columns...)
}

// target gives the column of a target of a data set.
func (a *applier) target(i int, arr arrow.Array) (arrow.Array, error) {
	name := a.Transform.targets[i].Column
	rd := reading{column: name, fitted: a.Transform.targets[i].Type}
	if a.classes[i] == nil {
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
		index, ok := a.classes[i][class]
		if !ok {
			return nil, &ValueError{Column: name, Row: int64(r), Reason: NotSeen, Msg: fmt.Sprintf("class %q was not there in training", class),
				Fix: fmt.Sprintf("so that every part has every class, write `stratify: %s` in the split stage; leave a class of a single row out with `filter`", name)}
		}
		indices[r] = index
	}
	return table.NewArray(indices, nil), nil
}
