package cell

import (
	"math"
	"slices"
	"strconv"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
)

// A Builder gathers the values of one column of a few rows in Arrow's layout. It
// is kept for its memory.
type Builder struct {
	Target
	values  []int64 // float64 as its bits; also what the narrower types lie in
	offsets []int32
	chars   []byte
	valid   []byte
	nulls   bool
	misfit  bool
	quick   Type // by which Add takes the short way, if any
}

// Reset starts anew, with at most a number of rows, which then are set in their
// order.
func (b *Builder) Reset(t Target, rows int) {
	b.Target, b.nulls, b.misfit, b.quick = t, false, false, Undeclared
	if t.typ == t.like && t.how == nil {
		b.quick = t.typ
	}
	b.chars = b.chars[:0]
	if t.typ == String || t.typ.IsList() {
		b.offsets = append(b.offsets[:0], 0)
		return
	}
	if cap(b.values) < rows {
		b.values = make([]int64, rows)
	}
	b.values = b.values[:rows]
	if t.typ == Bool {
		clear(b.values)
	}
}

// Misfit says whether there was a value that is not of the type, so that the
// column has to be read as another.
func (b *Builder) Misfit() bool { return b.misfit }

// Null makes a row null.
func (b *Builder) Null(row int) {
	if !b.nulls {
		b.nulls = true
		b.valid = b.valid[:0]
	}
	for len(b.valid) <= row/8 {
		b.valid = append(b.valid, 0xff)
	}
	b.valid[row/8] &^= 1 << (row % 8)
	switch b.typ {
	case String:
		b.offsets = append(b.offsets, int32(len(b.chars)))
	case List, ListF32, ListU8, ListI32:
		b.setList(nil)
	case Date:
		b.days()[row] = 0
	case Bool:
	default:
		b.values[row] = 0
	}
}

// Set sets a row to a value, whose raw text a Tally sees too. It is the inner
// loop of reading, so what is rare is elsewhere.
func (b *Builder) Set(in *Rules, row int, form Form, raw []byte) {
	text := raw
	if !isTrim(raw) {
		text = trimBlanks(raw)
	}
	if (in.Missing.may(text) || b.typ != b.like) && b.missing(in, form, raw, text) {
		b.Null(row)
		return
	}
	if form == Truth && isNumber(b.typ) {
		v := int64(0)
		if truth, _ := parseBool(text); truth {
			v = 1
		}
		if b.values[row] = v; b.typ == Float64 {
			b.floats()[row] = float64(v)
		}
		return
	}
	if b.how != nil && b.how.matters(form) {
		if b.typ == String {
			b.plain(text)
			return
		}
		b.put(in, row, form, text)
		return
	}
	ok := true
	switch b.typ {
	case Int64:
		b.values[row], ok = parseInt(text)
	case Float64:
		b.floats()[row], ok = parseFloat(text)
	case Bool:
		var v bool
		if v, ok = parseBool(text); v {
			b.bytes()[row/8] |= 1 << (row % 8)
		}
	case Date:
		b.days()[row], ok = parseDate(text)
	case Timestamp:
		b.values[row], ok = parseTimestamp(text)
	case TimestampNs:
		b.values[row], ok = parseTimestampNs(text)
	case Time:
		b.values[row], ok = parseTime(text)
	case TimeNs:
		b.values[row], ok = parseTimeNs(text)
	case List, ListF32, ListU8, ListI32:
		b.setList(text)
	default:
		if in.Trim && form == Bare {
			raw = text
		}
		b.text(raw)
	}
	if !ok {
		b.other(in, row, form, text)
	}
}

// text adds a text to a column of text.
func (b *Builder) text(raw []byte) {
	n := len(b.chars)
	if room := b.chars[n:cap(b.chars)]; len(raw) > 0 && len(room) > 0 && &raw[0] == &room[0] {
		b.chars = b.chars[:n+len(raw)]
	} else {
		b.chars = append(b.chars, raw...)
	}
	b.offsets = append(b.offsets, int32(len(b.chars)))
}

// Room is where a text of at most n bytes may be put together before it is added,
// so that it is not copied then. It is nil if that is all the same.
func (b *Builder) Room(n int) []byte {
	if b.typ != String || b.how != nil {
		return nil
	}
	b.chars = slices.Grow(b.chars, n)
	return b.chars[len(b.chars):]
}

// other sets a row to a text that is not of the type: a usual word for a missing
// value, or one that refutes the type.
func (b *Builder) other(in *Rules, row int, form Form, text []byte) {
	b.misfit = b.misfit || !in.Missing.isWord(form, text)
	b.Null(row)
}

// put sets a row to a value in a notation.
func (b *Builder) put(in *Rules, row int, form Form, text []byte) {
	v, _, ok := b.how.parse(b.typ, text)
	switch {
	case !ok:
		b.other(in, row, form, text)
	case b.typ == Bool:
		b.bytes()[row/8] |= byte(v) << (row % 8)
	case b.typ == Date:
		b.days()[row] = int32(v)
	default:
		b.values[row] = v
	}
}

// plain adds a value of a column that is text since others are not of its type.
// Who reads its numbers does not know their notation, so that they are written in
// the usual one; what is none in the notation, but would be one in the usual way,
// stands in quotes, see Unquote.
func (b *Builder) plain(text []byte) {
	switch bits, _, ok := b.how.parse(b.like, text); {
	case ok && b.like == Int64:
		b.chars = strconv.AppendInt(b.chars, bits, 10)
	case ok && b.like == Float64:
		b.chars = strconv.AppendFloat(b.chars, math.Float64frombits(uint64(bits)), 'g', -1, 64)
	case ok && b.like == Bool:
		b.chars = strconv.AppendBool(b.chars, bits != 0)
	case (b.like == Int64 || b.like == Float64) && (Float64.Accepts(text) || len(text) > 0 && text[0] == '"'):
		b.chars = append(append(append(b.chars, '"'), text...), '"')
	default:
		b.chars = append(b.chars, text...)
	}
	b.offsets = append(b.offsets, int32(len(b.chars)))
}

// missing says whether a value is missing that may be.
func (b *Builder) missing(in *Rules, form Form, raw, text []byte) bool {
	a := present
	if in.Missing.may(text) {
		a = in.Missing.absence(form, in.Trim, raw, text)
	}
	return a == absent || a == blank && b.like != String || b.typ != b.like && in.Missing.isWord(form, text)
}

// The values of the types share the memory of an int64 slice, which is aligned
// for all of them.

func (b *Builder) floats() []float64 {
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(b.values))), len(b.values))
}

func (b *Builder) days() []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(b.values))), 2*len(b.values))
}

func (b *Builder) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(b.values))), 8*len(b.values))
}

// Array gives the rows that were set. It shares the memory of the builder.
func (b *Builder) Array(rows int) arrow.Array {
	var valid []byte
	if b.nulls {
		for len(b.valid) < (rows+7)/8 {
			b.valid = append(b.valid, 0xff)
		}
		if tail := rows % 8; tail > 0 {
			b.valid[rows/8] &= 1<<tail - 1
		}
		valid = b.valid
	}
	switch {
	case b.typ == String:
		return table.NewTextArray(b.offsets, b.chars, valid)
	case b.typ.IsList():
		return b.lists(rows)
	}
	bytes := b.bytes()
	switch b.typ {
	case Bool:
		bytes = bytes[:(rows+7)/8]
	case Date:
		bytes = bytes[:4*rows]
	}
	return table.NewFixedArray(b.typ.Arrow(), rows, bytes, valid)
}
