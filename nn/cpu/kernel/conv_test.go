package kernel

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// with is the instruction of a call.
func with(c Call, operands ...unsafe.Pointer) Instr {
	return call(c.Op, int32(c.Tasks), c.Args, operands...)
}

// place gives the memory for a padded operand and the instruction that makes it.
func (p Padding) place(from unsafe.Pointer, temp func(int) unsafe.Pointer, list []Instr) (unsafe.Pointer, []Instr) {
	if p.Size == 0 {
		return from, list
	}
	to := temp(p.Size)
	return to, append(list, with(p.Call, from, to))
}

func (p ConvPlan) build(x, w, y, bias unsafe.Pointer, size int, temp func(int) unsafe.Pointer) []Instr {
	x, list := p.Padding.place(x, temp, nil)
	if !p.Whole {
		list = append(list, call(Fill, 1, ScaleArgs{Span: Span{N: int64(size), Per: int64(size)}}, y))
	}
	for _, f := range p.Phases {
		packed := temp(f.Packed)
		list = append(list, with(f.Pack, w, packed), with(f.Product, x, packed, y, bias))
	}
	return list
}

func (p WeightPlan) build(x, dy, dw unsafe.Pointer, temp func(int) unsafe.Pointer) []Instr {
	x, list := p.Padding.place(x, temp, nil)
	packed, sums := temp(p.Packed), temp(p.Sums)
	return append(list, with(p.Pack, dy, packed), with(p.Product, x, packed, sums), with(p.Sum, sums, dw))
}

func (c Conv) sizes() (x, w, y int) {
	return c.N * c.C * c.H * c.W, c.M * c.C / c.Groups * c.KH * c.KW, c.N * c.M * c.OutH() * c.OutW()
}

// at gives the index of an element of x (of) or y.
func (c Conv) at(n, ch, h, w int, channels, height, width int) int {
	if c.OneD {
		return (n*height+h)*channels + ch
	}
	return ((n*channels+ch)*height+h)*width + w
}

// each calls f for every product of an element of x and a weight, and where it goes.
func (c Conv) each(f func(x, w, y int)) {
	cg, mg := c.C/c.Groups, c.M/c.Groups
	for n := range c.N {
		for m := range c.M {
			for oh := range c.OutH() {
				for ow := range c.OutW() {
					for ci := range cg {
						for kh := range c.KH {
							for kw := range c.KW {
								h, w := oh*c.StrideH+kh*c.DilationH-c.Top, ow*c.StrideW+kw*c.DilationW-c.Left
								if h < 0 || h >= c.H || w < 0 || w >= c.W {
									continue
								}
								f(c.at(n, m/mg*cg+ci, h, w, c.C, c.H, c.W), ((m*cg+ci)*c.KH+kh)*c.KW+kw, c.at(n, m, oh, ow, c.M, c.OutH(), c.OutW()))
							}
						}
					}
				}
			}
		}
	}
}

func conv2(n, c, h, w, m, k, stride, pad int) Conv {
	return Conv{N: n, C: c, H: h, W: w, M: m, KH: k, KW: k, StrideH: stride, StrideW: stride, DilationH: 1, DilationW: 1,
		Top: pad, Bottom: pad, Left: pad, Right: pad, Groups: 1}
}

func conv1(n, t, c, m, k, stride, left, right, dilation, groups int) Conv {
	return Conv{N: n, C: c, H: t, W: 1, M: m, KH: k, KW: 1, StrideH: stride, StrideW: 1, DilationH: dilation, DilationW: 1,
		Top: left, Bottom: right, Groups: groups, OneD: true}
}

