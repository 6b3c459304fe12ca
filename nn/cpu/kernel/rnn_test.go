package kernel

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"
)

// A recurrence is a recurrent layer with all that can go with it.
type recurrence struct {
	gates                                int // 4: an LSTM, 3: a GRU
	n, t, d, h, rows                     int
	reversed, lengths, bias, state, keep bool
}

func (r recurrence) String() string {
	return fmt.Sprintf("%dx%dx%d to %d by %d, gates %d, reversed %v, lengths %v, bias %v, state %v", r.n, r.t, r.d, r.h, r.rows,
		r.gates, r.reversed, r.lengths, r.bias, r.state)
}

// Operands of the trial, in this order.
const (
	opX = iota
	opWx
	opWh
	opBx
	opBh
	opLengths
	opBefore
	opDy
	opDafter
)

// parts is how many numbers of H a state has for each sequence.
func (r recurrence) parts() int { return r.gates - 2 }

func (r recurrence) operands() [][]float32 {
	g := r.gates * r.h
	in := [][]float32{numbers(1, r.n*r.t*r.d), numbers(2, r.d*g), numbers(3, r.h*g), numbers(4, g), numbers(5, g),
		numbers(6, r.n), numbers(7, r.parts()*r.n*r.h), numbers(8, r.n*r.t*r.h), numbers(9, r.parts()*r.n*r.h)}
	for i, v := range in[opWh] {
		in[opWh][i] = v / float32(math.Sqrt(float64(r.h)))
	}
	for i := range in[opLengths] { // from 0 to more than there are
		in[opLengths][i] = float32((i*7 + 2) % (r.t + 2))
	}
	return in
}

// outputs are y, the state after, dz, the gradient of the state before, and the
// gradients of [wx wh b], which is (D+H+1, G*H), from dz. For a GRU the
// lines of wh come from the second half of dz.
func (r recurrence) outputs() []int {
	g := r.gates * r.h
	dz := r.n * r.t * g
	if r.gates == 3 {
		dz *= 2
	}
	return []int{r.n * r.t * r.h, r.parts() * r.n * r.h, dz, r.parts() * r.n * r.h, (r.d + r.h + 1) * g, (r.d + r.h + 1) * g}
}

func (r recurrence) build(t *Table, in, out []unsafe.Pointer, temp func(int) unsafe.Pointer) []Instr {
	when := func(have bool, p unsafe.Pointer) unsafe.Pointer {
		if have {
			return p
		}
		return nil
	}
	g := r.gates * r.h
	lengths, before, dafter, bh := when(r.lengths, in[opLengths]), when(r.state, in[opBefore]), when(r.state, in[opDafter]), when(r.bias, in[opBh])
	z, wh, kept := temp(r.n*r.t*g), temp(padded(r.h)*r.h*r.gates), when(r.keep, temp(r.n*r.t*r.h))
	list := matmul(t, in[opX], in[opWx], z, in[opBx], temp, r.n*r.t, g, r.d, 1, false, false, Linear, false, btoi(r.bias))
	args := RecurrentArgs{Span: Span{N: int64(r.n), Per: int64(r.rows)}, T: int64(r.t), H: int64(r.h), Reversed: r.reversed}
	forward, backward := LSTM, LSTMGrad
	if r.gates == 3 {
		forward, backward = GRU, GRUGrad
	}
	list = append(list,
		call(PackGates, int32(padded(r.h)/16), PackGatesArgs{H: int64(r.h), G: int64(r.gates)}, in[opWh], wh),
		call(forward, tasksOf(r.n, r.rows), args, z, wh, bh, lengths, before, out[0], kept, when(r.state, out[1])))
	if !r.keep {
		return list
	}
	panels := (r.h + t.NR - 1) / t.NR
	wht := temp(panels * t.NR * g)
	back := call(backward, tasksOf(r.n, r.rows), args, z, kept, in[opDy], wht, lengths, before, dafter, out[2], when(r.state, out[3]))
	if r.gates == 3 {
		back.P = [10]unsafe.Pointer{z, kept, out[0], in[opDy], wht, lengths, before, dafter, out[2], when(r.state, out[3])}
	}
	list = append(list, call(Pack, 1, PackArgs{Rows: int64(r.h), K: int64(g), RowStride: int64(g), KStride: 1, Columns: true, Per: int64(panels), BatchTasks: 1}, in[opWh], wht), back)
	columns := r.d + r.h + 1
	na, nb := (columns+t.MR-1)/t.MR, (g+t.NR-1)/t.NR
	steps, dz := r.n*r.t, out[2]
	for k := range 5 - r.gates { // once for an LSTM, for both halves of dz for a GRU
		a, b := temp(na*t.MR*steps), temp(nb*t.NR*steps)
		list = append(list,
			call(PackSteps, tasksOf(na, 2), PackStepsArgs{N: int64(r.n), T: int64(r.t), D: int64(r.d), H: int64(r.h), Ones: true, Reversed: r.reversed, Per: 2}, in[opX], out[0], lengths, before, a),
			call(Pack, 1, PackArgs{Rows: int64(g), K: int64(steps), RowStride: 1, KStride: int64(g), Columns: true, Per: int64(nb), BatchTasks: 1}, unsafe.Add(dz, 4*k*steps*g), b),
			call(Gemm, 1, GemmArgs{M: int64(columns), N: int64(g), K: int64(steps), RowStride: int64(g), PanelsA: int64(na), PanelsB: int64(nb), BatchTasks: 1}, a, b, out[4+k]))
	}
	return list
}

