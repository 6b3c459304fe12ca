package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"
)

func windows(planes, h, w, k, stride, pad int) Windows {
	out := func(n int) int { return (n+2*pad-k)/stride + 1 }
	return Windows{Planes: planes, H: h, W: w, OutH: out(h), OutW: out(w), KH: k, KW: k, StrideH: stride, StrideW: stride, Top: pad, Left: pad}
}

func testWindows() []Windows {
	return []Windows{
		windows(3, 28, 28, 2, 2, 0), windows(5, 7, 7, 2, 2, 0), windows(2, 9, 35, 3, 2, 1), windows(2, 9, 20, 3, 1, 1), windows(2, 8, 70, 2, 2, 1),
		windows(4, 10, 11, 3, 3, 0), windows(1, 1, 1, 1, 1, 0), windows(1, 40, 40, 5, 4, 2), windows(2, 6, 67, 2, 2, 0), windows(2, 6, 40, 4, 2, 2),
		windows(5, 14, 14, 2, 2, 0), windows(7, 2, 2, 2, 2, 0), windows(1, 4, 6, 2, 2, 0), windows(2, 4, 38, 2, 2, 0),
		{Planes: 3, H: 11, W: 19, OutH: 5, OutW: 19, KH: 3, KW: 1, StrideH: 2, StrideW: 1, Top: 1}, // a sequence
		{Planes: 2, H: 9, W: 33, OutH: 1, OutW: 33, KH: 9, KW: 1, StrideH: 1, StrideW: 1},          // all of it
		{Planes: 2, H: 5, W: 6, OutH: 4, OutW: 3, KH: 2, KW: 2, StrideH: 1, StrideW: 2, Left: 0},
	}
}

func TestPooling(t *testing.T) {
	for _, s := range testWindows() {
		for _, mode := range []string{"", "lengths", "padding"} {
			s.CountPadding = mode == "padding"
			t.Run(fmt.Sprintf("%+v %s", s, mode), func(t *testing.T) {
				nx, ny := s.Planes*s.H*s.W, s.Planes*s.OutH*s.OutW
				x, dy, lengths := numbers(1, nx), numbers(2, ny), make([]float32, s.Planes)
				for i := range x { // many ties
					x[i] = float32(math.Round(float64(x[i]) * 3))
				}
				for i := range lengths {
					lengths[i] = float32(i * s.H / 2)
				}
				run := func(op Op, size int, operands ...[]float32) []float32 {
					n := len(operands)
					return (&trial{in: append(operands, lengths), out: []int{size}, scratch: 8 * s.OutW, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
						c, _ := s.Call(op)
						ins := with(c, append(slices.Clone(in[:n]), out[0])...)
						if mode == "lengths" {
							ins.P[n+1] = in[n]
						}
						return []Instr{ins}
					}}).check(t)[0]
				}
				y := run(MaxPool, ny, x)
				dx := run(MaxPoolGrad, nx, x, y, dy)
				mean := run(AvgPool, ny, x)
				dmean := run(AvgPoolGrad, nx, dy)

				wantDX, wantMean := make([]float64, nx), make([]float64, nx)
				for q := range s.Planes {
					rows := s.H
					if mode == "lengths" {
						rows = int(lengths[q])
					}
					for o := range s.OutH * s.OutW {
						best, at, sum, n := math.Inf(-1), -1, 0.0, 0.0
						var all []int
						for a := range s.KH {
							for b := range s.KW {
								h, w := o/s.OutW*s.StrideH+a-s.Top, o%s.OutW*s.StrideW+b-s.Left
								if h < 0 || w < 0 || h >= rows || w >= s.W {
									continue
								}
								e := (q*s.H+h)*s.W + w
								all = append(all, e)
								n, sum = n+1, sum+float64(x[e])
								if float64(x[e]) > best {
									best, at = float64(x[e]), e
								}
							}
						}
						i := q*s.OutH*s.OutW + o
						if n == 0 {
							if y[i] != 0 || mean[i] != 0 {
								t.Fatalf("an empty window gives %v and %v", y[i], mean[i])
							}
							continue
						}
						if s.CountPadding {
							n = float64(s.KH * s.KW)
						}
						if float64(y[i]) != best || math.Abs(float64(mean[i])-sum/n) > 1e-5 {
							t.Fatalf("window %d has %v and %v, want %v and %v", i, y[i], mean[i], best, sum/n)
						}
						wantDX[at] += float64(dy[i])
						for _, e := range all {
							wantMean[e] += float64(dy[i]) / n
						}
					}
				}
				for i := range dx {
					if math.Abs(float64(dx[i])-wantDX[i]) > 1e-5 || math.Abs(float64(dmean[i])-wantMean[i]) > 1e-5 {
						t.Fatalf("gradients at %d are %v and %v, want %v and %v", i, dx[i], dmean[i], wantDX[i], wantMean[i])
					}
				}
			})
		}
	}
}

func TestPoolingOfWholePlanes(t *testing.T) {
	for _, n := range sizes {
		x, y := numbers(1, 5*n), make([]float32, 5)
		for q := range y {
			y[q] = float32(math.Inf(-1))
			for _, v := range x[q*n : (q+1)*n] {
				y[q] = max(y[q], v)
			}
		}
		run := func(op Op, size int, operands ...[]float32) []float32 {
			return (&trial{in: operands, out: []int{size}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
				args := PlaneArgs{Span: Span{N: 5, Per: 2}, Size: int64(n), S: 0.3}
				return []Instr{call(op, 3, args, append(slices.Clone(in), out[0])...)}
			}}).check(t)[0]
		}
		if got := run(PlaneMax, 5, x); firstDifference(got, y) >= 0 {
			t.Fatalf("largest of %d: %v, want %v", n, got, y)
		}
		run(PlaneMaxGrad, 5*n, x, y, numbers(2, 5))
		run(PlaneFill, 5*n, numbers(2, 5))
		x[n/2] = float32(math.NaN())
		if got := run(PlaneMax, 5, x); got[0] == got[0] {
			t.Errorf("the largest of %d with a NaN is %v", n, got[0])
		}
	}
}

func BenchmarkPooling(b *testing.B) {
	table := Tables()[0]
	for _, s := range []Windows{windows(64*32, 28, 28, 2, 2, 0), windows(64*32, 28, 28, 3, 2, 1), windows(64*32, 28, 28, 3, 1, 1)} {
		nx, ny := s.Planes*s.H*s.W, s.Planes*s.OutH*s.OutW
		for _, k := range []struct {
			name     string
			op       Op
			operands []int
		}{{"max", MaxPool, []int{nx, ny}}, {"max dx", MaxPoolGrad, []int{nx, ny, ny, nx}}, {"mean", AvgPool, []int{nx, ny}}, {"mean dx", AvgPoolGrad, []int{ny, nx}}} {
			b.Run(fmt.Sprintf("%s %dx%d stride %d", k.name, s.KH, s.KW, s.StrideH), func(b *testing.B) {
				bytes := 0
				for _, n := range k.operands {
					bytes += 4 * n
				}
				bench(b, table, 0, float64(bytes), 8*s.OutW, func(temp func(int) unsafe.Pointer) []Instr {
					c, _ := s.Call(k.op)
					ins := with(c)
					for i, n := range k.operands {
						ins.P[i] = temp(n)
					}
					return []Instr{ins}
				})
			})
		}
	}
}
