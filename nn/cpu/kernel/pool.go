package kernel

// #include "instr.h"
import "C"

import (
	"math"
	"unsafe"
)

const (
	MaxPool      Op = C.OP_max_pool
	MaxPoolGrad  Op = C.OP_max_pool_grad
	AvgPool      Op = C.OP_avg_pool
	AvgPoolGrad  Op = C.OP_avg_pool_grad
	PlaneMax     Op = C.OP_plane_max
	PlaneMaxGrad Op = C.OP_plane_max_grad
	PlaneFill    Op = C.OP_plane_fill
)

// A PoolArgs is windows over planes.
type PoolArgs struct {
	Span
	H, W               int64
	OutH, OutW, KH, KW int32
	StrideH, StrideW   int32
	Top, Left          int32
	CountPadding       bool // averages divide by the size of the window, whatever part of it is in the plane
}

// Windows are those of a pooling of planes (H, W): KH by KW elements each,
// StrideH and StrideW apart, the first of them Top rows above and Left columns
// before the plane. Each has at least one column of the plane.
type Windows struct {
	Planes, H, W     int
	OutH, OutW       int
	KH, KW           int
	StrideH, StrideW int
	Top, Left        int
	CountPadding     bool // a mean divides by KH KW at the border too
}

// Call is a call of a pooling kernel, with the bytes of scratch it needs.
func (s Windows) Call(op Op) (c Call, scratch int) {
	span := Span{N: int64(s.Planes), Per: int64(max(1, 16384/(s.H*s.W)))}
	return Call{Op: op, Tasks: span.Tasks(), Args: PoolArgs{
		Span: span, H: int64(s.H), W: int64(s.W), OutH: int32(s.OutH), OutW: int32(s.OutW), KH: int32(s.KH), KW: int32(s.KW),
		StrideH: int32(s.StrideH), StrideW: int32(s.StrideW), Top: int32(s.Top), Left: int32(s.Left), CountPadding: s.CountPadding,
	}}, 8 * s.OutW
}

// Planes is a call of PlaneSum, PlaneMax, PlaneMaxGrad or PlaneFill for planes of
// n elements.
func Planes(op Op, planes, n int, scale float32) Call {
	span := Span{N: int64(planes), Per: int64(max(1, 16384/n))}
	return Call{Op: op, Tasks: span.Tasks(), Args: PlaneArgs{Span: span, Size: int64(n), S: scale}}
}

// The kernels of pool.h.

func poolKernels() map[Op]definition {
	return map[Op]definition{
		MaxPool: reads[PoolArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			in.eachWindow(task, 2, func(s Windows, plane, o int, elements []int) {
				x, y := in.floats(0, plane*s.H*s.W, s.H*s.W), in.floats(1, plane*s.OutH*s.OutW+o, 1)
				y[0] = 0
				for i, e := range elements {
					if i == 0 {
						y[0] = float32(math.Inf(-1))
					}
					y[0] = larger(x[e], y[0])
				}
			})
		}),
		MaxPoolGrad: reads[PoolArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			in.clearPlanes(task, 3)
			// Rows of windows add element by element, so that of windows side by
			// side, all add their first elements before one adds its second.
			in.eachWindowRow(task, 4, func(s Windows, plane, row int, elements [][]int) {
				x, dx := in.floats(0, plane*s.H*s.W, s.H*s.W), in.floats(3, plane*s.H*s.W, s.H*s.W)
				y, dy := in.floats(1, (plane*s.OutH+row)*s.OutW, s.OutW), in.floats(2, (plane*s.OutH+row)*s.OutW, s.OutW)
				first := make([]int, s.OutW)
				for w, list := range elements {
					first[w] = -1
					for _, e := range list {
						if x[e] == y[w] {
							first[w] = e
							break
						}
					}
				}
				s.inTurn(row, elements, func(w, e int) {
					if e == first[w] {
						dx[e] += dy[w]
					} else {
						dx[e] += 0
					}
				})
			})
		}),
		AvgPool: reads[PoolArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			in.eachWindow(task, 2, func(s Windows, plane, o int, elements []int) {
				x, sum := in.floats(0, plane*s.H*s.W, s.H*s.W), float32(0)
				for _, e := range elements {
					sum += x[e]
				}
				in.floats(1, plane*s.OutH*s.OutW+o, 1)[0] = sum / s.size(elements)
			})
		}),
		AvgPoolGrad: reads[PoolArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			in.clearPlanes(task, 1)
			in.eachWindowRow(task, 2, func(s Windows, plane, row int, elements [][]int) {
				dx, dy := in.floats(1, plane*s.H*s.W, s.H*s.W), in.floats(0, (plane*s.OutH+row)*s.OutW, s.OutW)
				s.inTurn(row, elements, func(w, e int) { dx[e] += dy[w] / s.size(elements[w]) })
			})
		}),
		PlaneMax: reads[PlaneArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			n := int(read[PlaneArgs](in).Size)
			for q := from; q < to; q++ {
				var l [16]float32
				m := float32(math.Inf(-1))
				for i := range l {
					l[i] = m
				}
				for j, v := range in.floats(0, q*n, n) {
					l[j%16] = larger(v, l[j%16])
				}
				for _, v := range l {
					m = larger(v, m)
				}
				in.floats(1, q, 1)[0] = m
			}
		}),
		PlaneMaxGrad: reads[PlaneArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			n := int(read[PlaneArgs](in).Size)
			for q := from; q < to; q++ {
				dx := in.floats(3, q*n, n)
				clear(dx)
				for j, v := range in.floats(0, q*n, n) {
					if v == in.floats(1, q, 1)[0] {
						dx[j] = in.floats(2, q, 1)[0]
						break
					}
				}
			}
		}),
		PlaneFill: reads[PlaneArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			n := int(read[PlaneArgs](in).Size)
			for q := from; q < to; q++ {
				for j := range in.floats(1, q*n, n) {
					in.floats(1, q*n, n)[j] = float32(in.floats(0, q, 1)[0] * read[PlaneArgs](in).S)
				}
			}
		}),
	}
}

