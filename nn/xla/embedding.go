package xla

import (
	"math"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

func (l *lowering) embedding(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Embedding:
		table := l.in(1)
		l.pass(0, l.Times(l.Rows(table, l.ids(0, table.Shape[0])), o.Scale))
	case graph.EmbeddingGrad:
		l.embeddingGrad(o)
	case graph.Bag:
		ids, values := l.pairs()
		ids = l.named(ids, l.shape(1)[0])
		n, t, d := l.shape(0)[0], l.shape(0)[1], l.shape(1)[1]
		rows := l.Convert(l.Rows(l.in(1), ids), stablehlo.F32)
		rows = l.Mul(rows, l.along(values, rows.Shape, 0))
		l.pass(0, l.Sum(l.Reshape(rows, n, t, d), 1))
	case graph.BagGrad:
		ids, values := l.pairs()
		n, t, d := l.shape(0)[0], l.shape(0)[1], l.shape(1)[1]
		rows := l.Reshape(l.along(l.wide(1), []int{n, t, d}, 0, 2), n*t, d)
		l.addRows(l.named(ids, o.Vocabulary), l.Mul(rows, l.along(values, rows.Shape, 0)), o.Vocabulary)
	case graph.IDLengths:
		ids := l.wide(0)
		number := l.Plus(l.Iota(stablehlo.F32, 1, ids.Shape...), 1)
		counts := l.Compare("NE", ids, l.Like(float64(o.Padding), ids))
		l.put(0, l.Reduce("maximum", l.where(counts, number, 0), 1))
	case graph.Positions:
		x := l.in(0)
		l.put(0, l.Add(x, l.along(l.Convert(l.in(1), x.Type), x.Shape, 1, 2)))
	case graph.PositionsGrad:
		l.put(0, l.Sum(l.wide(0), 0))
	case graph.Sinusoids:
		l.sinusoids(o)
	default:
		return false
	}
	return true
}

// ids are the rows of a table of so many that an input names, one behind the other.
func (l *lowering) ids(i, rows int) stablehlo.Value {
	ids := l.wide(i)
	return l.named(l.Reshape(ids, ids.Size()), rows)
}

// pairs takes the first input apart: pairs of an index and a value.
func (l *lowering) pairs() (ids, values stablehlo.Value) {
	x := l.wide(0)
	k := x.Size() / 2
	x = l.Reshape(x, k, 2)
	return l.Reshape(l.Slice(x, 1, 0, 1), k), l.Reshape(l.Slice(x, 1, 1, 2), k)
}

// named are the rows that ids name.
func (l *lowering) named(ids stablehlo.Value, rows int) stablehlo.Value {
	there := l.Min(ids, l.Like(float64(rows-1), ids))
	return l.Convert(l.where(l.Compare("GT", ids, l.Like(0, ids)), there, 0), stablehlo.I32) // also of what is no number
}

// embeddingGrad adds up the gradients of rows. That of the padding goes behind the
// table, where nothing is written.
func (l *lowering) embeddingGrad(o graph.EmbeddingGrad) {
	ids, dy := l.ids(0, o.Vocabulary), l.Times(l.rows(l.wide(1)), o.Embedding.Scale)
	if o.Embedding.Padding != graph.NoPadding {
		padding := l.Compare("EQ", ids, l.Like(float64(o.Embedding.Padding), ids))
		ids = l.where(l.Unary("not", padding), ids, float64(o.Vocabulary))
	}
	l.addRows(ids, dy, o.Vocabulary)
}

// addRows is the result: a table of so many rows, each the sum of those with its id.
func (l *lowering) addRows(ids, dy stablehlo.Value, vocabulary int) {
	table := l.Const(0, stablehlo.F32, vocabulary, dy.Shape[1])
	if l.ordered {
		ids, dy = l.rowSums(ids, dy, vocabulary)
	}
	l.put(0, l.AddRows(table, ids, dy, l.ordered))
}

// rowSums adds up the rows of each id, in an order that is always the same: on a GPU
// the rows of a scatter that meet are added as they come, or one after the other,
// which takes as many turns as there are rows. The ids that come out are different
// from each other; those that are not below limit stand for nothing.
func (l *lowering) rowSums(ids, rows stablehlo.Value, limit int) (unique, sums stablehlo.Value) {
	n := rows.Shape[0]
	ids, order := l.Sort(ids, l.Iota(stablehlo.I32, 0, n))
	rows = l.Rows(rows, order)
	shift := func(v stablehlo.Value, by int, fill float64) stablehlo.Value {
		low, high, interior := make([]int, len(v.Shape)), make([]int, len(v.Shape)), make([]int, len(v.Shape))
		low[0], high[0] = by, -by
		return l.Pad(v, fill, low, high, interior)
	}
	// Row i becomes the sum of those with its id among the last k, for k = 1, 2, 4, ...
	for k := 1; k < n; k *= 2 {
		same := l.Compare("EQ", ids, shift(ids, k, -1))
		rows = l.Add(rows, l.where(l.along(same, rows.Shape, 0), shift(rows, k, 0), 0))
	}
	last := l.Compare("NE", ids, shift(ids, -1, -1)) // has the sum of all of its id
	others := l.Add(l.Iota(stablehlo.I32, 0, n), l.Const(float64(limit+1), stablehlo.I32, n))
	return l.Select(last, ids, others), rows
}

// sinusoids computes the table as graph.Sinusoids does, in float64: float32 has no
// place for the fraction of a large angle. It is small beside what is added to it.
func (l *lowering) sinusoids(o graph.Sinusoids) {
	half := (o.Width + 1) / 2
	shape := []int{o.Steps, half}
	column := l.Times(l.Iota(stablehlo.F64, 1, shape...), 2)
	rate := l.Unary("exponential", l.Times(column, -math.Ln10*4/float64(o.Width)))
	angle := l.Mul(l.Iota(stablehlo.F64, 0, shape...), rate)
	each := func(function string) stablehlo.Value {
		return l.Reshape(l.Convert(l.Unary(function, angle), stablehlo.F32), o.Steps, half, 1)
	}
	both := l.Reshape(l.Concat(2, each("sine"), each("cosine")), o.Steps, 2*half)
	l.put(0, l.Slice(both, 1, 0, o.Width))
}
