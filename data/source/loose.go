package source

import (
	"math"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/tensor"
)

// ofLists is what makes lists of numbers of a type of those of another.
func (c *conversion) ofLists(f arrow.Field) (*conversion, bool) {
	has, width, _ := table.ListOf(f.Type)
	of, _, _ := new(cell.Tally).ListType(c.want.Type)
	switch {
	case !c.want.Type.IsList():
		return nil, false
	case of == "" || of == has || c.want.Expected: // what is expected each row makes of its own list
		return nil, true
	}
	c.of, c.width = of, width
	c.exact = func(arr arrow.Array) (arrow.Array, int, error) { return toElements(arr, of, width) }
	return c, true
}

// toElements makes lists of numbers of a type. It is wrong where a number is none of it.
func toElements(arr arrow.Array, of tensor.Type, width int) (arrow.Array, int, error) {
	rows, _ := table.Lists(arr)
	to := tensor.Rows{Ends: rows.Ends}
	to.Grow(of, rows.Len())
	for row := range arr.Len() {
		from, end := rows.Row(row, width)
		for i := from; i < end; i++ {
			v := rows.At(i)
			switch {
			case of == tensor.F32:
				to.F32[i] = float32(v)
			case v != math.Trunc(v), of == tensor.U8 && (v < 0 || v > math.MaxUint8), v < math.MinInt32, v > math.MaxInt32:
				return nil, row, nil
			case of == tensor.U8:
				to.U8[i] = uint8(v)
			default:
				to.I32[i] = int32(v)
			}
		}
	}
	return table.NewLists(of, to, width), -1, nil
}

// loosen makes the column one whose values need not be of the type: numbers where whole
// ones are expected stay what they are, all else is text.
func (c *conversion) loosen(f arrow.Field) {
	if c.want.Type == cell.Int64 && c.want.Layout() == nil && table.ClassOf(f.Type).Numeric() {
		c.asIs = true
		return
	}
	c.text = true
}

// settle decides on what lists are that are written in texts.
func (c *conversion) settle() {
	var ok bool
	if c.of, c.width, ok = c.tally.ListType(c.want.Type); !ok {
		c.of, c.width = tensor.F32, tensor.Ragged
	}
	c.text = c.empty()
}

// empty says whether no row has a list, so that the column is text.
func (c *conversion) empty() bool { return c.tally.Missing() > 0 && !c.tally.Lists() }

// settled says whether lists are what they were taken for.
func (c *conversion) settled() bool {
	if c == nil || c.text || c.asIs || c.exact != nil || !c.want.Type.IsList() {
		return true
	}
	of, width, ok := c.tally.ListType(c.want.Type)
	return !c.empty() && (!ok || of == c.of && width == c.width)
}
