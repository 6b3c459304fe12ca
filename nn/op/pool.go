package op

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// MaxPool2D is the largest element of each window of kh by kw of images x(n, c,
// h, w): y(n, c, h', w'), with h' = (h + padding - kh) / stride + 1. A padding
// has no part in it and is smaller than the window. The gradient goes to the
// first of the largest elements, in row order.
func (g *Graph) MaxPool2D(x *Node, kh, kw int, window Window) *Node {
	return g.pool2D(x, pooling{name: "max pooling", max: true}, kh, kw, window)
}

// AvgPool2D is the mean of each window, in other respects as MaxPool2D. At the
// border it is the mean of what is in the image, or, if countPadding, of
// that and the zeros around it.
func (g *Graph) AvgPool2D(x *Node, kh, kw int, window Window, countPadding bool) *Node {
	return g.pool2D(x, pooling{name: "average pooling", countPadding: countPadding}, kh, kw, window)
}

// MaxPool1D is the largest of each k steps of sequences x(n, t, d): y(n, t', d).
// lengths(n), which may be nil, says how many steps each sequence has; a window
// behind the end gives 0.
func (g *Graph) MaxPool1D(x, lengths *Node, k int, window Window) *Node {
	return g.pool1D(x, lengths, pooling{name: "max pooling", max: true}, k, window)
}

// AvgPool1D is the mean of each k steps, in other respects as MaxPool1D.
func (g *Graph) AvgPool1D(x, lengths *Node, k int, window Window, countPadding bool) *Node {
	return g.pool1D(x, lengths, pooling{name: "average pooling", countPadding: countPadding}, k, window)
}

// GlobalMaxPool1D is the largest of all steps of sequences x(n, t, d): y(n, d).
// lengths(n) may be nil; an empty sequence gives 0.
func (g *Graph) GlobalMaxPool1D(x, lengths *Node) *Node {
	return g.global1D(x, lengths, pooling{name: "global max pooling", max: true})
}

// GlobalAvgPool1D is the mean of all steps, in other respects as GlobalMaxPool1D.
func (g *Graph) GlobalAvgPool1D(x, lengths *Node) *Node {
	return g.global1D(x, lengths, pooling{name: "global average pooling"})
}

// A pooling is an operator over windows of planes.
type pooling struct {
	name         string
	max          bool
	countPadding bool
	s            kernel.Windows
	shape        tensor.Shape
}

func (g *Graph) pool2D(x *Node, p pooling, kh, kw int, window Window) *Node {
	if g.err != nil {
		return nil
	}
	xs := x.Shape()
	if len(xs) != 4 {
		return g.fail("%s: want images (n, c, h, w), got shape %v", p.name, xs)
	}
	window = window.withDefaults()
	p.s = kernel.Windows{Planes: xs[0] * xs[1], H: xs[2], W: xs[3], KH: kh, KW: kw, StrideH: window.StrideH, StrideW: window.StrideW,
		Top: window.Top, Left: window.Left, CountPadding: p.countPadding}
	if !g.fitWindows(&p, x, window) {
		return nil
	}
	p.shape = tensor.Shape{xs[0], xs[1], p.s.OutH, p.s.OutW}
	return g.pool(x, nil, p)
}

func (g *Graph) pool1D(x, lengths *Node, p pooling, k int, window Window) *Node {
	if g.err != nil {
		return nil
	}
	xs := x.Shape()
	if len(xs) != 3 || lengths != nil && !fitLengths(lengths, xs[0]) {
		return g.fail("%s: want sequences (n, t, d) and lengths (n), got shapes %v and %v", p.name, xs, shapeOf(lengths))
	}
	window = window.withDefaults()
	window.StrideW, window.DilationW, window.Left, window.Right = 1, 1, 0, 0
	p.s = kernel.Windows{Planes: xs[0], H: xs[1], W: xs[2], KH: k, KW: 1, StrideH: window.StrideH, StrideW: 1,
		Top: window.Top, CountPadding: p.countPadding}
	if !g.fitWindows(&p, x, window) {
		return nil
	}
	p.shape = tensor.Shape{xs[0], p.s.OutH, xs[2]}
	return g.pool(x, lengths, p)
}

func (g *Graph) global1D(x, lengths *Node, p pooling) *Node {
	if g.err != nil {
		return nil
	}
	if x.Dims() != 3 {
		return g.fail("%s: want sequences (n, t, d), got shape %v", p.name, x.Shape())
	}
	y := g.pool1D(x, lengths, p, x.Shape()[1], Window{})
	if y == nil {
		return nil
	}
	return g.Reshape(y, x.Shape()[0], x.Shape()[2])
}

