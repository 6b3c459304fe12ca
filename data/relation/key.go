package relation

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/table"
)

// A key is what some columns hold in a row, as bytes. Keys are equal exactly if all
// values are, and are in the order of the values, column by column: numbers by
// size, NaN after all others, texts by their bytes, missing values last.
//
// Each value begins with a mark. Whole numbers above those of int64 have a mark of
// their own, so that all sizes of them have one form.
const (
	markPresent = 1
	markLarge   = 2
	markMissing = 0xff
)

// A keyForm is how the values of a column are written into keys.
type keyForm uint8

const (
	keyText  keyForm = iota // the bytes, 0 as 0 255, then 0 0
	keyWhole                // 8 bytes
	keyReal                 // 8 bytes
	keyBool                 // 1 byte
	keyDate                 // 4 bytes
	keyMicro                // times in microseconds: 8 bytes
	keyNano                 // times in nanoseconds, or that are compared with some: 8 bytes, and 2 of nanoseconds
)

var keyWidths = [...]int{keyText: 3, keyWhole: 9, keyReal: 9, keyBool: 2, keyDate: 5, keyMicro: 9, keyNano: 11}

// Keys are columns of a table whose values are keys.
type Keys struct {
	names   []string
	columns []int
	types   []arrow.DataType
	forms   []keyForm
}

// NewKeys finds the columns. There may be none, and then all keys are equal.
func NewKeys(schema *arrow.Schema, names ...string) (*Keys, error) {
	k := &Keys{names: names}
	for _, name := range names {
		at, err := table.Column(schema, name)
		if err != nil {
			return nil, err
		}
		t := schema.Field(at).Type
		form, ok := keyFormOf(t)
		if !ok {
			return nil, diag.WithHint(fmt.Errorf("column %q is %s, which cannot be compared", name, table.TypeName(t)), "use columns with one value in each row")
		}
		k.columns, k.types, k.forms = append(k.columns, at), append(k.types, t), append(k.forms, form)
	}
	return k, nil
}

func keyFormOf(t arrow.DataType) (keyForm, bool) {
	switch table.ClassOf(t) {
	case table.ClassText:
		return keyText, true
	case table.ClassWhole:
		return keyWhole, true
	case table.ClassReal:
		return keyReal, true
	case table.ClassBool:
		return keyBool, true
	case table.ClassDate:
		return keyDate, true
	case table.ClassTimestamp, table.ClassTime:
		if inNanos(t) {
			return keyNano, true
		}
		return keyMicro, true
	}
	return 0, false
}

// inNanos says whether times are in nanoseconds.
func inNanos(t arrow.DataType) bool {
	switch t := t.(type) {
	case *arrow.TimestampType:
		return t.Unit == arrow.Nanosecond
	case *arrow.Time64Type:
		return t.Unit == arrow.Nanosecond
	}
	return false
}

// match makes the keys of two tables comparable. It gives the first pair of columns
// that are not, -1 if all are.
func match(a, b *Keys) int {
	for i := range a.forms {
		if table.ClassOf(a.types[i]) != table.ClassOf(b.types[i]) {
			return i
		}
		if a.forms[i] != b.forms[i] { // times of two precisions
			a.forms[i], b.forms[i] = keyNano, keyNano
		}
	}
	return -1
}

// Encoded are the keys of rows.
type Encoded struct {
	bytes   []byte
	ends    []int
	missing []bool // of each row, whether a value is missing; nil if none is
}

func (e *Encoded) key(row int) []byte {
	from := 0
	if row > 0 {
		from = e.ends[row-1]
	}
	return e.bytes[from:e.ends[row]]
}

func (e *Encoded) isMissing(row int) bool { return e.missing != nil && e.missing[row] }

// Encode gives the keys of a record, which has the schema that the keys were found in.
func (k *Keys) Encode(rec arrow.RecordBatch) *Encoded {
	n := int(rec.NumRows())
	e := &Encoded{ends: make([]int, n)}
	fixed := 0
	for i, form := range k.forms {
		col := rec.Column(k.columns[i])
		if col.NullN() > 0 {
			if e.missing == nil {
				e.missing = make([]bool, n)
			}
			for row := range n {
				e.missing[row] = e.missing[row] || col.IsNull(row)
			}
		}
		fixed += keyWidths[form]
		if form != keyText {
			continue
		}
		a := col.(*array.String)
		for row := range n {
			if !a.IsNull(row) {
				v := a.Value(row)
				e.ends[row] += len(v) + zeros(v)
			}
		}
	}
	at := make([]int, n) // where the next value of the row is written
	size := 0
	for row := range n {
		at[row] = size
		size += e.ends[row] + fixed
	}
	e.bytes = make([]byte, size)
	for i, form := range k.forms {
		encodeColumn(e.bytes, at, rec.Column(k.columns[i]), form)
	}
	// A missing value takes less than its share: close the gaps.
	if e.missing == nil {
		copy(e.ends, at)
		return e
	}
	from, to := 0, 0
	for row := range n {
		next := from + e.ends[row] + fixed
		to += copy(e.bytes[to:], e.bytes[from:at[row]])
		e.ends[row], from = to, next
	}
	e.bytes = e.bytes[:to]
	return e
}

