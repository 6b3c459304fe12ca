// Package tensor holds the numbers of rows as they travel from a file to a
// network: bytes of pictures, ids of tokens and measurements, each in the type
// that it is stored in.
package tensor

// A Type is what one element is. It is written into data sets and model files.
type Type string

const (
	F32 Type = "f32"
	U8  Type = "u8"
	I32 Type = "i32"
)

// Size is the bytes of an element, 0 of a type that is none.
func (t Type) Size() int {
	switch t {
	case F32, I32:
		return 4
	case U8:
		return 1
	}
	return 0
}

// Ragged is the first dimension of rows of different lengths.
const Ragged = -1

// Width is the number of elements of a row of a shape: of a ragged one, of one
// step.
func Width(shape []int) int {
	n := 1
	for _, d := range shape {
		if d != Ragged {
			n *= d
		}
	}
	return n
}

// Rows are the elements of rows, one row behind the other. They are of one type,
// whose slice is in use.
type Rows struct {
	F32 []float32
	U8  []uint8
	I32 []int32
	// Ends says of ragged rows where each of them ends, in elements. It is nil
	// where all rows have the same number.
	Ends []int
}

// Len is the number of elements.
func (r *Rows) Len() int { return len(r.F32) + len(r.U8) + len(r.I32) }

// Reset makes room for n elements of a type and forgets what was there. The
// memory is kept.
func (r *Rows) Reset(t Type, n int) {
	r.F32, r.U8, r.I32, r.Ends = r.F32[:0], r.U8[:0], r.I32[:0], r.Ends[:0]
	r.Grow(t, n)
}

// Grow adds n elements of a type, whose values are to be set.
func (r *Rows) Grow(t Type, n int) {
	switch t {
	case F32:
		r.F32 = grown(r.F32, n)
	case U8:
		r.U8 = grown(r.U8, n)
	case I32:
		r.I32 = grown(r.I32, n)
	}
}

func grown[E any](list []E, n int) []E {
	if len(list)+n > cap(list) {
		list = append(make([]E, 0, max(len(list)+n, 2*cap(list))), list...)
	}
	return list[:len(list)+n]
}

// Slice is the elements from one to another.
func (r *Rows) Slice(from, to int) Rows {
	var s Rows
	switch {
	case r.F32 != nil:
		s.F32 = r.F32[from:to:to]
	case r.U8 != nil:
		s.U8 = r.U8[from:to:to]
	case r.I32 != nil:
		s.I32 = r.I32[from:to:to]
	}
	return s
}

// Resized copies rows, which have a width, or ends, to others of a fixed width. Those that
// have not as many elements become zeros.
func (r *Rows) Resized(of Type, rows, width, to int) Rows {
	var out Rows
	out.Grow(of, rows*to)
	for row := range rows {
		from, end := r.Row(row, width)
		if end-from != to {
			continue
		}
		switch of {
		case F32:
			copy(out.F32[row*to:], r.F32[from:end])
		case U8:
			copy(out.U8[row*to:], r.U8[from:end])
		case I32:
			copy(out.I32[row*to:], r.I32[from:end])
		}
	}
	return out
}

// At is an element as a number, which all three types are exactly.
func (r *Rows) At(i int) float64 {
	switch {
	case r.F32 != nil:
		return float64(r.F32[i])
	case r.U8 != nil:
		return float64(r.U8[i])
	}
	return float64(r.I32[i])
}

// Row is where row i of a fixed width lies, or where its end says so.
func (r *Rows) Row(i, width int) (from, to int) {
	if r.Ends == nil {
		return i * width, (i + 1) * width
	}
	if i > 0 {
		from = r.Ends[i-1]
	}
	return from, r.Ends[i]
}

// Take copies rows of other, counted from 0, to the end of r. Rows of a fixed
// width need no more than their number.
func (r *Rows) Take(other *Rows, rows []int, width int) {
	for _, i := range rows {
		from, to := other.Row(i, width)
		switch {
		case other.F32 != nil:
			r.F32 = append(r.F32, other.F32[from:to]...)
		case other.U8 != nil:
			r.U8 = append(r.U8, other.U8[from:to]...)
		default:
			r.I32 = append(r.I32, other.I32[from:to]...)
		}
		if other.Ends != nil {
			r.Ends = append(r.Ends, r.Len())
		}
	}
}
