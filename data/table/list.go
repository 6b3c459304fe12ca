package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pipe/data/tensor"
)

const (
	maxWidth  = 1 << 15 // elements of a vector
	maxListed = 1 << 24 // elements of a row of u8, i32 or a ragged list
)

var elements = map[arrow.Type]tensor.Type{arrow.FLOAT32: tensor.F32, arrow.UINT8: tensor.U8, arrow.INT32: tensor.I32}

// ListType is the type of a column that holds width elements in each row, or,
// with tensor.Ragged, as many as each row has.
func ListType(of tensor.Type, width int) arrow.DataType {
	var t arrow.DataType = arrow.PrimitiveTypes.Float32
	switch of {
	case tensor.U8:
		t = arrow.PrimitiveTypes.Uint8
	case tensor.I32:
		t = arrow.PrimitiveTypes.Int32
	}
	item := arrow.Field{Name: "item", Type: t}
	if width == tensor.Ragged {
		return arrow.ListOfField(item)
	}
	return arrow.FixedSizeListOfField(int32(width), item)
}

// VectorType is the type of a column that holds width float32 in each row.
func VectorType(width int) arrow.DataType { return ListType(tensor.F32, width) }

// ListOf says what a column of lists holds, and how many in each row.
func ListOf(t arrow.DataType) (of tensor.Type, width int, ok bool) {
	switch t := t.(type) {
	case *arrow.FixedSizeListType:
		of, ok = elements[t.Elem().ID()]
		return of, int(t.Len()), ok
	case *arrow.ListType:
		of, ok = elements[t.Elem().ID()]
		return of, tensor.Ragged, ok
	}
	return "", 0, false
}

// CheckList says whether a table may have a column of lists of a width.
func CheckList(of tensor.Type, width int) error {
	switch {
	case width == tensor.Ragged:
		return nil
	case of == tensor.F32 && (width < 1 || width > maxWidth):
		return fmt.Errorf("a vector has %d elements, want 1 to %d", width, maxWidth)
	case width < 1 || width > maxListed:
		return fmt.Errorf("a list has %d elements, want 1 to %d", width, maxListed)
	}
	return nil
}

// listName is the name of a type of lists.
func listName(of tensor.Type, width int) string {
	switch {
	case width == tensor.Ragged:
		return string(of) + "[]"
	case of == tensor.F32:
		return "vector[" + strconv.Itoa(width) + "]"
	}
	return string(of) + "[" + strconv.Itoa(width) + "]"
}

// ListNamed is ListOf of a type by its name.
func ListNamed(name string) (of tensor.Type, width int, ok bool) {
	name, ok = strings.CutSuffix(name, "]")
	base, length, ok2 := strings.Cut(name, "[")
	if of = tensor.Type(base); base == "vector" {
		of = tensor.F32
	}
	if !ok || !ok2 || !slices.Contains([]tensor.Type{tensor.F32, tensor.U8, tensor.I32}, of) {
		return "", 0, false
	}
	if length == "" {
		return of, tensor.Ragged, true
	}
	width, err := strconv.Atoi(length)
	return of, width, err == nil
}

// Lists views a column of lists as its elements. They are not copied: they are
// good while arr is retained.
func Lists(arr arrow.Array) (rows tensor.Rows, ok bool) {
	var child arrow.Array
	from, to := 0, 0
	switch a := arr.(type) {
	case *array.FixedSizeList:
		width := int(a.DataType().(*arrow.FixedSizeListType).Len())
		from = a.Data().Offset() * width
		child, to = a.ListValues(), from+a.Len()*width
	case *array.List:
		offsets := a.Offsets()[a.Data().Offset() : a.Data().Offset()+a.Len()+1]
		child, from, to = a.ListValues(), int(offsets[0]), int(offsets[a.Len()])
		rows.Ends = make([]int, a.Len())
		for i := range rows.Ends {
			rows.Ends[i] = int(offsets[i+1]) - from
		}
	default:
		return rows, false
	}
	switch c := child.(type) {
	case *array.Float32:
		rows.F32 = c.Float32Values()[from:to:to]
	case *array.Uint8:
		rows.U8 = c.Uint8Values()[from:to:to]
	case *array.Int32:
		rows.I32 = c.Int32Values()[from:to:to]
	}
	return rows, true
}

// Vectors views a vector column as its elements in row-major order. It is not
// copied: the values are good while arr is retained.
func Vectors(arr arrow.Array) []float32 {
	rows, _ := Lists(arr)
	return rows.F32
}

