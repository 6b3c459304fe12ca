package kernel

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// An optimizerCase is an optimiser with its numbers and, in float64,
// its rule for one parameter: s is what it keeps.
type optimizerCase struct {
	name   string
	op     Op
	args   func(UpdateArgs) any
	states int
	absent int // states that are left out, as bits
	rule   func(w, d, rate, root float64, s []float64) float64
}

func sign(x float64) float64 {
	if x == 0 {
		return 0
	}
	return math.Copysign(1, x)
}

var optimizerCases = []optimizerCase{
	{"sgd", SGD, func(u UpdateArgs) any { return SGDArgs{UpdateArgs: u} }, 1, 1, func(w, d, rate, _ float64, _ []float64) float64 { return w - rate*d }},
	{"momentum", SGD, func(u UpdateArgs) any { return SGDArgs{UpdateArgs: u, Momentum: 0.75} }, 1, 0, func(w, d, rate, _ float64, s []float64) float64 {
		s[0] = 0.75*s[0] + d
		return w - rate*s[0]
	}},
	{"nesterov", SGD, func(u UpdateArgs) any { return SGDArgs{UpdateArgs: u, Momentum: 0.75, Nesterov: true} }, 1, 0, func(w, d, rate, _ float64, s []float64) float64 {
		s[0] = 0.75*s[0] + d
		return w - rate*(d+0.75*s[0])
	}},
	{"adam", Adam, func(u UpdateArgs) any {
		return MomentsArgs{UpdateArgs: u, Beta1: 0.75, Rest1: 0.25, Beta2: 0.875, Rest2: 0.125, Epsilon: 1e-3}
	}, 2, 0, func(w, d, rate, root float64, s []float64) float64 {
		s[0], s[1] = 0.75*s[0]+0.25*d, 0.875*s[1]+0.125*d*d
		return w - rate*s[0]/(math.Sqrt(s[1])*root+1e-3)
	}},
	{"rmsprop", RMSprop, func(u UpdateArgs) any { return RMSpropArgs{UpdateArgs: u, Alpha: 0.75, Rest: 0.25, Epsilon: 1e-3} }, 3, 6, func(w, d, rate, _ float64, s []float64) float64 {
		s[0] = 0.75*s[0] + 0.25*d*d
		return w - rate*d/(math.Sqrt(s[0])+1e-3)
	}},
	{"centred rmsprop", RMSprop, func(u UpdateArgs) any {
		return RMSpropArgs{UpdateArgs: u, Alpha: 0.75, Rest: 0.25, Epsilon: 1e-1, Momentum: 0.5}
	}, 3, 0, func(w, d, rate, _ float64, s []float64) float64 {
		s[0], s[1] = 0.75*s[0]+0.25*d*d, 0.75*s[1]+0.25*d
		s[2] = 0.5*s[2] + d/(math.Sqrt(max(0, s[0]-s[1]*s[1]))+1e-1)
		return w - rate*s[2]
	}},
	{"adagrad", Adagrad, func(u UpdateArgs) any { return AdagradArgs{UpdateArgs: u, Epsilon: 1e-3} }, 1, 0, func(w, d, rate, _ float64, s []float64) float64 {
		s[0] += d * d
		return w - rate*d/(math.Sqrt(s[0])+1e-3)
	}},
	{"lion", Lion, func(u UpdateArgs) any {
		return MomentsArgs{UpdateArgs: u, Beta1: 0.875, Rest1: 0.125, Beta2: 0.75, Rest2: 0.25}
	}, 1, 0, func(w, d, rate, _ float64, s []float64) float64 {
		u := 0.875*s[0] + 0.125*d
		s[0] = 0.75*s[0] + 0.25*d
		return w - rate*sign(u)
	}},
}

