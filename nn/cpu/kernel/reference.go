package kernel

import (
	"math"
	"unsafe"
)

// Reference is the table of the Go twins of all kernels: slow, plain, and by
// definition right. Its instructions may be in Go memory and point to it.
func Reference() *Table {
	return &Table{Name: "reference", MR: 4, NR: 4, golang: definitions()}
}

// floats is n numbers of an operand from an offset on.
func (in *Instr) floats(k int, offset, n int) []float32 {
	if n <= 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Add(in.P[k], 4*offset)), n)
}

// span is the range of elements of a task, as SPAN in simd.h.
func (in *Instr) span(task int) (from, to int) {
	from = task * int(read[Span](in).Per)
	return from, min(from+int(read[Span](in).Per), int(read[Span](in).N))
}

// fma is a*b + c rounded once. The product is exact in float64; the sum is
// rounded to odd there, so that rounding it again gives what one rounding of
// the exact sum gives (Boldo and Melquiond, 2008).
func fma(a, b, c float32) float32 {
	p := float64(a) * float64(b)
	s := p + float64(c)
	t := s - p
	if e := (p - (s - t)) + (float64(c) - t); e != 0 && e == e {
		if bits := math.Float64bits(s); bits&1 == 0 {
			if (e > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return float32(s)
}

// flush32 and flushRoot32 are FLUSH and FLUSH_ROOT of simd.h.
func flush32(x float32) float32     { return zeroBelow(x, 0x1p-100) }
func flushRoot32(x float32) float32 { return zeroBelow(x, 0x1p-50) }

func zeroBelow(x, least float32) float32 {
	if abs32(x) < least {
		return 0
	}
	return x
}

// sum16 adds lanes in the tree of sum16 in simd.h.
func sum16(l *[16]float32) float32 {
	for w := 8; w > 0; w /= 2 {
		for i := range w {
			l[i] += l[i+w]
		}
	}
	return l[0]
}
