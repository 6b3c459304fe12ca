package kernel

import (
	"errors"
	"fmt"
)

// A Conv is a two-dimensional convolution of images x(N, C, H, W) with weights
// w(M, C/Groups, KH, KW) into y(N, M, OutH, OutW), or, if OneD, of sequences
// x(N, H, C) with weights w(M, C/Groups, KH) into y(N, OutH, M), W and KW being
// 1. It says how the convolution and its gradients are cut into instructions;
// who runs them fills in the operands. No tensor may have 2^31 elements.
type Conv struct {
	N, C, H, W, M, KH, KW    int
	StrideH, StrideW         int
	DilationH, DilationW     int
	Top, Bottom, Left, Right int // zeros around the input
	Groups                   int
	OneD                     bool
}

// OutH and OutW are the height and the width of the output.
func (c Conv) OutH() int { return (c.H+c.Top+c.Bottom-c.DilationH*(c.KH-1)-1)/c.StrideH + 1 }
func (c Conv) OutW() int { return (c.W+c.Left+c.Right-c.DilationW*(c.KW-1)-1)/c.StrideW + 1 }

// A Padding makes the zeros around an operand. Without any there is no
// instruction, and the operand is used as it is.
type Padding struct {
	Instr Instr // operands: from, to
	Size  int   // of the padded operand; 0: none is needed
}

// A ConvPhase computes some or all of the output from weights and a padded operand.
type ConvPhase struct {
	Pack    Instr // operands: weights, packed weights
	Packed  int
	Product Instr // operands: padded operand, packed weights, output, bias
	Scratch int   // bytes
	Flops   float64
}

// A ConvPlan is a convolution or the gradient of its input. Each of its phases
// writes another part of the output; without Whole, the rest of it is zero.
type ConvPlan struct {
	Padding Padding
	Phases  []ConvPhase
	Whole   bool
}

// A WeightPlan is the gradient of the weights.
type WeightPlan struct {
	Padding Padding // of the input
	Pack    Instr   // operands: gradient of the output, packed
	Packed  int
	Product Instr // operands: padded input, packed gradient, sums of chunks
	Sums    int
	Scratch int // bytes
	Flops   float64
	Sum     Instr // operands: sums, gradient of the weights
}

const (
	convPixels  = 192 // as in conv.h
	convScratch = 4*256 + 2*8*convPixels + 4*256*convPixels
	convTasks   = 16 // as many as a small product is cut into, if it can be
	// slack is what the kernel channels may read behind its packed operand.
	slack = 16
)

// padding is for planes of h rows of w.
func padding(planes, h, w, top, bottom, left, right int) Padding {
	if top|bottom|left|right == 0 {
		return Padding{}
	}
	hp, wp := h+top+bottom, w+left+right
	per := max(1, 16384/(hp*wp))
	return Padding{Size: planes * hp * wp, Instr: Instr{Op: Pad, Tasks: int32(ceilDiv(planes, per)),
		I: [16]int64{int64(planes), int64(per), int64(h), int64(w), int64(hp), int64(wp), int64(top), int64(left)}}}
}

// pack packs rows for steps (a, b, c) with their counts and distances.
func pack(rows, rs int, steps [3][2]int, width, per, groups, groupStride, begin int) (in Instr, size int) {
	n := ceilDiv(rows, width) * width * steps[0][0] * steps[1][0] * steps[2][0]
	return Instr{Op: ConvPack, Tasks: int32(groups * ceilDiv(rows, width) * ceilDiv(steps[0][0], per)),
		I: [16]int64{int64(rows), int64(steps[0][0]), int64(steps[1][0]), int64(steps[2][0]), int64(rs),
			int64(steps[0][1]), int64(steps[1][1]), int64(steps[2][1]), int64(width), int64(per), int64(groupStride), int64(n), int64(begin)}}, groups * n
}

// width is the panel width for so many columns.
func width(m int) int {
	for w := 4; w < 32; w *= 2 {
		if m <= w {
			return w
		}
	}
	return 32
}

// A phase of a stride is the positions first, first+stride, ... of the input.
// They meet the taps tap, tap+step, ..., which are taps in number, and position
// i meets tap t of them at output begin + i + t*back.
type phase struct{ first, count, tap, step, taps, begin, back int }

func phases(size, stride, dilation, before, k int) []phase {
	var list []phase
	for first := 0; first < min(stride, size); first++ {
		p := phase{first: first, count: ceilDiv(size-first, stride)}
		for p.tap = 0; p.tap < k && (first+before-p.tap*dilation)%stride != 0; p.tap++ {
		}
		p.step = stride / gcd(stride, dilation)
		p.taps = max(0, ceilDiv(k-p.tap, p.step))
		p.begin, p.back = (first+before-p.tap*dilation)/stride, -p.step*dilation/stride
		list = append(list, p)
	}
	return list
}