func TestOptimizers(t *testing.T) {
	for _, c := range optimizerCases {
		for _, n := range sizes {
			for _, per := range []int{7, 16, 1000} {
				for _, clip := range []bool{false, true} {
					w, g := numbers(1, n), numbers(2, n)
					for i := range w {
						w[i] *= 4
						if i%7 == 1 {
							w[i] = 0
						}
						if i%5 == 1 {
							g[i] = 0
						}
					}
					hyper, mults := []float32{0.125, 1.25, 0.0625, 0.25, 0.03125, 0.5, 0.4, 0}, [2]float32{0.5, 2}
					if !clip {
						mults = [2]float32{1, 0}
						if per == 7 { // gradients as they are
							hyper[HyperLimit] = float32(math.Inf(1))
						}
					}
					begin := func(k, i int) float32 { // operands: params, then states
						if k == 0 {
							return w[i]
						}
						return abs32(numbers(uint64(10+k), n)[i]) * []float32{1, 1, 0.3}[k-1]
					}
					const steps = 3
					tr := trial{in: [][]float32{g, hyper, {0.75}}, out: []int{n, n, n, n}, begin: begin, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
						ins := call(c.op, tasksOf(n, per), c.args(UpdateArgs{Span: Span{N: int64(n), Per: int64(per)}, Rate: mults[0], Decay: mults[1]}), out[0], in[0], in[1])
						if clip {
							ins.P[3] = in[2]
						}
						for s := range c.states {
							if c.absent>>s&1 == 0 {
								ins.P[4+s] = out[1+s]
							}
						}
						list := make([]Instr, steps)
						for i := range list {
							list[i] = ins
						}
						return list
					}}
					got := tr.check(t)
					for i := range w {
						p, s := float64(w[i]), make([]float64, 3)
						for k := range c.states {
							if c.absent>>k&1 == 0 {
								s[k] = float64(begin(1+k, i))
							}
						}
						rate, pull := 0.125*float64(mults[0]), float64(mults[1])
						for range steps {
							d := float64(g[i]) * 0.5
							if clip {
								d *= 0.75
							}
							d = max(-float64(hyper[6]), min(float64(hyper[6]), d+0.03125*pull*sign(p))) + 0.25*pull*p
							p -= 0.0625 * float64(mults[0]) * pull * p
							p = c.rule(p, d, rate, 1.25, s)
						}
						if v := float64(got[0][i]); math.Abs(v-p) > 2e-5*(1+math.Abs(p)) || v != v {
							t.Fatalf("%s of %d: parameter %d of %v with gradient %v is %v, want %v", c.name, n, i, w[i], g[i], v, p)
						}
					}
				}
			}
		}
	}
}

func TestRegularize(t *testing.T) {
	for _, n := range sizes {
		w, g := numbers(1, n), numbers(2, n)
		w[n/2] = 0
		got := (&trial{in: [][]float32{w, {0, 0, 0, 0, 0.5, 2, 1.25, 0}}, out: []int{n}, begin: func(_, i int) float32 { return g[i] },
			build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
				return []Instr{call(Regularize, tasksOf(n, 7), UpdateArgs{Span: Span{N: int64(n), Per: 7}, Rate: 1, Decay: 0.5}, in[0], out[0], in[1])}
			}}).check(t)[0]
		want := make([]float64, n)
		for i := range g {
			want[i] = max(-1.25, min(1.25, 2*float64(g[i])+0.25*sign(float64(w[i]))))
		}
		near(t, fmt.Sprint(n), got, want, 1e-6)
	}
}

func TestClipNormIsThatOfTheWhole(t *testing.T) {
	for _, n := range sizes {
		for _, limit := range []float32{0, 0.25, 100} {
			g := numbers(1, n)
			const per = 16
			parts := int(tasksOf(n, per))
			got := (&trial{in: [][]float32{g, {0.5}}, out: []int{parts, 2}, build: func(_ *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
				return []Instr{
					call(SumSq, int32(parts), Span{N: int64(n), Per: per}, in[0], out[0]),
					call(ClipNorm, 1, ClipNormArgs{Parts: int64(parts), Max: limit}, out[0], out[1], in[1]),
				}
			}}).check(t)[1]
			sum := 0.0
			for _, v := range g {
				sum += float64(v) * float64(v)
			}
			norm, factor := math.Sqrt(sum)/2, 1.0
			if limit > 0 {
				factor = min(1, float64(limit)/(norm+1e-6))
			}
			near(t, fmt.Sprintf("norm of %d and factor to %v", n, limit), got, []float64{norm, factor}, 1e-6)
		}
	}
}

func BenchmarkOptimizers(b *testing.B) {
	const n = 1 << 19
	span := Span{N: n, Per: n}
	mem := func(seed uint64) unsafe.Pointer { return place(b, numbers(seed, n)) }
	params, grad := mem(1), mem(2)
	hyper := place(b, []float32{1e-6, 1, 0, 0, 0, 1, float32(math.Inf(1)), 0})
	states := [3]unsafe.Pointer{place(b, make([]float32, n)), place(b, make([]float32, n)), place(b, make([]float32, n))}
	for _, c := range optimizerCases {
		ins := call(c.op, 1, c.args(UpdateArgs{Span: span, Rate: 1, Decay: 1}), params, grad, hyper)
		moved := 3
		for s := range c.states {
			if c.absent>>s&1 == 0 {
				ins.P[4+s] = states[s]
				moved += 2
			}
		}
		b.Run(c.name, func(b *testing.B) { benchOne(b, float64(4*n*moved), ins) })
	}
	b.Run("sum of squares", func(b *testing.B) {
		benchOne(b, 4*n, call(SumSq, 1, span, grad, states[0]))
	})
}