// fitWindows counts the windows, or says why there are none.
func (g *Graph) fitWindows(p *pooling, x *Node, w Window) bool {
	s := &p.s
	switch {
	case min(s.KH, s.KW, s.StrideH, s.StrideW) < 1 || w.DilationH != 1 || w.DilationW != 1:
		g.fail("%s: windows of %dx%d with stride %dx%d and dilation %dx%d", p.name, s.KH, s.KW, s.StrideH, s.StrideW, w.DilationH, w.DilationW)
	case min(w.Top, w.Bottom, w.Left, w.Right) < 0 || max(w.Top, w.Bottom) >= s.KH || max(w.Left, w.Right) >= s.KW:
		g.fail("%s: padding %v is not smaller than the window %dx%d", p.name, w.Padding, s.KH, s.KW)
	case s.H+w.Top+w.Bottom < s.KH || s.W+w.Left+w.Right < s.KW:
		g.fail("%s: a window of %dx%d does not fit into %v with its padding", p.name, s.KH, s.KW, x.Shape())
	default:
		s.OutH, s.OutW = (s.H+w.Top+w.Bottom-s.KH)/s.StrideH+1, (s.W+w.Left+w.Right-s.KW)/s.StrideW+1
		return true
	}
	return false
}

func (g *Graph) pool(x, lengths *Node, p pooling) *Node {
	xs := x.Shape().Clone()
	in, diff := []*Node{x}, []bool{g.flows[x]}
	if lengths != nil {
		in, diff = append(in, lengths), append(diff, false)
	}
	forward, back := kernel.AvgPool, kernel.AvgPoolGrad
	if p.max {
		forward, back = kernel.MaxPool, kernel.MaxPoolGrad
	}
	return g.add(&fused{
		name: p.name, shape: p.shape, diff: diff,
		lower: func(e *emitter, y vm.Buffer, in []vm.Buffer) {
			e.pool(forward, p, xs.TotalSize(), y, in[:1], in[1:])
		},
		backward: func(in gorgonia.Nodes, y, dy *Node) gorgonia.Nodes {
			grads, nodes := make(gorgonia.Nodes, len(in)), gorgonia.Nodes{dy}
			if p.max { // which element it was is found again
				nodes = gorgonia.Nodes{in[0], y, dy}
			}
			n := len(nodes)
			grads[0] = g.apply(&fused{name: p.name + " dx", shape: xs, lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
				e.pool(back, p, xs.TotalSize(), dx, in[:n], in[n:])
			}}, append(nodes, in[1:]...)...)
			return grads
		},
	}, in...)
}

// pool emits a pooling kernel: what it reads, what it writes, lengths if there are any.
func (e *emitter) pool(op kernel.Op, p pooling, n int, out vm.Buffer, in, lengths []vm.Buffer) {
	k, scratch := p.s.Instr(op)
	var operands []vm.Operand
	for _, b := range in {
		operands = append(operands, vm.Read(b))
	}
	operands = append(operands, vm.Write(out))
	for _, b := range lengths {
		operands = append(operands, vm.Read(b))
	}
	instr := fromKernel(k, 4*(n+p.shape.TotalSize()), operands...)
	instr.Scratch = scratch
	e.emit(instr)
}

// GlobalMaxPool is the largest element of each plane of x(n, c, h, w): y(n, c).
func (g *Graph) GlobalMaxPool(x *Node) *Node { return g.globalPool(x, "global max pooling", true) }

// GlobalAvgPool is the mean of each plane of x(n, c, h, w): y(n, c).
func (g *Graph) GlobalAvgPool(x *Node) *Node { return g.globalPool(x, "global average pooling", false) }

func (g *Graph) globalPool(x *Node, name string, largest bool) *Node {
	if g.err != nil {
		return nil
	}
	xs := x.Shape().Clone()
	if len(xs) != 4 {
		return g.fail("%s: want images (n, c, h, w), got shape %v", name, xs)
	}
	planes, n := xs[0]*xs[1], xs[2]*xs[3]
	instr := func(op kernel.Op, operands ...vm.Operand) vm.Instr {
		return fromKernel(kernel.Planes(op, planes, n, 1/float32(n)), 4*planes*n, operands...)
	}
	return g.add(&fused{
		name: name, shape: tensor.Shape{xs[0], xs[1]}, diff: []bool{g.flows[x]},
		lower: func(e *emitter, y vm.Buffer, in []vm.Buffer) {
			op := kernel.PlaneSum
			if largest {
				op = kernel.PlaneMax
			}
			e.emit(instr(op, vm.Read(in[0]), vm.Write(y)))
		},
		backward: func(in gorgonia.Nodes, y, dy *Node) gorgonia.Nodes {
			if largest {
				return gorgonia.Nodes{g.apply(&fused{name: name + " dx", shape: xs, lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
					e.emit(instr(kernel.PlaneMaxGrad, vm.Read(in[0]), vm.Read(in[1]), vm.Read(in[2]), vm.Write(dx)))
				}}, in[0], y, dy)}
			}
			return gorgonia.Nodes{g.apply(&fused{name: name + " dx", shape: xs, lower: func(e *emitter, dx vm.Buffer, in []vm.Buffer) {
				e.emit(instr(kernel.PlaneFill, vm.Read(in[0]), vm.Write(dx)))
			}}, dy)}
		},
	}, x)
}