// zeros counts the bytes of a text that are 0.
func zeros(s string) (n int) {
	for i := range len(s) {
		if s[i] == 0 {
			n++
		}
	}
	return n
}

// encodeColumn writes the values of a column, each where its row has come to.
func encodeColumn(dst []byte, at []int, col arrow.Array, form keyForm) {
	switch a := col.(type) {
	case *array.String:
		encodeTexts(dst, at, a)
	case *array.Boolean:
		put(dst, at, a, func(dst []byte, row int) int {
			if a.Value(row) {
				dst[0] = 1
			}
			return 1
		})
	case *array.Int8:
		encodeWhole(dst, at, a, a.Values())
	case *array.Int16:
		encodeWhole(dst, at, a, a.Values())
	case *array.Int32:
		encodeWhole(dst, at, a, a.Values())
	case *array.Int64:
		encodeWhole(dst, at, a, a.Values())
	case *array.Uint8:
		encodeWhole(dst, at, a, a.Values())
	case *array.Uint16:
		encodeWhole(dst, at, a, a.Values())
	case *array.Uint32:
		encodeWhole(dst, at, a, a.Values())
	case *array.Uint64:
		encodeLarge(dst, at, a)
	case *array.Float32:
		values := a.Values()
		put(dst, at, a, func(dst []byte, row int) int { return putReal(dst, float64(values[row])) })
	case *array.Float64:
		values := a.Values()
		put(dst, at, a, func(dst []byte, row int) int { return putReal(dst, values[row]) })
	case *array.Date32:
		values := a.Values()
		put(dst, at, a, func(dst []byte, row int) int {
			binary.BigEndian.PutUint32(dst, uint32(values[row])^1<<31)
			return 4
		})
	case *array.Timestamp:
		encodeTimes(dst, at, a, a.Values(), form, inNanos(a.DataType()))
	case *array.Time64:
		encodeTimes(dst, at, a, a.Values(), form, inNanos(a.DataType()))
	}
}

// put writes a mark for each row, and what value writes where there is a value.
func put(dst []byte, at []int, col arrow.Array, value func(dst []byte, row int) int) {
	nulls := col.NullN() > 0
	for row, to := range at {
		if nulls && col.IsNull(row) {
			dst[to] = markMissing
			at[row]++
			continue
		}
		dst[to] = markPresent
		at[row] = to + 1 + value(dst[to+1:], row)
	}
}

func encodeTexts(dst []byte, at []int, a *array.String) {
	put(dst, at, a, func(dst []byte, row int) int {
		s := a.Value(row)
		if zeros(s) == 0 {
			return copy(dst, s) + 2 // and 0 0
		}
		n := 0
		for i := range len(s) {
			dst[n] = s[i]
			n++
			if s[i] == 0 {
				dst[n] = 0xff
				n++
			}
		}
		return n + 2
	})
}

func encodeWhole[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32](dst []byte, at []int, col arrow.Array, values []T) {
	put(dst, at, col, func(dst []byte, row int) int { return putSigned(dst, int64(values[row])) })
}

// encodeLarge writes whole numbers some of which are above those of int64.
func encodeLarge(dst []byte, at []int, a *array.Uint64) {
	starts := slices.Clone(at)
	values := a.Values()
	put(dst, at, a, func(dst []byte, row int) int { return putSigned(dst, int64(values[row])) })
	for row, v := range values {
		if v > math.MaxInt64 && dst[starts[row]] == markPresent {
			dst[starts[row]] = markLarge
		}
	}
}

