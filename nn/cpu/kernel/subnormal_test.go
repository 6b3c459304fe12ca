package kernel

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// census counts what a number that decays can become.
func census(v []float32) (subnormal, zero, rest int) {
	for _, x := range v {
		switch a := abs32(x); {
		case a == 0:
			zero++
		case a < 0x1p-126:
			subnormal++
		default:
			rest++
		}
	}
	return
}

// flushed demands that something was too small to be kept, and that nothing is
// subnormal for it.
func flushed(t *testing.T, what string, v []float32) {
	t.Helper()
	if subnormal, zero, rest := census(v); subnormal > 0 || zero == 0 || rest == 0 {
		t.Errorf("%s: %d subnormal numbers, %d zeros and %d others of %d: want none, some and some", what, subnormal, zero, rest, len(v))
	}
}

func scaled(v []float32, by float32) []float32 {
	out := make([]float32, len(v))
	for i := range v {
		out[i] = v[i] * by
	}
	return out
}

// The gradient of a recurrent layer decays from step to step: here from the last
// one, which alone has some. At about 2^-126 it used to be a hundred times as slow.
func TestRecurrentGradientsAreNotSubnormal(t *testing.T) {
	for _, gates := range []int{3, 4} {
		for _, h := range []int{5, 16, 35} {
			r := recurrence{gates: gates, n: 3, t: 200, d: 2, h: h, rows: 2, bias: true, keep: true}
			t.Run(r.String(), func(t *testing.T) {
				tr := r.trial()
				clear(tr.in[opDy][:len(tr.in[opDy])-h])
				for n := range r.n {
					copy(tr.in[opDy][((n+1)*r.t-1)*h:], scaled(numbers(8, h), 0x1p-70))
				}
				tr.in[opWh] = scaled(tr.in[opWh], 0.5)
				flushed(t, "gradient", tr.check(t)[2])
			})
		}
	}
}

// Without inputs the state itself decays.
func TestRecurrentStatesAreNotSubnormal(t *testing.T) {
	for _, gates := range []int{3, 4} {
		r := recurrence{gates: gates, n: 3, t: 300, d: 2, h: 17, rows: 2, state: true, keep: true}
		t.Run(r.String(), func(t *testing.T) {
			tr := r.trial()
			clear(tr.in[opX])
			tr.in[opWh] = scaled(tr.in[opWh], 0.125)
			flushed(t, "state", tr.check(t)[0])
		})
	}
}

// Weights of attention and softmax are exponentials of what may be far apart.
func TestAttentionWeightsAreNotSubnormal(t *testing.T) {
	c := attentionCase{n: 2, heads: 2, tq: 70, tk: 130, dh: 8, spread: 400}
	got := c.check(t)
	if subnormal, zero, _ := census(got[2]); subnormal > 0 || zero == 0 {
		t.Errorf("gradients: %d subnormal numbers and %d zeros", subnormal, zero)
	}

	const m, d = 5, 33
	x := scaled(numbers(1, m*d), 100)
	build := func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
		args := SoftmaxArgs{Span: Span{N: m, Per: 2}, D: d, Each: 1}
		return []Instr{
			call(Softmax, tasksOf(m, 2), args, in[0], out[0]),
			call(SoftmaxGrad, tasksOf(m, 2), args, out[0], in[1], out[1]),
		}
	}
	got = (&trial{in: [][]float32{x, numbers(2, m*d)}, out: []int{m * d, m * d}, build: build}).check(t)
	flushed(t, "softmax", got[0])
	flushed(t, "gradient of softmax", got[1])
}

// Gradients of losses and activations are products of what may be tiny.
func TestGradientsOfLossesAndActivationsAreNotSubnormal(t *testing.T) {
	const n = 257
	z, y, w := scaled(numbers(1, n), 100), make([]float32, n), make([]float32, n)
	for i := range w {
		w[i] = 1
	}
	for _, kind := range []LossKind{PoissonLoss, SigmoidLoss} {
		got := (&trial{in: [][]float32{z, y, w, {n}}, out: []int{n}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
			return []Instr{call(LossGrad, tasksOf(n, 16), LossArgs{Span: Span{N: n, Per: 16}, Kind: kind, K: 1, F: [5]float32{1}}, in[0], in[1], in[2], in[3], nil, out[0])}
		}}).check(t)
		flushed(t, fmt.Sprintf("loss %d", kind), got[0])
	}
	got := softmaxTrial(scaled(numbers(1, 20*9), 100), make([]float32, 20), w[:20], 20, 9, 7, [3]float32{0, 1}).check(t)
	flushed(t, "class loss", got[len(got)-1])

	for _, op := range []Op{ActivateGrad, OutputGrad} {
		got := (&trial{in: [][]float32{numbers(3, n), scaled(numbers(4, n), 0x1p-98)}, out: []int{n}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
			return []Instr{call(op, tasksOf(n, 16), ActArgs{Span: Span{N: n, Per: 16}, Act: Tanh}, in[0], in[1], out[0])}
		}}).check(t)
		flushed(t, "activation", got[0])
	}
}

// The moments of a parameter that gets no gradient any more decay, as does the
// parameter itself under weight decay.
func TestStatesOfOptimizersAreNotSubnormal(t *testing.T) {
	const n = 100
	for _, c := range optimizerCases {
		if c.states == 0 || c.op == Adagrad { // which only adds up
			continue
		}
		g := scaled(numbers(2, n), 0x1p-70) // whose squares are subnormal
		for i := range g {
			g[i] *= float32(math.Ldexp(1, -i)) * float32(btoi(i%3 > 0))
		}
		hyper := []float32{0x1p-20, 1, 0.4, 0, 0, 1, float32(math.Inf(1)), 0}
		begin := func(k, i int) float32 { return abs32(numbers(uint64(10+k), n)[i]) }
		tr := trial{in: [][]float32{g, hyper}, out: []int{n, n, n, n}, begin: begin, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
			ins := call(c.op, tasksOf(n, 16), c.args(UpdateArgs{Span: Span{N: n, Per: 16}, Rate: 1, Decay: 1}), out[0], in[0], in[1])
			for s := range c.states {
				if c.absent>>s&1 == 0 {
					ins.P[4+s] = out[1+s]
				}
			}
			list := make([]Instr, 1500)
			for i := range list {
				list[i] = ins
			}
			return list
		}}
		for k, v := range tr.check(t) {
			if subnormal, _, _ := census(v); subnormal > 0 {
				t.Errorf("%s: operand %d has %d subnormal numbers", c.name, k, subnormal)
			}
		}
	}
}
