package kernel

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// A trial is a case for kernels: it runs on every table, with all operands
// between guard values, and must give the bits of the Go reference.
type trial struct {
	in      [][]float32 // given operands
	out     []int       // sizes of those that are made, filled with begin
	begin   func(k, i int) float32
	scratch int // bytes
	// build makes the instructions. temp gives memory between guards for what
	// depends on the table, such as packed panels.
	build func(t *Table, in, out []unsafe.Pointer, temp func(n int) unsafe.Pointer) []Instr
}

// guard is what stands before and behind each operand: a NaN that no
// computation gives, so that reading it shows and writing it is found.
const (
	guard      = 0x7fc5a5a5
	guardWords = 48
)

// fenced is memory for n numbers between guards.
type fenced struct {
	mem *Memory
	n   int
}

func newFenced(t testing.TB, n int, align int) fenced {
	t.Helper()
	m, err := NewMemory(4 * (n + 2*guardWords + align))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Free)
	all := m.Floats()
	for i := range all {
		all[i] = math.Float32frombits(guard)
	}
	return fenced{m, n}
}

// data skips the first guard; it is as badly aligned as float32 may be.
func (f fenced) data() []float32 { return f.mem.Floats()[guardWords-1:][:f.n:f.n] }

func (f fenced) pointer() unsafe.Pointer { return unsafe.Add(f.mem.Pointer(), 4*(guardWords-1)) }

func (f fenced) intact() bool {
	all := f.mem.Floats()
	for i, v := range all {
		if (i < guardWords-1 || i >= guardWords-1+f.n) && math.Float32bits(v) != guard {
			return false
		}
	}
	return true
}

// run gives the outputs of one table.
func (c *trial) run(t testing.TB, table *Table) [][]float32 {
	t.Helper()
	var fences []fenced
	place := func(n int) fenced {
		f := newFenced(t, n, 0)
		fences = append(fences, f)
		return f
	}
	var in, out []unsafe.Pointer
	for _, v := range c.in {
		f := place(len(v))
		copy(f.data(), v)
		in = append(in, f.pointer())
	}
	var results [][]float32
	for k, n := range c.out {
		f := place(n)
		for i := range f.data() {
			f.data()[i] = math.Float32frombits(0x7fc01234) // a value that is not written stays a NaN
			if c.begin != nil {
				f.data()[i] = c.begin(k, i)
			}
		}
		out = append(out, f.pointer())
		results = append(results, f.data())
	}
	made := c.build(table, in, out, func(n int) unsafe.Pointer { return place(n).pointer() })
	list, err := NewMemory(len(made) * int(unsafe.Sizeof(Instr{})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(list.Free)
	copy(list.Instrs(), made)
	scratch := place(c.scratch / 4)
	if table.c == nil {
		table.Run(list.Instrs(), scratch.pointer())
	} else {
		// Tasks backwards: their order must not matter.
		for i := range list.Instrs() {
			ins := &list.Instrs()[i]
			for task := int(ins.Tasks) - 1; task >= 0; task-- {
				table.Tasks(ins, task, task+1, scratch.pointer())
			}
		}
	}
	for i, f := range fences {
		if !f.intact() {
			t.Errorf("%s: memory around operand %d of %d was written", table.Name, i, len(fences))
		}
	}
	return results
}

// check compares all tables with the reference and returns what that gave.
func (c *trial) check(t testing.TB) [][]float32 {
	t.Helper()
	want := c.run(t, Reference())
	for _, table := range Tables() {
		got := c.run(t, table)
		for k := range want {
			if at := firstDifference(got[k], want[k]); at >= 0 {
				t.Errorf("%s: output %d differs at %d of %d: %v (%#x), the reference has %v (%#x)", table.Name, k, at, len(want[k]),
					got[k][at], math.Float32bits(got[k][at]), want[k][at], math.Float32bits(want[k][at]))
			}
		}
	}
	return want
}

// firstDifference compares bits; any NaN equals any other.
func firstDifference(a, b []float32) int {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) && (a[i] == a[i] || b[i] == b[i]) {
			return i
		}
	}
	return -1
}