func (r recurrence) trial() *trial {
	p := padded(r.h)
	return &trial{in: r.operands(), out: r.outputs(), build: r.build, scratch: 4 * r.rows * (2*p + padded(4*r.h) + 16), begin: func(int, int) float32 { return 5 }}
}

// float64s is the same in float64 with plain loops: y and the state after.
func (r recurrence) float64s(in [][]float64) (y, after []float64) {
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	y, after = make([]float64, r.n*r.t*r.h), make([]float64, r.parts()*r.n*r.h)
	if r.state {
		copy(after, in[opBefore])
	}
	for n := range r.n {
		length := r.t
		if r.lengths {
			length = min(r.t, int(in[opLengths][n]))
		}
		h := after[n*r.h:][:r.h]
		for s := range length {
			t := s
			if r.reversed {
				t = length - 1 - s
			}
			xs, hs := make([]float64, r.gates*r.h), make([]float64, r.gates*r.h)
			for j := range xs {
				if r.bias {
					xs[j], hs[j] = in[opBx][j], in[opBh][j]
				}
				for k := range r.d {
					xs[j] += in[opX][(n*r.t+t)*r.d+k] * in[opWx][k*r.gates*r.h+j]
				}
				for k := range r.h {
					hs[j] += h[k] * in[opWh][k*r.gates*r.h+j]
				}
			}
			for u := range r.h {
				a := func(g int) float64 { return xs[g*r.h+u] + hs[g*r.h+u] }
				if r.gates == 4 {
					c := &after[(r.n+n)*r.h+u]
					*c = sigmoid(a(1))**c + sigmoid(a(0))*math.Tanh(a(2))
					h[u] = sigmoid(a(3)) * math.Tanh(*c)
				} else {
					m := math.Tanh(xs[2*r.h+u] + sigmoid(a(0))*hs[2*r.h+u])
					v := sigmoid(a(1))
					h[u] = (1-v)*m + v*h[u]
				}
			}
			copy(y[(n*r.t+t)*r.h:], h)
		}
	}
	return y, after
}

// loss is the sum of what comes out, weighted with the gradients that go in.
func (r recurrence) loss(in [][]float64) float64 {
	y, after := r.float64s(in)
	sum := 0.0
	for i, v := range y {
		sum += v * in[opDy][i]
	}
	for i, v := range after {
		if r.state {
			sum += v * in[opDafter][i]
		}
	}
	return sum
}

