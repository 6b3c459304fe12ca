package cpu

import (
	"pipe/nn/cpu/kernel"
	"pipe/nn/cpu/vm"
	"pipe/nn/graph"
)

func (e *emitter) conv(op graph.Op) bool {
	switch o := op.(type) {
	case graph.Conv:
		c := geometry(o, e.shape(0), e.shape(1))
		var bias []vm.Operand
		if e.has(2) {
			bias = []vm.Operand{e.read(2)}
		}
		if e.possible(c) {
			e.convPlan(c.Forward(activation(o.Act), o.Act.Alpha, e.has(2)), e.in(0), e.in(1), e.out(0), e.outShape(0).Size(), bias...)
		}
	case graph.ConvGradInput:
		c := geometry(o.Conv, e.outShape(0), e.shape(1))
		if e.possible(c) {
			e.convPlan(c.InputGrad(), e.in(0), e.in(1), e.out(0), e.outShape(0).Size())
		}
	case graph.ConvGradWeight:
		c := geometry(o.Conv, e.shape(0), e.outShape(0))
		if e.possible(c) {
			e.weightPlan(c.WeightGrad(), e.in(0), e.in(1), e.out(0))
		}
	case graph.ConvGradBias:
		s := e.shape(0)
		sums, rows, m := e.in(0), s.Size()/s[len(s)-1], s[len(s)-1]
		if !o.Conv.Sequences {
			n := s[2] * s[3]
			rows, m = s[0], s[1]
			sums = e.Alloc(rows * m)
			e.emit(fromKernel(kernel.Planes(kernel.PlaneSum, rows*m, n, 1), 4*s.Size(), e.read(0), vm.Write(sums)))
		}
		e.colsum(e.out(0), sums, rows, m)
	default:
		return false
	}
	return true
}

// geometry is a convolution of x with weights w, as the kernels take it.
func geometry(o graph.Conv, x, w graph.Shape) kernel.Conv {
	v := o.Window
	c := kernel.Conv{N: x[0], M: w[0], KH: w[2], KW: 1, Groups: o.Groups, OneD: o.Sequences,
		StrideH: v.StrideH, StrideW: v.StrideW, DilationH: v.DilationH, DilationW: v.DilationW,
		Top: v.Top, Bottom: v.Bottom, Left: v.Left, Right: v.Right}
	if o.Sequences {
		c.C, c.H, c.W = x[2], x[1], 1
	} else {
		c.C, c.H, c.W, c.KW = x[1], x[2], x[3], w[3]
	}
	return c
}

// possible notes what the kernels cannot do.
func (e *emitter) possible(c kernel.Conv) bool {
	err := c.Check()
	if err != nil {
		e.Fail(err)
	}
	return err == nil
}

// pad emits a padding and gives the padded operand.
func (e *emitter) pad(p kernel.Padding, x vm.Buffer) vm.Buffer {
	if p.Size == 0 {
		return x
	}
	padded := e.Alloc(p.Size)
	e.emit(fromKernel(p.Call, 8*p.Size, vm.Read(x), vm.Write(padded)))
	return padded
}

// convPlan emits a convolution of x into out(n).
func (e *emitter) convPlan(p kernel.ConvPlan, x, w, out vm.Buffer, n int, bias ...vm.Operand) {
	x = e.pad(p.Padding, x)
	write := vm.Write(out)
	if !p.Whole || len(p.Phases) > 1 { // each writes a part
		e.emit(scaled(kernel.Fill, n, 0, write))
		write = vm.Update(out)
	}
	for _, f := range p.Phases {
		packed := e.Alloc(f.Packed)
		e.emit(fromKernel(f.Pack, 8*f.Packed, vm.Read(w), vm.Write(packed)))
		product := fromKernel(f.Product, 0, append([]vm.Operand{vm.Read(x), vm.Read(packed), write}, bias...)...)
		product.Scratch, product.Flops = f.Scratch, f.Flops
		e.emit(product)
	}
}

// weightPlan emits the gradient of weights.
func (e *emitter) weightPlan(p kernel.WeightPlan, x, dy, dw vm.Buffer) {
	x = e.pad(p.Padding, x)
	packed, sums := e.Alloc(p.Packed), e.Alloc(p.Sums)
	e.emit(fromKernel(p.Pack, 8*p.Packed, vm.Read(dy), vm.Write(packed)))
	product := fromKernel(p.Product, 0, vm.Read(x), vm.Read(packed), vm.Write(sums))
	product.Scratch, product.Flops = p.Scratch, p.Flops
	e.emit(product)
	e.emit(fromKernel(p.Sum, 8*p.Sums, vm.Read(sums), vm.Write(dw)))
}
