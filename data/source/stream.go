package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// Typed are Rows of typed data, as Stream makes them.
type Typed interface {
	Rows
	Finder
	Remarker
	Counter

	// Peek reads the first rows, to guess which lists have the same length in all. A
	// reader calls it whose first rows are read for little.
	Peek() error
}

// Stream makes Rows for a reader that knows the columns and their types before it
// reads. read calls yield with the columns of some rows, a few megabytes at most,
// in the order of the schema; it ends when yield says no more. It is called a second
// time if values turn out not to be of a type that was only expected.
// Stream sees to the contract: it leaves out columns that are not kept, takes
// texts for missing that mean it, refuses text that is not UTF-8, and gives columns
// the types that the contract names, if that changes no value. data is what is read, for messages.
// A reader that reads columns apart can leave out those that Inputs.Keep does not
// list: they are nil in what it yields.
// Lists of any length become lists of a fixed one if all rows have it, which is what
// training takes for a feature for each element.
func Stream(in *Inputs, data string, schema *arrow.Schema, read func(yield func(columns ...arrow.Array) bool) error) (Typed, error) {
	columns, err := in.Contract.Columns(data, table.Names(schema))
	if err != nil {
		return nil, err
	}
	types := in.Contract.Types()
	s := &stream{in: in, data: data, read: read, columns: columns, keep: columns.Kept(), absent: absentIn(&in.Contract)}
	s.nulls = make([]int64, len(s.keep))
	for _, i := range s.keep {
		f := schema.Field(i)
		f.Nullable = true
		s.clocks = append(s.clocks, in.clockOf(&f))
		var c *conversion
		if want, ok := types.Named(f.Name); ok && want != cell.Undeclared {
			if c, ok = converter(f, i, columns.Types[i]); !ok && !columns.Types[i].Expected {
				return nil, diag.WithHint(fmt.Errorf("%s: column %q has the type %s, not %s", data, f.Name, table.TypeName(f.Type), want),
					"leave the column out with select")
			}
		}
		if c != nil {
			columns.Types[i] = c.want
			if slices.Contains(in.Contract.Loose, f.Name) {
				c.loosen(f)
			}
		}
		listed := f
		if c != nil && c.exact != nil && c.of != "" {
			listed = c.field(false)
		}
		var l *listing
		if c == nil || c.exact != nil {
			l = newListing(listed, in.Contract.Loose)
		}
		s.lists = append(s.lists, l)
		s.fields, s.convert = append(s.fields, f), append(s.convert, c)
	}
	s.describe()
	return s, nil
}

// Keep lists the columns of the schema that the table has, in their order.
func (in *Inputs) Keep(data string, schema *arrow.Schema) ([]int, error) {
	columns, err := in.Contract.Columns(data, table.Names(schema))
	if err != nil {
		return nil, err
	}
	return columns.Kept(), nil
}

type stream struct {
	in      *Inputs
	data    string
	fields  []arrow.Field // of the data, those that are kept
	schema  *arrow.Schema
	columns *cell.Columns
	keep    []int
	convert []*conversion // of each that is kept, nil if it stays as it is
	clocks  []*clock      // of each that is kept, nil if its times, if they are some, are in a zone
	lists   []*listing    // of each that is kept, nil if it is none of lists of any length
	absent  absent
	read    func(yield func(columns ...arrow.Array) bool) error
	rows    int64
	bytes   int64   // of the rows
	nulls   []int64 // of each that is kept
}

// describe makes the schema of what is known of the columns.
func (s *stream) describe() {
	fields := slices.Clone(s.fields)
	for i, c := range s.convert {
		if c != nil && !c.asIs {
			fields[i] = c.field(s.columns.Target(c.at, c.text).Quotes())
		}
		if l := s.lists[i]; l != nil {
			fields[i].Type = l.typ()
		}
	}
	s.schema = arrow.NewSchema(fields, nil)
}

// Schema implements Rows.
func (s *stream) Schema() *arrow.Schema { return s.schema }

// Close implements Rows.
func (s *stream) Close() error { return nil }

