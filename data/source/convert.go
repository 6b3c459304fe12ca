package source

import (
	"errors"
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"pipe/base/diag"
	"pipe/data/source/cell"
	"pipe/data/table"
	"pipe/data/tensor"
)

// A conversion makes a column of typed data one of the type that a contract names.
type conversion struct {
	at   int // column of the data
	name string
	want cell.ColumnType
	// exact makes the values without a text of each. wrong is the first row that cannot
	// be one, -1 if all can. It is nil for values that are read as text is.
	exact func(arr arrow.Array) (to arrow.Array, wrong int, err error)
	form  cell.Form // of the values as text

	of    tensor.Type // of the elements of lists
	width int         // of lists: a guess until all were seen

	asIs    bool // it has numbers of another type, which serve as well
	text    bool // the column is text, since values of it are not of the type
	tally   cell.Tally
	builder cell.Builder
	buf     []byte
}

// converter finds what makes values of a type that a contract names of those that a
// column has, nil if they are of it. ok is false if no value could be one.
func converter(f arrow.Field, at int, want cell.ColumnType) (c *conversion, ok bool) {
	class := table.ClassOf(f.Type)
	// Texts and numbers may be dates that are written in some way, dates are not written.
	written := class == table.ClassText || class.Numeric()
	if !written {
		want = want.Plain()
	}
	if want.Type.String() == table.TypeName(f.Type) && want.Layout() == nil {
		return nil, true
	}
	c = &conversion{at: at, name: f.Name, want: want}
	switch class { // of the values as text
	case table.ClassOther:
		return c.ofLists(f)
	case table.ClassText:
		c.form = cell.Text
		c.want = want.Exactly()
	case table.ClassBool:
		c.form = cell.Truth
	default:
		c.form = cell.Number // or what else programs write
	}
	switch {
	case want.Type.IsList():
		c.settle()
	case want.Layout() != nil:
	case want.Type == cell.Float64 && class.Numeric():
		c.exact = toReal
	case want.Type == cell.Int64 && class == table.ClassWhole && f.Type.ID() != arrow.UINT64:
		c.exact = toWhole
	}
	return c, true
}

// field is the column as it is made, quoted if its texts may be in quotes.
func (c *conversion) field(quoted bool) arrow.Field {
	f := arrow.Field{Name: c.name, Type: c.want.Type.Arrow(), Nullable: true}
	meta := map[string]string{cell.TypeKey: "declared"}
	switch l := c.want.Layout(); {
	case c.text:
		f.Type = arrow.BinaryTypes.String
		if quoted {
			meta[cell.QuotedKey] = "true"
		}
	case c.of != "":
		f.Type = table.ListType(c.of, c.width)
	case l != nil:
		meta[cell.LayoutKey] = l.String()
	}
	f.Metadata = arrow.MetadataFrom(meta)
	return f
}

// errMisfit says that a column has to be text, which is no matter for people.
var errMisfit = errors.New("values are not of the type that was expected")

// apply converts some rows, which come after others.
func (c *conversion) apply(s *stream, arr arrow.Array) (arrow.Array, error) {
	if c.exact != nil && !c.text && !c.asIs {
		to, wrong, err := c.exact(arr)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: column %q: %w", s.data, c.name, err)
		case wrong < 0:
			return to, nil
		case !c.want.Expected:
			return nil, c.wrong(s, arr, wrong)
		}
	}
	texts, valid, err := table.Texts(arr)
	if err != nil {
		return nil, fmt.Errorf("%s: column %q: %w", s.data, c.name, err)
	}
	rules := &s.in.Contract.Rules
	c.builder.Reset(s.columns.Target(c.at, c.text).AsLists(c.of, c.width), len(texts))
	for row, text := range texts {
		if valid != nil && !valid[row] {
			if c.tally.Null(1); c.want.Type.IsList() && !c.want.Expected {
				return nil, c.wrong(s, arr, row)
			}
			c.builder.Null(row)
			continue
		}
		c.buf = append(c.buf[:0], text...)
		switch c.tally.Value(rules, c.want, c.form, c.buf) {
		case cell.First:
			c.tally.PlaceRow(s.rows + int64(row) + 1)
		case cell.Wrong:
			return nil, c.wrong(s, arr, row)
		}
		if c.asIs {
			continue
		}
		c.builder.Set(rules, row, c.form, c.buf)
	}
	if c.asIs {
		arr.Retain()
		return arr, nil
	}
	if !c.text && (c.misfits() != nil || c.builder.Misfit()) {
		return nil, errMisfit
	}
	// The memory of a builder is that of its array, and the next batch is made before
	// this one is let go of.
	b := c.builder
	c.builder = cell.Builder{}
	return b.Array(len(texts)), nil
}

// misfits are the values that are not as expected, nil if there are none.
func (c *conversion) misfits() *cell.Misfits {
	if !c.want.Expected || c.asIs {
		return nil
	}
	return c.tally.Misfits(c.want.Type)
}

// wrong says that the value in a row cannot have the type that is wanted.
func (c *conversion) wrong(s *stream, arr arrow.Array, row int) error {
	msg, hint := fmt.Sprintf("%.60s is no %s", arr.ValueStr(row), c.want.Type), "a column of this format has a type: leave the setting out, or change the column"
	if c.of != "" && table.ClassOf(arr.DataType()) == table.ClassOther {
		msg, hint = c.want.Wrong(&s.in.Contract.Rules, []byte(arr.ValueStr(row)))
	} else if c.form == cell.Text || c.want.Layout() != nil {
		texts, _, err := table.Texts(array.NewSlice(arr, int64(row), int64(row)+1))
		if err != nil {
			return err
		}
		msg, hint = c.want.Wrong(&s.in.Contract.Rules, []byte(texts[0]))
	}
	return diag.WithHint(fmt.Errorf("%s: row %d, column %q: %s", s.data, s.rows+int64(row)+1, c.name, msg), hint)
}

// toReal makes float64 of numbers. It is wrong where that would change one.
func toReal(arr arrow.Array) (arrow.Array, int, error) {
	values, valid, err := table.Floats(arr)
	if err != nil {
		return nil, 0, err
	}
	const most = 1 << 53 // from here on not every whole number is a float64
	for row, v := range values {
		if math.Abs(v) < most || valid != nil && !valid[row] {
			continue
		}
		switch a := arr.(type) {
		case *array.Int64:
			if v >= math.MaxInt64 || int64(v) != a.Value(row) {
				return nil, row, nil
			}
		case *array.Uint64:
			if v >= math.MaxUint64 || uint64(v) != a.Value(row) {
				return nil, row, nil
			}
		}
	}
	return table.NewArray(values, valid), -1, nil
}

// toWhole makes int64 of shorter whole numbers.
func toWhole(arr arrow.Array) (arrow.Array, int, error) {
	values, valid, err := table.Floats(arr)
	if err != nil {
		return nil, 0, err
	}
	whole := make([]int64, len(values))
	for i, v := range values {
		whole[i] = int64(v)
	}
	return table.NewArray(whole, valid), -1, nil
}
