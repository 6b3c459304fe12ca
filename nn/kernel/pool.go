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

// Instr is an instruction of a pooling kernel, with the bytes of scratch it needs.
func (s Windows) Instr(op Op) (in Instr, scratch int) {
	per := max(1, 16384/(s.H*s.W))
	return Instr{Op: op, Tasks: int32(ceilDiv(s.Planes, per)), I: [16]int64{int64(s.Planes), int64(per), int64(s.H), int64(s.W),
		pair(s.OutH, s.OutW), pair(s.KH, s.KW), pair(s.StrideH, s.StrideW), pair(s.Top, s.Left), int64(flag(s.CountPadding))}}, 8 * s.OutW
}

// Planes is an instruction of PlaneSum, PlaneMax, PlaneMaxGrad or PlaneFill for
// planes of n elements.
func Planes(op Op, planes, n int, scale float32) Instr {
	per := max(1, 16384/n)
	return Instr{Op: op, Tasks: int32(ceilDiv(planes, per)), I: [16]int64{int64(planes), int64(per), int64(n)}, F: [8]float32{scale}}
}

// The kernels of pool.h.

func poolReference() map[Op]func(*Instr, int, unsafe.Pointer) {
	return map[Op]func(*Instr, int, unsafe.Pointer){
		MaxPool: func(in *Instr, task int, _ unsafe.Pointer) {
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
		},
		MaxPoolGrad: func(in *Instr, task int, _ unsafe.Pointer) {
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
		},
		AvgPool: func(in *Instr, task int, _ unsafe.Pointer) {
			in.eachWindow(task, 2, func(s Windows, plane, o int, elements []int) {
				x, sum := in.floats(0, plane*s.H*s.W, s.H*s.W), float32(0)
				for _, e := range elements {
					sum += x[e]
				}
				in.floats(1, plane*s.OutH*s.OutW+o, 1)[0] = sum / s.size(elements)
			})
		},
		AvgPoolGrad: func(in *Instr, task int, _ unsafe.Pointer) {
			in.clearPlanes(task, 1)
			in.eachWindowRow(task, 2, func(s Windows, plane, row int, elements [][]int) {
				dx, dy := in.floats(1, plane*s.H*s.W, s.H*s.W), in.floats(0, (plane*s.OutH+row)*s.OutW, s.OutW)
				s.inTurn(row, elements, func(w, e int) { dx[e] += dy[w] / s.size(elements[w]) })
			})
		},
		PlaneMax: func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			n := int(in.I[2])
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
		},
		PlaneMaxGrad: func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			n := int(in.I[2])
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
		},
		PlaneFill: func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			n := int(in.I[2])
			for q := from; q < to; q++ {
				for j := range in.floats(1, q*n, n) {
					in.floats(1, q*n, n)[j] = float32(in.floats(0, q, 1)[0] * in.F[0])
				}
			}
		},
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
	s := Windows{Planes: int(in.I[0]), H: int(in.I[2]), W: int(in.I[3]), CountPadding: in.I[8] != 0}
	s.OutH, s.OutW = both(in.I[4])
	s.KH, s.KW = both(in.I[5])
	s.StrideH, s.StrideW = both(in.I[6])
	s.Top, s.Left = both(in.I[7])
	return s
}

// clearPlanes sets the planes of a task in an operand to 0.
func (in *Instr) clearPlanes(task, operand int) {
	from, to := in.span(task)
	n := int(in.I[2] * in.I[3])
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