// Report implements Rows.
func (s *stream) Report(log *slog.Logger) {
	w := cell.NewWarner(log, &s.in.Contract.Rules)
	s.Remark(log, w)
	if s.rows == 0 {
		w.Warn("there are no rows", "in", s.data)
	}
	w.End()
	s.columns.Note(log)
	log.Info("read "+s.data, "rows", s.rows, "columns", s.schema.NumFields())
}

// Remark implements Remarker.
func (s *stream) Remark(_ *slog.Logger, w *cell.Warner) {
	for i, c := range s.clocks {
		if c != nil && c.skipped > 0 {
			w.Warn("times that clocks leave out are missing", "column", s.fields[i].Name, "count", c.skipped, "first_row", c.first, "timezone", c.Zone)
		}
	}
	for i, l := range s.lists {
		if l != nil && l.gaps > 0 {
			w.Warn("a column of lists was read as text, since lists are missing, or numbers in them", "column", s.fields[i].Name, "rows", l.gaps, "first_row", l.gap)
		}
	}
	for _, c := range s.convert {
		if c == nil {
			continue
		}
		w.Noted(c.name, c.want.Layout(), &c.tally)
		switch {
		case c.misfits() != nil:
			w.Misfits(c.name, c.want.Type, &c.tally)
		case c.tally.Widens():
			w.Widened(c.name, &c.tally)
		default:
			w.Bare(c.name, &c.tally)
			w.Lists(c.name, c.of, &c.tally)
		}
	}
}

// Counted implements Counter.
func (s *stream) Counted() (records, left int64) { return s.rows, 0 }

// Found implements Finder.
func (s *stream) Found() []cell.Found {
	list := make([]cell.Found, len(s.keep))
	for i, c := range s.convert {
		list[i].Missing = s.nulls[i]
		if c != nil {
			list[i].Misfits = c.misfits()
		}
	}
	return list
}

// Batches implements Rows.
func (s *stream) Batches(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		s.begin()
		going, misfit := true, false
		stop := func(err error) bool {
			if going {
				yield(nil, err)
			}
			going = false
			return false
		}
		err := s.read(func(columns ...arrow.Array) bool {
			if err := ctx.Err(); err != nil {
				return stop(context.Cause(ctx))
			}
			n := int64(0)
			for _, c := range columns {
				if c != nil {
					n = int64(c.Len())
				}
			}
			for _, c := range columns {
				s.bytes += table.SizeOf(c)
			}
			if err := s.in.Unpacked(s.data, s.bytes); err != nil {
				for _, c := range columns {
					if c != nil {
						c.Release()
					}
				}
				return stop(err)
			}
			rec, err := s.record(columns)
			if err == errMisfit {
				// All is void, but the other values are looked at, so as to know of all
				// columns and not to begin once for each.
				misfit = true
				s.rows += n
				return true
			}
			if err != nil {
				return stop(err)
			}
			defer rec.Release()
			s.rows += n
			going = going && (misfit || yield(rec, nil))
			return going
		})
		switch {
		case err != nil || !going:
		case s.rows == 0:
			err = s.in.NoRows(s.data)
		case misfit || s.even() || slices.ContainsFunc(s.convert, func(c *conversion) bool { return !c.settled() }):
			s.retype()
			err = ErrRetyped
		}
		if err != nil {
			stop(err)
		}
	}
}

// begin makes all counts what they are before the first row.
func (s *stream) begin() {
	s.rows, s.bytes = 0, 0
	clear(s.nulls)
	for _, c := range s.convert {
		if c != nil {
			c.tally = cell.Tally{}
		}
	}
	for _, c := range s.clocks {
		if c != nil {
			c.skipped = 0
		}
	}
	for _, l := range s.lists {
		if l != nil {
			l.begin()
		}
	}
}

// retype makes text of the columns with values that misfit.
func (s *stream) retype() {
	for i, c := range s.convert {
		switch {
		case c == nil:
		case c.misfits() != nil || c.tally.Widens():
			c.loosen(s.fields[i])
		case !c.settled():
			c.settle()
		}
	}
	for _, l := range s.lists {
		if l != nil {
			l.decide()
		}
	}
	s.describe()
}

