// Package array makes columns of arrays of numbers that lie in files as they would in
// memory: one row behind the other, each element in the same number of bytes. What
// the first dimension counts are rows of a table.
package array

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source"
	"pipe/data/table"
	"pipe/data/tensor"
)

// An Array is one in a file.
type Array struct {
	Name      string // of the column
	File      *source.File
	Offset    int64 // of the first element
	Of        Element
	BigEndian bool
	Shape     []int64
	// Names are what the numbers 0, 1 and so on of a column of whole numbers stand for,
	// which is a column of texts then. Nil: they are numbers.
	Names []string
}

// Check finds arrays that are not what the file holds.
func (a *Array) Check() error {
	if len(a.Shape) == 0 {
		return diag.WithHint(fmt.Errorf("%s holds a single number, not one for each row", a.File.Name), "make an array of it that has a row for each example")
	}
	bytes := int64(a.Of.size())
	for i, n := range a.Shape {
		if i == 0 && n == 0 {
			continue // there are no rows; what one would take is bounded all the same
		}
		if n < 1 {
			return fmt.Errorf("%s has the shape %s, which has no elements", a.File.Name, a.shape())
		}
		if bytes > math.MaxInt64/n {
			return fmt.Errorf("%s has the shape %s, which no file is large enough for", a.File.Name, a.shape())
		}
		bytes *= n
	}
	if a.Shape[0] == 0 {
		bytes = 0
	}
	if has := a.File.Size - a.Offset; has != bytes {
		return diag.WithHint(fmt.Errorf("%s: %s of shape %s take %d bytes, and %d follow the header", a.File.Name, a.Of, a.shape(), bytes, has),
			"it was not written or copied whole, or is no such file")
	}
	return nil
}

func (a *Array) shape() string {
	text := make([]string, len(a.Shape))
	for i, n := range a.Shape {
		text[i] = fmt.Sprint(n)
	}
	return strings.Join(text, " x ")
}

// width is the number of elements of a row.
func (a *Array) width() int64 {
	n := int64(1)
	for _, d := range a.Shape[1:] {
		n *= d
	}
	return n
}

// maxColumns bounds the columns that an array of float64 becomes.
const maxColumns = 1 << 15

// fields are the columns that the array becomes: one, of values or of lists, but of
// decimal numbers of 64 bits, which no list holds, one for each element of a row.
func (a *Array) fields() ([]arrow.Field, error) {
	width := a.width()
	if len(a.Shape) == 1 && a.Names != nil {
		if !a.Of.whole() {
			return nil, diag.WithHint(fmt.Errorf("%s holds numbers of the type %s, which are none that a class has", a.File.Name, a.Of), "remove `classes`")
		}
		return []arrow.Field{{Name: a.Name, Type: arrow.BinaryTypes.String}}, nil
	}
	if len(a.Shape) == 1 {
		return []arrow.Field{{Name: a.Name, Type: a.Of.scalar()}}, nil
	}
	of := a.Of.listed()
	switch {
	case of == "" && (len(a.Shape) > 2 || width > maxColumns):
		return nil, diag.WithHint(fmt.Errorf("%s holds %s of shape %s, which are too fine for pictures and too many for columns", a.File.Name, a.Of, a.shape()),
			`save it as uint8 or float32: x.astype("float32")`)
	case of == "":
		fields := make([]arrow.Field, width)
		for i := range fields {
			fields[i] = arrow.Field{Name: fmt.Sprintf("%s_%d", a.Name, i), Type: arrow.PrimitiveTypes.Float64}
		}
		return fields, nil
	case width > math.MaxInt32:
		return nil, fmt.Errorf("%s has %d elements in a row, which is more than a table can hold", a.File.Name, width)
	}
	f := arrow.Field{Name: a.Name, Type: table.ListType(of, int(width))}
	if len(a.Shape) > 2 {
		shape := make([]int, len(a.Shape)-1)
		for i := range shape {
			shape[i] = int(a.Shape[i+1])
		}
		f = table.WithShape(f, shape)
	}
	return []arrow.Field{f}, nil
}

// readBytes is about what is read of all arrays at a time.
const readBytes = 4 << 20

