package op

import (
	"fmt"
	"testing"

	"pipe/nn/kernel"
)

// Forward and backward through dense layers, without an optimiser.
func BenchmarkDenseNetwork(b *testing.B) {
	for _, c := range []struct {
		batch int
		sizes []int
	}{{256, []int{784, 512, 512, 10}}, {32, []int{16, 64, 64, 1}}} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprint(c.sizes, "batch ", c.batch, " threads ", threads), func(b *testing.B) {
				net := model(func(g *Graph) (*Node, []*Node) {
					h := g.Input("x", numbers("x", c.batch*c.sizes[0]), c.batch, c.sizes[0])
					var params []*Node
					for i, k := range c.sizes[:len(c.sizes)-1] {
						n := c.sizes[i+1]
						w, bias := g.Param("w", numbers(fmt.Sprint("w", i), k*n), k, n), g.Param("b", numbers(fmt.Sprint("b", i), n), n)
						params = append(params, w, bias)
						h = g.Dense(h, w, bias, Activation{Kind: kernel.ReLU})
					}
					return g.SumSquares(h), params
				}).build(b)
				m, err := net.g.Machine(kernel.Tables()[0], threads, net.loss)
				if err != nil {
					b.Fatal(err)
				}
				defer m.Close()
				b.ReportAllocs()
				for b.Loop() {
					m.RunAll()
				}
				b.ReportMetric(m.Flops()/1e9/(b.Elapsed().Seconds()/float64(b.N)), "GFLOP/s")
				b.ReportMetric(float64(m.Bytes())/1e6, "MB")
			})
		}
	}
}
