package kernel

import (
	"fmt"
	"testing"
	"unsafe"
)

// measure runs one instruction on one thread, after making its operands.
func measure(b *testing.B, name string, flops, bytes float64, in Instr, scratch int, operands ...[]float32) {
	b.Run(name, func(b *testing.B) {
		table := Tables()[0]
		list, err := NewMemory(int(unsafe.Sizeof(in)))
		if err != nil {
			b.Fatal(err)
		}
		defer list.Free()
		for k, o := range operands {
			if o == nil {
				continue
			}
			m, err := NewMemory(4 * len(o))
			if err != nil {
				b.Fatal(err)
			}
			defer m.Free()
			copy(m.Floats(), o)
			in.P[k] = m.Pointer()
		}
		work, err := NewMemory(scratch)
		if err != nil {
			b.Fatal(err)
		}
		defer work.Free()
		list.Instrs()[0] = in
		for b.Loop() {
			table.Run(list.Instrs()[:1], work.Pointer())
		}
		per := b.Elapsed().Seconds() / float64(b.N)
		if flops > 0 {
			b.ReportMetric(flops/per/1e9, "GFLOP/s")
		}
		if bytes > 0 {
			b.ReportMetric(bytes/per/1e9, "GB/s")
		}
	})
}

func BenchmarkAttention(b *testing.B) {
	for _, c := range []attentionCase{
		{n: 32, heads: 4, tq: 64, tk: 64, dh: 32},
		{n: 32, heads: 4, tq: 64, tk: 64, dh: 32, rate: 0.1},
		{n: 4, heads: 4, tq: 512, tk: 512, dh: 64},
		{n: 4, heads: 4, tq: 512, tk: 512, dh: 64, causal: true},
	} {
		in := c.data()
		name := fmt.Sprintf("n=%d heads=%d t=%d dh=%d causal=%v drop=%v", c.n, c.heads, c.tq, c.dh, c.causal, c.rate)
		product := 2 * float64(c.n*c.heads*c.tq*c.tk*c.dh)
		if c.causal {
			product /= 2
		}
		forward, backward := AttentionScratch(Tables()[0], c.tq, c.dh)
		lse := make([]float32, c.n*c.heads*c.tq)
		measure(b, name+"/forward", 2*product, 0, c.instr(nil, Attention), forward, in[0], in[1], in[2], in[0], lse, nil, in[4])
		measure(b, name+"/backward", 5*product, 0, c.instr(nil, AttentionGrad), backward, in[0], in[1], in[2], in[0], lse, nil, in[4], in[5],
			make([]float32, 3*len(in[0])))
	}
}

func BenchmarkNorm(b *testing.B) {
	const m, d, n, c, s = 2048, 128, 64, 64, 196
	x, params := numbers(1, m*d), numbers(2, d)
	rows := Span{N: m, Per: 32}
	size := 4.0 * m * d
	measure(b, "layer norm 2048x128", 0, 2*size, call(RowNorm, m/32, RowNormArgs{Span: rows, D: d}), 0, x, params, params, x, numbers(3, 2*m))
	measure(b, "layer norm 2048x128 backward", 0, 3*size, call(RowNormGrad, m/32, RowNormArgs{Span: rows, D: d}), 0, x, params, numbers(3, 2*m), x, x, numbers(4, m/32*2*d))
	measure(b, "softmax 2048x128", 0, 2*size, call(Softmax, m/32, SoftmaxArgs{Span: rows, D: d, Each: 1}), 0, x, x)
	image := numbers(1, n*c*s)
	params = numbers(2, 2*c)
	size = 4.0 * n * c * s
	channels := BatchNormArgs{Span: Span{N: c, Per: 1}, Rows: n, Plane: s, Epsilon: 1e-5, Momentum: 0.1, Training: true}
	measure(b, "batch norm 64x64x14x14", 0, 2*size, call(BatchNorm, c, channels), 0, image, params, params, image, params, params, params)
	measure(b, "batch norm 64x64x14x14 backward", 0, 3*size, call(BatchNormGrad, c, channels), 0, image, params, params, image, image, params, params)
	channels.Span, channels.Rows, channels.Plane = Span{N: d, Per: 16}, m, 1
	params = numbers(2, 2*d)
	size = 4.0 * m * d
	measure(b, "batch norm 2048x128", 0, 2*size, call(BatchNorm, d/16, channels), 0, x, params, params, x, params, params, params)
	measure(b, "batch norm 2048x128 backward", 0, 3*size, call(BatchNormGrad, d/16, channels), 0, x, params, params, x, x, params, params)
	groups := GroupNormArgs{Span: Span{N: n * 8, Per: 8}, Channels: c, Plane: s, Groups: 8}
	params = numbers(2, c)
	size = 4.0 * n * c * s
	measure(b, "group norm 64x64x14x14", 0, 2*size, call(GroupNorm, n, groups), 0, image, params, params, image, numbers(1, 2*n*8))
}

func BenchmarkEmbedding(b *testing.B) {
	const k, v, d = 2048, 5000, 128
	ids, table, dy := numbers(1, k), numbers(2, v*d), numbers(3, k*d)
	for i := range ids {
		ids[i] = float32(int((ids[i] + 1) / 2 * v))
	}
	measure(b, "gather 2048 of 5000x128", 0, 8*k*d, call(Embed, k/64, EmbedArgs{Span: Span{N: k, Per: 64}, D: d, Rows: v, Scale: 1}), 0, ids, table, dy)
	measure(b, "sort 2048 of 5000", 0, 0, call(EmbedSort, 1, EmbedSortArgs{IDs: k, Rows: v}), 0, ids, make([]float32, k), make([]float32, v+1))
	order, start := make([]float32, k), make([]float32, v+1)
	sort := call(EmbedSort, 1, EmbedSortArgs{IDs: k, Rows: v})
	sort.P[0], sort.P[1], sort.P[2] = unsafe.Pointer(&ids[0]), unsafe.Pointer(&order[0]), unsafe.Pointer(&start[0])
	Reference().Run([]Instr{sort}, nil)
	measure(b, "gradient 2048 of 5000x128", 0, 4*(k+v)*d, call(EmbedGrad, v/100, EmbedGradArgs{Span: Span{N: v, Per: 100}, D: d, Padding: -1, Scale: 1}), 0, order, start, dy, table)
	measure(b, "mean over time 32x64x128", 0, 4*k*d, call(TimePool, 8, TimePoolArgs{Span: Span{N: 32, Per: 4}, T: 64, D: d}), 0, dy, make([]float32, 32*d))
}