// larger is v if it is larger than m or a NaN, else m.
func larger(v, m float32) float32 {
	if v > m || v != v {
		return v
	}
	return m
}

// size is what the sum of a window is divided by.
func (s Windows) size(elements []int) float32 {
	if s.CountPadding {
		return float32(s.KH * s.KW)
	}
	return float32(max(1, len(elements)))
}

func (in *Instr) windows() Windows {
	arg := read[PoolArgs](in)
	s := Windows{Planes: int(arg.N), H: int(arg.H), W: int(arg.W), CountPadding: arg.CountPadding}
	s.OutH, s.OutW = int(arg.OutH), int(arg.OutW)
	s.KH, s.KW = int(arg.KH), int(arg.KW)
	s.StrideH, s.StrideW = int(arg.StrideH), int(arg.StrideW)
	s.Top, s.Left = int(arg.Top), int(arg.Left)
	return s
}

// clearPlanes sets the planes of a task in an operand to 0.
func (in *Instr) clearPlanes(task, operand int) {
	from, to := in.span(task)
	n := int(read[PoolArgs](in).H * read[PoolArgs](in).W)
	clear(in.floats(operand, from*n, (to-from)*n))
}

// eachWindowRow calls f with the elements of each window of a row of windows.
func (in *Instr) eachWindowRow(task, lengths int, f func(s Windows, plane, row int, elements [][]int)) {
	s := in.windows()
	from, to := in.span(task)
	for plane := from; plane < to; plane++ {
		rows := s.H
		if in.P[lengths] != nil {
			rows = min(rows, int(in.floats(lengths, plane, 1)[0]))
		}
		for o := range s.OutH {
			all := make([][]int, s.OutW)
			for w := range all {
				for a := range s.KH {
					for b := range s.KW {
						h, x := o*s.StrideH+a-s.Top, w*s.StrideW+b-s.Left
						if h >= 0 && h < rows && x >= 0 && x < s.W {
							all[w] = append(all[w], h*s.W+x)
						}
					}
				}
			}
			f(s, plane, o, all)
		}
	}
}

func (in *Instr) eachWindow(task, lengths int, f func(s Windows, plane, o int, elements []int)) {
	in.eachWindowRow(task, lengths, func(s Windows, plane, row int, elements [][]int) {
		for w, list := range elements {
			f(s, plane, row*s.OutW+w, list)
		}
	})
}

// inTurn calls f for the elements of a row of windows: all windows' elements of
// one place in the window, then those of the next place.
func (s Windows) inTurn(row int, elements [][]int, f func(w, element int)) {
	for a := range s.KH {
		for b := range s.KW {
			for w, list := range elements {
				e := (row*s.StrideH+a-s.Top)*s.W + w*s.StrideW + b - s.Left
				if x := w*s.StrideW + b - s.Left; x < 0 || x >= s.W {
					continue
				}
				for _, v := range list {
					if v == e {
						f(w, e)
					}
				}
			}
		}
	}
}