func TestRecurrentLayers(t *testing.T) {
	for _, gates := range []int{3, 4} {
		for i, s := range [][5]int{{1, 1, 1, 1, 1}, {3, 4, 2, 5, 2}, {9, 3, 5, 17, 4}, {19, 5, 3, 8, 16}, {5, 6, 7, 33, 64}, {13, 2, 40, 16, 13}, {4, 3, 1, 67, 3}} {
			for mask := range 16 {
				if i > 2 && (mask+i)%4 != 0 && mask != 15 || i > 4 && testing.Short() {
					continue
				}
				r := recurrence{gates: gates, n: s[0], t: s[1], d: s[2], h: s[3], rows: s[4],
					reversed: mask&1 != 0, lengths: mask&2 != 0, bias: mask&4 != 0, state: mask&8 != 0, keep: true}
				t.Run(r.String(), func(t *testing.T) {
					got := r.trial().check(t)
					r.compare(t, got)
					r.keep = false
					if y := r.trial().check(t)[0]; firstDifference(y, got[0]) >= 0 {
						t.Error("the outputs differ when nothing is kept for the way back")
					}
				})
			}
		}
	}
}

// compare holds results of the kernels against float64: the values, and the
// gradients against difference quotients.
func (r recurrence) compare(t *testing.T, got [][]float32) {
	t.Helper()
	var in [][]float64
	for _, v := range r.operands() {
		w := make([]float64, len(v))
		for i := range v {
			w[i] = float64(v[i])
		}
		in = append(in, w)
	}
	near := func(what string, i int, got float32, want float64) {
		t.Helper()
		if math.Abs(float64(got)-want) > 3e-5*max(1, math.Abs(want)) {
			t.Fatalf("%s[%d] is %v, want %v", what, i, got, want)
		}
	}
	y, after := r.float64s(in)
	for i, v := range y {
		near("y", i, got[0][i], v)
	}
	slope := func(k, i int) float64 {
		const step = 1e-6
		v := in[k][i]
		in[k][i] = v + step
		up := r.loss(in)
		in[k][i] = v - step
		down := r.loss(in)
		in[k][i] = v
		return (up - down) / (2 * step)
	}
	each := func(k int) []int { // some elements of an operand
		n := len(in[k])
		return slices.Compact([]int{0, n / 7, n / 3, n / 2, n - n/5 - 1, n - 1})
	}
	if r.state {
		for i, v := range after {
			near("state", i, got[1][i], v)
		}
		for _, i := range each(opBefore) {
			near("gradient of the state", i, got[3][i], slope(opBefore, i))
		}
	}
	g := r.gates * r.h
	hidden := got[4+(4-r.gates)] // the gradients of what belongs to the state
	for _, i := range each(opWx) {
		near("gradient of wx", i, got[4][i], slope(opWx, i))
	}
	for _, i := range each(opWh) {
		near("gradient of wh", i, hidden[r.d*g+i], slope(opWh, i))
	}
	if r.bias {
		for _, i := range each(opBx) {
			near("gradient of bx", i, got[4][(r.d+r.h)*g+i], slope(opBx, i))
			near("gradient of bh", i, hidden[(r.d+r.h)*g+i], slope(opBh, i))
		}
	}
	for _, i := range each(opX) { // dx = dz wxᵀ
		dx := 0.0
		for j := range g {
			dx += float64(got[2][i/r.d*g+j]) * in[opWx][i%r.d*g+j]
		}
		near("gradient of x", i, float32(dx), slope(opX, i))
	}
}

