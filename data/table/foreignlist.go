package table

import (
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/float16"

	"pipe/base/diag"
	"pipe/data/tensor"
)

// listCast is that of lists of numbers. Those of a data set have the types of its
// inputs already; those of a table become the nearest of them.
func listCast(number byte, def, field flatTable, dataset bool) (cast, error) {
	e, ok := elementOf(field)
	switch {
	case dataset && (!ok || e.convert != nil):
		return cast{}, diag.WithHint(errors.New("an input of a data set is a list of float32, uint8 or int32"), "cast its elements to one of these")
	case !ok:
		return castFrom(foreignName(number), fixed, 0)
	}
	c := cast{name: "list", layout: ragged, child: e.size, loss: ListLoss}
	width := tensor.Ragged
	switch number {
	case typeFixedSizeList:
		if width = 0; def.buf != nil {
			width = def.int32Or(0, 0)
		}
		if err := CheckList(e.of, max(0, width)); err != nil {
			return cast{}, err
		}
		c.layout, c.size = vectors, e.size*width
	case typeList:
		c.size = 4
	default:
		c.size = 8
	}
	c.convert = e.convert
	c.to = ListType(e.of, width)
	return c, nil
}

// ListLoss is what lists lose whose numbers have 64 bits, after a number of rows.
const ListLoss = "numbers of its lists were rounded to float32, of which lists are"

// An Element is what becomes of a number of a list: one of float32, uint8 or int32.
type Element struct {
	of   tensor.Type
	size int // bytes, in the foreign file
	// convert makes the elements of to, one behind the other, nil if the bytes stay the
	// same. kept false means that one was rounded.
	convert func(to, from []byte) (kept bool, err error)
}

var errElement = diag.WithHint(errors.New("a number of a list that 32 bits do not hold"), "lists of whole numbers, such as ids of tokens, are of 32 bits")

// wholeElement are whole numbers of some bytes, which become int32.
func wholeElement(size int, signed bool) Element {
	return Element{tensor.I32, size, func(to, from []byte) (bool, error) {
		for i := range len(from) / size {
			v := wholeOf(from[i*size:(i+1)*size], signed)
			if v < math.MinInt32 || v > math.MaxInt32 || !signed && v < 0 {
				return false, errElement
			}
			little.PutUint32(to[4*i:], uint32(v))
		}
		return true, nil
	}}
}

var halfElement = Element{tensor.F32, 2, func(to, from []byte) (bool, error) {
	for i := range len(from) / 2 {
		little.PutUint32(to[4*i:], math.Float32bits(float16.FromBits(little.Uint16(from[2*i:])).Float32()))
	}
	return true, nil
}}

// doubleElement are rounded, as training rounds any number.
var doubleElement = Element{tensor.F32, 8, func(to, from []byte) (kept bool, err error) {
	kept = true
	for i := range len(from) / 8 {
		v := math.Float64frombits(little.Uint64(from[8*i:]))
		short := float32(v)
		if kept = kept && (float64(short) == v || v != v); math.IsInf(float64(short), 0) && !math.IsInf(v, 0) {
			return false, diag.WithHint(fmt.Errorf("%v in a list, which a float32 does not reach", v), "scale the numbers before")
		}
		little.PutUint32(to[4*i:], math.Float32bits(short))
	}
	return kept, nil
}}

// ElementNamed is what becomes of the elements of a list, by their type in a table.
func ElementNamed(t arrow.DataType) (e Element, ok bool) {
	switch t.ID() {
	case arrow.UINT8:
		return Element{of: tensor.U8, size: 1}, true
	case arrow.INT32:
		return Element{of: tensor.I32, size: 4}, true
	case arrow.FLOAT32:
		return Element{of: tensor.F32, size: 4}, true
	case arrow.FLOAT16:
		return halfElement, true
	case arrow.FLOAT64:
		return doubleElement, true
	case arrow.INT8, arrow.INT16, arrow.INT64, arrow.UINT16, arrow.UINT32, arrow.UINT64:
		return wholeElement(t.(arrow.FixedWidthDataType).Bytes(), arrow.IsSignedInteger(t.ID())), true
	}
	return e, false
}

// Of is the type of the elements in a table.
func (e *Element) Of() tensor.Type { return e.of }

// Convert makes elements of a table of those of a column, both one behind the other.
// kept false means that one was rounded.
func (e *Element) Convert(from []byte) (to []byte, kept bool, err error) {
	if e.convert == nil {
		return from, true, nil
	}
	to = make([]byte, len(from)/e.size*e.of.Size())
	kept, err = e.convert(to, from)
	return to, kept, err
}

