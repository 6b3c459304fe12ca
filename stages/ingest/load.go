package ingest

import (
	"context"
	"iter"
	"sync"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"

	"pipe/data/table"
)

// load reads the columns of the file that are kept, block by block in the
// order of the file, and hands them to write. The survey has proved that every
// value can be parsed or is a word for a missing one.
func (r *reader) load(ctx context.Context, s *survey, schema *arrow.Schema, plan []target, write func(arrow.Record) error) error {
	free := sync.Pool{New: func() any { return new(loader) }}
	return ordered(ctx, r.threads, each(s.pieces),
		func(p piece) (*loader, error) {
			l := free.Get().(*loader)
			return l, l.load(r, p, plan)
		},
		func(l *loader) error {
			rec, err := l.record(schema)
			if err != nil {
				return err
			}
			err = write(rec)
			rec.Release()
			r.progress(l.size)
			free.Put(l)
			return err
		})
}

func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// A target says which column of the file becomes a column of the table.
type target struct {
	from int
	typ  columnType
	like columnType // whose words mean a missing value, if it was read as text for other values
}

// A loader parses one block. It is kept for its memory.
type loader struct {
	piece
	buf     []byte
	records records
	sinks   []sink
}

func (l *loader) load(r *reader, p piece, plan []target) error {
	l.piece = p
	if int64(cap(l.buf)) < p.size {
		l.buf = make([]byte, p.size)
	}
	l.buf = l.buf[:p.size]
	if err := r.src.read(l.buf, p.offset); err != nil {
		return err
	}
	if l.sinks == nil {
		l.sinks = make([]sink, len(plan))
	}
	for i := range plan {
		l.sinks[i].reset(plan[i].typ, int(p.rows))
	}
	rs := &l.records
	r.start(rs, block{data: l.buf})
	for row := 0; row < int(p.rows) && rs.next(); row++ {
		for i := range plan {
			f := rs.fields[plan[i].from]
			raw := rs.text(f)
			text := raw
			if !isTrim(raw) {
				text = trimBlanks(raw)
			}
			s := &l.sinks[i]
			a := present
			if r.missing.may(text) {
				a = r.absence(f.form, raw, text)
			}
			switch {
			case a == missing, a == onlyBlanks && plan[i].like != stringType:
				s.null(row)
			case s.typ != plan[i].like && r.isWord(f, text):
				s.null(row)
			case s.typ == stringType && r.trim && f.form == bare:
				s.text(text)
			case s.typ == stringType:
				s.text(raw)
			case !s.value(row, text):
				s.null(row) // a usual word: the survey has found no other text
			}
		}
	}
	return nil
}

// record gives what was parsed. It shares the memory of the loader.
func (l *loader) record(schema *arrow.Schema) (arrow.Record, error) {
	arrays := make([]arrow.Array, len(l.sinks))
	for i := range l.sinks {
		arrays[i] = l.sinks[i].array(int(l.rows))
	}
	return table.NewRecord(schema, arrays...)
}

// A sink gathers the values of one column of a block in Arrow's layout.
type sink struct {
	typ     columnType
	values  []int64 // float64 as its bits; also what the narrower types lie in
	offsets []int32
	chars   []byte
	valid   []byte
	nulls   bool
}

func (s *sink) reset(t columnType, rows int) {
	s.typ, s.nulls = t, false
	s.chars = s.chars[:0]
	if t == stringType {
		s.offsets = append(s.offsets[:0], 0)
		return
	}
	if cap(s.values) < rows {
		s.values = make([]int64, rows)
	}
	s.values = s.values[:rows]
	if t == boolType {
		clear(s.values)
	}
}

// null makes a row null. Rows are set in order.
func (s *sink) null(row int) {
	if !s.nulls {
		s.nulls = true
		s.valid = s.valid[:0]
	}
	for len(s.valid) <= row/8 {
		s.valid = append(s.valid, 0xff)
	}
	s.valid[row/8] &^= 1 << (row % 8)
	switch s.typ {
	case stringType:
		s.offsets = append(s.offsets, int32(len(s.chars)))
	case dateType:
		s.days()[row] = 0
	case boolType:
	default:
		s.values[row] = 0
	}
}

// text sets a row of a column of text.
func (s *sink) text(text []byte) {
	s.chars = append(s.chars, text...)
	s.offsets = append(s.offsets, int32(len(s.chars)))
}

// value sets a row of any other column to what a text says, if it says
// anything.
func (s *sink) value(row int, text []byte) (ok bool) {
	switch s.typ {
	case int64Type:
		s.values[row], ok = parseInt(text)
	case float64Type:
		s.floats()[row], ok = parseFloat(text)
	case boolType:
		var v bool
		if v, ok = parseBool(text); v {
			s.bytes()[row/8] |= 1 << (row % 8)
		}
	case dateType:
		s.days()[row], ok = parseDate(text)
	case timestampType:
		s.values[row], ok = parseTimestamp(text)
	}
	return ok
}

// The values of the types share the memory of an int64 slice, which is aligned
// for all of them.

func (s *sink) floats() []float64 {
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(s.values))), len(s.values))
}

func (s *sink) days() []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(s.values))), 2*len(s.values))
}

func (s *sink) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s.values))), 8*len(s.values))
}

func (s *sink) array(rows int) arrow.Array {
	var valid []byte
	if s.nulls {
		for len(s.valid) < (rows+7)/8 {
			s.valid = append(s.valid, 0xff)
		}
		if tail := rows % 8; tail > 0 {
			s.valid[rows/8] &= 1<<tail - 1
		}
		valid = s.valid
	}
	if s.typ == stringType {
		return table.NewTextArray(s.offsets, s.chars, valid)
	}
	bytes := s.bytes()
	switch s.typ {
	case boolType:
		bytes = bytes[:(rows+7)/8]
	case dateType:
		bytes = bytes[:4*rows]
	}
	return table.NewFixedArray(s.typ.arrow(), rows, bytes, valid)
}