// margins is how far phases reach beyond an output of so many positions.
func margins(list []phase, out int) (before, after int) {
	for _, p := range list {
		if p.taps > 0 {
			before = max(before, -(p.begin + (p.taps-1)*p.back))
			after = max(after, p.begin+p.count-out)
		}
	}
	return before, after
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// Forward is y = act(conv(x, w) + bias).
func (c Conv) Forward(act Activation, alpha float32, bias bool) ConvPlan {
	cg, mg, hp, wp := c.C/c.Groups, c.M/c.Groups, c.H+c.Top+c.Bottom, c.W+c.Left+c.Right
	k := cg * c.KH * c.KW
	p := ConvPlan{Whole: true}
	if c.OneD {
		p.Padding = padding(c.N, c.H, c.C, c.Top, c.Bottom, 0, 0)
		s := sequence{n: c.N, t: c.OutH(), tp: hp, c: cg, m: mg, groups: c.Groups, step: c.StrideH,
			taps: c.KH, tap: c.DilationH, outT: c.OutH(), outStep: 1}
		p.Phases = []ConvPhase{s.product(act, alpha, bias, [3]int{k, 1, c.KH}, 0)}
		return p
	}
	p.Padding = padding(c.N*c.C, c.H, c.W, c.Top, c.Bottom, c.Left, c.Right)
	f := ConvPhase{}
	f.Pack, f.Packed = pack(mg, k, [3][2]int{{1, 0}, {1, 0}, {k, 1}}, 8, 1, c.Groups, mg*k, 0)
	f.Product = c.planes(c.OutH(), c.OutW(), mg, cg, c.KH, c.KW, hp*wp, 0, c.StrideH*wp, c.StrideW, c.DilationH*wp, c.DilationW,
		c.OutH()*c.OutW(), 0, c.OutW(), 1)
	f.Product.I[15], f.Product.F[0] = pair(int(act), flag(bias)), alpha
	f.Scratch, f.Flops = convScratch, 2*float64(c.N*c.OutH()*c.OutW())*float64(c.M*k)
	p.Phases = []ConvPhase{f}
	return p
}

// planes is an instruction of ConvPlanes.
func (c Conv) planes(h, w, m, ch, kh, kw, plane, base, sh, sw, ta, tb, oplane, obase, oh, ow int) Instr {
	pixels, per, mper := c.N*h*w, convPixels, roundUp(m, 8)
	for per > 48 && c.Groups*ceilDiv(pixels, per) < convTasks {
		per /= 2
	}
	for mper > 16 && c.Groups*ceilDiv(pixels, per)*ceilDiv(m, mper) < convTasks {
		mper = roundUp(mper/2, 8)
	}
	return Instr{Op: ConvPlanes, Tasks: int32(c.Groups * ceilDiv(pixels, per) * ceilDiv(m, mper)),
		I: [16]int64{int64(c.N), int64(h), int64(w), int64(m), int64(ch), int64(c.Groups), pair(kh, kw), int64(plane), int64(base),
			pair(sh, sw), pair(ta, tb), int64(oplane), int64(obase), pair(oh, ow), pair(per, mper)}}
}

// InputGrad is the gradient of x from that of y: each phase of the stride is a
// convolution of its own with the taps that meet it.
func (c Conv) InputGrad() ConvPlan {
	cg, mg, taps := c.C/c.Groups, c.M/c.Groups, c.KH*c.KW
	rows, cols := phases(c.H, c.StrideH, c.DilationH, c.Top, c.KH), phases(c.W, c.StrideW, c.DilationW, c.Left, c.KW)
	top, bottom := margins(rows, c.OutH())
	left, right := margins(cols, c.OutW())
	hp, wp := c.OutH()+top+bottom, c.OutW()+left+right
	p := ConvPlan{Whole: true}
	if c.OneD {
		p.Padding = padding(c.N, c.OutH(), c.M, top, bottom, 0, 0)
	} else {
		p.Padding = padding(c.N*c.M, c.OutH(), c.OutW(), top, bottom, left, right)
	}
	for _, r := range rows {
		for _, q := range cols {
			if r.taps == 0 || q.taps == 0 {
				p.Whole = false
				continue
			}
			if c.OneD {
				s := sequence{n: c.N, t: r.count, tp: hp, c: mg, m: cg, groups: c.Groups, step: 1,
					taps: r.taps, tap: r.back, begin: top + r.begin, outT: c.H, outStep: c.StrideH, outBegin: r.first}
				p.Phases = append(p.Phases, s.product(Linear, 0, false, [3]int{c.KH, r.step, cg * c.KH}, r.tap))
				continue
			}
			f := ConvPhase{}
			steps := [3][2]int{{mg, cg * taps}, {r.taps, r.step * c.KW}, {q.taps, q.step}}
			if r.step == 1 && q.step == 1 && q.taps == c.KW { // one run
				steps[1], steps[2] = [2]int{1, 0}, [2]int{r.taps * q.taps, 1}
			}
			f.Pack, f.Packed = pack(cg, taps, steps, 8, 64, c.Groups, mg*cg*taps, r.tap*c.KW+q.tap)
			f.Product = c.planes(r.count, q.count, cg, mg, r.taps, q.taps, hp*wp, (top+r.begin)*wp+left+q.begin, wp, 1, r.back*wp, q.back,
				c.H*c.W, r.first*c.W+q.first, c.StrideH*c.W, c.StrideW)
			f.Scratch, f.Flops = convScratch, 2*float64(c.N*r.count*q.count)*float64(c.C*mg*r.taps*q.taps)
			p.Phases = append(p.Phases, f)
		}
	}
	return p
}

// A sequence is a product of sequences x(n, tp, groups*c) and taps: position i
// of t, tap j and channel are at begin + i*step + j*tap in x, and the result is
// at outBegin + i*outStep in out(n, outT, groups*m).
type sequence struct {
	n, t, tp, c, m, groups  int
	step, taps, tap, begin  int
	outT, outStep, outBegin int
}

// product takes the distances of m, tap and c in the weights of a group.
func (s sequence) product(act Activation, alpha float32, bias bool, strides [3]int, begin int) ConvPhase {
	in, out := s.groups*s.c, s.groups*s.m
	f := ConvPhase{Scratch: channelsScratch(48), Flops: 2 * float64(s.n*s.t) * float64(out*s.taps*s.c)}
	w := width(s.m)
	// The weights of a group: those of the next begin after all of m or c.
	group := max(s.m*strides[0], s.c*strides[2])
	f.Pack, f.Packed = pack(s.m, strides[0], [3][2]int{{s.taps, strides[1]}, {1, 0}, {s.c, strides[2]}}, w, 1, s.groups, group, begin)
	size := f.Packed / s.groups
	f.Packed += slack
	rows := s.n * s.t
	k := [3][2]int{{s.taps, s.tap * in}, {1, 0}, {s.c, 1}}
	switch {
	case s.c == 1: // one run over the taps
		k = [3][2]int{{1, 0}, {1, 0}, {s.taps, s.tap * in}}
	case s.tap == 1 && s.groups == 1: // one run over both
		k = [3][2]int{{1, 0}, {1, 0}, {s.taps * s.c, 1}}
	}
	f.Product = Instr{Op: Channels, Tasks: int32(s.groups * ceilDiv(rows, 48)), F: [8]float32{alpha},
		I: [16]int64{pair(s.n, s.tp*in), pair(s.t, s.step*in), pair(1, 0), pair(k[0][0], k[0][1]), pair(k[1][0], k[1][1]), pair(k[2][0], k[2][1]),
			pair(s.m, w), pair(48, k[0][0]), pair(s.groups, int(act)+256*flag(bias)), pair(s.c, size), int64(s.m), 0,
			pair(s.outT*out, s.outStep*out), pair(0, s.outBegin*out), int64(s.begin * in)}}
	return f
}

// channelsScratch is what the kernel channels needs for so many rows in a task.
func channelsScratch(rows int) int { return 2 * 8 * roundUp(rows, 24) }

// WeightGrad is the gradient of w from x and the gradient of y: sums over up to
// 8 chunks of examples, added in order.
func (c Conv) WeightGrad() WeightPlan {
	cg, mg, hp, wp, q := c.C/c.Groups, c.M/c.Groups, c.H+c.Top+c.Bottom, c.W+c.Left+c.Right, c.OutH()*c.OutW()
	w := width(mg)
	p := WeightPlan{}
	var rows, k [3][2]int
	group := cg
	if c.OneD {
		p.Padding = padding(c.N, c.H, c.C, c.Top, c.Bottom, 0, 0)
		p.Pack, p.Packed = pack(mg, 1, [3][2]int{{c.N, q * c.M}, {1, 0}, {q, c.M}}, w, 1, c.Groups, mg, 0)
		rows = [3][2]int{{1, 0}, {cg, 1}, {c.KH, c.DilationH * c.C}}
		k = [3][2]int{{c.N, hp * c.C}, {1, 0}, {q, c.StrideH * c.C}}
	} else {
		p.Padding = padding(c.N*c.C, c.H, c.W, c.Top, c.Bottom, c.Left, c.Right)
		p.Pack, p.Packed = pack(mg, q, [3][2]int{{c.N, q * c.M}, {1, 0}, {q, 1}}, w, 1, c.Groups, mg*q, 0)
		rows = [3][2]int{{cg, hp * wp}, {c.KH, c.DilationH * wp}, {c.KW, c.DilationW}}
		k = [3][2]int{{c.N, c.C * hp * wp}, {c.OutH(), c.StrideH * wp}, {c.OutW(), c.StrideW}}
		if c.StrideH*wp == c.StrideW*c.OutW() { // one run
			k[1], k[2] = [2]int{1, 0}, [2]int{q, c.StrideW}
		}
		group = cg * hp * wp
	}
	size := p.Packed / c.Groups
	p.Packed += slack
	n := rows[0][0] * rows[1][0] * rows[2][0]
	chunk := ceilDiv(c.N, 8)
	chunks, per := ceilDiv(c.N, chunk), roundUp(n, 24)
	for per > 24 && c.Groups*chunks*ceilDiv(n, per) < convTasks {
		per = roundUp(per/2, 24)
	}
	p.Sums, p.Scratch, p.Flops = chunks*c.Groups*n*mg, channelsScratch(per), 2*float64(c.N*q)*float64(c.Groups*n*mg)
	p.Product = Instr{Op: Channels, Tasks: int32(c.Groups * chunks * ceilDiv(n, per)), I: [16]int64{
		pair(rows[0][0], rows[0][1]), pair(rows[1][0], rows[1][1]), pair(rows[2][0], rows[2][1]),
		pair(k[0][0], k[0][1]), pair(k[1][0], k[1][1]), pair(k[2][0], k[2][1]),
		pair(mg, w), pair(per, chunk), pair(c.Groups, 0), pair(group, size), int64(n * mg), int64(c.Groups * n * mg),
		pair(rows[1][0]*rows[2][0]*mg, rows[2][0]*mg), pair(mg, 0)}}
	p.Sum = Instr{Op: ChannelsSum, Tasks: int32(c.Groups * ceilDiv(n, 64)),
		I: [16]int64{int64(n), int64(mg), int64(mg), int64(chunks), int64(c.Groups * n * mg), int64(n * mg), 64}}
	return p
}

// flag is 1 for true.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Check says what is wrong with a convolution, nil if it can be computed.
func (c Conv) Check() error {
	switch {
	case min(c.N, c.C, c.H, c.W, c.M, c.KH, c.KW) < 1:
		return errors.New("a size is below 1")
	case min(c.StrideH, c.StrideW, c.DilationH, c.DilationW) < 1:
		return errors.New("a stride or a dilation is below 1")
	case min(c.Top, c.Bottom, c.Left, c.Right) < 0:
		return errors.New("a padding is below 0")
	case c.Groups < 1 || c.C%c.Groups != 0 || c.M%c.Groups != 0:
		return fmt.Errorf("%d groups do not divide %d and %d channels", c.Groups, c.C, c.M)
	case c.H+c.Top+c.Bottom <= c.DilationH*(c.KH-1) || c.W+c.Left+c.Right <= c.DilationW*(c.KW-1):
		return fmt.Errorf("a window of %dx%d, dilated by %dx%d, does not fit into %dx%d with its padding",
			c.KH, c.KW, c.DilationH, c.DilationW, c.H+c.Top+c.Bottom, c.W+c.Left+c.Right)
	}
	for _, size := range []float64{ // distances have 31 bits
		float64(c.N) * float64(c.C) * float64(c.H+c.Top+c.Bottom) * float64(c.W+c.Left+c.Right),
		float64(c.N) * float64(c.Groups*roundUp(c.M/c.Groups, 32)) * float64(c.OutH()+2*c.DilationH*c.KH) * float64(c.OutW()+2*c.DilationW*c.KW),
		float64(c.M) * float64(c.C/c.Groups) * float64(c.KH) * float64(c.KW),
	} {
		if size >= 1<<31 {
			return errors.New("a tensor has 2^31 elements or more")
		}
	}
	return nil
}

// MaskRows is an instruction of Pad that copies n planes of h rows of w, with
// zeros from the row on that the third operand says.
func MaskRows(n, h, w int) Instr {
	p := padding(n, h, w, 0, 1, 0, 0).Instr
	p.I[4] = int64(h)
	return p
}
