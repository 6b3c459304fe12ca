package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/data/relation"
	"pipe/data/source/block"
	"pipe/data/table"
)

// A Staged is what became of the rows of a table up to the last step that looks at
// several of them, row by row in the order of the table. It is in a temporary file.
type Staged struct {
	*table.Reader
	Met Met // what was met on the way, but for problems and rows that are gone

	tail     []link
	problems []Problem // which rows have, by the number that their state has
	state    string    // the column that has it
	file     *os.File
}

// What the state of a row says: whether it is gone, and the number of its problem + 1.
const (
	goneState    = 1
	problemState = 2
)

// stagedRows is how many rows go through the steps before a window at a time.
const stagedRows = 1 << 14

// Wide says whether there is a step that looks at several rows.
func (c *Chain) Wide() bool {
	return slices.ContainsFunc(c.links, func(l link) bool { _, ok := l.(*windowed); return ok })
}

// Stage takes the rows of a table through the steps up to the last one that looks at
// several of them, which there is. read gives rows as the steps want them; nil if they
// are. The caller closes what is made.
func (c *Chain) Stage(ctx context.Context, with relation.Means, r *table.Reader, read func(rows arrow.RecordBatch, at int64) (arrow.RecordBatch, error)) (*Staged, error) {
	s := &Staged{Reader: r, state: "state"}
	for _, l := range append([]link{nil}, c.links...) { // no step has a column of this name
		schema := c.in
		if l != nil {
			schema = l.schema()
		}
		for len(schema.FieldIndices(s.state)) > 0 {
			s.state += "_"
		}
	}
	var head []link
	first := true
	for _, l := range c.links {
		w, ok := l.(*windowed)
		if !ok {
			head = append(head, l)
			continue
		}
		if !first {
			read = nil
		}
		err := s.through(ctx, with, head, w, first, read)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		head, first = nil, false
	}
	s.tail = head
	return s, nil
}

