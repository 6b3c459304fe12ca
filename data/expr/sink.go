package expr

import (
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
)

// A sink gathers chunks as a column.
type sink struct {
	dtype   arrow.DataType
	rows    int
	values  []byte
	offsets []int32
	valid   []byte // nil while all are there
}

func newSink(t arrow.DataType, rows int) *sink {
	s := &sink{dtype: t}
	switch t := t.(type) {
	case *arrow.StringType:
		s.offsets = append(make([]int32, 0, rows+1), 0)
	case *arrow.BooleanType:
		s.values = make([]byte, 0, 8*words64(rows))
	case arrow.FixedWidthDataType:
		s.values = make([]byte, 0, rows*t.BitWidth()/8)
	}
	return s
}

// lend gives a vec the memory where its values are to be in the end, so that they
// need not be copied, if they are of 64 bits here and there.
func (s *sink) lend(v *vec, k Kind, rows int) {
	at := len(s.values)
	fixed, ok := s.dtype.(arrow.FixedWidthDataType)
	switch {
	case !ok || fixed.BitWidth() != 64:
	case k == Float:
		v.own.f = arrow.Float64Traits.CastFromBytes(s.values[at : at+8*rows])
	case k.whole():
		v.own.i = arrow.Int64Traits.CastFromBytes(s.values[at : at+8*rows])
	}
}

// add adds a chunk. All but the last have a multiple of 64 rows.
func (s *sink) add(v *vec, k Kind, rows int) error {
	if v.valid != nil && s.valid == nil {
		s.valid = make([]byte, s.rows/8, max(s.rows/8+8*words64(rows), cap(s.offsets)/8))
		for i := range s.valid {
			s.valid[i] = 0xff
		}
	}
	if s.valid != nil {
		valid := v.valid
		if valid == nil {
			valid = make(bitset, words64(rows))
			valid.fill(rows)
		}
		s.valid = append(s.valid, arrow.Uint64Traits.CastToBytes(valid)[:(rows+7)/8]...)
	}
	switch {
	case k == Text:
		for i, text := range v.s {
			if v.valid.has(i) {
				s.values = append(s.values, text...)
			}
			s.offsets = append(s.offsets, int32(len(s.values)))
			if len(s.values) > math.MaxInt32 {
				return diag.WithHint(errTooMuchText, "cut the texts with slice first")
			}
		}
	case k == Bool:
		s.values = append(s.values, arrow.Uint64Traits.CastToBytes(v.b)[:(rows+7)/8]...)
	case k == Float:
		if s.dtype.ID() == arrow.FLOAT32 {
			s.values = appendAs[float32](s.values, v.f, v.valid)
		} else {
			s.values = appendAs[float64](s.values, v.f, v.valid)
		}
	default:
		switch s.dtype.(arrow.FixedWidthDataType).BitWidth() {
		case 8:
			s.values = appendAs[int8](s.values, v.i, v.valid)
		case 16:
			s.values = appendAs[int16](s.values, v.i, v.valid)
		case 32:
			s.values = appendAs[int32](s.values, v.i, v.valid)
		default:
			s.values = appendAs[int64](s.values, v.i, v.valid)
		}
	}
	s.rows += rows
	return nil
}

// appendAs adds values in the bytes of a type, nothing where they are missing.
func appendAs[T, F plain](to []byte, from []F, valid bitset) []byte {
	var zero T
	start, size := len(to), int(unsafe.Sizeof(zero))
	to = to[:start+len(from)*size] // there is room for all rows
	values := arrow.GetData[T](to[start:])
	if len(from) > 0 && unsafe.Pointer(&values[0]) != unsafe.Pointer(&from[0]) { // which is there already if it was lent
		convert(values, from)
	}
	if valid != nil {
		for i := range values {
			if !valid.has(i) {
				values[i] = 0
			}
		}
	}
	return to
}

// array gives the column.
func (s *sink) array() arrow.Array {
	if s.offsets != nil {
		return table.NewTextArray(s.offsets, s.values, s.valid)
	}
	return table.NewFixedArray(s.dtype, s.rows, s.values, s.valid)
}

// texts writes the values as files have them.
func (s *sink) texts() []string {
	arr := s.array()
	defer arr.Release()
	texts, _, err := table.Texts(arr)
	if err != nil {
		panic(err) // a sink has no lists
	}
	return texts
}
