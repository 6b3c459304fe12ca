package kernel

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// A lossCase is a loss with its numbers and plain formulas for one output.
type lossCase struct {
	name  string
	kind  LossKind
	f     [5]float32
	value func(z, y float64) float64
}

func logit(z, t float64) float64 {
	return max(z, 0) - z*t + math.Log1p(math.Exp(-math.Abs(z)))
}

var lossCases = []lossCase{
	{"mse", MSELoss, [5]float32{}, func(z, y float64) float64 { return (z - y) * (z - y) }},
	{"mae", MAELoss, [5]float32{}, func(z, y float64) float64 { return math.Abs(z - y) }},
	{"huber", HuberLoss, [5]float32{0.75}, func(z, y float64) float64 {
		if a := math.Abs(z - y); a > 0.75 {
			return 0.75 * (a - 0.75/2)
		}
		return (z - y) * (z - y) / 2
	}},
	{"pinball", PinballLoss, [5]float32{0.25}, func(z, y float64) float64 { return max(0.25*(y-z), -0.75*(y-z)) }},
	{"poisson", PoissonLoss, [5]float32{}, func(z, y float64) float64 { return math.Exp(z) - y*z }},
	{"sigmoid", SigmoidLoss, [5]float32{1, 0}, logit},
	{"smooth sigmoid", SigmoidLoss, [5]float32{0.75, 0.125}, func(z, y float64) float64 { return logit(z, 0.75*y+0.125) }},
	{"focal", FocalLoss, [5]float32{1, 0, 1.5, -0.5, 0.75}, func(z, y float64) float64 {
		p := 1 / (1 + math.Exp(-z))
		return (0.75 - 0.5*y) * math.Pow(1-p*y-(1-p)*(1-y), 1.5) * logit(z, y)
	}},
	{"focal, smooth", FocalLoss, [5]float32{0.75, 0.125, 0.5, 0, 1}, func(z, y float64) float64 {
		p, t := 1/(1+math.Exp(-z)), 0.75*y+0.125
		return math.Pow(1-p*t-(1-p)*(1-t), 0.5) * logit(z, t)
	}},
}

// lossInstrs are the four instructions of a loss and its gradient. stats is 3 m
// numbers for softmax.
func lossInstrs(m, k, per int, rows, grad Instr, row, parts, mean unsafe.Pointer) []Instr {
	const perSum = 20
	n := tasksOf(m, perSum)
	rows.Tasks, grad.Tasks = tasksOf(m, per), tasksOf(m, per)
	return []Instr{
		rows,
		call(WeightedSum, n, Span{N: int64(m), Per: perSum}, row, rows.P[2], parts),
		call(WeightedMean, 1, PartsArgs{Parts: int64(n)}, parts, mean),
		grad,
	}
}

// weightsOf has some rows that do not exist.
func weightsOf(m int) []float32 {
	w := numbers(9, m)
	for i := range w {
		w[i] = 1.5 + w[i]
		if i%5 == 3 {
			w[i] = 0
		}
	}
	return w
}

// oracle is the weighted mean and its gradient in float64, by differences of the
// loss of a row.
func oracle(z, w []float32, k int, row func(i int, z []float64) float64) (mean float64, grad []float64) {
	total := 0.0
	for _, v := range w {
		total += float64(v)
	}
	for i, v := range w {
		x := make([]float64, k)
		for j := range x {
			x[j] = float64(z[i*k+j])
		}
		if v == 0 {
			grad = append(grad, make([]float64, k)...)
			continue
		}
		mean += float64(v) * row(i, x) / total
		for j := range x {
			const h = 1e-5
			at := x[j]
			x[j] = at + h
			up := row(i, x)
			x[j] = at - h
			grad = append(grad, float64(v)*(up-row(i, x))/(2*h)/total)
			x[j] = at
		}
	}
	return mean, grad
}

