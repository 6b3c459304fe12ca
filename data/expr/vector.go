package expr

import (
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
)

// chunk is how many rows are computed at a time: few enough that what one
// operation has made is in the cache when the next one takes it.
const chunk = 1024

// A bitset has a bit for each row of a chunk, those behind the last row 0.
type bitset []uint64

const chunkWords = chunk / 64

func words64(rows int) int { return (rows + 63) / 64 }

func (b bitset) has(i int) bool { return b == nil || b[i/64]>>(i%64)&1 != 0 }

// fill sets the bits of a number of rows.
func (b bitset) fill(rows int) {
	for i := range b {
		b[i] = ^uint64(0)
	}
	if tail := rows % 64; tail > 0 {
		b[len(b)-1] = 1<<tail - 1
	}
}

func (b bitset) empty() bool {
	return b != nil && !slices.ContainsFunc(b, func(w uint64) bool { return w != 0 })
}

// A vec is the values of a part of an expression in the rows of a chunk. Which of
// the slices has them is told by the kind. What lies under a missing value is
// anything, but false.
type vec struct {
	i []int64
	f []float64
	s []string
	b bitset
	// valid tells which values there are; nil: all.
	valid bitset

	// own is the memory for values that are made here, and not those of a column.
	own struct {
		i     []int64
		f     []float64
		s     []string
		b     bitset
		valid bitset
	}
	chars []byte // under the texts that were made
}

// prepare makes room for values of a kind.
func (v *vec) prepare(k Kind, rows int) {
	v.valid = nil
	switch {
	case k.whole():
		if v.own.i == nil {
			v.own.i = make([]int64, chunk)
		}
		v.i = v.own.i[:rows]
	case k == Float:
		if v.own.f == nil {
			v.own.f = make([]float64, chunk)
		}
		v.f = v.own.f[:rows]
	case k == Bool:
		if v.own.b == nil {
			v.own.b = make(bitset, chunkWords)
		}
		v.b = v.own.b[:words64(rows)]
		clear(v.b)
	case k == Text:
		if v.own.s == nil {
			v.own.s = make([]string, chunk)
		}
		v.s, v.chars = v.own.s[:rows], v.chars[:0]
	}
}

// validity makes valid a set of its own, which can be changed.
func (v *vec) validity(rows int) bitset {
	if v.own.valid == nil {
		v.own.valid = make(bitset, chunkWords)
	}
	own := v.own.valid[:words64(rows)]
	if v.valid == nil {
		own.fill(rows)
	} else if &v.valid[0] != &own[0] {
		copy(own, v.valid)
	}
	v.valid = own
	return own
}

// drop makes a value missing.
func (v *vec) drop(i, rows int) {
	v.validity(rows)[i/64] &^= 1 << (i % 64)
}

// strict makes missing what is missing in one of the operands.
func (v *vec) strict(in []*vec, rows int) {
	for _, a := range in {
		switch {
		case a.valid == nil:
		case v.valid == nil:
			v.valid = a.valid
			v.validity(rows)
		default:
			for w := range v.valid {
				v.valid[w] &= a.valid[w]
			}
		}
	}
}

// clear makes false what is missing.
func (v *vec) clearMissing() {
	for w := range v.valid {
		v.b[w] &= v.valid[w]
	}
}

// take copies the values of some rows, with what is missing of them.
func (v *vec) take(k Kind, from *vec, rows bitset, n int) {
	if from.valid != nil || v.valid != nil {
		valid := v.validity(n)
		for w := range valid {
			there := ^uint64(0)
			if from.valid != nil {
				there = from.valid[w]
			}
			valid[w] = valid[w]&^rows[w] | there&rows[w]
		}
	}
	switch {
	case k.whole():
		takeRows(v.i, from.i, rows)
	case k == Float:
		takeRows(v.f, from.f, rows)
	case k == Text:
		takeRows(v.s, from.s, rows)
	case k == Bool:
		for w := range v.b {
			v.b[w] = v.b[w]&^rows[w] | from.b[w]&rows[w]
		}
	}
}

