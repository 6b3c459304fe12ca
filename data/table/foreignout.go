package table

import "errors"

// maxNested bounds columns in columns.
const maxNested = 64

var errNested = errors.New("columns are nested too deeply")

// leaveOut remembers the dictionaries of a column that is left out.
func (f *Foreign) leaveOut(t flatTable, depth int) error {
	if depth > maxNested {
		return errNested
	}
	if encoding, coded := t.table(4); coded {
		f.others[encoding.int64(0)] = true
	}
	for _, child := range t.tables(5) {
		if err := f.leaveOut(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// The further types of Arrow, by their numbers in a schema.
const (
	typeStruct        = 13
	typeUnion         = 14
	typeMap           = 17
	typeRunEnds       = 22
	typeListView      = 25
	typeLargeListView = 26
)

// buffersOf is how many buffers an array of a type has, besides those of its
// children.
func buffersOf(t flatTable) int {
	if _, coded := t.table(4); coded {
		return 2
	}
	switch t.byte(2) {
	case typeNull, typeRunEnds:
		return 0
	case typeStruct, typeFixedSizeList:
		return 1
	case typeUtf8, typeBinary, typeLargeUtf8, typeLargeBinary, typeListView, typeLargeListView:
		return 3
	case typeUnion:
		if def, ok := t.table(3); ok && def.short(0) == 1 {
			return 2 // dense: it has offsets
		}
		return 1
	}
	return 2
}

// leaveOut passes over the buffers of a column.
func (b *batchReader) leaveOut(t flatTable, depth int) error {
	if depth > maxNested {
		return errNested
	}
	n := buffersOf(t)
	_, coded := t.table(4)
	if number := t.byte(2); !coded && (number == typeUtf8View || number == typeBinaryView) {
		if len(b.views) == 0 || b.views[0] < 0 || b.views[0] > int64(len(b.spans)) {
			return errors.New("the number of buffers of a column of views is wrong")
		}
		n += int(b.views[0])
		b.views = b.views[1:]
	}
	if len(b.nodes) == 0 || len(b.spans) < n {
		return errors.New("it has fewer arrays or buffers than its columns need")
	}
	b.nodes, b.spans = b.nodes[1:], b.spans[n:]
	if coded {
		return nil // the children are those of the dictionary
	}
	for _, child := range t.tables(5) {
		if err := b.leaveOut(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}
