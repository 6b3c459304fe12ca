package xla

import (
	"fmt"
	"math"
	"testing"

	"pipe/base/random"
	"pipe/nn/graph"
)

func attention(o graph.Attention, tq, tk int, ragged bool) model {
	return func(g *testGraph) (*graph.Node, []*graph.Node) {
		const n, d = 3, 8
		q := g.Param("q", numbers("q", n*tq*d), n, tq, d)
		k, v := g.Param("k", numbers("k", n*tk*d), n, tk, d), g.Param("v", numbers("v", n*tk*d), n, tk, d)
		var lengths *graph.Node
		if ragged {
			lens := []float32{float32(tk), 0, float32(tk / 2)}
			for i := range g.data[k] {
				if i/d%tk >= int(lens[i/d/tk]) {
					g.data[k][i], g.data[v][i] = float32(math.NaN()), float32(math.NaN())
				}
			}
			lengths = g.Input("lengths", lens, n)
		}
		return weighted(g, g.Attention(q, k, v, lengths, o)), []*graph.Node{q, k, v}
	}
}

func TestAttention(t *testing.T) {
	key := random.New(1, "attention", 0).Key()
	c := cases{}
	for _, heads := range []int{1, 4} {
		for mask := range 8 {
			o := graph.Attention{Heads: heads, Causal: mask&1 != 0}
			if mask&2 != 0 {
				o.Dropout, o.Key = 0.3, key
			}
			tq, tk := 5, 7
			if o.Causal {
				tq = tk
			}
			c[fmt.Sprintf("%d heads, causal %v, dropout %v, lengths %v", heads, o.Causal, o.Dropout, mask&4 != 0)] = attention(o, tq, tk, mask&4 != 0)
		}
	}
	check(t, c)
	checkNarrow(t, cases{"plain": attention(graph.Attention{Heads: 2}, 5, 7, false), "all": attention(graph.Attention{Heads: 2, Causal: true, Dropout: 0.3, Key: key}, 7, 7, true)})
}
