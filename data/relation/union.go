package relation

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"pipe/base/diag"
	"pipe/data/source/block"
	"pipe/data/source/cell"
	"pipe/data/table"
)

// A Named is a table with its name in messages, and in the column of sources.
type Named struct {
	*table.Reader
	Name, Label string
}

// A Union is the rows of one table after those of the other.
type Union struct {
	Lacking bool   // columns may lack in some of them, and are missing there
	Source  string // a column that says which table a row is from; empty for none
}

// A Unifier is a union of tables with certain columns.
type Unifier struct {
	Union
	tables []Named
	out    *arrow.Schema
	from   [][]int // of each table, where it has each column; -1 if it lacks
}

// NewUnifier checks that tables can be one.
func NewUnifier(ctx context.Context, tables []Named, union Union) (*Unifier, error) {
	u := &Unifier{Union: union, tables: tables, from: make([][]int, len(tables))}
	var names []string
	for _, t := range tables {
		for _, name := range table.Names(t.Schema()) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	var fields []arrow.Field
	for _, name := range names {
		f, err := u.column(ctx, name)
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
	if union.Source != "" {
		if slices.Contains(names, union.Source) {
			return nil, diag.WithHint(fmt.Errorf("source: there is a column %q already", union.Source), "choose another name")
		}
		fields = append(fields, arrow.Field{Name: union.Source, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	meta := tables[0].Schema().Metadata()
	for _, t := range tables {
		if !t.Schema().Metadata().Equal(meta) {
			meta = arrow.Metadata{} // it is not of all rows
		}
	}
	u.out = arrow.NewSchema(fields, &meta)
	return u, nil
}

// Schema is that of what is made.
func (u *Unifier) Schema() *arrow.Schema { return u.out }

// column finds a column in all tables, and a type for all.
func (u *Unifier) column(ctx context.Context, name string) (f arrow.Field, err error) {
	places := make([]int, len(u.tables))
	for i, t := range u.tables {
		places[i] = -1
		if found := t.Schema().FieldIndices(name); len(found) > 0 {
			places[i] = found[0]
		} else if !u.Lacking {
			return f, u.lacks(i, name)
		}
	}
	f, a, _ := u.typed(places)
	if a >= 0 {
		// What nobody has written has no type: it is text, and in no other's way.
		for i, at := range places {
			if at >= 0 && u.empty(ctx, u.tables[i], at) {
				places[i] = -1
			}
		}
		var b int
		if f, a, b = u.typed(places); a >= 0 {
			return f, u.conflict(a, b, name)
		}
	}
	for i, at := range places {
		u.from[i] = append(u.from[i], at)
		if at < 0 && table.ClassOf(f.Type) == table.ClassOther {
			return f, diag.WithHint(fmt.Errorf("column %q holds lists, which cannot be missing, and %s lacks it", name, u.tables[i].Name), "leave the column out before")
		}
	}
	f.Nullable = true
	return f, nil
}

// typed is a column with a type that holds the values of all tables that have it, at
// some place. If there is none it gives two tables that do not go together.
func (u *Unifier) typed(places []int) (f arrow.Field, a, b int) {
	first := -1
	for i, at := range places {
		switch {
		case at < 0:
		case first < 0:
			f, first = u.tables[i].Schema().Field(at), i
		default:
			both, ok := unified(f.Type, u.tables[i].Schema().Field(at).Type)
			if !ok {
				return f, first, i
			}
			f.Type = both
			if other := u.tables[i].Schema().Field(at); layoutOf(other) != layoutOf(f) {
				meta := f.Metadata.ToMap()
				delete(meta, cell.LayoutKey) // it is not of all rows
				f.Metadata = arrow.MetadataFrom(meta)
			}
		}
	}
	return f, -1, -1
}

// layoutOf is how the dates of a column were written, empty if it does not say so.
func layoutOf(f arrow.Field) string {
	layout, _ := f.Metadata.GetValue(cell.LayoutKey)
	return layout
}

// lacks is the error of a table that lacks a column.
func (u *Unifier) lacks(i int, name string) error {
	has := slices.IndexFunc(u.tables, func(t Named) bool { return len(t.Schema().FieldIndices(name)) > 0 })
	err := fmt.Errorf("%s has no column %q, which %s has", u.tables[i].Name, name, u.tables[has].Name)
	hint := "write `columns: all` if it is to be missing there"
	if near, ok := diag.Nearest(name, table.Names(u.tables[i].Schema())); ok && len(u.tables[has].Schema().FieldIndices(near)) == 0 {
		hint = fmt.Sprintf("its column %q may be the same: give both one name; or %s", near, hint)
	}
	return diag.WithHint(err, hint)
}

func (u *Unifier) conflict(a, b int, name string) error {
	of := func(i int) string {
		return table.TypeName(u.tables[i].Schema().Field(u.tables[i].Schema().FieldIndices(name)[0]).Type)
	}
	return diag.WithHint(fmt.Errorf("column %q is %s in %s, and %s in %s, and no type holds both", name, of(a), u.tables[a].Name, of(b), u.tables[b].Name),
		fmt.Sprintf("read both as one type where they are made, such as `columns: {%s: string}` of the ingest stage", name))
}

// empty says whether a column of text has no value.
func (u *Unifier) empty(ctx context.Context, t Named, at int) bool {
	f := t.Schema().Field(at)
	if table.ClassOf(f.Type) != table.ClassText {
		return false
	}
	only, err := t.Select(f.Name)
	if err != nil {
		return false
	}
	for rec, err := range only.Batches() {
		if err != nil || ctx.Err() != nil || rec.Column(0).NullN() < int(rec.NumRows()) {
			return false
		}
	}
	return true
}

// unified is the type that holds the values of two, if there is one.
func unified(a, b arrow.DataType) (arrow.DataType, bool) {
	if arrow.TypeEqual(a, b) {
		return a, true
	}
	x, y := table.ClassOf(a), table.ClassOf(b)
	switch {
	case x.Numeric() && y.Numeric() && (x == table.ClassReal || y == table.ClassReal):
		return arrow.PrimitiveTypes.Float64, true
	case x == table.ClassWhole && y == table.ClassWhole:
		return wider(a, b)
	case x == table.ClassTime && y == table.ClassTime, x == table.ClassTimestamp && y == table.ClassTimestamp:
		if inNanos(a) {
			return a, true
		}
		return b, true
	case x == table.ClassDate && y == table.ClassTimestamp:
		return b, true
	case x == table.ClassTimestamp && y == table.ClassDate:
		return a, true
	}
	return nil, false
}

// wholeTypes are those of whole numbers, by their size.
var wholeTypes = map[bool][]arrow.DataType{
	true:  {arrow.PrimitiveTypes.Int8, arrow.PrimitiveTypes.Int16, arrow.PrimitiveTypes.Int32, arrow.PrimitiveTypes.Int64},
	false: {arrow.PrimitiveTypes.Uint8, arrow.PrimitiveTypes.Uint16, arrow.PrimitiveTypes.Uint32, arrow.PrimitiveTypes.Uint64},
}

// wider is the type of whole numbers that holds those of two.
func wider(a, b arrow.DataType) (arrow.DataType, bool) {
	place := func(t arrow.DataType) (signed bool, size int) {
		for signed, types := range wholeTypes {
			if i := slices.IndexFunc(types, func(other arrow.DataType) bool { return arrow.TypeEqual(t, other) }); i >= 0 {
				return signed, i
			}
		}
		panic("relation: not a type of whole numbers")
	}
	signedA, sizeA := place(a)
	signedB, sizeB := place(b)
	if signedA == signedB {
		return wholeTypes[signedA][max(sizeA, sizeB)], true
	}
	if !signedA {
		sizeA, sizeB = sizeB, sizeA
	}
	size := max(sizeA, sizeB+1) // of the one with a sign, and what the other needs to have one
	if size == len(wholeTypes[true]) {
		return nil, false
	}
	return wholeTypes[true][size], true
}

// Run emits the rows of all tables, in their order.
func (u *Unifier) Run(ctx context.Context, with Means, emit func(arrow.RecordBatch) error) error {
	var total, done int64
	for _, t := range u.tables {
		total += t.NumRows()
	}
	for i, t := range u.tables {
		work := func(p table.Piece) (arrow.RecordBatch, error) {
			defer p.Rows.Release()
			return u.record(i, p)
		}
		err := block.Ordered(ctx, max(1, with.Threads), with.pieces(t.Reader), work, func(rec arrow.RecordBatch) error {
			defer rec.Release()
			done += rec.NumRows()
			with.progress(done, total)
			return emit(rec)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// record makes rows of one of the tables rows of the union.
func (u *Unifier) record(i int, p table.Piece) (arrow.RecordBatch, error) {
	n := int(p.Rows.NumRows())
	columns := make([]arrow.Array, 0, u.out.NumFields())
	for c, at := range u.from[i] {
		f := u.out.Field(c)
		if at < 0 {
			columns = append(columns, array.MakeArrayOfNull(memory.DefaultAllocator, f.Type, n))
			continue
		}
		column, wrong := cast(p.Rows.Column(at), f.Type)
		if wrong >= 0 {
			return nil, diag.WithHint(fmt.Errorf("%s: row %d, column %q: %s is none of the values that %s holds, which it is together with other tables",
				u.tables[i].Name, p.At+int64(wrong)+1, f.Name, valueText(p.Rows.Column(at), wrong), table.TypeName(f.Type)),
				"read the column as the same type in all tables")
		}
		columns = append(columns, column)
	}
	if u.Source != "" {
		names := make([]string, n)
		for row := range names {
			names[row] = u.tables[i].Label
		}
		columns = append(columns, table.NewArray(names, nil))
	}
	return table.NewRecord(u.out, columns...)
}

// cast makes values of a type that unified has found. wrong is the first row whose
// value it does not hold, -1 if there is none.
func cast(col arrow.Array, to arrow.DataType) (out arrow.Array, wrong int) {
	if arrow.TypeEqual(col.DataType(), to) || table.ClassOf(to) == table.ClassOther {
		col.Retain()
		return col, -1
	}
	valid := table.Valid(col)
	switch table.ClassOf(to) {
	case table.ClassReal:
		values, _, _ := table.Floats(col) // they are numbers
		if whole := table.ClassOf(col.DataType()) == table.ClassWhole; whole {
			for row, v := range values {
				if math.Abs(v) >= 1<<53 && (valid == nil || valid[row]) {
					return nil, row
				}
			}
		}
		return table.NewArray(values, valid), -1
	case table.ClassTimestamp, table.ClassTime:
		nanos := inNanos(to)
		values := instants(col, nanos)
		for row, v := range values {
			there := valid == nil || valid[row]
			if nanos && there && (v == math.MaxInt64 || v == math.MinInt64) {
				return nil, row
			}
			if !there {
				values[row] = 0
			}
		}
		if valid == nil {
			return table.NewFixedArray(to, len(values), arrow.Int64Traits.CastToBytes(values), nil), -1
		}
		return timesOf(to, values, valid), -1
	}
	values := wholes(col)
	switch to.ID() {
	case arrow.INT16:
		return table.NewArray(converted[int16](values), valid), -1
	case arrow.INT32:
		return table.NewArray(converted[int32](values), valid), -1
	case arrow.UINT16:
		return table.NewArray(converted[uint16](values), valid), -1
	case arrow.UINT32:
		return table.NewArray(converted[uint32](values), valid), -1
	case arrow.UINT64:
		return table.NewArray(converted[uint64](values), valid), -1
	}
	return table.NewArray(converted[int64](values), valid), -1
}
