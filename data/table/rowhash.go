package table

import (
	"encoding/binary"
	"hash/maphash"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// A RowHasher gives rows of the same values in the same columns the same 64 bits, until
// it is made anew. Of a million million pairs of rows that differ one has the same.
type RowHasher struct {
	seed maphash.Seed
	buf  []byte
}

// NewRowHasher makes a hasher.
func NewRowHasher() *RowHasher { return &RowHasher{seed: maphash.MakeSeed()} }

// Hashes gives those of the rows of a batch, by all columns but those that skip names.
// ok is false if there is a column of a type that is not compared.
func (h *RowHasher) Hashes(rec arrow.RecordBatch, skip func(name string) bool) (hashes []uint64, ok bool) {
	hashes = make([]uint64, rec.NumRows())
	for i, col := range rec.Columns() {
		if !skip(rec.ColumnName(i)) && !h.add(hashes, col) {
			return nil, false
		}
	}
	return hashes, true
}

// mix puts the bytes of a value of a row to those of columns before it.
func (h *RowHasher) mix(hash *uint64, value []byte) {
	*hash = *hash*0x9e3779b97f4a7c15 ^ maphash.Bytes(h.seed, value)
}

func (h *RowHasher) add(hashes []uint64, col arrow.Array) bool {
	switch a := col.(type) {
	case *array.FixedSizeList:
		width := int64(a.DataType().(*arrow.FixedSizeListType).Len())
		return h.addLists(hashes, a.ListValues(), func(i int) (int64, int64) {
			from := (int64(a.Offset()) + int64(i)) * width
			return from, from + width
		})
	case *array.List:
		offsets := a.Offsets()[a.Offset():]
		return h.addLists(hashes, a.ListValues(), func(i int) (int64, int64) { return int64(offsets[i]), int64(offsets[i+1]) })
	}
	if values, valid, err := Floats(col); err == nil {
		for i, v := range values {
			if valid != nil && !valid[i] {
				v = math.NaN()
			}
			h.buf = binary.LittleEndian.AppendUint64(h.buf[:0], math.Float64bits(v))
			h.mix(&hashes[i], h.buf)
		}
		return true
	}
	values, valid, err := Texts(col)
	if err != nil {
		return false
	}
	for i, v := range values {
		h.buf = append(h.buf[:0], 1)
		if valid != nil && !valid[i] {
			h.buf[0] = 0
		}
		h.buf = append(h.buf, v...)
		h.mix(&hashes[i], h.buf)
	}
	return true
}

// addLists adds lists of numbers of one size without nulls among them.
func (h *RowHasher) addLists(hashes []uint64, of arrow.Array, bounds func(i int) (from, to int64)) bool {
	typ, ok := of.DataType().(arrow.FixedWidthDataType)
	if !ok || of.NullN() > 0 || typ.BitWidth()%8 != 0 {
		return false
	}
	size := int64(typ.BitWidth() / 8)
	data := of.Data()
	if len(data.Children()) > 0 || data.Buffers()[1] == nil {
		return data.Len() == 0 && len(data.Children()) == 0
	}
	bytes := data.Buffers()[1].Bytes()[int64(data.Offset())*size:]
	for i := range hashes {
		from, to := bounds(i)
		h.mix(&hashes[i], bytes[from*size:to*size])
	}
	return true
}