// Rows makes a table of arrays, which are its columns. data is what is read, for
// messages.
func Rows(in *source.Inputs, data string, arrays []Array) (source.Rows, error) {
	if len(arrays) == 0 {
		return nil, errors.New("there is nothing to read")
	}
	rows, row := arrays[0].Shape[0], int64(0)
	var fields []arrow.Field
	for i := range arrays {
		a := &arrays[i]
		if n := a.Shape[0]; n != rows {
			return nil, diag.WithHint(fmt.Errorf("%s has %d rows, and %s has %d", arrays[0].File.Name, rows, a.File.Name, n),
				"what is read together has a row for each example")
		}
		more, err := a.fields()
		if err != nil {
			return nil, err
		}
		fields = append(fields, more...)
		row += a.width() * int64(a.Of.size())
	}
	step := max(1, min(rows, readBytes/row))
	return source.Stream(in, data, arrow.NewSchema(fields, nil), func(yield func(...arrow.Array) bool) error {
		for from := int64(0); from < rows; from += step {
			var columns []arrow.Array
			for i := range arrays {
				more, err := arrays[i].read(from, min(step, rows-from))
				if err != nil {
					return err
				}
				columns = append(columns, more...)
			}
			in.Advance(from, rows)
			if !yield(columns...) {
				return nil
			}
		}
		return nil
	})
}

// read gives the columns of some rows.
func (a *Array) read(from, rows int64) ([]arrow.Array, error) {
	width, size := a.width(), int64(a.Of.size())
	raw := make([]byte, rows*width*size)
	if err := a.File.ReadFull(raw, a.Offset+from*width*size); err != nil {
		return nil, err
	}
	a.littleEndian(raw)
	if len(a.Shape) == 1 && a.Names != nil {
		return a.named(raw, from)
	}
	if len(a.Shape) == 1 {
		return []arrow.Array{a.Of.values(raw, int(rows))}, nil
	}
	switch a.Of.listed() {
	case tensor.U8:
		return []arrow.Array{table.NewLists(tensor.U8, tensor.Rows{U8: a.Of.bytes(raw)}, int(width))}, nil
	case tensor.F32:
		return []arrow.Array{table.NewLists(tensor.F32, tensor.Rows{F32: a.Of.floats(raw)}, int(width))}, nil
	case tensor.I32:
		values, bad := a.Of.integers(raw)
		if bad >= 0 {
			return nil, diag.WithHint(fmt.Errorf("%s: row %d has a number that 32 bits do not hold", a.File.Name, from+int64(bad)/width+1),
				"lists of integers, such as ids of tokens, are of 32 bits")
		}
		return []arrow.Array{table.NewLists(tensor.I32, tensor.Rows{I32: values}, int(width))}, nil
	}
	columns := make([]arrow.Array, width)
	for c := range columns {
		values := make([]byte, 0, rows*size)
		for r := range rows {
			at := (r*width + int64(c)) * size
			values = append(values, raw[at:at+size]...)
		}
		columns[c] = table.NewFixedArray(arrow.PrimitiveTypes.Float64, int(rows), values, nil)
	}
	return columns, nil
}

// named gives what numbers stand for; from is the row of the first.
func (a *Array) named(raw []byte, from int64) ([]arrow.Array, error) {
	numbers, bad := a.Of.integers(raw)
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		if n < 0 || int(n) >= len(a.Names) {
			bad = i
			break
		}
		texts[i] = a.Names[n]
	}
	if bad >= 0 {
		return nil, diag.WithHint(fmt.Errorf("%s: the number of row %d has no name: there are %d, of 0 to %d", a.File.Name, from+int64(bad)+1, len(a.Names), len(a.Names)-1),
			"list a name for each, in the order of the numbers")
	}
	return []arrow.Array{table.NewArray(texts, nil)}, nil
}

// littleEndian puts the bytes of each element into the order of the machine.
func (a *Array) littleEndian(raw []byte) {
	size := a.Of.size()
	if !a.BigEndian || size == 1 {
		return
	}
	for ; len(raw) >= size; raw = raw[size:] {
		for i, j := 0, size-1; i < j; i, j = i+1, j-1 {
			raw[i], raw[j] = raw[j], raw[i]
		}
	}
}