func testConvs() []Conv {
	list := []Conv{
		conv2(1, 1, 1, 1, 1, 1, 1, 0), conv2(2, 3, 7, 9, 5, 3, 1, 1), conv2(3, 2, 14, 14, 13, 3, 1, 1), conv2(2, 4, 8, 8, 8, 1, 1, 0),
		conv2(2, 3, 9, 8, 4, 3, 2, 1), conv2(1, 2, 7, 7, 9, 5, 3, 2), conv2(2, 33, 6, 5, 40, 3, 1, 1), conv2(9, 1, 28, 28, 6, 5, 1, 0),
		conv2(2, 3, 4, 4, 3, 1, 2, 0), conv2(1, 2, 3, 3, 2, 3, 1, 2), conv2(3, 6, 20, 30, 17, 3, 1, 1), conv2(17, 2, 3, 2, 3, 2, 1, 0),
		{N: 2, C: 4, H: 9, W: 11, M: 6, KH: 3, KW: 2, StrideH: 2, StrideW: 1, DilationH: 2, DilationW: 3, Top: 0, Bottom: 2, Left: 1, Right: 0, Groups: 2},
		{N: 1, C: 3, H: 12, W: 10, M: 3, KH: 3, KW: 3, StrideH: 2, StrideW: 3, DilationH: 2, DilationW: 2, Top: 4, Bottom: 1, Left: 2, Right: 2, Groups: 1},
		{N: 3, C: 5, H: 6, W: 7, M: 10, KH: 3, KW: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Top: 1, Bottom: 1, Left: 1, Right: 1, Groups: 5},
		conv1(2, 9, 5, 7, 3, 1, 1, 1, 1, 1), conv1(3, 20, 1, 18, 5, 1, 4, 0, 1, 1), conv1(2, 11, 8, 6, 3, 2, 0, 2, 3, 2), conv1(1, 5, 70, 35, 4, 3, 1, 2, 2, 1),
		conv1(4, 6, 3, 3, 1, 1, 0, 0, 1, 3), conv1(2, 7, 4, 3, 1, 2, 0, 0, 1, 1),
	}
	return list
}

func TestConvolutions(t *testing.T) {
	for _, c := range testConvs() {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			nx, nw, ny := c.sizes()
			x, w, dy, bias := numbers(1, nx), numbers(2, nw), numbers(3, ny), numbers(4, c.M)
			compare := func(name string, got []float32, want []float64) {
				t.Helper()
				for i := range want {
					if math.Abs(float64(got[i])-want[i]) > 1e-4*math.Sqrt(float64(ny)) {
						t.Fatalf("%s[%d] is %v, want %v", name, i, got[i], want[i])
					}
				}
			}
			wantY, wantX, wantW := make([]float64, ny), make([]float64, nx), make([]float64, nw)
			for i := range wantY {
				m := i / (c.OutH() * c.OutW()) % c.M
				if c.OneD {
					m = i % c.M
				}
				wantY[i] = float64(bias[m])
			}
			c.each(func(a, b, o int) {
				wantY[o] += float64(x[a]) * float64(w[b])
				wantX[a] += float64(dy[o]) * float64(w[b])
				wantW[b] += float64(dy[o]) * float64(x[a])
			})
			for i, v := range wantY {
				wantY[i] = max(v, 0)
			}
			forward := trial{in: [][]float32{x, w, bias}, out: []int{ny}, scratch: convScratch,
				build: func(_ *Table, in, out []unsafe.Pointer, temp func(int) unsafe.Pointer) []Instr {
					return c.Forward(ReLU, 0, true).build(in[0], in[1], out[0], in[2], ny, temp)
				}}
			compare("y", forward.check(t)[0], wantY)
			input := trial{in: [][]float32{dy, w}, out: []int{nx}, scratch: convScratch,
				build: func(_ *Table, in, out []unsafe.Pointer, temp func(int) unsafe.Pointer) []Instr {
					return c.InputGrad().build(in[0], in[1], out[0], nil, nx, temp)
				}}
			compare("dx", input.check(t)[0], wantX)
			plan := c.WeightGrad()
			weights := trial{in: [][]float32{x, dy}, out: []int{nw}, scratch: plan.Scratch,
				build: func(_ *Table, in, out []unsafe.Pointer, temp func(int) unsafe.Pointer) []Instr {
					return plan.build(in[0], in[1], out[0], temp)
				}}
			compare("dw", weights.check(t)[0], wantW)
		})
	}
}

func TestPlaneSums(t *testing.T) {
	for _, n := range sizes {
		(&trial{in: [][]float32{numbers(1, 5*n)}, out: []int{5}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
			return []Instr{call(PlaneSum, 3, PlaneArgs{Span: Span{N: 5, Per: 2}, Size: int64(n), S: 0.3}, in[0], out[0])}
		}}).check(t)
	}
}

