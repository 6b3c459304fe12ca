package source

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// Stream makes Rows for a reader that knows the columns and their types before it
// reads. read calls yield with the columns of some rows, a few megabytes at most,
// in the order of the schema; it ends when yield says no more. It is called once.
// Stream sees to the contract: it leaves out columns that are not kept, takes
// texts for missing that mean it, refuses text that is not UTF-8, and gives columns
// the types that the contract names, if that changes no value. data is what is read, for messages.
// A reader that reads columns apart can leave out those that Inputs.Keep does not
// list: they are nil in what it yields.
func Stream(in *Inputs, data string, schema *arrow.Schema, read func(yield func(columns ...arrow.Array) bool) error) (Rows, error) {
	columns, err := in.Contract.Columns(data, table.Names(schema))
	if err != nil {
		return nil, err
	}
	types := in.Contract.Types()
	s := &stream{in: in, data: data, read: read, columns: columns, keep: columns.Kept(), absent: absentIn(&in.Contract)}
	var fields []arrow.Field
	for _, i := range s.keep {
		f := schema.Field(i)
		f.Nullable = true
		var c conversion
		if want, ok := types.Named(f.Name); ok && want != cell.Undeclared && want.String() != table.TypeName(f.Type) {
			if c = converter(f.Type, want); c.make == nil {
				return nil, diag.WithHint(fmt.Errorf("%s: column %q has the type %s, not %s", data, f.Name, table.TypeName(f.Type), want),
					"leave the column out with select")
			}
			f.Type = want.Arrow()
		}
		s.convert = append(s.convert, c)
		fields = append(fields, f)
	}
	s.schema = arrow.NewSchema(fields, nil)
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
	schema  *arrow.Schema
	columns *cell.Columns
	keep    []int
	convert []conversion // of each that is kept
	absent  absent
	read    func(yield func(columns ...arrow.Array) bool) error
	rows    int64
}

// Schema implements Rows.
func (s *stream) Schema() *arrow.Schema { return s.schema }

// Close implements Rows.
func (s *stream) Close() error { return nil }

// Report implements Rows.
func (s *stream) Report(log *slog.Logger) {
	s.columns.Note(log)
	log.Info("read "+s.data, "rows", s.rows, "columns", s.schema.NumFields())
}

// Batches implements Rows.
func (s *stream) Batches(ctx context.Context) iter.Seq2[arrow.RecordBatch, error] {
	return func(yield func(arrow.RecordBatch, error) bool) {
		going := true
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
			rec, err := s.record(columns)
			if err != nil {
				return stop(err)
			}
			defer rec.Release()
			s.rows += rec.NumRows()
			going = going && yield(rec, nil)
			return going
		})
		if err == nil && going && s.rows == 0 {
			err = fmt.Errorf("%s has no rows", s.data)
		}
		if err != nil {
			stop(err)
		}
	}
}

// record makes a batch of the columns that are kept.
func (s *stream) record(columns []arrow.Array) (arrow.RecordBatch, error) {
	kept := make([]arrow.Array, len(s.keep))
	for i, at := range s.keep {
		name := s.schema.Field(i).Name
		kept[i] = columns[at]
		if texts, ok := columns[at].(*array.String); ok {
			var err error
			if kept[i], err = s.texts(texts, name); err != nil {
				return nil, err
			}
		} else {
			kept[i] = s.absent.without(kept[i])
		}
		if c := s.convert[i]; c.make != nil {
			to, wrong, err := c.make(kept[i])
			if err != nil {
				return nil, fmt.Errorf("%s: column %q: %w", s.data, name, err)
			}
			if wrong >= 0 {
				return nil, errWrong(s.data, s.rows+int64(wrong)+1, name, kept[i], wrong, c.want)
			}
			kept[i].Release()
			kept[i] = to
		}
	}
	for _, c := range columns {
		if c != nil {
			c.Release()
		}
	}
	return table.NewRecord(s.schema, kept...)
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