// record makes a batch of the columns that are kept. It ends with errMisfit when
// all of them were looked at, if there are values that are not as expected.
func (s *stream) record(columns []arrow.Array) (rec arrow.RecordBatch, err error) {
	kept := make([]arrow.Array, len(s.keep))
	defer func() {
		for _, c := range columns {
			if c != nil {
				c.Release()
			}
		}
		for _, c := range kept { // none if the batch has taken them
			if c != nil {
				c.Release()
			}
		}
	}()
	misfit := false
	for i, at := range s.keep {
		if texts, ok := columns[at].(*array.String); ok {
			if kept[i], err = s.texts(texts, s.fields[i].Name); err != nil {
				return nil, err
			}
		} else {
			kept[i] = s.absent.without(columns[at])
		}
		if c := s.clocks[i]; c != nil {
			to := c.apply(kept[i].(*array.Timestamp), s.rows)
			kept[i].Release()
			kept[i] = to
		}
		if c := s.convert[i]; c != nil {
			to, err := c.apply(s, kept[i])
			if err == errMisfit {
				misfit = true
				continue
			}
			if err != nil {
				return nil, err
			}
			kept[i].Release()
			kept[i] = to
		}
		if l := s.lists[i]; l != nil {
			to, err := l.apply(kept[i], s.rows)
			if err == errMisfit {
				misfit = true
				continue
			}
			if err != nil {
				return nil, err
			}
			kept[i].Release()
			kept[i] = to
		}
		s.nulls[i] += int64(kept[i].NullN())
	}
	if misfit {
		return nil, errMisfit
	}
	taken := kept
	kept = nil
	return table.NewRecord(s.schema, taken...)
}

// texts makes those null that mean that a value is missing. An empty text is none of
// them unless it is listed: data of a typed format have nulls besides.
func (s *stream) texts(in *array.String, column string) (arrow.Array, error) {
	if err := s.checkTexts(in, column); err != nil {
		return nil, err
	}
	missing := &s.in.Contract.Missing
	first := in.Len()
	if missing.ListsAny() {
		for first = 0; first < in.Len() && (in.IsNull(first) || !missing.Lists([]byte(in.Value(first)))); {
			first++
		}
	}
	if first == in.Len() {
		in.Retain()
		return in, nil
	}
	texts, valid := make([]string, in.Len()), make([]bool, in.Len())
	for row := range texts {
		if in.IsValid(row) && (row < first || !missing.Lists([]byte(in.Value(row)))) {
			texts[row], valid[row] = in.Value(row), true
		}
	}
	return table.NewArray(texts, valid), nil
}

// checkTexts refuses what is not UTF-8. Each text is if all of them together are and
// none begins inside of a character.
func (s *stream) checkTexts(in *array.String, column string) error {
	all, good := in.ValueBytes(), true
	if good = utf8.Valid(all); good && in.Len() > 0 {
		offsets := in.ValueOffsets()
		for _, at := range offsets {
			if from := int(at - offsets[0]); from < len(all) && !utf8.RuneStart(all[from]) {
				good = false
				break
			}
		}
	}
	for row := 0; !good && row < in.Len(); row++ {
		if in.IsValid(row) && !utf8.ValidString(in.Value(row)) {
			return diag.WithHint(fmt.Errorf("%s: row %d, column %q: text that is not UTF-8", s.data, s.rows+int64(row)+1, column), HintUTF8)
		}
	}
	return nil
}

// Pushed turns batches that a reader pushes, in its own order and goroutine, into
// those of Rows. load ends with the error of write.
func Pushed(load func(write func(arrow.RecordBatch) error) error) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		stopped := errors.New("enough")
		err := load(func(rec arrow.RecordBatch) error {
			if !yield(rec, nil) {
				return stopped
			}
			return nil
		})
		if err != nil && err != stopped {
			yield(nil, err)
		}
	}
}
