package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// A Padding is how many zeros are put around an image, or before and after a
// sequence (Top and Bottom).
type Padding struct{ Top, Bottom, Left, Right int }

// A Window says how a convolution or a pooling goes over its input: the distance
// between windows, the distance between the elements of one, both 1 if they are
// 0, and the padding. For sequences those of the height count.
type Window struct {
	StrideH, StrideW     int
	DilationH, DilationW int // of convolutions only
	Padding
}

func (w Window) withDefaults() Window {
	for _, p := range []*int{&w.StrideH, &w.StrideW, &w.DilationH, &w.DilationW} {
		if *p == 0 {
			*p = 1
		}
	}
	return w
}

// SamePadding is the padding before and after an axis that gives ceil(size /
// stride) outputs, the larger part after, as TensorFlow defines "same".
func SamePadding(size, k, stride, dilation int) (before, after int) {
	all := max(0, (tasks(size, stride)-1)*stride+dilation*(k-1)+1-size)
	return all / 2, all - all/2
}

// Conv2D is the convolution (cross-correlation, as everywhere in deep learning)
// of images x(n, c, h, w) with weights w(m, c/groups, kh, kw), plus b(m), through
// an activation: y(n, m, h', w') with h' = (h + padding - dilation (kh-1) - 1) /
// stride + 1, and so for w'. b may be nil.
func (g *Graph) Conv2D(x, w, b *Node, window Window, groups int, act Activation) *Node {
	if g.err != nil {
		return nil
	}
	xs, ws := x.Shape(), w.Shape()
	if len(xs) != 4 || len(ws) != 4 {
		return g.fail("convolution: want images (n, c, h, w) and weights (m, c, h, w), got shapes %v and %v", xs, ws)
	}
	window = window.withDefaults()
	return g.conv("convolution", x, w, b, act, kernel.Conv{
		N: xs[0], C: xs[1], H: xs[2], W: xs[3], M: ws[0], KH: ws[2], KW: ws[3], Groups: groups,
		StrideH: window.StrideH, StrideW: window.StrideW, DilationH: window.DilationH, DilationW: window.DilationW,
		Top: window.Top, Bottom: window.Bottom, Left: window.Left, Right: window.Right,
	})
}

// Conv1D is the convolution of sequences x(n, t, c) with weights w(m, c/groups,
// k), plus b(m), through an activation: y(n, t', m). b may be nil. What x holds
// behind the end of a sequence takes part: see MaskSteps.
func (g *Graph) Conv1D(x, w, b *Node, window Window, groups int, act Activation) *Node {
	if g.err != nil {
		return nil
	}
	xs, ws := x.Shape(), w.Shape()
	if len(xs) != 3 || len(ws) != 3 {
		return g.fail("convolution: want sequences (n, t, c) and weights (m, c, k), got shapes %v and %v", xs, ws)
	}
	window = window.withDefaults()
	return g.conv("sequence convolution", x, w, b, act, kernel.Conv{
		N: xs[0], C: xs[2], H: xs[1], W: 1, M: ws[0], KH: ws[2], KW: 1, Groups: groups, OneD: true,
		StrideH: window.StrideH, StrideW: 1, DilationH: window.DilationH, DilationW: 1, Top: window.Top, Bottom: window.Bottom,
	})
}