func takeRows[T any](to, from []T, rows bitset) {
	for w, word := range rows {
		base := w * 64
		if word == ^uint64(0) {
			copy(to[base:base+64], from[base:])
			continue
		}
		for ; word != 0; word &= word - 1 {
			i := base + bits.TrailingZeros64(word)
			to[i] = from[i]
		}
	}
}

// load views or copies rows of a column. NaN are in it as they are, see withoutNaN.
func (v *vec) load(arr arrow.Array, k Kind, from, rows int) {
	v.valid = nil
	if arr.NullN() > 0 {
		valid := v.validity(rows)
		clear(valid)
		bitutil.CopyBitmap(arr.NullBitmapBytes(), arr.Data().Offset()+from, rows, arrow.Uint64Traits.CastToBytes(valid), 0)
	}
	if k == Timestamp || k == TimestampNs || k == Time || k == TimeNs {
		v.i = fixed[int64](arr, from, rows)
		return
	}
	switch a := arr.(type) {
	case *array.Float64:
		v.f = a.Float64Values()[from : from+rows]
	case *array.Float32:
		v.prepareKeeping(Float, rows)
		convert(v.f, a.Float32Values()[from:from+rows])
	case *array.Int64:
		v.i = a.Int64Values()[from : from+rows]
	case *array.Uint64:
		v.i = fixed[int64](arr, from, rows)
	case *array.Int32:
		v.prepareKeeping(Int, rows)
		convert(v.i, a.Int32Values()[from:from+rows])
	case *array.Int16:
		v.prepareKeeping(Int, rows)
		convert(v.i, a.Int16Values()[from:from+rows])
	case *array.Int8:
		v.prepareKeeping(Int, rows)
		convert(v.i, a.Int8Values()[from:from+rows])
	case *array.Uint32:
		v.prepareKeeping(Int, rows)
		convert(v.i, a.Uint32Values()[from:from+rows])
	case *array.Uint16:
		v.prepareKeeping(Int, rows)
		convert(v.i, a.Uint16Values()[from:from+rows])
	case *array.Uint8:
		v.prepareKeeping(Int, rows)
		convert(v.i, a.Uint8Values()[from:from+rows])
	case *array.Date32:
		v.prepareKeeping(Date, rows)
		convert(v.i, a.Date32Values()[from:from+rows])
	case *array.Boolean:
		v.prepareKeeping(Bool, rows)
		bitutil.CopyBitmap(a.Data().Buffers()[1].Bytes(), a.Data().Offset()+from, rows, arrow.Uint64Traits.CastToBytes(v.b), 0)
		v.clearMissing()
	case *array.String:
		v.prepareKeeping(Text, rows)
		for i := range v.s {
			v.s[i] = a.Value(from + i)
		}
	}
}

// prepareKeeping is prepare, but for what is missing.
func (v *vec) prepareKeeping(k Kind, rows int) {
	valid := v.valid
	v.prepare(k, rows)
	v.valid = valid
}

// withoutNaN makes missing what is NaN.
func (v *vec) withoutNaN(rows int) {
	if finite(v.f) {
		return
	}
	for i, x := range v.f {
		if x != x {
			v.drop(i, rows)
		}
	}
}

// finite says whether no value is infinite or NaN. It has no branch for a value.
func finite(values []float64) bool {
	const exponent, lowest = 0x7ff << 52, 1 << 52
	var any uint64
	for _, x := range values {
		any |= math.Float64bits(x)&exponent + lowest
	}
	return any>>63 == 0
}

// fixed views the values of a column of 64 bits.
func fixed[T int64](arr arrow.Array, from, rows int) []T {
	d := arr.Data()
	if rows == 0 {
		return nil
	}
	return arrow.GetData[T](d.Buffers()[1].Bytes())[d.Offset()+from : d.Offset()+from+rows]
}

type plain interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

func convert[T, F plain](to []T, from []F) {
	to = to[:len(from)]
	for i, x := range from {
		to[i] = T(x)
	}
}
