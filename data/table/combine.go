package table

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// A Place is a row of one of several records. With a negative Row it is none: a row
// without values.
type Place struct{ Record, Row int32 }

// Nowhere is the place of a row without values.
var Nowhere = Place{Row: -1}

// Combine gives rows of several records, in the order of the places, which it does
// not check. The records have the columns of the schema. The rows are copied.
func Combine(schema *arrow.Schema, records []arrow.RecordBatch, rows []Place) (arrow.RecordBatch, error) {
	if len(records) == 0 { // then all are Nowhere
		empty, err := emptyRecord(schema)
		if err != nil {
			return nil, err
		}
		defer empty.Release()
		records = []arrow.RecordBatch{empty}
	}
	columns := newColumns(schema)
	sources := make([]arrow.Array, len(records))
	for i, c := range columns {
		for r, rec := range records {
			sources[r] = rec.Column(i)
		}
		if err := c.combine(sources, rows); err != nil {
			return nil, fmt.Errorf("table: column %q: %w", schema.Field(i).Name, err)
		}
	}
	return recordOf(schema, columns), nil
}

func emptyRecord(schema *arrow.Schema) (arrow.RecordBatch, error) {
	if schema.NumFields() == 0 {
		return nil, fmt.Errorf("table: a table needs at least one column")
	}
	return recordOf(schema, newColumns(schema)), nil
}

// combine puts rows of several arrays into the column, which is empty.
func (c *column) combine(arrays []arrow.Array, rows []Place) error {
	switch arrays[0].(type) {
	case *array.FixedSizeList, *array.List:
		return c.combineLists(arrays, rows)
	}
	n := len(rows)
	c.combineValid(arrays, rows)
	c.rows = n
	switch arrays[0].(type) {
	case *array.String:
		return c.combineText(arrays, rows)
	case *array.Boolean:
		c.values = make([]byte, bitutil.BytesForBits(int64(n)))
		for i, p := range rows {
			if c.has(i) && arrays[p.Record].(*array.Boolean).Value(int(p.Row)) {
				bitutil.SetBit(c.values, i)
			}
		}
		return nil
	}
	c.values = make([]byte, n*c.size)
	switch c.size {
	case 1:
		combineValues(c, c.values, arrays, rows)
	case 2:
		combineValues(c, arrow.Uint16Traits.CastFromBytes(c.values), arrays, rows)
	case 4:
		combineValues(c, arrow.Uint32Traits.CastFromBytes(c.values), arrays, rows)
	default:
		combineValues(c, arrow.Uint64Traits.CastFromBytes(c.values), arrays, rows)
	}
	return nil
}

// has says whether row i has a value, once combineValid knows.
func (c *column) has(i int) bool { return c.nulls == 0 || bitutil.BitIsSet(c.valid, i) }

// combineValid finds out which rows have a value.
func (c *column) combineValid(arrays []arrow.Array, rows []Place) {
	nulls := make([]bool, len(arrays)) // of each array, whether it has any
	some := false
	for i, a := range arrays {
		nulls[i] = a.NullN() > 0
		some = some || nulls[i]
	}
	for i, p := range rows {
		if p.Row >= 0 && !(some && nulls[p.Record] && arrays[p.Record].IsNull(int(p.Row))) {
			continue
		}
		if c.nulls == 0 {
			c.valid = make([]byte, bitutil.BytesForBits(int64(len(rows))))
			bitutil.SetBitsTo(c.valid, 0, int64(len(rows)), true)
		}
		bitutil.ClearBit(c.valid, i)
		c.nulls++
	}
}

func combineValues[T uint8 | uint16 | uint32 | uint64](c *column, dst []T, arrays []arrow.Array, rows []Place) {
	sources := make([][]T, len(arrays))
	for i, a := range arrays {
		sources[i] = valuesOf[T](a)
	}
	dst = dst[:len(rows)]
	if c.nulls == 0 {
		for i, p := range rows {
			dst[i] = sources[p.Record][p.Row]
		}
		return
	}
	for i, p := range rows {
		if bitutil.BitIsSet(c.valid, i) {
			dst[i] = sources[p.Record][p.Row]
		}
	}
}

func (c *column) combineText(arrays []arrow.Array, rows []Place) error {
	c.offsets = make([]int32, len(rows)+1)
	size := 0
	for i, p := range rows {
		if c.has(i) {
			size += arrays[p.Record].(*array.String).ValueLen(int(p.Row))
		}
		if size > math.MaxInt32 {
			return errTextTooLong(len(rows))
		}
		c.offsets[i+1] = int32(size)
	}
	c.text = make([]byte, 0, size)
	for i, p := range rows {
		if c.has(i) {
			c.text = append(c.text, arrays[p.Record].(*array.String).Value(int(p.Row))...)
		}
	}
	return nil
}

func (c *column) combineLists(arrays []arrow.Array, rows []Place) error {
	for _, p := range rows {
		if p.Row < 0 {
			return errListNulls
		}
		if err := c.appendRange(arrays[p.Record], int(p.Row), int(p.Row)+1); err != nil {
			return err
		}
	}
	return nil
}
