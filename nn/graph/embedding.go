package graph

import (
	"math"

	"pipe/base/exact"
)

// NoPadding is the padding id of those who have none.
const NoPadding = -1

// Embedding is Scale times the row of table(V, D) of each of the ids(...), which
// are 0 to V-1: (..., D). The row of the padding id gets no gradient.
type Embedding struct {
	Scale   float64
	Padding int
}

// Embedding looks ids up in a table.
func (g *Graph) Embedding(ids, table *Node, scale float64, padding int) *Node {
	return g.Apply(Embedding{scale, padding}, ids, table)
}

func (Embedding) Name() string { return "embedding" }
func (o Embedding) Infer(in []Shape) ([]Shape, error) {
	ids, table := in[0], in[1]
	if len(table) != 2 || len(ids) < 1 || o.Padding < NoPadding || o.Padding >= table[0] {
		return nil, misfit("ids%v, table%v and padding %d do not fit", ids, table, o.Padding)
	}
	return []Shape{append(ids[:len(ids):len(ids)], table[1])}, nil
}

// Stops says that no gradient flows to ids.
func (Embedding) Stops(input int) bool { return input == 0 }

func (o Embedding) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{nil, g.Apply(EmbeddingGrad{Embedding: o, Vocabulary: c.In[1].shape[0]}, c.In[0], dy)}
}

// EmbeddingGrad is the gradient of the table: of the ids and that of the output.
type EmbeddingGrad struct {
	backward
	Embedding  Embedding
	Vocabulary int
}

func (EmbeddingGrad) Name() string { return "embedding dw" }
func (o EmbeddingGrad) Infer(in []Shape) ([]Shape, error) {
	return []Shape{{o.Vocabulary, in[1].last()}}, nil
}

// A Bag is the product of rows that are nearly all zeros with table(V, D): of x(N, T,
// 2), T pairs of an index, 0 to V-1, and a value in each row, the sum over the pairs
// of the value times the row of the table: (N, D).
type Bag struct{}

// Bag multiplies rows given as pairs of an index and a value with a table.
func (g *Graph) Bag(x, table *Node) *Node { return g.Apply(Bag{}, x, table) }

func (Bag) Name() string { return "bag" }
func (Bag) Infer(in []Shape) ([]Shape, error) {
	x, table := in[0], in[1]
	if len(x) != 3 || x[2] != 2 || len(table) != 2 {
		return nil, misfit("pairs%v and table%v do not fit", x, table)
	}
	return []Shape{{x[0], table[1]}}, nil
}

// Stops says that no gradient flows to the pairs.
func (Bag) Stops(input int) bool { return input == 0 }

func (Bag) Grad(g *Graph, c *Call, dy *Node) []*Node {
	return []*Node{nil, g.Apply(BagGrad{Vocabulary: c.In[1].shape[0]}, c.In[0], dy)}
}

// BagGrad is the gradient of the table: of the pairs and that of the output. Rows
// that no pair names are 0.
type BagGrad struct {
	backward
	Vocabulary int
}

func (BagGrad) Name() string { return "bag dw" }
func (o BagGrad) Infer(in []Shape) ([]Shape, error) {
	return []Shape{{o.Vocabulary, in[1].last()}}, nil
}

// IDLengths is the length (N) of sequences of ids(N, T): the number of steps up
// to the last that is not the padding id.
type IDLengths struct {
	backward
	Padding int
}

// IDLengths says how long sequences of ids are.
func (g *Graph) IDLengths(ids *Node, padding int) *Node {
	return g.Apply(IDLengths{Padding: padding}, ids)
}

func (IDLengths) Name() string { return "lengths" }
func (IDLengths) Infer(in []Shape) ([]Shape, error) {
	if len(in[0]) != 2 {
		return nil, misfit("want ids (n, t), got shape %v", in[0])
	}
	return []Shape{in[0][:1]}, nil
}

// Stops says that no gradient flows through it.
func (IDLengths) Stops(int) bool { return true }

// Positions is x(N, T, D) + table(T, D).
type Positions struct{}

// LearnedPositions is x(N, T, D) + table(T, D).
func (g *Graph) LearnedPositions(x, table *Node) *Node { return g.Apply(Positions{}, x, table) }

// SinusoidalPositions adds to x(N, T, D) what tells steps from each other.
func (g *Graph) SinusoidalPositions(x *Node) *Node {
	if g.err != nil {
		return nil
	}
	if len(x.shape) != 3 {
		return g.fail("positions: want sequences (n, t, d), got shape %v", x.shape)
	}
	return g.LearnedPositions(x, g.Apply(Sinusoids{Steps: x.shape[1], Width: x.shape[2]}))
}

func (Positions) Name() string { return "positions" }
func (Positions) Infer(in []Shape) ([]Shape, error) {
	if x, table := in[0], in[1]; len(x) != 3 || !table.Equal(x[1:]) {
		return nil, misfit("shapes x%v and table%v do not fit", x, table)
	}
	return in[:1], nil
}

func (Positions) Grad(g *Graph, c *Call, dy *Node) []*Node {
	grads := []*Node{dy, nil}
	if c.Wants(1) {
		grads[1] = g.Apply(PositionsGrad{}, dy)
	}
	return grads
}

// PositionsGrad is the sum of dy(N, T, D) over the examples.
type PositionsGrad struct{ backward }

func (PositionsGrad) Name() string                      { return "positions dw" }
func (PositionsGrad) Infer(in []Shape) ([]Shape, error) { return []Shape{in[0][1:]}, nil }

// Sinusoids is a table (Steps, Width) of positions: sin(t / 10000^(2i/Width)) in
// column 2i and the cosine of it in column 2i+1 (Vaswani et al., "Attention Is
// All You Need", 2017).
type Sinusoids struct {
	backward
	Steps, Width int
}

func (Sinusoids) Name() string                     { return "positions" }
func (o Sinusoids) Infer([]Shape) ([]Shape, error) { return []Shape{{o.Steps, o.Width}}, nil }

// Table is its value.
func (o Sinusoids) Table() []float32 {
	table := make([]float32, o.Steps*o.Width)
	for j := 0; j < o.Width; j += 2 {
		rate := exact.Exp(float64(-math.Ln10*4) * float64(j) / float64(o.Width))
		for i := range o.Steps {
			sin, cos := exact.SinCos(float64(float64(i) * rate))
			table[i*o.Width+j] = float32(sin)
			if j+1 < o.Width {
				table[i*o.Width+j+1] = float32(cos)
			}
		}
	}
	return table
}
