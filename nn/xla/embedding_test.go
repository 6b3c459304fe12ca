package xla

import (
	"math"
	"strings"
	"testing"

	"pipe/nn/backend"
	"pipe/nn/graph"
)

func embeddingCases() cases {
	nan := float32(math.NaN())
	embedded := func(padding int, ids []float32, shape ...int) model {
		return func(g *testGraph) (*graph.Node, []*graph.Node) {
			table := g.Param("table", numbers("table", 15), 5, 3)
			x := g.Embedding(g.Input("ids", ids, shape...), table, 1.5, padding)
			return weighted(g, x), []*graph.Node{table}
		}
	}
	return cases{
		"embedding":         embedded(graph.NoPadding, []float32{1, 4, 1, 0, 1, 1, 2}, 7),
		"embedding padding": embedded(1, []float32{1, 4, 1, 0, 2, 4}, 2, 3),
		"embedding one":     embedded(graph.NoPadding, []float32{3}, 1),
		"embedding outside": embedded(4, []float32{-2, 7, nan, 4.5, 3, 2}, 3, 2, 1),
		"embedding bag": func(g *testGraph) (*graph.Node, []*graph.Node) {
			table := g.Param("table", numbers("table", 15), 5, 3)
			pairs := []float32{0, 0.5, 4, -2, 2, 1, 1, 3, 1, 0.25, 0, 0, 3, 1, 0, 0, 0, 0}
			return weighted(g, g.Bag(g.Input("pairs", pairs, 3, 3, 2), table)), []*graph.Node{table}
		},
		"positions": func(g *testGraph) (*graph.Node, []*graph.Node) {
			x, table := g.Param("x", numbers("x", 3*4*5), 3, 4, 5), g.Param("table", numbers("table", 4*5), 4, 5)
			return weighted(g, g.SinusoidalPositions(g.LearnedPositions(x, table))), []*graph.Node{x, table}
		},
		"tokens": func(g *testGraph) (*graph.Node, []*graph.Node) {
			ids := []float32{2, 3, 1, 0, 0, 0, 0, 0, 1, 0, 4, 0}
			table := g.Param("table", numbers("table", 5*6), 5, 6)
			w := g.Param("w", numbers("w", 36), 6, 6)
			x := g.SinusoidalPositions(g.Embedding(g.Input("ids", ids, 3, 4), table, 2, 0))
			return weighted(g, g.Dense(x, w, nil, graph.Activation{Kind: graph.Tanh})), []*graph.Node{table, w}
		},
		"lengths": func(g *testGraph) (*graph.Node, []*graph.Node) {
			ids := g.Input("ids", []float32{2, 3, 1, 0, 0, 0, 0, 0, 1, 0, 4, 0, 0, 0, 0, nan}, 4, 4)
			both := g.Add(g.IDLengths(ids, 0), g.IDLengths(ids, graph.NoPadding))
			return weighted(g, both), nil
		},
	}
}

func TestEmbedding(t *testing.T) {
	c := embeddingCases()
	check(t, c)
	checkNarrow(t, cases{"tokens": c["tokens"], "positions": c["positions"]})
}

// With a fixed order of sums the gradients are the same.
func TestEmbeddingInOrder(t *testing.T) {
	c := embeddingCases()
	for name := range c {
		if !strings.HasPrefix(name, "embedding") {
			delete(c, name)
		}
	}
	c["embedding many"] = func(g *testGraph) (*graph.Node, []*graph.Node) {
		ids := make([]float32, 100)
		for i := range ids {
			ids[i] = float32(i * i % 7)
		}
		table := g.Param("table", numbers("table", 14), 7, 2)
		return weighted(g, g.Embedding(g.Input("ids", ids, 100), table, 1, 2)), []*graph.Node{table}
	}
	for _, b := range c.build(t) { // a GPU has no order if rows can meet
		d := &Device{o: Options{Precision: Float32, Devices: 1, Deterministic: true}}
		m, err := d.build([]backend.Part{{Graph: b.Graph, Keep: b.keep}}, backend.JoinOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(m.text, "stablehlo.sort") || strings.Contains(m.text, "unique_indices = false") {
			t.Errorf("%s: rows of the gradient can meet", b.name)
		}
	}
	c.compare(t, Options{Deterministic: true}, 1e-5)
	c.compare(t, Options{Deterministic: true, Devices: 2}, 1e-5, "ids")
}

// The table of positions is that of the CPU also where angles are large.
func TestSinusoids(t *testing.T) {
	check(t, cases{"long": func(g *testGraph) (*graph.Node, []*graph.Node) {
		return g.Apply(graph.Sinusoids{Steps: 20011, Width: 5}), nil
	}})
}