func near(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	for i := range want {
		if math.Abs(float64(got[i])-want[i]) > tolerance*(1+math.Abs(want[i])) || got[i] != got[i] {
			t.Errorf("%s[%d] is %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

func TestLosses(t *testing.T) {
	for _, c := range lossCases {
		for _, size := range [][3]int{{1, 1, 8}, {16, 1, 5}, {37, 1, 1000}, {100, 1, 16}, {7, 2, 3}, {9, 16, 4}, {11, 37, 2}, {2, 100, 1}} {
			m, k, per := size[0], size[1], size[2]
			z, y, w := numbers(1, m*k), numbers(2, m*k), weightsOf(m)
			for i := range z {
				z[i] *= 3
				if c.kind >= SigmoidLoss {
					y[i] = float32(i % 2)
				}
				if w[i/k] == 0 {
					z[i], y[i] = float32(math.NaN()), float32(math.Inf(1))
				}
			}
			t.Run(fmt.Sprintf("%s %v", c.name, size), func(t *testing.T) {
				tr := trial{in: [][]float32{z, y, w, {0.5}}, out: []int{m, 2 * m, 2, m * k}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
					args := LossArgs{Span: Span{N: int64(m), Per: int64(per)}, Kind: c.kind, K: int64(k), F: c.f}
					return lossInstrs(m, k, per,
						call(LossRows, 0, args, in[0], in[1], in[2], out[0]),
						call(LossGrad, 0, args, in[0], in[1], in[2], unsafe.Add(out[2], 4), in[3], out[3]),
						out[0], out[1], out[2])
				}}
				got := tr.check(t)
				mean, grad := oracle(z, w, k, func(i int, x []float64) float64 {
					sum := 0.0
					for j, v := range x {
						sum += c.value(v, float64(y[i*k+j]))
					}
					return sum / float64(k)
				})
				for i := range grad {
					grad[i] *= 0.5
				}
				near(t, "loss", got[2], []float64{mean}, 2e-6)
				near(t, "gradient", got[3], grad, 3e-5)
			})
		}
	}
}

func TestSoftmaxLoss(t *testing.T) {
	for _, f := range [][3]float32{{0, 1}, {0.1, 0.9}, {0, 1, 2}, {0, 1, 0.5}} {
		for _, size := range [][3]int{{1, 1, 8}, {16, 2, 5}, {37, 3, 1000}, {33, 10, 16}, {9, 16, 4}, {11, 37, 2}, {3, 1000, 1}} {
			m, k, per := size[0], size[1], size[2]
			z, y, w := numbers(1, m*k), make([]float32, m), weightsOf(m)
			f := f
			smooth := float64(f[0])
			f[0] /= float32(k)
			for i := range z {
				z[i] *= 6
				if w[i/k] == 0 {
					z[i] = float32(math.NaN())
				}
			}
			for i := range y {
				y[i] = float32((i * 7) % k)
				if w[i] == 0 {
					y[i] = []float32{float32(math.NaN()), -1, float32(k), 1e30}[i/5%4]
				}
			}
			t.Run(fmt.Sprintf("%v %v", f, size), func(t *testing.T) {
				tr := softmaxTrial(z, y, w, m, k, per, f)
				got := tr.check(t)
				mean, grad := oracle(z, w, k, func(i int, x []float64) float64 {
					sum, spread, top := 0.0, 0.0, math.Inf(-1)
					for _, v := range x {
						top = max(top, v)
					}
					for _, v := range x {
						sum += math.Exp(v - top)
						spread += top - v
					}
					c := top - x[int(y[i])]
					p := math.Exp(-c) / sum
					return math.Pow(1-p, float64(f[2])) * (math.Log(sum) + (1-smooth)*c + smooth/float64(k)*spread)
				})
				if k == 1 && f[2] != 0 { // the loss is 0, its differences are not
					clear(grad)
				}
				near(t, "loss", got[3], []float64{mean}, 2e-6)
				near(t, "gradient", got[4], grad, 3e-5)
			})
		}
	}
}

func softmaxTrial(z, y, w []float32, m, k, per int, f [3]float32) *trial {
	return &trial{in: [][]float32{z, y, w}, out: []int{m, 2 * m, 3 * m, 2, m * k}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
		args := ClassLossArgs{Span: Span{N: int64(m), Per: int64(per)}, K: int64(k), Rest: f[0], Target: f[1], Gamma: f[2]}
		return lossInstrs(m, k, per,
			call(ClassLoss, 0, args, in[0], in[1], in[2], out[0], out[2]),
			call(ClassLossGrad, 0, args, in[0], in[1], in[2], out[2], unsafe.Add(out[3], 4), nil, out[4]),
			out[0], out[1], out[3])
	}}
}

// A class that is none of the outputs, a NaN or an overflow shows in the loss;
// large logits do not overflow.
func TestLossesShowWhatIsWrong(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		z    []float32
		y    float32
		want float64
	}{
		{[]float32{1, 2, 3}, 3, math.NaN()},
		{[]float32{1, 2, 3}, -1, math.NaN()},
		{[]float32{1, 2, 3}, nan, math.NaN()},
		{[]float32{1, nan, 3}, 0, math.NaN()},
		{[]float32{1, inf, 3}, 0, math.NaN()},
		{[]float32{-inf, -inf, -inf}, 0, math.NaN()},
		{[]float32{1, -inf, 1}, 0, math.Ln2},
		{[]float32{1, -inf, 1}, 1, math.Inf(1)},
		{[]float32{3e38, -3e38, 0}, 0, 0},
		{[]float32{1e4, 0, 0}, 1, 1e4},
	} {
		for _, gamma := range []float32{0, 1} {
			got := softmaxTrial(c.z, []float32{c.y}, []float32{2}, 1, 3, 1, [3]float32{0, 1, gamma}).check(t)
			if v := float64(got[3][0]); math.Abs(v-c.want) > 1e-6*c.want && !(v != v && c.want != c.want) && gamma == 0 {
				t.Errorf("%v, class %v: %v, want %v", c.z, c.y, v, c.want)
			}
			if v := got[4][1]; math.IsNaN(c.want) && v == v && c.y == c.y {
				t.Errorf("%v, class %v: gradient %v", c.z, c.y, v)
			}
		}
	}
	// No rows at all: the loss is 0, and so is the gradient.
	got := softmaxTrial([]float32{nan, inf}, []float32{0}, []float32{0}, 1, 2, 1, [3]float32{0, 1}).check(t)
	if got[3][0] != 0 || got[4][0] != 0 || got[4][1] != 0 {
		t.Errorf("a batch without rows: %v", got)
	}
}

// place copies data to memory that C may keep a pointer to.
func place(t testing.TB, data []float32) unsafe.Pointer {
	m, err := NewMemory(4 * len(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Free)
	copy(m.Floats(), data)
	return m.Pointer()
}

// benchOne runs an instruction over and over, per table.
func benchOne(b *testing.B, bytes float64, in Instr) {
	for _, table := range Tables() {
		b.Run(table.Name, func(b *testing.B) {
			m, err := NewMemory(int(unsafe.Sizeof(in)))
			if err != nil {
				b.Fatal(err)
			}
			defer m.Free()
			list := m.Instrs()[:1]
			list[0] = in
			for b.Loop() {
				table.Run(list, nil)
			}
			b.ReportMetric(bytes*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GB/s")
		})
	}
}

func BenchmarkLosses(b *testing.B) {
	const n = 1 << 16
	z, y, w := place(b, numbers(1, n)), place(b, make([]float32, n)), place(b, weightsOf(n))
	out, stats, one := place(b, make([]float32, n)), place(b, make([]float32, 3*n)), place(b, []float32{1})
	for _, c := range lossCases {
		args := LossArgs{Span: Span{N: n, Per: n}, Kind: c.kind, K: 1, F: c.f}
		b.Run(c.name, func(b *testing.B) {
			benchOne(b, 16*n, call(LossRows, 1, args, z, y, w, out))
		})
		b.Run(c.name+" gradient", func(b *testing.B) {
			benchOne(b, 16*n, call(LossGrad, 1, args, z, y, w, one, nil, out))
		})
	}
	for _, k := range []int{3, 10, 1000, 5000} {
		m := n / k
		args := ClassLossArgs{Span: Span{N: int64(m), Per: int64(m)}, K: int64(k), Target: 1}
		b.Run(fmt.Sprintf("softmax of %d", k), func(b *testing.B) {
			benchOne(b, float64(4*m*k), call(ClassLoss, 1, args, z, y, w, out, stats))
		})
		b.Run(fmt.Sprintf("softmax of %d, gradient", k), func(b *testing.B) {
			benchOne(b, float64(8*m*k), call(ClassLossGrad, 1, args, z, y, w, stats, one, nil, out))
		})
	}
}
