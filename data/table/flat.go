package table

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The footer of an Arrow file and the headers of its messages are flatbuffers.
// Arrow's decoder trusts them: a false count makes it allocate without bounds,
// which no recover can catch. What is here reads just enough of them to prove
// that counts and positions fit the file, and to find the buffers of a batch. An index that is out of
// range panics, which the callers of this file turn into an error.

// A flatTable is a table of a flatbuffer: fields by number, found by way of a
// list of offsets.
type flatTable struct {
	buf []byte
	pos int
}

// flatRoot is the table at the root of a flatbuffer.
func flatRoot(buf []byte) flatTable {
	return flatTable{buf, int(binary.LittleEndian.Uint32(buf))}
}

// field gives the position of a field, 0 if it is absent.
func (t flatTable) field(number int) int {
	list := t.pos - int(int32(binary.LittleEndian.Uint32(t.buf[t.pos:])))
	at := 4 + 2*number
	// As decoders have it: half an entry at the end of the list counts too.
	if at >= int(binary.LittleEndian.Uint16(t.buf[list:])) {
		return 0
	}
	if offset := int(binary.LittleEndian.Uint16(t.buf[list+at:])); offset > 0 {
		return t.pos + offset
	}
	return 0
}

// follow gives the position that the offset at pos leads to.
func follow(buf []byte, pos int) int {
	return pos + int(binary.LittleEndian.Uint32(buf[pos:]))
}

func (t flatTable) table(number int) (flatTable, bool) {
	pos := t.field(number)
	if pos == 0 {
		return flatTable{}, false
	}
	return flatTable{t.buf, follow(t.buf, pos)}, true
}

// vector gives the position of the first element of a vector of n elements of
// size bytes each, all of which are in the buffer.
func (t flatTable) vector(number, size int) (start, n int) {
	pos := t.field(number)
	if pos == 0 {
		return 0, 0
	}
	start = follow(t.buf, pos)
	n = int(binary.LittleEndian.Uint32(t.buf[start:]))
	_ = t.buf[start+4:][:n*size]
	return start + 4, n
}

// tables gives the tables that a vector of offsets leads to.
func (t flatTable) tables(number int) []flatTable {
	start, n := t.vector(number, 4)
	list := make([]flatTable, n)
	for i := range list {
		list[i] = flatTable{t.buf, follow(t.buf, start+4*i)}
	}
	return list
}

func (t flatTable) int64(number int) int64 {
	if pos := t.field(number); pos > 0 {
		return int64(binary.LittleEndian.Uint64(t.buf[pos:]))
	}
	return 0
}

func (t flatTable) byte(number int) byte {
	if pos := t.field(number); pos > 0 {
		return t.buf[pos]
	}
	return 0
}

// A span is a piece of a file or of the body of a message.
type span struct{ offset, size int64 }

// A batchAt is where a batch lies in a file: its header, then its body.
type batchAt struct {
	offset int64
	header int64 // bytes
	body   int64 // bytes
}

// checkFooter reads the footer of an Arrow file whose messages lie in its
// first size bytes.
func checkFooter(footer []byte, size int64) ([]batchAt, error) {
	root := flatRoot(footer)
	schema, ok := root.table(1)
	if !ok {
		return nil, errors.New("no schema")
	}
	texts := 0
	for _, f := range schema.tables(1) {
		// Arrow's decoder looks into the definitions of other types, and trusts them.
		if number := f.byte(2); !tableTypes[number] {
			return nil, fmt.Errorf("type %s is none that a table can hold", foreignName(number))
		}
		texts += metadataSize(f, 6) + textSize(f, 0)
		children := f.tables(5)
		if f.field(4) > 0 || len(children) > 1 || texts > len(footer) {
			return nil, errors.New("nested or dictionary-encoded columns are none that a table can hold")
		}
		for _, c := range children {
			texts += metadataSize(c, 6) + textSize(c, 0)
			if c.field(4) > 0 || len(c.tables(5)) > 0 || c.byte(2) != typeFloat && c.byte(2) != typeInt {
				return nil, errors.New("nested columns are none that a table can hold")
			}
		}
	}
	// Texts that lie over one another could add up to the square of the size.
	if texts += metadataSize(schema, 2); texts > len(footer) {
		return nil, errors.New("metadata overlaps")
	}
	if _, n := root.vector(2, 24); n > 0 {
		return nil, errors.New("dictionary-encoded columns are none that a table can hold")
	}
	start, n := root.vector(3, 24)
	batches := make([]batchAt, n)
	end := int64(8) // after the magic bytes
	for i := range batches {
		b := footer[start+24*i:]
		at := batchAt{
			offset: int64(binary.LittleEndian.Uint64(b)),
			header: int64(int32(binary.LittleEndian.Uint32(b[8:]))),
			body:   int64(binary.LittleEndian.Uint64(b[16:])),
		}
		if at.offset < end || at.header < 8 || at.body < 0 ||
			at.offset > size || at.header > size-at.offset || at.body > size-at.offset-at.header ||
			(at.offset|at.header|at.body)&7 != 0 {
			return nil, fmt.Errorf("batch %d is not where it is said to be", i)
		}
		end = at.offset + at.header + at.body
		batches[i] = at
	}
	return batches, nil
}

// metadataSize is the number of bytes of the keys and values of a list of
// pairs.
func metadataSize(t flatTable, number int) (n int) {
	for _, pair := range t.tables(number) {
		n += textSize(pair, 0) + textSize(pair, 1)
	}
	return n
}

func textSize(t flatTable, number int) int {
	_, n := t.vector(number, 1)
	return n
}

// A batchHeader is what the header of a batch says.
type batchHeader struct {
	rows    int64
	nodes   []node
	buffers []span // in the body
}

// A node is the length of an array.
type node struct{ rows, nulls int64 }

// checkHeader reads the header of a batch whose body has the given size.
func checkHeader(header []byte, body int64) (*batchHeader, error) {
	if binary.LittleEndian.Uint32(header) != 0xffffffff {
		return nil, errors.New("no message is there")
	}
	message := flatRoot(header[8:])
	const recordBatch = 3
	batch, ok := message.table(2)
	if !ok || message.byte(1) != recordBatch {
		return nil, errors.New("the message there is none of a batch")
	}
	if batch.field(3) > 0 {
		return nil, errors.New("it is compressed, which a table never is")
	}
	h := &batchHeader{rows: batch.int64(0)}
	start, n := batch.vector(1, 16)
	for i := range n {
		b := batch.buf[start+16*i:]
		h.nodes = append(h.nodes, node{int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))})
	}
	start, n = batch.vector(2, 16)
	end := int64(0)
	for i := range n {
		b := batch.buf[start+16*i:]
		s := span{int64(binary.LittleEndian.Uint64(b)), int64(binary.LittleEndian.Uint64(b[8:]))}
		if s.offset < end || s.size < 0 || s.offset > body || s.size > body-s.offset || s.offset&7 != 0 {
			return nil, fmt.Errorf("buffer %d is not where it is said to be", i)
		}
		end = s.offset + s.size
		h.buffers = append(h.buffers, s)
	}
	return h, nil
}
