package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/source/query"
	"pipe/data/table"
	"pipe/data/tensor"
)

// The numbers of types.
const (
	oidBool        = 16
	oidBytes       = 17
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidOID         = 26
	oidFloat4      = 700
	oidFloat8      = 701
	oidInt2List    = 1005
	oidInt4List    = 1007
	oidInt8List    = 1016
	oidFloat4List  = 1021
	oidFloat8List  = 1022
	oidDate        = 1082
	oidTime        = 1083
	oidTimestamp   = 1114
	oidTimestampTZ = 1184
	oidNumeric     = 1700
)

// A column is one of a query, with what becomes of it.
type column struct {
	name string
	to   arrow.DataType
	// binary says whether its values are asked for in the form that the server has
	// them in, else they are texts.
	binary  bool
	size    int // bytes of a value of fixed size, 0 of text and lists
	put     func(b *builder, v []byte) error
	of      tensor.Type // elements of a list
	numeric bool        // and not text, though its values come as text
	local   bool        // timestamps in no zone
	open    bool        // numeric without declared digits: all values decide
	err     error       // why a table cannot hold it
}

// describe finds the columns that a query gives. from is what stands for it after
// FROM.
func (rd *reading) describe(ctx context.Context, sql, from string) error {
	d, err := rd.conn.Prepare(ctx, "", sql, nil)
	if err != nil {
		return wrap(rd.data, err)
	}
	if len(d.Fields) == 0 {
		return fmt.Errorf("%s has no columns", rd.data)
	}
	seen := map[string]bool{}
	names := make([]arrow.Field, len(d.Fields))
	for i, f := range d.Fields {
		switch {
		case f.Name == "" || f.Name == "?column?":
			return diag.WithHint(fmt.Errorf("%s: column %d has no name", rd.data, i+1), "give it one: AS name")
		case seen[f.Name]:
			return diag.WithHint(fmt.Errorf("%s: two columns are named %q", rd.data, f.Name), "give one of them another name: AS name")
		}
		seen[f.Name] = true
		names[i] = arrow.Field{Name: f.Name, Type: arrow.Null}
		c := columnOf(f.DataTypeOID, f.TypeModifier)
		c.name = f.Name
		rd.columns = append(rd.columns, c)
	}
	if rd.keep, err = rd.in.Keep(rd.data, arrow.NewSchema(names, nil)); err != nil {
		return err
	}
	return rd.decideNumerics(ctx, from)
}

// columnOf finds what becomes of a type.
func columnOf(oid uint32, modifier int32) column {
	fixed := func(to arrow.DataType, size int, put func(b *builder, v []byte) error) column {
		return column{to: to, size: size, binary: true, put: put}
	}
	p := arrow.PrimitiveTypes
	switch oid {
	case oidBool:
		return fixed(arrow.FixedWidthTypes.Boolean, 1, putBool)
	case oidInt2:
		return fixed(p.Int16, 2, putBytes[uint16])
	case oidInt4:
		return fixed(p.Int32, 4, putBytes[uint32])
	case oidInt8:
		return fixed(p.Int64, 8, putBytes[uint64])
	case oidOID:
		return fixed(p.Uint32, 4, putBytes[uint32])
	case oidFloat4:
		return fixed(p.Float32, 4, putBytes[uint32])
	case oidFloat8:
		return fixed(p.Float64, 8, putBytes[uint64])
	case oidDate:
		return fixed(arrow.FixedWidthTypes.Date32, 4, putDate)
	case oidTime:
		return fixed(table.TimeType(), 8, putTime)
	case oidTimestamp, oidTimestampTZ:
		c := fixed(table.TimestampType(), 8, putTimestamp)
		c.local = oid == oidTimestamp
		return c
	case oidNumeric:
		return numericColumn(modifier)
	case oidFloat4List:
		return column{to: table.ListType(tensor.F32, tensor.Ragged), of: tensor.F32, binary: true, put: putList}
	case oidInt4List, oidInt2List:
		return column{to: table.ListType(tensor.I32, tensor.Ragged), of: tensor.I32, binary: true, put: putList}
	case oidInt8List:
		return column{to: arrow.Null, err: diag.WithHint(errors.New("it is bigint[], and a list holds whole numbers of 32 bits"), "cast it in a query: name::integer[]")}
	case oidFloat8List:
		return column{to: arrow.Null, err: diag.WithHint(errors.New("it is double precision[], and a list holds float32"), "cast it in a query: name::real[]")}
	case oidBytes:
		return column{to: arrow.Null, err: diag.WithHint(errors.New("it is bytea, which no column of a table can hold"), "leave it out with select, or make text of it in a query: encode(name, 'base64')")}
	}
	return textColumn()
}

func textColumn() column { return column{to: arrow.BinaryTypes.String, put: putText} }

// numericColumn is one of numeric(digits, scale).
func numericColumn(modifier int32) column {
	const head = 4
	if modifier < head {
		return column{to: arrow.BinaryTypes.String, put: putText, numeric: true, open: true}
	}
	digits := int(modifier-head) >> 16 & 0xffff
	scale := int(int32(modifier-head)<<21) >> 21 // eleven bits, with a sign
	return decimalColumn(table.DecimalType(digits, scale))
}

// decimalColumn is one of numeric that becomes a type.
func decimalColumn(to arrow.DataType) column {
	switch to.ID() {
	case arrow.INT64:
		return column{to: to, size: 8, put: putWhole, numeric: true}
	case arrow.FLOAT64:
		return column{to: to, size: 8, put: putReal, numeric: true}
	}
	return column{to: to, put: putText, numeric: true}
}

// decideNumerics looks at all values of the columns of numeric that do not say how
// many digits they have, such as sums.
func (rd *reading) decideNumerics(ctx context.Context, from string) error {
	var list []string
	var open []int
	for _, i := range rd.keep {
		if c := &rd.columns[i]; c.open {
			name := query.Name(c.name)
			open = append(open, i)
			list = append(list, fmt.Sprintf("bool_and(%s = trunc(%s) AND abs(%s) < 1e%d)", name, name, name, table.MaxWholeDigits),
				fmt.Sprintf("bool_and(length(trim('0' from replace(abs(%s)::text, '.', ''))) <= %d)", name, table.MaxExactDigits))
		}
	}
	if len(open) == 0 {
		return nil
	}
	rows, err := rd.texts(ctx, "SELECT "+strings.Join(list, ", ")+" FROM "+from)
	if err != nil {
		return wrap(rd.data, err)
	}
	if len(rows) != 1 || len(rows[0]) != len(list) {
		return fmt.Errorf("%s: PostgreSQL gave %d rows of an aggregate", rd.data, len(rows))
	}
	for k, i := range open {
		name := rd.columns[i].name
		switch {
		case rows[0][2*k] == "t":
			rd.columns[i] = decimalColumn(arrow.PrimitiveTypes.Int64)
		case rows[0][2*k+1] == "t":
			rd.columns[i] = decimalColumn(arrow.PrimitiveTypes.Float64)
		default:
			rd.columns[i] = decimalColumn(arrow.BinaryTypes.String)
			rd.long = append(rd.long, name)
		}
		rd.columns[i].name = name
	}
	return nil
}

// place says where a value is.
func (rd *reading) place(row int64, c *column, err error) error {
	return fmt.Errorf("%s: row %s, column %q: %w", rd.data, strconv.FormatInt(row, 10), c.name, err)
}