// A padding with lengths ends each plane early.
func TestPaddingWithLengths(t *testing.T) {
	x, lengths := numbers(1, 3*4*5), []float32{0, 3, 4}
	for top := range 3 {
		for left := range 2 {
			p := padding(3, 4, 5, top, 1, left, 2)
			got := (&trial{in: [][]float32{x, lengths}, out: []int{p.Size}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
				return []Instr{with(p.Call, in[0], out[0], in[1])}
			}}).check(t)[0]
			for i, v := range got {
				q, h, w := i/((5+top)*(7+left)), i/(7+left)%(5+top)-top, i%(7+left)-left
				want := float32(0)
				if h >= 0 && h < int(lengths[q]) && w >= 0 && w < 5 {
					want = x[(q*4+h)*5+w]
				}
				if v != want {
					t.Fatalf("plane %d, row %d, column %d is %v, want %v", q, h, w, v, want)
				}
			}
		}
	}
}

// bench runs instructions on one thread and says how many operations they are.
func bench(b *testing.B, table *Table, flops, bytes float64, scratch int, build func(temp func(int) unsafe.Pointer) []Instr) {
	b.Helper()
	temp := func(n int) unsafe.Pointer {
		m, err := NewMemory(4 * n)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(m.Free)
		copy(m.Floats(), numbers(9, min(n, 1<<16)))
		return m.Pointer()
	}
	made := build(temp)
	list, err := NewMemory(len(made) * int(unsafe.Sizeof(Instr{})))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(list.Free)
	copy(list.Instrs(), made)
	s := temp(scratch/4 + 16)
	b.ResetTimer()
	for range b.N {
		table.Run(list.Instrs(), s)
	}
	per := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	if flops > 0 {
		b.ReportMetric(flops/per, "GFLOP/s")
	}
	if bytes > 0 {
		b.ReportMetric(bytes/per, "GB/s")
	}
}

func BenchmarkConvolutions(b *testing.B) {
	table := Tables()[0]
	b.Run("matrix product 512", func(b *testing.B) {
		bench(b, table, 2*512*512*512, 0, 0, func(temp func(int) unsafe.Pointer) []Instr {
			return matmul(table, temp(512*512), temp(512*512), temp(512*512), nil, temp, 512, 512, 512, 1, false, false, Linear, false, 0)[2:]
		})
	})
	for _, s := range []struct {
		name string
		c    Conv
	}{
		{"1-32 3x3 28x28", conv2(64, 1, 28, 28, 32, 3, 1, 1)},
		{"32-64 3x3 14x14", conv2(64, 32, 14, 14, 64, 3, 1, 1)},
		{"64-64 3x3 stride 2", conv2(16, 64, 28, 28, 64, 3, 2, 1)},
		{"128-128 1x1", conv2(16, 128, 14, 14, 128, 1, 1, 0)},
		{"depthwise 64 3x3", func() Conv { c := conv2(16, 64, 28, 28, 64, 3, 1, 1); c.Groups = 64; return c }()},
		{"sequence 128-128 by 3", conv1(32, 100, 128, 128, 3, 1, 1, 1, 1, 1)},
	} {
		nx, nw, ny := s.c.sizes()
		forward, input, weights := s.c.Forward(ReLU, 0, true), s.c.InputGrad(), s.c.WeightGrad()
		b.Run(s.name+"/forward", func(b *testing.B) {
			bench(b, table, weights.Flops, 0, convScratch, func(temp func(int) unsafe.Pointer) []Instr {
				return forward.build(temp(nx), temp(nw), temp(ny), temp(s.c.M), ny, temp)
			})
		})
		b.Run(s.name+"/dx", func(b *testing.B) {
			bench(b, table, weights.Flops, 0, convScratch, func(temp func(int) unsafe.Pointer) []Instr {
				return input.build(temp(ny), temp(nw), temp(nx), nil, nx, temp)
			})
		})
		b.Run(s.name+"/dw", func(b *testing.B) {
			bench(b, table, weights.Flops, 0, weights.Scratch, func(temp func(int) unsafe.Pointer) []Instr {
				return weights.build(temp(nx), temp(ny), temp(nw), temp)
			})
		})
	}
}