func (g *Graph) conv(name string, x, w, b *Node, act Activation, c kernel.Conv) *Node {
	if !act.Kind.FromOutput() { // its derivative takes what is before it
		return g.Activate(g.conv(name, x, w, b, Activation{}, c), act)
	}
	if err := c.Check(); err != nil {
		return g.fail("%s of %v: %w", name, x.Shape(), err)
	}
	if w.Shape()[1] != c.C/c.Groups || b != nil && (b.Dims() != 1 || b.Shape()[0] != c.M) {
		return g.fail("%s: shapes x%v, w%v and b%v do not fit with %d groups", name, x.Shape(), w.Shape(), shapeOf(b), c.Groups)
	}
	xs, ws, shape := x.Shape().Clone(), w.Shape().Clone(), tensor.Shape{c.N, c.M, c.OutH(), c.OutW()}
	if c.OneD {
		shape = tensor.Shape{c.N, c.OutH(), c.M}
	}
	in, diff := []*Node{x, w}, []bool{g.flows[x], g.flows[w]}
	if b != nil {
		in, diff = append(in, b), append(diff, g.flows[b])
	}
	return g.add(&fused{
		name: name, shape: shape, diff: diff,
		lower: func(e *emitter, y vm.Buffer, in []vm.Buffer) {
			var bias []vm.Operand
			if b != nil {
				bias = []vm.Operand{vm.Read(in[2])}
			}
			e.convPlan(c.Forward(act.Kind, act.Alpha, b != nil), in[0], in[1], y, shape.TotalSize(), bias...)
		},
		backward: func(in gorgonia.Nodes, y, dy *Node) gorgonia.Nodes {
			if act.Kind != kernel.Linear {
				dy = g.apply(outputGrad(act, shape), y, dy)
			}
			grads := make(gorgonia.Nodes, len(in))
			if diff[0] {
				grads[0] = g.apply(&fused{name: name + " dx", shape: xs, lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
					e.convPlan(c.InputGrad(), in[0], in[1], dx, xs.TotalSize())
				}}, dy, in[1])
			}
			if diff[1] {
				grads[1] = g.apply(&fused{name: name + " dw", shape: ws, lower: func(e *emitter, dw vm.Buffer, in []vm.Buffer) {
					e.weightPlan(c.WeightGrad(), in[0], in[1], dw)
				}}, in[0], dy)
			}
			if len(in) == 3 && diff[2] {
				grads[2] = g.apply(&fused{name: name + " db", shape: tensor.Shape{c.M}, lower: func(e *emitter, db vm.Buffer, in []vm.Buffer) {
					sums, rows := in[0], c.N*c.OutH()
					if !c.OneD {
						sums, rows = e.Alloc(c.N*c.M), c.N
						n := c.OutH() * c.OutW()
						e.emit(fromKernel(kernel.Planes(kernel.PlaneSum, c.N*c.M, n, 1), 4*c.N*c.M*n, vm.Read(in[0]), vm.Write(sums)))
					}
					e.colsum(db, sums, rows, c.M)
				}}, dy)
			}
			return grads
		},
	}, in...)
}

// fromKernel is an instruction with its operands.
func fromKernel(in kernel.Instr, bytes int, operands ...vm.Operand) vm.Instr {
	return vm.Instr{Op: in.Op, Tasks: int(in.Tasks), I: in.I, F: in.F, P: operands, Bytes: float64(bytes)}
}

// pad emits a padding and gives the padded operand.
func (e *emitter) pad(p kernel.Padding, x vm.Buffer) vm.Buffer {
	if p.Size == 0 {
		return x
	}
	padded := e.Alloc(p.Size)
	e.emit(fromKernel(p.Instr, 8*p.Size, vm.Read(x), vm.Write(padded)))
	return padded
}

// convPlan emits a convolution of x into out(n).
func (e *emitter) convPlan(p kernel.ConvPlan, x, w, out vm.Buffer, n int, bias ...vm.Operand) {
	x = e.pad(p.Padding, x)
	write := vm.Write(out)
	if !p.Whole || len(p.Phases) > 1 { // each writes a part
		e.emit(elementwise(kernel.Fill, n, write))
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

// MaskSteps is x(n, t, d) with zeros from step lengths(n) on.
func (g *Graph) MaskSteps(x, lengths *Node) *Node {
	if g.err != nil {
		return nil
	}
	xs := x.Shape().Clone()
	if len(xs) != 3 || !fitLengths(lengths, xs[0]) {
		return g.fail("mask: want sequences (n, t, d) and lengths (n), got shapes %v and %v", xs, lengths.Shape())
	}
	lower := func(e *emitter, out vm.Buffer, in []vm.Buffer) {
		e.emit(fromKernel(kernel.MaskRows(xs[0], xs[1], xs[2]), 8*xs.TotalSize(), vm.Read(in[0]), vm.Write(out), vm.Read(in[1])))
	}
	return g.add(&fused{
		name: "mask", shape: xs, diff: []bool{g.flows[x], false}, lower: lower,
		backward: func(in gorgonia.Nodes, _, dy *Node) gorgonia.Nodes {
			return gorgonia.Nodes{g.apply(&fused{name: "mask dx", shape: xs, lower: lower}, dy, in[1]), nil}
		},
	}, x, lengths)
}

// fitLengths says whether lengths are one number for each of n sequences.
func fitLengths(lengths *Node, n int) bool {
	return lengths.Dims() == 1 && lengths.Shape()[0] == n
}
