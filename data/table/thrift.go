package table

import "encoding/binary"

// A thrift writes structures in Thrift's compact protocol.
type thrift struct {
	b    []byte
	last []int // field number, of each structure that is open but the outermost
	now  int   // field number of the innermost
}

const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftInt32  = 5
	thriftInt64  = 6
	thriftBinary = 8
	thriftList   = 9
	thriftStruct = 12
)

func (t *thrift) field(number, kind int) {
	t.b = append(t.b, byte((number-t.now)<<4|kind)) // no number here is 15 or more after the last
	t.now = number
}

func (t *thrift) zigzag(v int64)            { t.b = binary.AppendVarint(t.b, v) }
func (t *thrift) int32(number int, v int)   { t.field(number, thriftInt32); t.zigzag(int64(v)) }
func (t *thrift) int64(number int, v int64) { t.field(number, thriftInt64); t.zigzag(v) }

func (t *thrift) truth(number int, v bool) {
	kind := thriftFalse
	if v {
		kind = thriftTrue
	}
	t.field(number, kind)
}

func (t *thrift) byte(number int, v byte) {
	t.field(number, thriftByte)
	t.b = append(t.b, v)
}

func (t *thrift) bytes(s string) {
	t.b = binary.AppendUvarint(t.b, uint64(len(s)))
	t.b = append(t.b, s...)
}

func (t *thrift) text(number int, s string) {
	t.field(number, thriftBinary)
	t.bytes(s)
}

func (t *thrift) list(number, n, kind int) {
	t.field(number, thriftList)
	if n < 15 {
		t.b = append(t.b, byte(n<<4|kind))
		return
	}
	t.b = append(t.b, byte(0xf0|kind))
	t.b = binary.AppendUvarint(t.b, uint64(n))
}

// begin opens a structure in a field, nested one in a list.
func (t *thrift) begin(number int) {
	t.field(number, thriftStruct)
	t.nested()
}

func (t *thrift) nested() {
	t.last, t.now = append(t.last, t.now), 0
}

func (t *thrift) end() {
	t.b = append(t.b, 0)
	if n := len(t.last); n > 0 {
		t.last, t.now = t.last[:n-1], t.last[n-1]
	}
}
