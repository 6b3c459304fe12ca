package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) embedding(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Embedding:
		e.embed(e.read(0), vm.Write(e.out(0)), e.shape(0).Size(), o.Scale)
	case graph.EmbeddingGrad:
		e.embedGrad(e.read(0), e.read(1), e.shape(0).Size(), o.Embedding)
	case graph.Bag:
		n, t, d := e.shape(0)[0], e.shape(0)[1], e.shape(1)[1]
		ids, values := e.pairs(n * t)
		rows := e.Alloc(n * t * d)
		e.embed(vm.Read(ids), vm.Write(rows), n*t, 1)
		weights, rowsOf := plain(values, 1, t), plain(rows, t, d)
		weights.batchStride, rowsOf.batchStride = t, t*d
		e.matmul(e.out(0), weights, rowsOf, product{batch: n})
	case graph.BagGrad:
		n, t, d := e.shape(0)[0], e.shape(0)[1], e.shape(1)[1]
		ids, values := e.pairs(n * t)
		rows := e.Alloc(n * t * d)
		weights, dy := plain(values, t, 1), plain(e.in(1), 1, d)
		weights.batchStride, dy.batchStride = t, d
		e.matmul(rows, weights, dy, product{batch: n})
		e.embedGrad(vm.Read(ids), vm.Read(rows), n*t, graph.Embedding{Scale: 1, Padding: graph.NoPadding})
	case graph.IDLengths:
		n, t := e.shape(0)[0], e.shape(0)[1]
		e.emit(vm.Instr{Op: kernel.IDLengths, Tasks: 1, Args: kernel.IDLengthsArgs{Span: span(n, n), T: int64(t), Padding: float32(o.Padding)},
			P: []vm.Operand{e.read(0), vm.Write(e.out(0))}})
	case graph.Positions:
		n, k := e.shape(0)[0], e.shape(1).Size()
		per := max(1, grain/k)
		e.emit(vm.Instr{Op: kernel.AddRows, Tasks: tasks(n, per), Args: kernel.RowsArgs{Span: span(n, per), K: int64(k)},
			P: []vm.Operand{e.read(0), e.read(1), vm.WriteOver(e.out(0), 0)}, Bytes: float64(12 * n * k)})
	case graph.PositionsGrad:
		e.colsum(e.out(0), e.in(0), e.shape(0)[0], e.outShape(0).Size())
	case graph.Sinusoids:
		e.alias(0, e.Bind(o.Table()))
	default:
		return false
	}
	return true
}

// embed emits the rows of the second input, a table, for k ids.
func (e *emitter) embed(ids, out vm.Operand, k int, scale float64) {
	v, d := e.shape(1)[0], e.shape(1)[1]
	per := max(1, grain/2/d)
	e.emit(vm.Instr{Op: kernel.Embed, Tasks: tasks(k, per), Args: kernel.EmbedArgs{Span: span(k, per), D: int64(d), Rows: int64(v), Scale: float32(scale)},
		P: []vm.Operand{ids, e.read(1), out}, Bytes: float64(8 * k * d)})
}

// embedGrad emits the gradient of a table, the only result, of k ids and the
// gradients of their rows.
func (e *emitter) embedGrad(ids, rows vm.Operand, k int, o graph.Embedding) {
	v, d := e.outShape(0)[0], e.outShape(0)[1]
	order, start := e.Alloc(k), e.Alloc(v+1)
	e.emit(vm.Instr{Op: kernel.EmbedSort, Tasks: 1, Args: kernel.EmbedSortArgs{IDs: int64(k), Rows: int64(v)},
		P: []vm.Operand{ids, vm.Write(order), vm.Write(start)}, Bytes: float64(16 * (k + v))})
	per := max(1, grain/d)
	e.emit(vm.Instr{Op: kernel.EmbedGrad, Tasks: tasks(v, per), Args: kernel.EmbedGradArgs{Span: span(v, per), D: int64(d), Padding: int64(o.Padding), Scale: float32(o.Scale)},
		P: []vm.Operand{vm.Read(order), vm.Read(start), rows, vm.Write(e.out(0))}, Bytes: float64(4 * (k + v) * d)})
}

// pairs takes the first input apart, k pairs of an index and a value.
func (e *emitter) pairs(k int) (ids, values vm.Buffer) {
	ids, values = e.Alloc(k), e.Alloc(k)
	e.copyColumns(e.read(0), vm.Write(ids), k, 1, 2, 1, 0, 0)
	e.copyColumns(e.read(0), vm.Write(values), k, 1, 2, 1, 1, 0)
	return ids, values
}
