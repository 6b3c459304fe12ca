package parquet

import (
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/data/tensor"
)

// Physical types.
const (
	typeBool       = 0
	typeInt32      = 1
	typeInt64      = 2
	typeInt96      = 3
	typeFloat      = 4
	typeDouble     = 5
	typeBytes      = 6
	typeFixedBytes = 7
)

// Repetitions.
const (
	required = 0
	optional = 1
	repeated = 2
)

// Logical types.
const (
	logicalString    = 1
	logicalMap       = 2
	logicalList      = 3
	logicalEnum      = 4
	logicalDecimal   = 5
	logicalDate      = 6
	logicalTime      = 7
	logicalTimestamp = 8
	logicalInteger   = 10
	logicalNull      = 11
	logicalJSON      = 12
	logicalUUID      = 14
	logicalFloat16   = 15
)

// Units of times.
const (
	millis = 1
	micros = 2
	nanos  = 3
)

// convertedTypes are the older way to write logical types.
var convertedTypes = map[int]logical{
	0: {kind: logicalString}, 1: {kind: logicalMap}, 2: {kind: logicalMap}, 3: {kind: logicalList}, 4: {kind: logicalEnum},
	5: {kind: logicalDecimal}, 6: {kind: logicalDate},
	7: {kind: logicalTime, unit: millis}, 8: {kind: logicalTime, unit: micros},
	9: {kind: logicalTimestamp, unit: millis}, 10: {kind: logicalTimestamp, unit: micros},
	11: {kind: logicalInteger, bits: 8}, 12: {kind: logicalInteger, bits: 16}, 13: {kind: logicalInteger, bits: 32}, 14: {kind: logicalInteger, bits: 64},
	15: {kind: logicalInteger, bits: 8, signed: true}, 16: {kind: logicalInteger, bits: 16, signed: true},
	17: {kind: logicalInteger, bits: 32, signed: true}, 18: {kind: logicalInteger, bits: 64, signed: true},
	19: {kind: logicalJSON},
}

// A leaf is a column as it is stored.
type leaf struct {
	name     string
	chunk    int // number of its chunk in every group
	physical int
	size     int // bytes of a value; 0 if each has its own length, or is a bit
	optional bool
	cast     cast
	local    bool   // its timestamps are in no zone
	list     *lists // nil if there is one value in each row
	err      error  // why a table cannot hold it
}

// typ is that of the column in the table.
func (l *leaf) typ() arrow.DataType {
	if l.list != nil {
		return table.ListType(l.list.element.Of(), tensor.Ragged)
	}
	return l.cast.to
}

// A cast makes values of a column type of a table.
type cast struct {
	to   arrow.DataType
	size int // bytes of a value; 0 of text
	// convert makes values of fixed size one after the other, nil if the bytes stay
	// the same; of those that each have their own length it is given one at a time.
	// format makes a text of one instead.
	convert func(dst, src []byte) error
	format  func(dst, src []byte) ([]byte, error)
}

// columns finds the columns of a file, those that cannot be taken too.
func (f *footer) columns() ([]*leaf, error) {
	w := walk{elements: f.elements}
	root, err := w.next()
	if err != nil {
		return nil, err
	}
	if root.children > len(f.elements) || root.children < 0 {
		return nil, errors.New("a group has more columns than there are")
	}
	var leaves []*leaf
	seen := map[string]bool{}
	for range root.children {
		first := w.leaves
		e, err := w.next()
		if err != nil {
			return nil, err
		}
		l := &leaf{name: e.name, chunk: first, physical: e.physical, optional: e.repetition == optional}
		element, list := e.list(w.elements)
		if e.physical < 0 {
			if err := w.skip(e, 0); err != nil {
				return nil, err
			}
		}
		switch {
		case e.name == "":
			return nil, errors.New("a column has no name")
		case seen[e.name]:
			return nil, diag.WithHint(fmt.Errorf("two columns are named %q", e.name), "write the file with another name for one of them")
		}
		seen[e.name] = true
		if list != nil {
			l.physical = element.physical
			l.err = l.decideList(element, list)
		} else {
			l.err = l.decide(e)
		}
		if l.err != nil {
			l.cast.to = arrow.Null
		}
		leaves = append(leaves, l)
	}
	if len(leaves) == 0 {
		return nil, errors.New("it has no columns")
	}
	for i, g := range f.groups {
		if len(g.chunks) != w.leaves {
			return nil, fmt.Errorf("damaged Parquet file: row group %d has %d columns, want %d", i, len(g.chunks), w.leaves)
		}
		if g.rows < 0 {
			return nil, fmt.Errorf("damaged Parquet file: row group %d has %d rows", i, g.rows)
		}
	}
	return leaves, nil
}

// A walk goes through the elements of a schema.
type walk struct {
	elements []element
	leaves   int // passed
}

func (w *walk) next() (e element, err error) {
	if len(w.elements) == 0 {
		return e, errors.New("damaged Parquet file: the schema ends in a group")
	}
	e, w.elements = w.elements[0], w.elements[1:]
	if e.physical >= 0 {
		w.leaves++
	}
	return e, nil
}

