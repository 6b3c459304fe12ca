package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) embedding(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Embedding:
		k, v, d := e.shape(0).Size(), e.shape(1)[0], e.shape(1)[1]
		per := max(1, grain/2/d)
		e.emit(vm.Instr{Op: kernel.Embed, Tasks: tasks(k, per), Args: kernel.EmbedArgs{Span: span(k, per), D: int64(d), Rows: int64(v), Scale: float32(o.Scale)},
			P: []vm.Operand{e.read(0), e.read(1), vm.Write(e.out(0))}, Bytes: float64(8 * k * d)})
	case graph.EmbeddingGrad:
		k, v, d := e.shape(0).Size(), o.Vocabulary, e.outShape(0)[1]
		order, start := e.Alloc(k), e.Alloc(v+1)
		e.emit(vm.Instr{Op: kernel.EmbedSort, Tasks: 1, Args: kernel.EmbedSortArgs{IDs: int64(k), Rows: int64(v)},
			P: []vm.Operand{e.read(0), vm.Write(order), vm.Write(start)}, Bytes: float64(16 * (k + v))})
		per := max(1, grain/d)
		e.emit(vm.Instr{Op: kernel.EmbedGrad, Tasks: tasks(v, per), Args: kernel.EmbedGradArgs{Span: span(v, per), D: int64(d), Padding: int64(o.Embedding.Padding), Scale: float32(o.Embedding.Scale)},
			P: []vm.Operand{vm.Read(order), vm.Read(start), e.read(1), vm.Write(e.out(0))}, Bytes: float64(4 * (k + v) * d)})
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
