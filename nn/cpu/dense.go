package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) dense(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Dense:
		x, w := e.shape(0), e.shape(1)
		k, n := w[0], w[1]
		p := product{act: activation(o.Act), alpha: o.Act.Alpha}
		if e.has(2) {
			p.bias, p.mode = e.in(2), kernel.ByColumn
		}
		e.matmul(e.out(0), plain(e.in(0), x.Size()/k, k), plain(e.in(1), k, n), p)
	case graph.DenseGradInput:
		e.gradInput()
	case graph.DenseGradWeight:
		x, dy := e.shape(0), e.shape(1)
		k, n := x[len(x)-1], dy[len(dy)-1]
		m := x.Size() / k
		e.matmul(e.out(0), plain(e.in(0), m, k).t(), plain(e.in(1), m, n), product{})
	case graph.DenseGradBias:
		n := e.outShape(0).Size()
		e.colsum(e.out(0), e.in(0), e.shape(0).Size()/n, n)
	default:
		return false
	}
	return true
}

// gradInput emits dy(m, n) wᵀ for w(k, n).
func (e *emitter) gradInput() {
	k, n := e.shape(1)[0], e.shape(1)[1]
	e.matmul(e.out(0), plain(e.in(0), e.shape(0).Size()/n, n), plain(e.in(1), k, n).t(), product{})
}

// A matrix is an operand of a product, (rows, cols) with the distance in memory
// between rows and between columns. A transposed one swaps both pairs.
type matrix struct {
	buffer               vm.Buffer
	rows, cols           int
	rowStride, colStride int
	batchStride          int // between the matrices of a batch; 0: all use the same
}

// plain is a matrix in row-major order.
func plain(b vm.Buffer, rows, cols int) matrix {
	return matrix{buffer: b, rows: rows, cols: cols, rowStride: cols, colStride: 1}
}

// t is the transpose.
func (m matrix) t() matrix {
	m.rows, m.cols, m.rowStride, m.colStride = m.cols, m.rows, m.colStride, m.rowStride
	return m
}

// Rows and columns of a product that a task takes: enough for a thread to be
// busy with, and small enough that none waits long for another at the end.
const (
	rowsPerTask = 48
	colsPerTask = 128
)

// product says more about a matrix product: see the kernel gemm.
type product struct {
	batch int // of matrices, 0 is 1; the results are one behind the other
	bias  vm.Buffer
	mode  kernel.BiasKind
	act   kernel.Activation
	alpha float32
	add   bool // to what out holds
}

// matmul emits out = act(a b + bias), row-major.
func (e *emitter) matmul(out vm.Buffer, a, b matrix, p product) {
	p.batch = max(1, p.batch)
	pa, sa := e.pack(a, false, p.batch)
	pb, sb := e.pack(b, true, p.batch)
	e.packedProduct(out, pa, sa, pb, sb, a.rows, b.cols, a.cols, p)
}

// packedProduct emits a product of packed operands; the strides are those
// between the matrices of a batch.
func (e *emitter) packedProduct(out, pa vm.Buffer, strideA int, pb vm.Buffer, strideB int, m, n, k int, p product) {
	t := e.Table()
	ga, gb := max(1, rowsPerTask/t.MR), max(1, colsPerTask/t.NR)
	blocks := tasks(tasks(m, t.MR), ga) * tasks(tasks(n, t.NR), gb)
	result, bias := vm.Write(out), vm.Operand{}
	if p.add {
		result = vm.Update(out)
	}
	if p.mode != kernel.NoBias {
		bias = vm.Read(p.bias)
	}
	e.emit(vm.Instr{
		Op: kernel.Gemm, Tasks: p.batch * blocks, P: []vm.Operand{vm.Read(pa), vm.Read(pb), result, bias},
		Args: kernel.GemmArgs{
			M: int64(m), N: int64(n), K: int64(k), RowStride: int64(n), StrideA: int64(strideA), StrideB: int64(strideB), StrideC: int64(m * n),
			PanelsA: int64(ga), PanelsB: int64(gb), BatchTasks: int64(blocks), Act: p.act, Alpha: p.alpha, Bias: p.mode, Add: p.add,
		},
		Flops: 2 * float64(p.batch) * float64(m) * float64(n) * float64(k),
	})
}

// pack emits the packing of an operand: of rows of a, or of columns of b.
func (e *emitter) pack(m matrix, columns bool, batch int) (packed vm.Buffer, stride int) {
	w := e.Table().MR
	if columns {
		w = e.Table().NR
		m = m.t()
	}
	if m.batchStride == 0 {
		batch = 1
	}
	const per = 8 // panels for each task
	panels := tasks(m.rows, w)
	size := panels * w * m.cols
	packed = e.Alloc(batch * size)
	e.emit(vm.Instr{
		Op: kernel.Pack, Tasks: batch * tasks(panels, per), P: []vm.Operand{vm.Read(m.buffer), vm.Write(packed)}, Bytes: float64(8 * batch * size),
		Args: kernel.PackArgs{
			Rows: int64(m.rows), K: int64(m.cols), RowStride: int64(m.rowStride), KStride: int64(m.colStride),
			BatchStride: int64(m.batchStride), OutStride: int64(size), Per: per, BatchTasks: int64(tasks(panels, per)), Columns: columns,
		},
	})
	if batch > 1 {
		stride = size
	}
	return packed, stride
}
