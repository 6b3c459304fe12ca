package kernel

import (
	"fmt"
	"math"
	"testing"
	"unsafe"
)

// attentionCase is one size of attention; steps are of queries and of keys.
type attentionCase struct {
	n, heads, tq, tk, dh int
	causal, lengths      bool
	rate                 float64
	spread               float32 // of scores, in place of 3
}

// instr is one of the two instructions.
func (c attentionCase) instr(t *Table, op Op, operands ...unsafe.Pointer) Instr {
	d := int64(c.heads * c.dh)
	tasks := AttentionTasks(c.n, c.heads, c.tq)
	if op == AttentionGrad {
		tasks = c.n * c.heads
	}
	return call(op, int32(tasks), AttentionArgs{
		Heads: int64(c.heads), Tq: int64(c.tq), Tk: int64(c.tk), Dh: int64(c.dh), StrideQ: d, StrideK: d, StrideV: d, StrideOut: d,
		Key: 99, Scale: float32(1 / math.Sqrt(float64(c.dh))), DropScale: float32(1 / (1 - c.rate)), Below: uint32(c.rate * (1 << 32)), Causal: c.causal,
	}, operands...)
}

func (c attentionCase) data() [][]float32 {
	d := c.heads * c.dh
	in := [][]float32{numbers(1, c.n*c.tq*d), numbers(2, c.n*c.tk*d), numbers(3, c.n*c.tk*d), make([]float32, c.n), {math.Float32frombits(5), 0}, numbers(4, c.n*c.tq*d)}
	for i := range in[0] {
		in[0][i] *= max(3, c.spread)
	}
	for i := range in[3] {
		in[3][i] = float32(c.tk * (i % 3) / 2) // 0, half, all
	}
	return in
}

// check gives out, lse and the gradients, which are the same on all tables.
func (c attentionCase) check(t *testing.T) [][]float32 {
	tr := trial{in: c.data(), out: []int{len(c.data()[0]), c.n * c.heads * c.tq, c.n * (c.tq + 2*c.tk) * c.heads * c.dh}}
	tr.build = func(table *Table, in, out []unsafe.Pointer, _ func(int) unsafe.Pointer) []Instr {
		lengths := in[3]
		if !c.lengths {
			lengths = nil
		}
		return []Instr{
			c.instr(table, Attention, in[0], in[1], in[2], out[0], out[1], lengths, in[4]),
			c.instr(table, AttentionGrad, in[0], in[1], in[2], out[0], out[1], lengths, in[4], in[5], out[2]),
		}
	}
	// Each table with no more scratch memory than it asks for.
	run := func(table *Table) [][]float32 {
		forward, backward := AttentionScratch(table, c.tq, c.dh)
		tr.scratch = max(forward, backward)
		return tr.run(t, table)
	}
	want := run(Reference())
	for _, table := range Tables() {
		for k, got := range run(table) {
			if at := firstDifference(got, want[k]); at >= 0 {
				t.Errorf("%s: output %d differs at %d: %v, the reference has %v", table.Name, k, at, got[at], want[k][at])
			}
		}
	}
	return want
}

// plain is attention in float64, with the whole matrix of weights.
func (c attentionCase) plain() [][]float64 {
	in := c.data()
	d := c.heads * c.dh
	value := func(k, n, steps, t, h, j int) float64 { return float64(in[k][(n*steps+t)*d+h*c.dh+j]) }
	out, lse := make([]float64, c.n*c.tq*d), make([]float64, c.n*c.heads*c.tq)
	grads := make([]float64, c.n*(c.tq+2*c.tk)*d)
	dks, dvs := grads[c.n*c.tq*d:], grads[c.n*(c.tq+c.tk)*d:]
	scale := 1 / math.Sqrt(float64(c.dh))
	for nh := range c.n * c.heads {
		n, h := nh/c.heads, nh%c.heads
		for t := range c.tq {
			keys := c.tk
			if c.lengths {
				keys = int(in[3][n])
			}
			if c.causal {
				keys = min(keys, t+1)
			}
			p, sum := make([]float64, keys), 0.0
			for k := range p {
				for j := range c.dh {
					p[k] += scale * value(0, n, c.tq, t, h, j) * value(1, n, c.tk, k, h, j)
				}
				p[k] = math.Exp(p[k])
				sum += p[k]
			}
			if keys > 0 {
				lse[nh*c.tq+t] = math.Log(sum)
			}
			keep, dp, dot := make([]float64, keys), make([]float64, keys), 0.0
			for k := range p {
				p[k] /= sum
				e := (uint64(nh*c.tq+t))*uint64((c.tk+3)/4*4) + uint64(k)
				if r := philox([4]uint32{uint32(e >> 2), uint32(e >> 34), 5, 0}, [2]uint32{99, 0}); float64(r[e%4]) >= c.rate*(1<<32) {
					keep[k] = 1 / (1 - c.rate)
				}
				for j := range c.dh {
					out[(n*c.tq+t)*d+h*c.dh+j] += p[k] * keep[k] * value(2, n, c.tk, k, h, j)
					dvs[(n*c.tk+k)*d+h*c.dh+j] += p[k] * keep[k] * value(5, n, c.tq, t, h, j)
					dp[k] += keep[k] * value(5, n, c.tq, t, h, j) * value(2, n, c.tk, k, h, j)
				}
				dot += p[k] * dp[k]
			}
			for k := range p {
				ds := p[k] * (dp[k] - dot) * scale
				for j := range c.dh {
					grads[(n*c.tq+t)*d+h*c.dh+j] += ds * value(1, n, c.tk, k, h, j)
					dks[(n*c.tk+k)*d+h*c.dh+j] += ds * value(0, n, c.tq, t, h, j)
				}
			}
		}
	}
	return [][]float64{out, lse, grads}
}

func TestAttention(t *testing.T) {
	for _, c := range []attentionCase{
		{n: 1, heads: 1, tq: 1, tk: 1, dh: 1},
		{n: 3, heads: 2, tq: 5, tk: 5, dh: 3, lengths: true},
		{n: 3, heads: 1, tq: 17, tk: 17, dh: 8, causal: true, lengths: true},
		{n: 3, heads: 2, tq: 64, tk: 64, dh: 32, lengths: true},
		{n: 1, heads: 2, tq: 70, tk: 70, dh: 20, causal: true, rate: 0.3},
		{n: 3, heads: 1, tq: 31, tk: 130, dh: 5, lengths: true, rate: 0.5},
		{n: 1, heads: 1, tq: 150, tk: 67, dh: 7},
		{n: 3, heads: 1, tq: 131, tk: 131, dh: 13, causal: true, lengths: true, rate: 0.1},
		{n: 1, heads: 1, tq: 2, tk: 2, dh: 65},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			got, want := c.check(t), c.plain()
			for k, what := range []string{"out", "lse", "gradients"} {
				near(t, what, got[k], want[k], 2e-5)
			}
		})
	}
}

func TestSwapAxes(t *testing.T) {
	const n = 3
	for _, a := range sizes {
		for _, b := range []int{1, 3, 4, 9, 16} {
			x := numbers(1, n*a*b)
			swap := func(x []float32, a, b int) []float32 {
				return (&trial{in: [][]float32{x}, out: []int{n * a * b},
					build: one(SwapAxes, 2, SwapArgs{Span: Span{N: n, Per: 2}, A: int64(a), B: int64(b)}, 0, 100)}).check(t)[0]
			}
			if at := firstDifference(swap(swap(x, a, b), b, a), x); at >= 0 {
				t.Errorf("%d x %d: swapped twice, element %d differs", a, b, at)
			}
		}
	}
}