// NewVectors makes a vector column without copying from rows x width float32 in
// row-major order. The memory belongs to the array from then on.
func NewVectors(values []float32, width int) arrow.Array {
	if width < 1 || len(values)%width != 0 {
		panic(fmt.Sprintf("table: %d values are no vectors of width %d", len(values), width))
	}
	c := newColumn(VectorType(width))
	c.values, c.rows = bytesOf(values), len(values)/width
	return c.array()
}

// NewLists makes a column of lists of a type: of width elements each, or ragged
// as rows.Ends says. The values are copied.
func NewLists(of tensor.Type, rows tensor.Rows, width int) arrow.Array {
	ragged := width == tensor.Ragged
	if !ragged && (width < 1 || rows.Len()%width != 0) {
		panic(fmt.Sprintf("table: %d values are no lists of width %d", rows.Len(), width))
	}
	c := newColumn(ListType(of, width))
	switch of {
	case tensor.F32:
		c.values = append(c.values, bytesOf(rows.F32)...)
	case tensor.U8:
		c.values = append(c.values, rows.U8...)
	case tensor.I32:
		c.values = append(c.values, bytesOf(rows.I32)...)
	}
	if !ragged {
		c.rows = rows.Len() / width
		return c.array()
	}
	for _, end := range rows.Ends {
		c.offsets = append(c.offsets, int32(end))
	}
	c.rows = len(rows.Ends)
	return c.array()
}

// MostListed is how many elements a row of a list may have.
const MostListed = maxListed

// NewRagged makes a column of lists of any length, without copying, of their elements
// as bytes: row i has those from ends[i] to ends[i+1], and ends[0] is 0. The memory
// belongs to the array from then on.
func NewRagged(of tensor.Type, ends []int32, elements []byte) arrow.Array {
	c := newColumn(ListType(of, tensor.Ragged))
	c.offsets, c.values, c.rows = ends, elements, len(ends)-1
	return c.array()
}

// NewGaps is NewRagged of lists some of which are missing, as no table has them: valid is a
// bitmap with one bit for each row, lowest bit first.
func NewGaps(of tensor.Type, ends []int32, elements, valid []byte) arrow.Array {
	whole := NewRagged(of, ends, elements)
	defer whole.Release()
	n := whole.Len()
	buffers := []*memory.Buffer{memory.NewBufferBytes(valid), memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(ends))}
	data := array.NewData(whole.DataType(), n, buffers, whole.Data().Children(), n-bitutil.CountSetBits(valid, 0, n), 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// ListTexts writes lists as texts: [1,2.5]. One that is missing stays so.
func ListTexts(arr arrow.Array) arrow.Array {
	texts, valid := make([]string, arr.Len()), make([]bool, arr.Len())
	var b []byte
	for row := range texts {
		if valid[row] = arr.IsValid(row); !valid[row] {
			continue
		}
		l, _ := listAt(arr, row)
		b = append(b[:0], '[')
		for i := range l.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = l.text(b, i)
		}
		texts[row] = string(append(b, ']'))
	}
	return NewArray(texts, valid)
}

// FixedLists views lists of any length, which all have width elements, as lists of
// that one. They are not copied, and none is null.
func FixedLists(a *array.List, width int) arrow.Array {
	of, _, _ := ListOf(a.DataType())
	from := int64(a.Offsets()[a.Data().Offset()])
	child := array.NewSlice(a.ListValues(), from, from+int64(a.Len()*width))
	defer child.Release()
	data := array.NewData(ListType(of, width), a.Len(), []*memory.Buffer{nil}, []arrow.ArrayData{child.Data()}, 0, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// A list is the elements of one row.
type list struct {
	tensor.Rows
	bits int // of a float, for its text
}

// listAt gives the elements of a row of a column of lists.
func listAt(arr arrow.Array, row int) (l list, ok bool) {
	of, width, ok := ListOf(arr.DataType())
	if !ok {
		return l, false
	}
	if l.bits = 64; of == tensor.F32 {
		l.bits = 32
	}
	one := array.NewSlice(arr, int64(row), int64(row)+1)
	defer one.Release() // arr keeps the memory
	rows, _ := Lists(one)
	from, to := rows.Row(0, width)
	l.Rows = rows.Slice(from, to)
	return l, true
}

// text adds an element as WriteCSV writes it.
func (l *list) text(b []byte, i int) []byte { return appendFloat(b, l.At(i), l.bits) }
