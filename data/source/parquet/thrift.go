package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A thrift reads structures in Thrift's compact protocol. After an error it reads
// zeros, and nothing that it is told makes it take more memory than the bytes are
// long.
type thrift struct {
	buf []byte
	at  int
	err error
}

// The types of fields and elements.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftInt16  = 4
	thriftInt32  = 5
	thriftInt64  = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

// maxDepth bounds structures in structures.
const maxDepth = 32

var errShort = errors.New("it ends in the middle")

func (t *thrift) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.at = len(t.buf)
}

func (t *thrift) byte() byte {
	if t.at >= len(t.buf) {
		t.fail(errShort)
		return 0
	}
	t.at++
	return t.buf[t.at-1]
}

func (t *thrift) uvarint() uint64 {
	v, n := binary.Uvarint(t.buf[t.at:])
	switch {
	case n > 0:
		t.at += n
		return v
	case n < 0:
		t.fail(errors.New("a number of more than 64 bits"))
	default:
		t.fail(errShort)
	}
	return 0
}

// int reads a whole number of any width but a byte.
func (t *thrift) int() int64 {
	v := t.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// size reads a number of bytes or elements, each of which takes one at least.
func (t *thrift) size() int {
	n := t.uvarint()
	if n > uint64(len(t.buf)-t.at) {
		t.fail(errShort)
		return 0
	}
	return int(n)
}

func (t *thrift) text() string {
	n := t.size()
	t.at += n
	return string(t.buf[t.at-n : t.at])
}

// structure reads a structure. field reads the value of a field of a type, or
// says that it is of no interest.
func (t *thrift) structure(field func(number int, kind byte) bool) { t.nested(0, field) }

func (t *thrift) nested(depth int, field func(number int, kind byte) bool) {
	number := 0
	for t.err == nil {
		head := t.byte()
		if head == 0 {
			return
		}
		if head>>4 > 0 {
			number += int(head >> 4)
		} else {
			number = int(int16(t.int()))
		}
		if kind := head & 15; field == nil || !field(number, kind) {
			t.skip(kind, depth)
		}
	}
}

// list reads the elements of a list, and is how many it has.
func (t *thrift) list(element func()) {
	n, _ := t.listHead()
	for range n {
		if t.err != nil {
			return
		}
		element()
	}
}

func (t *thrift) listHead() (n int, kind byte) {
	head := t.byte()
	if n = int(head >> 4); n == 15 {
		n = t.size()
	}
	return n, head & 15
}

// skip passes over a value.
func (t *thrift) skip(kind byte, depth int) {
	if depth > maxDepth {
		t.fail(fmt.Errorf("structures nested deeper than %d", maxDepth))
		return
	}
	switch kind {
	case thriftTrue, thriftFalse: // the type is the value
	case thriftByte:
		t.byte()
	case thriftInt16, thriftInt32, thriftInt64:
		t.uvarint()
	case thriftDouble:
		for range 8 {
			t.byte()
		}
	case thriftBinary:
		t.at += t.size()
	case thriftList, thriftSet:
		n, of := t.listHead()
		for i := 0; i < n && t.err == nil; i++ {
			t.skipElement(of, depth+1)
		}
	case thriftMap:
		n := t.size()
		if n == 0 {
			return
		}
		kinds := t.byte()
		for i := 0; i < n && t.err == nil; i++ {
			t.skipElement(kinds>>4, depth+1)
			t.skipElement(kinds&15, depth+1)
		}
	case thriftStruct:
		t.nested(depth+1, nil)
	default:
		t.fail(fmt.Errorf("a value of type %d", kind))
	}
}

// skipElement passes over an element, where a truth value is a byte.
func (t *thrift) skipElement(kind byte, depth int) {
	if kind == thriftTrue || kind == thriftFalse {
		kind = thriftByte
	}
	t.skip(kind, depth)
}
