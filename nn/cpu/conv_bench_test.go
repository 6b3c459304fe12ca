package cpu

import (
	"fmt"
	"testing"

	"pipe/nn/graph"
)

// Forward and backward, without an optimiser, through conv 32 - pool - conv 64 -
// pool - dense 128 - dense 10 on images of 28 by 28, batch 64.
func BenchmarkConvNetwork(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprint("threads ", threads), func(b *testing.B) {
			model(func(g *testGraph) (*graph.Node, []*graph.Node) {
				relu, same := graph.Activation{Kind: graph.ReLU}, graph.Window{Padding: graph.Padding{Top: 1, Bottom: 1, Left: 1, Right: 1}}
				halve := graph.Window{StrideH: 2, StrideW: 2}
				x := g.Input("x", numbers("x", 64*784), 64, 1, 28, 28)
				p := []*graph.Node{param(g, "w1", 32, 1, 3, 3), param(g, "b1", 32), param(g, "w2", 64, 32, 3, 3), param(g, "b2", 64),
					param(g, "w3", 3136, 128), param(g, "b3", 128), param(g, "w4", 128, 10), param(g, "b4", 10)}
				h := g.MaxPool2D(g.Conv2D(x, p[0], p[1], same, 1, relu), 2, 2, halve)
				h = g.MaxPool2D(g.Conv2D(h, p[2], p[3], same, 1, relu), 2, 2, halve)
				h = g.Dense(g.Reshape(h, 64, 3136), p[4], p[5], relu)
				return g.SumSquares(g.Dense(h, p[6], p[7], graph.Activation{})), p
			}).benchmark(b, threads)
		})
	}
}