func encodeTimes[T ~int64](dst []byte, at []int, col arrow.Array, values []T, form keyForm, nanos bool) {
	put(dst, at, col, func(dst []byte, row int) int {
		v := int64(values[row])
		if form == keyMicro {
			return putSigned(dst, v)
		}
		rest := int64(0)
		if nanos {
			micros := floorDiv(v, 1000)
			v, rest = micros, v-1000*micros
		}
		putSigned(dst, v)
		binary.BigEndian.PutUint16(dst[8:], uint16(rest))
		return 10
	})
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func putSigned(dst []byte, v int64) int {
	binary.BigEndian.PutUint64(dst, uint64(v)^1<<63)
	return 8
}

func putReal(dst []byte, v float64) int {
	bits := math.Float64bits(v + 0) // no -0, which is no other number than 0
	switch {
	case v != v:
		bits = math.MaxUint64
	case bits>>63 != 0:
		bits = ^bits
	default:
		bits |= 1 << 63
	}
	binary.BigEndian.PutUint64(dst, bits)
	return 8
}

func realOf(bits uint64) float64 {
	switch {
	case bits == math.MaxUint64:
		return math.NaN()
	case bits>>63 != 0:
		return math.Float64frombits(bits &^ (1 << 63))
	}
	return math.Float64frombits(^bits)
}

// Decode makes columns of keys, which Encode made.
func (k *Keys) Decode(keys [][]byte) []arrow.Array {
	rest := make([][]byte, len(keys))
	copy(rest, keys)
	columns := make([]arrow.Array, len(k.forms))
	for i, form := range k.forms {
		columns[i] = decodeColumn(rest, k.types[i], form)
	}
	return columns
}

// decodeColumn takes a value from the beginning of each key.
func decodeColumn(rest [][]byte, t arrow.DataType, form keyForm) arrow.Array {
	valid := make([]bool, len(rest))
	take := func(value func(row int, b []byte) int) {
		for row, b := range rest {
			n := 0
			if b[0] != markMissing {
				valid[row] = true
				n = value(row, b[1:])
			}
			rest[row] = b[1+n:]
		}
	}
	var whole []uint64
	takeWhole := func() []uint64 {
		whole = make([]uint64, len(rest))
		take(func(row int, b []byte) int {
			whole[row] = binary.BigEndian.Uint64(b) ^ 1<<63
			return 8
		})
		return whole
	}
	switch form {
	case keyText:
		texts := make([]string, len(rest))
		take(func(row int, b []byte) (n int) {
			texts[row], n = decodeText(b)
			return n
		})
		return table.NewArray(texts, valid)
	case keyBool:
		flags := make([]bool, len(rest))
		take(func(row int, b []byte) int {
			flags[row] = b[0] == 1
			return 1
		})
		return table.NewArray(flags, valid)
	case keyReal:
		values := make([]float64, len(rest))
		take(func(row int, b []byte) int {
			values[row] = realOf(binary.BigEndian.Uint64(b))
			return 8
		})
		if t.ID() == arrow.FLOAT32 {
			return table.NewArray(converted[float32](values), valid)
		}
		return table.NewArray(values, valid)
	case keyDate:
		days := make([]arrow.Date32, len(rest))
		take(func(row int, b []byte) int {
			days[row] = arrow.Date32(binary.BigEndian.Uint32(b) ^ 1<<31)
			return 4
		})
		return table.NewArray(days, valid)
	case keyNano:
		values := make([]int64, len(rest))
		take(func(row int, b []byte) int {
			values[row] = int64(binary.BigEndian.Uint64(b)^1<<63)*1000 + int64(binary.BigEndian.Uint16(b[8:]))
			return 10
		})
		return timesOf(t, values, valid)
	case keyMicro:
		return timesOf(t, converted[int64](takeWhole()), valid)
	}
	switch takeWhole(); t.ID() {
	case arrow.INT8:
		return table.NewArray(converted[int8](whole), valid)
	case arrow.INT16:
		return table.NewArray(converted[int16](whole), valid)
	case arrow.INT32:
		return table.NewArray(converted[int32](whole), valid)
	case arrow.UINT8:
		return table.NewArray(converted[uint8](whole), valid)
	case arrow.UINT16:
		return table.NewArray(converted[uint16](whole), valid)
	case arrow.UINT32:
		return table.NewArray(converted[uint32](whole), valid)
	case arrow.UINT64:
		return table.NewArray(whole, valid)
	}
	return table.NewArray(converted[int64](whole), valid)
}

// timesOf makes a column of a type of times.
func timesOf(t arrow.DataType, values []int64, valid []bool) arrow.Array {
	return table.NewFixedArray(t, len(values), arrow.Int64Traits.CastToBytes(values), bitsOf(valid))
}

func decodeText(b []byte) (string, int) {
	end := bytes.IndexByte(b, 0)
	if b[end+1] == 0 {
		return string(b[:end]), end + 2
	}
	var text []byte
	for i := 0; ; i++ {
		if b[i] == 0 {
			if b[i+1] == 0 {
				return string(text), i + 2
			}
			text = append(text, 0)
			i++
			continue
		}
		text = append(text, b[i])
	}
}

func converted[To, From ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64](values []From) []To {
	out := make([]To, len(values))
	for i, v := range values {
		out[i] = To(v)
	}
	return out
}

// narrowed is a schema of some columns alone.
func narrowed(schema *arrow.Schema, names []string) (*arrow.Schema, error) {
	fields := make([]arrow.Field, len(names))
	for i, name := range names {
		at, err := table.Column(schema, name)
		if err != nil {
			return nil, err
		}
		fields[i] = schema.Field(at)
	}
	return arrow.NewSchema(fields, nil), nil
}