// through takes the rows through some steps, and then a window.
func (s *Staged) through(ctx context.Context, with relation.Means, head []link, w *windowed, first bool, read func(arrow.RecordBatch, int64) (arrow.RecordBatch, error)) error {
	fields := append(slices.Clone(w.framer.Schema().Fields()[:len(w.from)]), arrow.Field{Name: s.state, Type: arrow.PrimitiveTypes.Int32})
	before, err := s.store(with, arrow.NewSchema(fields, nil), func(write func(arrow.RecordBatch) error) error {
		return s.toWindow(ctx, with, head, w, first, read, write)
	})
	if err != nil {
		return err
	}
	defer before.Close()
	framer, err := relation.NewFramer(before.Schema(), w.Framing)
	if err != nil {
		return err
	}
	schema := arrow.NewSchema(append(slices.Clone(w.schema().Fields()), fields[len(fields)-1]), nil)
	after, err := s.store(with, schema, func(write func(arrow.RecordBatch) error) error {
		var rows, twice int64 // the first row whose time another one before it has, counted from 1
		err := framer.Run(ctx, with, before.Reader, func(rec arrow.RecordBatch, lacks []relation.Lack) error {
			state := slices.Clone(rec.Column(len(w.from)).(*array.Int32).Values())
			for row, l := range lacks {
				if twice == 0 && state[row] == 0 && l.Reason() == relation.Twice.Reason() {
					twice = rows + int64(row) + 1
				}
				if state[row] != 0 {
					continue // it was taken out of its series for that
				}
				switch p, gone := w.lacking(l); {
				case gone:
					state[row] = goneState
				case p != nil:
					state[row] = s.number(*p)
				}
			}
			columns := slices.Delete(slices.Clone(rec.Columns()), len(w.from), len(w.from)+1)
			out := array.NewRecordBatch(schema, append(columns, table.NewArray(state, nil)), rec.NumRows())
			defer out.Release()
			rows += rec.NumRows()
			return write(out)
		})
		if twice > 0 { // the other rows of its series are as they should be
			for i := range s.problems {
				if p := &s.problems[i]; p.Reason == relation.Unclear.Reason() && p.Column == w.Framing.Time && p.Fix == oneOfThem {
					p.Fix = fmt.Sprintf("row %d is the first that has the time of another one of its series: %s", twice, oneOfThem)
				}
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if !first {
		err = s.Close()
	}
	s.Reader, s.file = after.Reader, after.file
	return err
}

// toWindow takes rows through some steps, and gives what a window needs of them.
func (s *Staged) toWindow(ctx context.Context, with relation.Means, head []link, w *windowed, first bool, read func(arrow.RecordBatch, int64) (arrow.RecordBatch, error), write func(arrow.RecordBatch) error) error {
	type piece struct {
		rows  arrow.RecordBatch
		state []int32 // of the steps before
		met   *Met
		at    int64
	}
	work := func(p table.Piece) (piece, error) {
		defer p.Rows.Release()
		rec := p.Rows
		var state []int32
		if first {
			state = make([]int32, rec.NumRows())
			rec.Retain()
		} else {
			rec, state = s.apart(rec)
		}
		if read != nil {
			next, err := read(rec, p.At)
			rec.Release()
			if err != nil {
				return piece{}, err
			}
			rec = next
		}
		met := new(Met)
		rec, err := run(head, rec, met)
		if err != nil {
			return piece{}, err
		}
		defer rec.Release()
		rows, err := table.Select(rec, w.from)
		return piece{rows, state, met, p.At}, err
	}
	return block.Ordered(ctx, max(1, with.Threads), s.Pieces(stagedRows), work, func(p piece) error {
		defer p.rows.Release()
		s.note(p.state, p.met)
		s.Met.Merge(p.met, p.at)
		rows, err := unseen(p.rows, slices.Index(w.from, w.Framing.Time), p.state)
		if err != nil {
			return err
		}
		defer rows.Release()
		fields := append(slices.Clone(rows.Schema().Fields()), arrow.Field{Name: s.state, Type: arrow.PrimitiveTypes.Int32})
		out := array.NewRecordBatch(arrow.NewSchema(fields, nil), append(slices.Clone(rows.Columns()), table.NewArray(p.state, nil)), rows.NumRows())
		defer out.Release()
		return write(out)
	})
}

// unseen takes the time of rows that training would have left out: a window does not see
// them then.
func unseen(rec arrow.RecordBatch, time int, state []int32) (arrow.RecordBatch, error) {
	if !slices.ContainsFunc(state, func(s int32) bool { return s != 0 }) {
		rec.Retain()
		return rec, nil
	}
	places := make([]table.Place, len(state))
	for row, is := range state {
		if places[row].Row = int32(row); is != 0 {
			places[row] = table.Nowhere
		}
	}
	schema := arrow.NewSchema([]arrow.Field{rec.Schema().Field(time)}, nil)
	one := array.NewRecordBatch(schema, []arrow.Array{rec.Column(time)}, rec.NumRows())
	defer one.Release()
	left, err := table.Combine(schema, []arrow.RecordBatch{one}, places)
	if err != nil {
		return nil, err
	}
	defer left.Release()
	columns := slices.Clone(rec.Columns())
	columns[time] = left.Column(0)
	return array.NewRecordBatch(rec.Schema(), columns, rec.NumRows()), nil
}

// run takes rows, which it releases, through some steps.
func run(links []link, rec arrow.RecordBatch, met *Met) (arrow.RecordBatch, error) {
	for _, l := range links {
		next, err := l.apply(rec, met)
		rec.Release()
		if err != nil {
			return nil, err
		}
		rec = next
	}
	return rec, nil
}

// note keeps what was met in the state of rows.
func (s *Staged) note(state []int32, met *Met) {
	for _, p := range met.Problems {
		if row := p.Row; state[row] < problemState {
			state[row] |= s.number(p)
		}
	}
	for row, gone := range met.Gone {
		if gone {
			state[row] |= goneState
		}
	}
}

// number is the state of a row that has a problem.
func (s *Staged) number(p Problem) int32 {
	p.Row = 0
	at := slices.Index(s.problems, p)
	if at < 0 {
		at = len(s.problems)
		s.problems = append(s.problems, p)
	}
	return problemState * int32(at+1)
}

// apart gives rows without their state, and a copy of that.
func (s *Staged) apart(rec arrow.RecordBatch) (arrow.RecordBatch, []int32) {
	n := int(rec.NumCols()) - 1
	state := slices.Clone(rec.Column(n).(*array.Int32).Values())
	return array.NewRecordBatch(arrow.NewSchema(rec.Schema().Fields()[:n], nil), rec.Columns()[:n], rec.NumRows()), state
}

// Apply takes staged rows through the rest of the steps.
func (s *Staged) Apply(rec arrow.RecordBatch) (arrow.RecordBatch, *Met, error) {
	met := new(Met)
	rows, state := s.apart(rec)
	for row, is := range state {
		if is >= problemState {
			p := s.problems[is/problemState-1]
			p.Row = int64(row)
			met.Problems = append(met.Problems, p)
		}
		if is&goneState != 0 {
			met.gone(row, len(state))
		}
	}
	rows, err := run(s.tail, rows, met)
	return rows, met, err
}

// Close removes what was put aside.
func (s *Staged) Close() error {
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	s.Reader.Close()
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// store writes a table to a temporary file, and opens it.
func (s *Staged) store(with relation.Means, schema *arrow.Schema, fill func(write func(arrow.RecordBatch) error) error) (*Staged, error) {
	dir := ""
	var err error
	if with.Scratch != nil {
		if dir, err = with.Scratch(); err != nil {
			return nil, err
		}
	}
	t := new(Staged)
	if t.file, err = os.CreateTemp(dir, "rows"); err != nil {
		return nil, err
	}
	fail := func(err error) (*Staged, error) {
		return nil, errors.Join(err, t.file.Close(), os.Remove(t.file.Name()))
	}
	w, err := table.NewWriter(t.file, schema)
	if err != nil {
		return fail(err)
	}
	defer w.Discard()
	if err := fill(w.Write); err != nil {
		return fail(err)
	}
	if err := w.Close(); err != nil {
		return fail(err)
	}
	size, err := t.file.Seek(0, io.SeekEnd)
	if err != nil {
		return fail(err)
	}
	if t.Reader, err = table.Open(t.file, size); err != nil {
		return fail(err)
	}
	return t, nil
}
