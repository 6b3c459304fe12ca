package cpu

import (
	"fmt"
	"testing"

	"pipe/base/random"
	"pipe/nn/graph"
)

// transformer is an encoder that classifies sequences of ids: blocks of
// attention and two dense layers, each behind a layer norm and beside a skip
// connection, then the mean over time.
func transformer(batch, steps, vocabulary, d, heads, ff, blocks int, dropout float64) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		var params []*graph.Node
		weight := func(name string, shape ...int) *graph.Node {
			p := param(g, name, shape...)
			for i, data := 0, g.memory[p]; i < len(data) && len(shape) == 2; i++ {
				data[i] /= 8
			}
			params = append(params, p)
			return p
		}
		dense := func(x *graph.Node, name string, k, n int, act graph.Activation) *graph.Node {
			return g.Dense(x, weight(name+"w", k, n), weight(name+"b", n), act)
		}
		drop := func(x *graph.Node, name string) *graph.Node {
			if dropout == 0 {
				return x
			}
			return drop(g, x, dropout, random.New(1, name, 0))
		}
		ids := make([]float32, batch*steps)
		for i, v := range numbers("ids", len(ids)) {
			ids[i] = float32(int((v + 1) / 2 * float32(vocabulary)))
		}
		x := g.SinusoidalPositions(g.Embedding(g.Input("ids", ids, batch, steps), weight("table", vocabulary, d), 1, graph.NoPadding))
		for i := range blocks {
			name := fmt.Sprint("block", i)
			h := g.LayerNorm(x, weight(name+"g", d), weight(name+"s", d), 1e-5)
			a := g.Attention(dense(h, name+"q", d, d, graph.Activation{}), dense(h, name+"k", d, d, graph.Activation{}), dense(h, name+"v", d, d, graph.Activation{}), nil,
				graph.Attention{Heads: heads, Dropout: dropout, Key: random.New(1, name, 0).Key()})
			x = g.Add(x, drop(dense(a, name+"o", d, d, graph.Activation{}), name+"o"))
			h = g.LayerNorm(x, weight(name+"h", d), weight(name+"t", d), 1e-5)
			h = dense(h, name+"up", d, ff, graph.Activation{Kind: graph.GELU})
			x = g.Add(x, drop(dense(h, name+"down", ff, d, graph.Activation{}), name+"down"))
		}
		return g.SumSquares(dense(g.TimePool(x, nil, graph.PoolMean), "out", d, 3, graph.Activation{})), params
	}
}

func TestTransformer(t *testing.T) {
	transformer(3, 5, 7, 8, 2, 12, 2, 0.2).check(t)
}

// Forward and backward, without an optimiser.
func BenchmarkTransformer(b *testing.B) {
	for _, dropout := range []float64{0, 0.1} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprint("dropout ", dropout, " threads ", threads), func(b *testing.B) {
				transformer(32, 64, 5000, 128, 4, 512, 2, dropout).benchmark(b, threads)
			})
		}
	}
}
