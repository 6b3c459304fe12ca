package table

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// A batch has at most this many rows, and bytes of values unless a single row has
// more.
const (
	mostBatchRows = 65536
	batchBytes    = 16 << 20
)

// A filling is how full a batch is. What still fits depends on nothing but the
// rows, so that a table is cut the same however its rows arrive.
type filling struct {
	fixed int64 // bits that each row takes: its values of a fixed size, and offsets
	limit int64 // bytes of values
	most  int   // rows that fit by what is fixed alone
	loose []int // columns whose values take what else they need

	rows  int
	bytes int64 // of loose values
}

func newFilling(s *arrow.Schema, rows int, limit int64) *filling {
	f := &filling{limit: limit}
	for i, field := range s.Fields() {
		switch c := newColumn(field.Type); {
		case c.offsets != nil:
			f.fixed += 32
			f.loose = append(f.loose, i)
		case c.size == 0:
			f.fixed++ // a bool
		default:
			f.fixed += 8 * int64(c.size)
		}
	}
	f.most = int(min(int64(rows), max(1, 8*limit/f.fixed)))
	return f
}

// room is how many rows of a record, from one on, the batch still takes. It is 0
// if the batch has rows and the next one goes into another.
func (f *filling) room(rec arrow.RecordBatch, from int) int {
	n := max(0, min(f.most-f.rows, int(rec.NumRows())-from))
	return f.roomOf(rec, n, f.span(rec, from, from+n), func(i int) int { return from + i })
}

// roomAmong is room for those rows of a record that have the indices, none of them
// twice.
func (f *filling) roomAmong(rec arrow.RecordBatch, rows []int) int {
	n := max(0, min(f.most-f.rows, len(rows)))
	return f.roomOf(rec, n, f.span(rec, 0, int(rec.NumRows())), func(i int) int { return rows[i] })
}

// roomOf is room for n rows, which are given one by one, and whose loose values take
// so many bytes at most.
func (f *filling) roomOf(rec arrow.RecordBatch, n int, most int64, row func(i int) int) int {
	if len(f.loose) == 0 || f.within(f.rows+n, f.bytes+most) {
		return n
	}
	bytes := f.bytes
	for i := range n {
		for _, at := range f.loose {
			if col, row := rec.Column(at), row(i); !col.IsNull(row) {
				bytes += looseBytes(col, row, row+1)
			}
		}
		if !f.within(f.rows+i+1, bytes) && f.rows+i > 0 {
			return i
		}
	}
	return n
}

func (f *filling) within(rows int, bytes int64) bool {
	return int64(rows)*f.fixed+8*bytes <= 8*f.limit
}

// span is at least what the loose values of rows take: it counts what lies under
// nulls, too.
func (f *filling) span(rec arrow.RecordBatch, from, to int) (bytes int64) {
	for _, at := range f.loose {
		bytes += looseBytes(rec.Column(at), from, to)
	}
	return bytes
}

// SizeOf is what the rows of a column take, in bytes, without their validity; 0 for nil.
func SizeOf(col arrow.Array) int64 {
	if col == nil {
		return 0
	}
	const offset = 4
	rows := int64(col.Len())
	switch t := col.DataType().(type) {
	case *arrow.FixedSizeListType:
		of, width, _ := ListOf(t)
		return rows * int64(width) * int64(of.Size())
	case arrow.FixedWidthDataType:
		return rows * int64(t.BitWidth()) / 8
	}
	return rows*offset + looseBytes(col, 0, col.Len())
}

// looseBytes is the size of the texts or elements of rows, which is not 0 where a
// null lies over something.
func looseBytes(col arrow.Array, from, to int) int64 {
	if from == to {
		return 0
	}
	switch a := col.(type) {
	case *array.String:
		return int64(a.ValueOffset(to-1) + a.ValueLen(to-1) - a.ValueOffset(from))
	case *array.List:
		start, _ := a.ValueOffsets(from)
		_, end := a.ValueOffsets(to - 1)
		return (end - start) * int64(elements[a.DataType().(*arrow.ListType).Elem().ID()].Size())
	}
	return 0
}

// add counts rows that room was found for.
func (f *filling) add(rec arrow.RecordBatch, from, n int) {
	f.rows += n
	for _, at := range f.loose {
		col := rec.Column(at)
		if col.NullN() == 0 {
			f.bytes += looseBytes(col, from, from+n)
			continue
		}
		for i := from; i < from+n; i++ {
			if !col.IsNull(i) {
				f.bytes += looseBytes(col, i, i+1)
			}
		}
	}
}

// took counts rows that are in the columns by now.
func (f *filling) took(n int, columns []*column) {
	f.rows, f.bytes = f.rows+n, 0
	for _, at := range f.loose {
		c := columns[at]
		f.bytes += int64(len(c.text)) // of a text, and there are no others of a list
		if c.dtype.ID() == arrow.LIST {
			f.bytes += int64(len(c.values))
		}
	}
}

// full says that no row fits any more, whatever it is.
func (f *filling) full() bool { return f.rows >= f.most || f.bytes >= f.limit }

func (f *filling) reset() { f.rows, f.bytes = 0, 0 }
