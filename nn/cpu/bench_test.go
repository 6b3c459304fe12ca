package cpu

import (
	"fmt"
	"testing"

	"pipe/nn/graph"
)

// Forward and backward through dense layers, without an optimiser.
func BenchmarkDenseNetwork(b *testing.B) {
	for _, c := range []struct {
		batch int
		sizes []int
	}{{256, []int{784, 512, 512, 10}}, {32, []int{16, 64, 64, 1}}} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprint(c.sizes, "batch ", c.batch, " threads ", threads), func(b *testing.B) {
				model(func(g *testGraph) (*graph.Node, []*graph.Node) {
					h := g.Input("x", numbers("x", c.batch*c.sizes[0]), c.batch, c.sizes[0])
					var params []*graph.Node
					for i, k := range c.sizes[:len(c.sizes)-1] {
						n := c.sizes[i+1]
						w, bias := g.Param("w", numbers(fmt.Sprint("w", i), k*n), k, n), g.Param("b", numbers(fmt.Sprint("b", i), n), n)
						params = append(params, w, bias)
						h = g.Dense(h, w, bias, graph.Activation{Kind: graph.ReLU})
					}
					return g.SumSquares(h), params
				}).benchmark(b, threads)
			})
		}
	}
}

// Loss and gradient of a batch.
func BenchmarkLoss(b *testing.B) {
	for _, c := range []struct {
		s    graph.Loss
		m, k int
	}{
		{graph.Loss{Kind: graph.SoftmaxCrossEntropy}, 256, 5000}, {graph.Loss{Kind: graph.SoftmaxCrossEntropy}, 256, 10},
		{graph.Loss{Kind: graph.SoftmaxCrossEntropy}, 32, 3}, {graph.Loss{Kind: graph.MSE}, 32, 1}, {graph.Loss{Kind: graph.SigmoidCrossEntropy}, 32, 1},
	} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s %d of %d, %d threads", c.s.Kind, c.m, c.k, threads), func(b *testing.B) {
				y, w := lossCase(c.s, c.m, c.k)
				model(func(g *testGraph) (*graph.Node, []*graph.Node) {
					z := g.Param("z", numbers("z", c.m*c.k), c.m, c.k)
					return g.Loss(c.s, z, g.Input("y", y, len(y)), g.Input("w", w, c.m)), []*graph.Node{z}
				}).benchmark(b, threads)
			})
		}
	}
}