// elementOf finds what becomes of the elements of a column of lists.
func elementOf(field flatTable) (e Element, ok bool) {
	children := field.tables(5)
	if len(children) != 1 {
		return e, false
	}
	child := children[0]
	def, known := child.table(3)
	if _, coded := child.table(4); coded || !known {
		return e, false
	}
	switch child.byte(2) {
	case typeFloat:
		types := []arrow.DataType{arrow.FixedWidthTypes.Float16, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64}
		if n := def.short(0); n >= 0 && n < len(types) {
			return ElementNamed(types[n])
		}
	case typeInt:
		width, signed := def.int32Or(0, 0), def.byte(1) != 0
		switch {
		case width == 8 && !signed:
			return ElementNamed(arrow.PrimitiveTypes.Uint8)
		case width == 32 && signed:
			return ElementNamed(arrow.PrimitiveTypes.Int32)
		case width == 8 || width == 16 || width == 32 || width == 64:
			return wholeElement(width/8, signed), true
		}
	}
	return e, false
}

// list takes the buffers of lists, of a fixed size or ragged, without nulls unless there may
// be gaps.
func (b *batchReader) list(p part, kind layout) (part, error) {
	gaps := b.f.gaps && kind == ragged
	if p.valid.size > 0 && !gaps {
		missing, err := p.valid.read(0, min(p.valid.size, bitutil.BytesForBits(max(0, p.rows))))
		if err != nil {
			return p, err
		}
		for i := range min(len(missing)*8, int(p.rows)) {
			if bitutil.BitIsNotSet(missing, i) {
				return p, ErrNoList(b.f.rows + int64(i) + 1)
			}
		}
	}
	var err error
	if !gaps {
		p.valid = segment{}
	}
	if kind == ragged {
		if p.values, err = b.buffer(); err != nil {
			return p, err
		}
	}
	if len(b.nodes) == 0 || b.nodes[0].rows < 0 ||
		kind == vectors && b.nodes[0].rows != p.rows*int64(p.field.cast.size/p.field.cast.child) {
		return p, errors.New("its lists have other lengths than they say")
	}
	holes := b.nodes[0].nulls != 0
	if holes && !gaps {
		return p, ErrNoElement
	}
	p.elements = b.nodes[0].rows
	b.nodes = b.nodes[1:]
	there, err := b.buffer()
	if err != nil {
		return p, err
	}
	if holes {
		p.holes = there
	}
	elements, err := b.buffer()
	if kind == ragged {
		p.text = elements
	} else {
		p.values = elements
	}
	return p, err
}

// ErrNoList says that a list is missing in a row.
func ErrNoList(row int64) error {
	return diag.WithHint(fmt.Errorf("row %d: a list that is missing (null), and a column of lists has one in each row", row),
		"fill it or leave the row out before, or leave the column out with select")
}

// ErrNoElement says that a number in a list is missing.
var ErrNoElement = diag.WithHint(errors.New("a number that is missing (null) in a list"), "fill it before, or leave the column out with select")

// appendLists adds lists of any length.
func (f *Foreign) appendLists(c *column, p part, from int64, n int) error {
	offset, err := p.offsets(from, n)
	if err != nil {
		return err
	}
	first, last := offset(0), offset(n)
	have := int64(len(c.values) / c.size)
	if first < 0 || last < first || last > p.elements {
		return errOutside
	}
	if have+last-first > math.MaxInt32 {
		return fmt.Errorf("%d rows hold more elements than one array can", n)
	}
	for i := range n {
		if length := offset(i+1) - offset(i); length < 0 || length > maxListed || offset(i+1) > last {
			return errOutside
		}
		c.offsets = append(c.offsets, int32(offset(i+1)-first+have))
	}
	if p.holes.size > 0 {
		there, err := p.holes.read(first/8, bitutil.BytesForBits(first%8+last-first))
		if err != nil {
			return err
		}
		for i := range n {
			for k := offset(i); k < offset(i+1); k++ {
				if bitutil.BitIsNotSet(there, int(k-first/8*8)) {
					bitutil.ClearBit(c.valid, c.rows+i)
					break
				}
			}
		}
	}
	child, convert := int64(p.field.cast.child), p.field.cast.convert
	values, err := p.text.read(first*child, (last-first)*child)
	if err != nil || convert == nil {
		c.values = append(c.values, values...)
		return err
	}
	at := len(c.values)
	c.values = grown(c.values, at+int(last-first)*c.size)
	for i := range n {
		if f.gaps && bitutil.BitIsNotSet(c.valid, c.rows+i) {
			continue
		}
		a, b := offset(i)-first, offset(i+1)-first
		kept, err := convert(c.values[at+int(a)*c.size:], values[a*child:b*child])
		if err != nil && f.gaps {
			bitutil.ClearBit(c.valid, c.rows+i)
			continue
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", f.row(from, i), err)
		}
		if !kept {
			p.field.lost++
		}
	}
	return nil
}