// skip passes over the children of a group.
func (w *walk) skip(e element, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("columns nested deeper than %d", maxDepth)
	}
	for range e.children {
		child, err := w.next()
		if err != nil {
			return err
		}
		if child.physical < 0 {
			if err := w.skip(child, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// means is what the values of an element are.
func (e *element) means() logical {
	means := e.logical
	if means.kind == 0 && e.converted >= 0 {
		means = convertedTypes[e.converted]
		means.scale, means.digits = e.scale, e.precision
	}
	return means
}

// decide finds the cast of a column.
func (l *leaf) decide(e element) (err error) {
	means := e.means()
	if e.physical < 0 || e.repetition == repeated {
		return nested(e, means)
	}
	switch e.physical {
	case typeInt32, typeFloat:
		l.size = 4
	case typeInt64, typeDouble:
		l.size = 8
	case typeInt96:
		l.size = 12
	case typeFixedBytes:
		if l.size = e.length; l.size < 1 || l.size > 1<<20 {
			return fmt.Errorf("damaged Parquet file: values of %d bytes", l.size)
		}
	case typeBool, typeBytes:
	default:
		return fmt.Errorf("damaged Parquet file: type %d", e.physical)
	}
	l.cast, err = l.castOf(means)
	l.local = means.kind == logicalTimestamp && means.local
	return err
}

// nested says what can be done about a column that has columns.
func nested(e element, means logical) error {
	what, hint := "a struct", "flatten it before, for example in DuckDB with a column for each of its fields"
	switch {
	case means.kind == logicalList || e.repetition == repeated:
		what, hint = "a list of something else than numbers", "unnest it before, or leave it out with select"
	case means.kind == logicalMap:
		what = "a map"
	}
	return diag.WithHint(fmt.Errorf("it holds %s, which no column of a table can", what), hint)
}

func same(to arrow.DataType, size int) cast { return cast{to: to, size: size} }

// castOf finds what becomes of values that are stored as they are and mean what
// they mean. What does not fit together is taken as it is stored.
func (l *leaf) castOf(means logical) (cast, error) {
	switch {
	case means.kind == logicalDecimal:
		return decimalCast(l, means.digits, means.scale)
	case means.kind == logicalNull:
		return nullCast(), nil
	}
	switch l.physical {
	case typeBool:
		return cast{to: arrow.FixedWidthTypes.Boolean, size: 1}, nil
	case typeInt32:
		switch means.kind {
		case logicalDate:
			return same(arrow.FixedWidthTypes.Date32, 4), nil
		case logicalTime:
			return timeCast(l.size, millis), nil
		case logicalInteger:
			return integerCast(means), nil
		}
		return same(arrow.PrimitiveTypes.Int32, 4), nil
	case typeInt64:
		switch means.kind {
		case logicalTime:
			return timeCast(l.size, means.unit), nil
		case logicalTimestamp:
			return timestampCast(means.unit), nil
		case logicalInteger:
			if !means.signed {
				return same(arrow.PrimitiveTypes.Uint64, 8), nil
			}
		}
		return same(arrow.PrimitiveTypes.Int64, 8), nil
	case typeInt96:
		return cast{to: nanosType(), size: 8, convert: each(12, 8, int96)}, nil
	case typeFloat:
		return same(arrow.PrimitiveTypes.Float32, 4), nil
	case typeDouble:
		return same(arrow.PrimitiveTypes.Float64, 8), nil
	case typeBytes:
		// Older writers do not say that bytes are text. What is none is an error
		// with its row.
		return cast{to: arrow.BinaryTypes.String}, nil
	}
	switch {
	case means.kind == logicalUUID && l.size == 16:
		return cast{to: arrow.BinaryTypes.String, format: uuid}, nil
	case means.kind == logicalFloat16 && l.size == 2:
		return cast{to: arrow.PrimitiveTypes.Float32, size: 4, convert: each(2, 4, half)}, nil
	}
	return cast{}, diag.WithHint(errors.New("it holds bytes, which no column of a table can"), "decode them before, or leave the column out with select")
}

// nullCast is that of a column that is said to have no value.
func nullCast() cast {
	none := func([]byte, []byte) ([]byte, error) {
		return nil, errors.New("a value in a column that is said to have none")
	}
	return cast{to: arrow.BinaryTypes.String, format: none}
}

func nanosType() arrow.DataType { return &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"} }

func timestampCast(unit int) cast {
	switch unit {
	case millis:
		return cast{to: table.TimestampType(), size: 8, convert: each(8, 8, thousandfold)}
	case nanos:
		return same(nanosType(), 8)
	}
	return same(table.TimestampType(), 8)
}

func timeCast(size, unit int) cast {
	switch {
	case size == 4:
		return cast{to: arrow.FixedWidthTypes.Time64us, size: 8, convert: each(4, 8, timeOfDay(1e3, 1e3))}
	case unit == nanos:
		return cast{to: arrow.FixedWidthTypes.Time64ns, size: 8, convert: each(8, 8, timeOfDay(1e9, 1))}
	}
	return cast{to: arrow.FixedWidthTypes.Time64us, size: 8, convert: each(8, 8, timeOfDay(1e6, 1))}
}

func integerCast(means logical) cast {
	switch {
	case means.bits == 8 && means.signed:
		return cast{to: arrow.PrimitiveTypes.Int8, size: 1, convert: narrow[int8]}
	case means.bits == 8:
		return cast{to: arrow.PrimitiveTypes.Uint8, size: 1, convert: narrow[uint8]}
	case means.bits == 16 && means.signed:
		return cast{to: arrow.PrimitiveTypes.Int16, size: 2, convert: narrow[int16]}
	case means.bits == 16:
		return cast{to: arrow.PrimitiveTypes.Uint16, size: 2, convert: narrow[uint16]}
	case !means.signed:
		return same(arrow.PrimitiveTypes.Uint32, 4)
	}
	return same(arrow.PrimitiveTypes.Int32, 4)
}