// numbers makes n values in [-1, 1) by counter.
func numbers(seed uint64, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		r := philox([4]uint32{uint32(i), uint32(i >> 32), uint32(seed), 7}, [2]uint32{1, 2})
		v[i] = float32(int32(r[0])) * 0x1p-31
	}
	return v
}

// sizes are those at which loops have their ends.
var sizes = []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 67, 100, 257}

// call is an instruction of a test.
func call(op Op, tasks int32, args any, operands ...unsafe.Pointer) Instr {
	in, err := Call{Op: op, Tasks: int(tasks), Args: args}.Instr(operands...)
	if err != nil {
		panic(err)
	}
	return in
}

// tasksOf is how many tasks work of n elements is cut into.
func tasksOf(n, per int) int32 { return int32((n + per - 1) / per) }

func TestElementwiseGivesTheBitsOfTheReference(t *testing.T) {
	for _, n := range sizes {
		for _, per := range []int{5, 16, 1000} {
			x, y := numbers(1, n), numbers(2, n)
			for i := range x {
				x[i] *= 8
			}
			x[n/2] = float32(math.NaN())
			span := Span{N: int64(n), Per: int64(per)}
			simple := func(op Op, args any, operands int) func(*Table, []unsafe.Pointer, []unsafe.Pointer, func(int) unsafe.Pointer) []Instr {
				return func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
					ins := call(op, tasksOf(n, per), args)
					copy(ins.P[:], in[:operands])
					ins.P[operands] = out[0]
					return []Instr{ins}
				}
			}
			for a := range Activation(len(activations())) {
				t.Run(fmt.Sprintf("activation %d of %d by %d", a, n, per), func(t *testing.T) {
					for _, op := range []Op{Activate, ActivateGrad, OutputGrad} {
						c := trial{in: [][]float32{x, y}, out: []int{n}, build: simple(op, ActArgs{Span: span, Act: a, Alpha: 0.3}, map[Op]int{Activate: 1}[op]+2*btoi(op != Activate))}
						c.check(t)
					}
				})
			}
			t.Run(fmt.Sprintf("%d by %d", n, per), func(t *testing.T) {
				for _, op := range []Op{Add, Mul} {
					(&trial{in: [][]float32{x, y}, out: []int{n}, build: simple(op, span, 2)}).check(t)
				}
				(&trial{in: [][]float32{x}, out: []int{n}, build: simple(Scale, ScaleArgs{Span: span, S: 3}, 1)}).check(t)
				(&trial{in: [][]float32{x}, out: []int{n}, build: simple(Copy, span, 1)}).check(t)
				(&trial{out: []int{n}, build: simple(Fill, ScaleArgs{Span: span, S: 3}, 0)}).check(t)
				(&trial{in: [][]float32{y}, out: []int{int(tasksOf(n, per))}, build: simple(SumSq, span, 1)}).check(t)
				columns := ColSumArgs{Span: span, Rows: 5, Stride: int64(n)}
				(&trial{in: [][]float32{numbers(3, 5*n)}, out: []int{n}, build: simple(ColSum, columns, 1)}).check(t)
			})
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// matmul builds the three instructions of a product. ta and tb say that the
// operand is stored transposed.
func matmul(table *Table, a, b, c, bias unsafe.Pointer, temp func(int) unsafe.Pointer, m, n, k, batch int, ta, tb bool, act Activation, accumulate bool, mode int) []Instr {
	panels := func(rows, w int) int { return (rows + w - 1) / w }
	na, nb := panels(m, table.MR), panels(n, table.NR)
	pa, pb := temp(batch*na*table.MR*k), temp(batch*nb*table.NR*k)
	strides := func(t bool, rows int) (rs, ks int64) {
		if t {
			return 1, int64(rows)
		}
		return int64(k), 1
	}
	rsA, ksA := strides(ta, m)
	rsB, ksB := strides(!tb, n)
	const per = 2
	blocks := panels(na, per) * panels(nb, per)
	return []Instr{
		call(Pack, int32(batch*panels(na, per)), PackArgs{Rows: int64(m), K: int64(k), RowStride: rsA, KStride: ksA, Per: per, BatchStride: int64(m * k), OutStride: int64(na * table.MR * k), BatchTasks: int64(panels(na, per))}, a, pa),
		call(Pack, int32(batch*panels(nb, per)), PackArgs{Rows: int64(n), K: int64(k), RowStride: rsB, KStride: ksB, Columns: true, Per: per, BatchStride: int64(n * k), OutStride: int64(nb * table.NR * k), BatchTasks: int64(panels(nb, per))}, b, pb),
		call(Gemm, int32(batch*blocks), GemmArgs{M: int64(m), N: int64(n), K: int64(k), RowStride: int64(n), Act: act, PanelsA: per, PanelsB: per, Add: accumulate, Bias: BiasKind(mode), StrideA: int64(na * table.MR * k), StrideB: int64(nb * table.NR * k), StrideC: int64(m * n), BatchTasks: int64(blocks)}, pa, pb, c, bias),
	}
}

func TestMatrixProducts(t *testing.T) {
	for i, s := range [][4]int{{1, 1, 1, 1}, {3, 5, 7, 2}, {14, 32, 16, 1}, {15, 33, 257, 1}, {6, 16, 300, 2}, {29, 65, 1, 1}, {70, 40, 520, 1}, {2, 3, 0, 1}} {
		m, n, k, batch := s[0], s[1], s[2], s[3]
		for mode := range 3 {
			for _, trans := range [][2]bool{{false, false}, {true, false}, {false, true}} {
				for _, act := range []Activation{Linear, ReLU, Tanh} {
					accumulate := (i+mode)%2 == 1
					c := trial{in: [][]float32{numbers(1, batch*m*k), numbers(2, batch*k*n), numbers(3, m+n)}, out: []int{batch * m * n},
						begin: func(_, i int) float32 { return float32(i%13) - 6 },
						build: func(t *Table, in, out []unsafe.Pointer, temp func(int) unsafe.Pointer) []Instr {
							return matmul(t, in[0], in[1], out[0], in[2], temp, m, n, k, batch, trans[0], trans[1], act, accumulate, mode)
						}}
					got := c.check(t)[0]
					// The reference agrees with float64.
					for b := range batch {
						for i := range m {
							for j := range n {
								sum := 0.0
								if accumulate {
									sum = float64((b*m*n+i*n+j)%13) - 6
								}
								for q := range k {
									x, y := c.in[0][b*m*k+i*k+q%max(k, 1)], c.in[1][b*k*n+q*n+j]
									if trans[0] {
										x = c.in[0][b*m*k+q*m+i]
									}
									if trans[1] {
										y = c.in[1][b*k*n+j*k+q]
									}
									sum += float64(x) * float64(y)
								}
								sum += []float64{0, float64(c.in[2][j]), float64(c.in[2][i])}[mode]
								switch act {
								case ReLU:
									sum = max(sum, 0)
								case Tanh:
									sum = math.Tanh(sum)
								}
								if v := got[b*m*n+i*n+j]; math.Abs(float64(v)-sum) > 1e-4 {
									t.Fatalf("%v mode %d: element %d,%d is %v, want %v", s, mode, i, j, v, sum)
								}
							}
						}
					}
				}
			}
		}
	}
}

func TestDropoutDrawsTheSameMaskEverywhere(t *testing.T) {
	for _, n := range sizes {
		for _, group := range []int{1, 5} {
			x := numbers(1, n)
			step := []float32{math.Float32frombits(9), 0} // a uint64
			rate := float64(0.4)
			(&trial{in: [][]float32{x, step}, out: []int{n}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
				return []Instr{call(Dropout, tasksOf(n, 4*group), DropoutArgs{Span: Span{N: int64(n), Per: int64(4 * group)}, Key: 77, Group: int64(group), Below: uint32(rate * (1 << 32)), Scale: 1 / 0.6}, in[0], out[0], in[1])}
			}}).check(t)
		}
	}
}

// The functions of mathfn.h have the errors that they state, in units of the
// last place, at every 4003rd float.
func TestFunctionsOverAllFloats(t *testing.T) {
	if testing.Short() {
		t.Skip("a million calls of each function")
	}
	for _, f := range []struct {
		name string
		got  func(float32) float32
		want func(float64) float64
		ulp  float64
		lo   float64
		hi   float64
	}{
		{"exp", exp32, math.Exp, 1, math.Inf(-1), math.Inf(1)},
		{"log", log32, math.Log, 1, math.Inf(-1), math.Inf(1)},
		{"log1p", log1p32, math.Log1p, 2, 0, 1},
		{"tanh", tanh32, math.Tanh, 2, math.Inf(-1), math.Inf(1)},
		{"sigmoid", sigmoid32, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 3, -87, math.Inf(1)},
		{"erf", erf32, math.Erf, 2, math.Inf(-1), math.Inf(1)},
	} {
		worst, at := 0.0, float32(0)
		for bits := uint64(0); bits < 1<<32; bits += 4003 {
			x := math.Float32frombits(uint32(bits))
			if x != x || float64(x) < f.lo || float64(x) > f.hi {
				continue
			}
			got, want := f.got(x), f.want(float64(x))
			if math.IsInf(want, 0) || want != want || math.Abs(want) > math.MaxFloat32 {
				if want == want && float64(got) != want && !math.IsInf(float64(got), int(math.Copysign(1, want))) || want != want && got == got {
					t.Fatalf("%s(%v) is %v, want %v", f.name, x, got, want)
				}
				continue
			}
			_, e := math.Frexp(want)
			unit := math.Ldexp(1, max(e-24, -149))
			if d := math.Abs(float64(got)-want) / unit; d > worst || d != d {
				worst, at = d, x
			}
		}
		t.Logf("%s: %.3f ulp at %v", f.name, worst, at)
		if !(worst <= f.ulp) {
			t.Errorf("%s is %v ulp off at %v, more than the %v that it states", f.name, worst, at, f.ulp)
		}
	}
}

func TestFMAIsRoundedOnce(t *testing.T) {
	for _, c := range [][4]uint32{ // found by hand: the sum in float64 is half-way
		{0x3f800001, 0x3f800001, 0x33800000, 0},
		{0x7f7fffff, 0x7f7fffff, 0xff800000, 0xff800000},
	} {
		a, b, d := math.Float32frombits(c[0]), math.Float32frombits(c[1]), math.Float32frombits(c[2])
		if c[3] != 0 && math.Float32bits(fma(a, b, d)) != c[3] {
			t.Errorf("fma(%v, %v, %v) = %v", a, b, d, fma(a, b, d))
		}
	}
	// Against the machine's, through a matrix product with k = 1 that adds to C.
	const n = 1 << 16
	x, y, z := numbers(1, n), numbers(2, n), numbers(3, n)
	for i := range x { // z near -x*y, where one rounding and two differ most
		z[i] = -float32(x[i]*y[i]) * (1 + z[i]*0x1p-20)
	}
	for _, table := range Tables() {
		for i := 0; i < n; i += 997 {
			c := trial{in: [][]float32{x[i : i+1], y[i : i+1]}, out: []int{1}, begin: func(int, int) float32 { return z[i] },
				build: func(t *Table, in, out []unsafe.Pointer, temp func(int) unsafe.Pointer) []Instr {
					return matmul(t, in[0], in[1], out[0], nil, temp, 1, 1, 1, 1, false, false, Linear, true, 0)
				}}
			if got := c.run(t, table)[0][0]; got != fma(x[i], y[i], z[i]) {
				t.Fatalf("%s: fma(%v, %v, %v) = %v, the reference says %v", table.Name, x[i], y[i], z[i], got, fma(x[i], y[i], z[i]))
			}
		}
	}
}
