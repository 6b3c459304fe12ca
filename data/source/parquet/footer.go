package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"pipe/base/diag"
	"pipe/data/source"
)

const (
	magic          = "PAR1"
	magicEncrypted = "PARE"

	// maxFooter bounds the footer in bytes. It has some hundred for each column
	// of each row group.
	maxFooter = 256 << 20
)

// A footer is what a file says of itself.
type footer struct {
	elements []element // of the schema, each before its children
	groups   []group
	told     map[string]string // pairs of what pipe notes; what other programs note is left out
}

// An element is a column or a group of columns.
type element struct {
	physical   int // type; -1 of a group
	length     int // bytes of a value of fixed length
	repetition int
	name       string
	children   int
	converted  int // -1 if there is none
	scale      int
	precision  int
	logical    logical
}

// A logical type says what values mean.
type logical struct {
	kind   int // 0 if there is none
	unit   int // of times
	local  bool
	bits   int
	signed bool
	scale  int
	digits int
}

// A group has some rows of all columns.
type group struct {
	rows   int64
	chunks []chunk
}

// A chunk is where a column of a group is.
type chunk struct {
	path       string // of another file
	physical   int
	codec      int
	values     int64
	packed     int64 // bytes
	data, dict int64 // offsets of the first page of each kind; dict 0 if there is none
	encrypted  bool
	known      bool // has metadata
}

func readFooter(f *source.File) (*footer, error) {
	const end = 8 // length of the footer, magic
	if f.Size < int64(len(magic)+end) {
		return nil, fmt.Errorf("%s is not a Parquet file, or only a part of one", f.Name)
	}
	tail := make([]byte, end)
	if err := f.ReadFull(tail, f.Size-end); err != nil {
		return nil, err
	}
	switch string(tail[4:]) {
	case magicEncrypted:
		return nil, errEncrypted(f)
	case magic:
	default:
		return nil, diag.WithHint(fmt.Errorf("%s is not a Parquet file, or only a part of one", f.Name), "was it copied whole?")
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length > f.Size-int64(len(magic))-end || length > maxFooter {
		return nil, fmt.Errorf("%s: damaged Parquet file: a footer of %d bytes", f.Name, length)
	}
	buf := make([]byte, length)
	if err := f.ReadFull(buf, f.Size-end-length); err != nil {
		return nil, err
	}
	t := &thrift{buf: buf}
	var meta footer
	encrypted := false
	t.structure(func(number int, kind byte) bool {
		switch {
		case number == 2 && kind == thriftList:
			t.list(func() { meta.elements = append(meta.elements, t.element()) })
		case number == 4 && kind == thriftList:
			t.list(func() { meta.groups = append(meta.groups, t.group()) })
		case number == 5 && kind == thriftList:
			t.list(func() { t.pair(&meta) })
		case number == 8:
			encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	switch {
	case t.err != nil:
		return nil, fmt.Errorf("%s: damaged Parquet file: footer: %w", f.Name, t.err)
	case encrypted:
		return nil, errEncrypted(f)
	case len(meta.elements) == 0:
		return nil, fmt.Errorf("%s: damaged Parquet file: no columns", f.Name)
	}
	return &meta, nil
}

func errEncrypted(f *source.File) error {
	return diag.WithHint(fmt.Errorf("%s is an encrypted Parquet file", f.Name), "write it without encryption: no key can be given")
}

func (t *thrift) pair(meta *footer) {
	var key, value string
	t.structure(func(number int, kind byte) bool {
		switch {
		case number == 1 && kind == thriftBinary:
			key = t.text()
		case number == 2 && kind == thriftBinary:
			value = t.text()
		default:
			return false
		}
		return true
	})
	if strings.HasPrefix(key, "pipe.") {
		if meta.told == nil {
			meta.told = map[string]string{}
		}
		meta.told[key] = value
	}
}

func (t *thrift) element() element {
	e := element{physical: -1, converted: -1}
	t.structure(func(number int, kind byte) bool {
		switch {
		case number == 4 && kind == thriftBinary:
			e.name = t.text()
			return true
		case number == 10 && kind == thriftStruct:
			e.logical = t.logical()
			return true
		case kind != thriftInt32:
			return false
		}
		switch v := int(t.int()); number {
		case 1:
			e.physical = v
		case 2:
			e.length = v
		case 3:
			e.repetition = v
		case 5:
			e.children = v
		case 6:
			e.converted = v
		case 7:
			e.scale = v
		case 8:
			e.precision = v
		}
		return true
	})
	return e
}

// logical reads a union: the number of its field is the type.
func (t *thrift) logical() (l logical) {
	t.structure(func(number int, kind byte) bool {
		if kind != thriftStruct {
			return false
		}
		l.kind = number
		t.structure(func(number int, kind byte) bool {
			switch {
			case l.kind == logicalDecimal && kind == thriftInt32 && number == 1:
				l.scale = int(t.int())
			case l.kind == logicalDecimal && kind == thriftInt32 && number == 2:
				l.digits = int(t.int())
			case l.kind == logicalInteger && kind == thriftByte && number == 1:
				l.bits = int(t.byte())
			case l.kind == logicalInteger && number == 2:
				l.signed = kind == thriftTrue
			case number == 1:
				l.local = kind == thriftFalse // not adjusted to UTC
			case number == 2 && kind == thriftStruct:
				t.structure(func(unit int, _ byte) bool {
					l.unit = unit
					return false
				})
				return true
			default:
				return false
			}
			return kind != thriftStruct
		})
		return true
	})
	return l
}

func (t *thrift) group() (g group) {
	t.structure(func(number int, kind byte) bool {
		switch {
		case number == 1 && kind == thriftList:
			t.list(func() { g.chunks = append(g.chunks, t.chunk()) })
		case number == 3 && kind == thriftInt64:
			g.rows = t.int()
		default:
			return false
		}
		return true
	})
	return g
}

func (t *thrift) chunk() (c chunk) {
	t.structure(func(number int, kind byte) bool {
		switch {
		case number == 1 && kind == thriftBinary:
			c.path = t.text()
		case number == 3 && kind == thriftStruct:
			c.known = true
			t.structure(func(number int, kind byte) bool { return t.columnMetadata(&c, number, kind) })
		case number == 8 || number == 9:
			c.encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	return c
}

func (t *thrift) columnMetadata(c *chunk, number int, kind byte) bool {
	if kind != thriftInt32 && kind != thriftInt64 {
		return false
	}
	switch v := t.int(); number {
	case 1:
		c.physical = int(v)
	case 4:
		c.codec = int(v)
	case 5:
		c.values = v
	case 7:
		c.packed = v
	case 9:
		c.data = v
	case 11:
		c.dict = v
	}
	return true
}

// at is where the pages of the chunk begin. Some writers give a dictionary the
// offset 0 that they do not write.
func (c *chunk) at() int64 {
	if c.dict > 0 && c.dict < c.data {
		return c.dict
	}
	return c.data
}

// check says whether the pages of a chunk can be where it says.
func (c *chunk) check(l *leaf, size int64) error {
	switch {
	case c.encrypted:
		return diag.WithHint(errors.New("it is encrypted"), "write it without encryption: no key can be given")
	case !c.known:
		return errors.New("nothing says where it is")
	case c.path != "":
		return fmt.Errorf("its data are in another file, %q", c.path)
	case c.physical != l.physical:
		return fmt.Errorf("a row group has type %d, the schema type %d", c.physical, l.physical)
	case c.at() < 0 || c.packed < 0 || c.at() > size || c.packed > size-c.at():
		return errors.New("its pages are outside of the file")
	}
	return nil
}
