package array

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/float16"

	"pipe/data/table"
	"pipe/data/tensor"
)

// An Element is a type of numbers, by the name that NumPy has for it.
type Element string

// The types of numbers.
const (
	Bool    Element = "bool"
	Int8    Element = "int8"
	Int16   Element = "int16"
	Int32   Element = "int32"
	Int64   Element = "int64"
	Uint8   Element = "uint8"
	Uint16  Element = "uint16"
	Uint32  Element = "uint32"
	Uint64  Element = "uint64"
	Float16 Element = "float16"
	Float32 Element = "float32"
	Float64 Element = "float64"
)

// kinds are what there is to know of each: its bytes, the type of a column with one
// of them in each row, and that of lists of them, if there are any.
var kinds = map[Element]struct {
	size   int
	scalar arrow.DataType
	listed tensor.Type
}{
	Bool:    {1, arrow.FixedWidthTypes.Boolean, tensor.U8},
	Int8:    {1, arrow.PrimitiveTypes.Int8, tensor.I32},
	Int16:   {2, arrow.PrimitiveTypes.Int16, tensor.I32},
	Int32:   {4, arrow.PrimitiveTypes.Int32, tensor.I32},
	Int64:   {8, arrow.PrimitiveTypes.Int64, tensor.I32},
	Uint8:   {1, arrow.PrimitiveTypes.Uint8, tensor.U8},
	Uint16:  {2, arrow.PrimitiveTypes.Uint16, tensor.I32},
	Uint32:  {4, arrow.PrimitiveTypes.Uint32, tensor.I32},
	Uint64:  {8, arrow.PrimitiveTypes.Uint64, tensor.I32},
	Float16: {2, arrow.PrimitiveTypes.Float32, tensor.F32},
	Float32: {4, arrow.PrimitiveTypes.Float32, tensor.F32},
	Float64: {8, arrow.PrimitiveTypes.Float64, ""},
}

func (e Element) size() int              { return kinds[e].size }
func (e Element) scalar() arrow.DataType { return kinds[e].scalar }
func (e Element) listed() tensor.Type    { return kinds[e].listed }

// whole says whether elements are whole numbers.
func (e Element) whole() bool { return e == Uint8 || e.listed() == tensor.I32 }

// values makes a column of elements, which may keep their memory.
func (e Element) values(raw []byte, rows int) arrow.Array {
	switch e {
	case Bool:
		bits := make([]byte, (rows+7)/8)
		for i, v := range raw {
			if v != 0 {
				bits[i/8] |= 1 << (i % 8)
			}
		}
		raw = bits
	case Float16:
		var wide []byte
		for _, v := range e.floats(raw) {
			wide = binary.LittleEndian.AppendUint32(wide, math.Float32bits(v))
		}
		raw = wide
	}
	return table.NewFixedArray(e.scalar(), rows, raw, nil)
}

// bytes gives levels, and truth values as 0 and 1.
func (e Element) bytes(raw []byte) []byte {
	if e == Bool {
		for i, v := range raw {
			raw[i] = min(v, 1)
		}
	}
	return raw
}

// floats widens decimal numbers to 32 bits.
func (e Element) floats(raw []byte) []float32 {
	list := make([]float32, len(raw)/e.size())
	for i := range list {
		if e == Float16 {
			list[i] = float16.FromBits(binary.LittleEndian.Uint16(raw[2*i:])).Float32()
		} else {
			list[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	}
	return list
}

// integers gives whole numbers in 32 bits. bad is the place of the first that does
// not fit, or -1.
func (e Element) integers(raw []byte) (list []int32, bad int) {
	size := e.size()
	list = make([]int32, len(raw)/size)
	for i := range list {
		var v int64
		at := raw[i*size:]
		switch e {
		case Int8:
			v = int64(int8(at[0]))
		case Uint8:
			v = int64(at[0])
		case Int16:
			v = int64(int16(binary.LittleEndian.Uint16(at)))
		case Uint16:
			v = int64(binary.LittleEndian.Uint16(at))
		case Int32:
			v = int64(int32(binary.LittleEndian.Uint32(at)))
		case Uint32:
			v = int64(binary.LittleEndian.Uint32(at))
		default:
			v = int64(binary.LittleEndian.Uint64(at))
			if e == Uint64 && v < 0 {
				v = math.MaxInt64
			}
		}
		if v < math.MinInt32 || v > math.MaxInt32 {
			return nil, i
		}
		list[i] = int32(v)
	}
	return list, -1
}