func TestStepsOfSequences(t *testing.T) {
	for _, s := range [][3]int{{1, 1, 1}, {5, 4, 3}, {7, 3, 17}} {
		n, steps, d := s[0], s[1], s[2]
		x, short := numbers(1, n*steps*d), numbers(2, n*d)
		lengths := make([]float32, n)
		for i := range lengths {
			lengths[i] = float32((i + 1) % (steps + 2))
		}
		lengths[n-1] = float32(math.NaN())
		for _, given := range []bool{false, true} {
			for first := range int64(2) {
				build := func(op Op, count int) func(*Table, []unsafe.Pointer, []unsafe.Pointer, func(int) unsafe.Pointer) []Instr {
					return func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
						if !given {
							in[1] = nil
						}
						return []Instr{call(op, tasksOf(count, 3), StepsArgs{Span: Span{N: int64(count), Per: 3}, T: int64(steps), D: int64(d), First: first == 1}, in[0], in[1], out[0])}
					}
				}
				picked := (&trial{in: [][]float32{x, lengths}, out: []int{n * d}, build: build(PickStep, n*d)}).check(t)[0]
				spread := (&trial{in: [][]float32{short, lengths}, out: []int{n * steps * d}, build: build(PickStepGrad, n)}).check(t)[0]
				turned := (&trial{in: [][]float32{x, lengths}, out: []int{n * steps * d}, build: build(ReverseSteps, n)}).check(t)[0]
				for i := range n {
					length := steps
					if given {
						length = min(steps, int(lengths[i]))
						if lengths[i] != lengths[i] {
							length = 0
						}
					}
					at := length - 1
					if first == 1 {
						at = 0
					}
					for j := range d {
						want := float32(0)
						if length > 0 {
							want = x[(i*steps+at)*d+j]
						}
						if picked[i*d+j] != want {
							t.Errorf("%v: step of sequence %d is %v, want %v", s, i, picked[i*d+j], want)
						}
						for step := range steps {
							wantSpread, wantTurned := float32(0), float32(0)
							if step < length {
								wantTurned = x[(i*steps+length-1-step)*d+j]
								if step == at {
									wantSpread = short[i*d+j]
								}
							}
							if k := (i*steps+step)*d + j; spread[k] != wantSpread || turned[k] != wantTurned {
								t.Errorf("%v: step %d of sequence %d is %v and %v, want %v and %v", s, step, i, spread[k], turned[k], wantSpread, wantTurned)
							}
						}
					}
				}
			}
		}
	}
}

func TestCopyColumns(t *testing.T) {
	a, b := numbers(1, 7*3), numbers(2, 7*5)
	got := (&trial{in: [][]float32{a, b}, out: []int{7 * 8}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
		return []Instr{
			call(CopyColumns, tasksOf(7, 2), ColumnsArgs{Span: Span{N: 7, Per: 2}, Columns: 3, StrideIn: 3, StrideOut: 8}, in[0], out[0]),
			call(CopyColumns, tasksOf(7, 2), ColumnsArgs{Span: Span{N: 7, Per: 2}, Columns: 5, StrideIn: 5, StrideOut: 8, ColumnOut: 3}, in[1], out[0])}
	}}).check(t)[0]
	for r := range 7 {
		if !slices.Equal(got[r*8:][:3], a[r*3:][:3]) || !slices.Equal(got[r*8+3:][:5], b[r*5:][:5]) {
			t.Errorf("row %d is %v", r, got[r*8:][:8])
		}
	}
}

// A training step of a layer on one thread, kernel by kernel.
func BenchmarkRecurrent(b *testing.B) {
	for _, gates := range []int{3, 4} {
		for _, rows := range []int{8, 12, 16, 32} {
			r := recurrence{gates: gates, n: 64, t: 48, d: 16, h: 128, rows: rows, bias: true, keep: true}
			c := r.trial()
			table := Tables()[0]
			var in, out []unsafe.Pointer
			temp := func(n int) unsafe.Pointer { return newFenced(b, n, 0).pointer() }
			for _, v := range c.in {
				f := newFenced(b, len(v), 0)
				copy(f.data(), v)
				in = append(in, f.pointer())
			}
			for _, n := range c.out {
				out = append(out, temp(n))
			}
			list, err := NewMemory(4096)
			if err != nil {
				b.Fatal(err)
			}
			defer list.Free()
			made := list.Instrs()[:copy(list.Instrs(), r.build(table, in, out, temp))]
			scratch := temp(c.scratch / 4)
			table.Run(made, scratch)
			flops := 2 * float64(r.n*r.t) * float64(gates*r.h)
			for i, w := range map[int]struct {
				name string
				k    int
			}{2: {"input product", r.d}, 3: {"pack gates", 0}, 4: {"forward", r.h}, 5: {"pack back", 0}, 6: {"backward", r.h}, 7: {"pack steps", 0}, 8: {"pack dz", 0}, 9: {"weights", r.d + r.h + 1}} {
				if rows != 16 && i != 4 && i != 6 {
					continue
				}
				b.Run(fmt.Sprintf("gates=%d/rows=%d/%s", gates, rows, w.name), func(b *testing.B) {
					for b.Loop() {
						table.Run(made[i:i+1], scratch)
					}
					b.ReportMetric(flops*float64(w.k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
				})
			}
		}
	}
}
