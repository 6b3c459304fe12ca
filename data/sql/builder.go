package sql

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// A Builder makes a column of a result of values as an engine has them. A value becomes
// one of the column's type exactly, or not at all.
type Builder struct {
	typ     arrow.DataType
	class   table.Class
	of      cell.Type
	width   int // bytes of a value; 0 for text and bool
	values  []byte
	offsets []int32
	valid   []byte
	n       int
	nulls   bool
}

// NewBuilder is for a column of a type of one value.
func NewBuilder(t arrow.DataType) *Builder {
	b := &Builder{typ: t, class: table.ClassOf(t), of: cell.TypeFor(t)}
	if fixed, ok := t.(arrow.FixedWidthDataType); ok && b.class != table.ClassText && b.class != table.ClassBool {
		b.width = fixed.BitWidth() / 8
	}
	b.reset()
	return b
}

func (b *Builder) reset() {
	b.values, b.valid, b.n, b.nulls, b.offsets = nil, nil, 0, false, nil
	if b.class == table.ClassText {
		b.offsets = []int32{0}
	}
}

// Null adds a missing value.
func (b *Builder) Null() {
	b.nulls = true
	b.add(false, 0)
}

// Int adds a whole number. The error says why it is no value of the column.
func (b *Builder) Int(v int64) error {
	bits := v
	switch b.class {
	case table.ClassWhole:
		if !b.holds(v) {
			return b.unfit(strconv.FormatInt(v, 10))
		}
	case table.ClassReal:
		f := float64(v)
		if f >= 1<<63 || int64(f) != v || b.width == 4 && float64(float32(f)) != f {
			return diag.WithHint(fmt.Errorf("%d is not exact as %s", v, table.TypeName(b.typ)), "round it in the query: CAST(... AS REAL)")
		}
		bits = b.real(f)
	case table.ClassBool:
		if v != 0 && v != 1 {
			return b.unfit(strconv.FormatInt(v, 10))
		}
	default:
		return diag.WithHint(fmt.Errorf("the number %d is no %s", v, table.TypeName(b.typ)), "make a text of it in the query, such as '2024-01-31' or CAST(... AS TEXT)")
	}
	b.add(true, bits)
	return nil
}

// holds says whether a whole number fits into the type.
func (b *Builder) holds(v int64) bool {
	if v < 0 {
		return arrow.IsSignedInteger(b.typ.ID()) && (b.width == 8 || v >= -1<<(8*b.width-1))
	}
	bits := 8 * b.width
	if arrow.IsSignedInteger(b.typ.ID()) {
		bits--
	}
	return bits >= 63 || v < 1<<bits
}

func (b *Builder) real(f float64) int64 {
	if b.width == 4 {
		return int64(math.Float32bits(float32(f)))
	}
	return int64(math.Float64bits(f))
}

// Real adds a decimal number.
func (b *Builder) Real(v float64) error {
	shown := strconv.FormatFloat(v, 'g', -1, 64)
	switch b.class {
	case table.ClassReal:
		if b.width == 4 && float64(float32(v)) != v && v == v {
			return diag.WithHint(fmt.Errorf("%s is not exact as float32", shown), "write float64 in `types`")
		}
		b.add(true, b.real(v))
		return nil
	case table.ClassWhole, table.ClassBool:
		if v != math.Trunc(v) || math.Abs(v) >= 1<<63 {
			return diag.WithHint(fmt.Errorf("%s is no %s", shown, table.TypeName(b.typ)), "round it in the query: CAST(round(...) AS INTEGER)")
		}
		return b.Int(int64(v))
	}
	return diag.WithHint(fmt.Errorf("the number %s is no %s", shown, table.TypeName(b.typ)), "make a text of it in the query: CAST(... AS TEXT)")
}

// Text adds a text. Its bytes may change afterwards.
func (b *Builder) Text(text []byte) error {
	if !utf8.Valid(text) {
		return fmt.Errorf("a text is not UTF-8")
	}
	switch b.class {
	case table.ClassText:
		if len(b.values)+len(text) > math.MaxInt32 {
			return fmt.Errorf("texts of more than 2 GiB")
		}
		b.values = append(b.values, text...)
		b.add(true, 0)
		return nil
	case table.ClassDate, table.ClassTimestamp, table.ClassTime:
		bits, ok := b.of.Parse(text, nil)
		if !ok {
			return diag.WithHint(fmt.Errorf("%s is no %s", diag.Quote(string(text)), table.TypeName(b.typ)),
				"dates and times are texts such as 2024-01-31, 2024-01-31 12:30:00 and 12:30:00; `types: {column: string}` keeps any text")
		}
		b.add(true, bits)
		return nil
	}
	return diag.WithHint(fmt.Errorf("the text %s is no %s", diag.Quote(string(text)), table.TypeName(b.typ)), "make a number of it in the query: CAST(... AS REAL)")
}

// Append adds the values of a column of any type of one value. If one cannot be added it
// says which.
func (b *Builder) Append(arr arrow.Array) (at int, err error) {
	class := table.ClassOf(arr.DataType())
	for i := range arr.Len() {
		switch {
		case arr.IsNull(i):
			b.Null()
		case class == table.ClassBool:
			n := int64(0)
			if arr.(*array.Boolean).Value(i) {
				n = 1
			}
			err = b.Int(n)
		case class == table.ClassReal:
			v, _ := table.Real(arr, i)
			err = b.Real(v)
		case class == table.ClassWhole:
			text := table.Text(arr, i)
			n, wrong := strconv.ParseInt(text, 10, 64)
			if err = wrong; err == nil {
				err = b.Int(n)
			} else {
				err = b.unfit(text)
			}
		default:
			err = b.Text([]byte(table.Text(arr, i)))
		}
		if err != nil {
			return i, err
		}
	}
	return 0, nil
}

func (b *Builder) unfit(shown string) error {
	return diag.WithHint(fmt.Errorf("%s does not fit into %s", shown, table.TypeName(b.typ)), "name a larger type in `types`, such as int64")
}

func (b *Builder) add(valid bool, bits int64) {
	if b.n%8 == 0 {
		b.valid = append(b.valid, 0)
	}
	if valid {
		b.valid[b.n/8] |= 1 << (b.n % 8)
	}
	switch {
	case b.class == table.ClassText:
		b.offsets = append(b.offsets, int32(len(b.values)))
	case b.class == table.ClassBool:
		if b.n%8 == 0 {
			b.values = append(b.values, 0)
		}
		b.values[b.n/8] |= byte(bits) << (b.n % 8)
	case b.width == 1:
		b.values = append(b.values, byte(bits))
	case b.width == 2:
		b.values = binary.NativeEndian.AppendUint16(b.values, uint16(bits))
	case b.width == 4:
		b.values = binary.NativeEndian.AppendUint32(b.values, uint32(bits))
	default:
		b.values = binary.NativeEndian.AppendUint64(b.values, uint64(bits))
	}
	b.n++
}

// Array gives the column, and begins another one.
func (b *Builder) Array() arrow.Array {
	valid := b.valid
	if !b.nulls {
		valid = nil
	}
	var arr arrow.Array
	if b.class == table.ClassText {
		arr = table.NewTextArray(b.offsets, b.values, valid)
	} else {
		arr = table.NewFixedArray(b.typ, b.n, b.values, valid)
	}
	b.reset()
	return arr
}
