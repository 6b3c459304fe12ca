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
	Call Call // operands: from, to
	Size int  // of the padded operand; 0: none is needed
}

// A ConvPhase computes some or all of the output from weights and a padded operand.
type ConvPhase struct {
	Pack    Call // operands: weights, packed weights
	Packed  int
	Product Call // operands: padded operand, packed weights, output, bias
	Scratch int  // bytes
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
	Pack    Call    // operands: gradient of the output, packed
	Packed  int
	Product Call // operands: padded input, packed gradient, sums of chunks
	Sums    int
	Scratch int // bytes
	Flops   float64
	Sum     Call // operands: sums, gradient of the weights
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
	span := Span{N: int64(planes), Per: int64(max(1, 16384/(hp*wp)))}
	return Padding{Size: planes * hp * wp, Call: Call{Op: Pad, Tasks: span.Tasks(), Args: PadArgs{
		Span: span, H: int64(h), W: int64(w), OutH: int64(hp), OutW: int64(wp), Top: int64(top), Left: int64(left)}}}
}

// pack packs rows for steps (a, b, c) with their counts and distances.
func pack(rows, rs int, steps [3][2]int, width, per, groups, groupStride, begin int) (c Call, size int) {
	n := ceilDiv(rows, width) * width * steps[0][0] * steps[1][0] * steps[2][0]
	return Call{Op: ConvPack, Tasks: groups * ceilDiv(rows, width) * ceilDiv(steps[0][0], per), Args: ConvPackArgs{
		Rows: int64(rows), C: int64(steps[0][0]), A: int64(steps[1][0]), B: int64(steps[2][0]),
		RowStride: int64(rs), CStride: int64(steps[0][1]), AStride: int64(steps[1][1]), BStride: int64(steps[2][1]),
		Width: int64(width), Per: int64(per), BatchStride: int64(groupStride), OutStride: int64(n), Begin: int64(begin),
	}}, groups * n
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
	f.Product = c.planes(ConvArgs{
		H: int64(c.OutH()), W: int64(c.OutW()), M: int64(mg), C: int64(cg), A: int32(c.KH), B: int32(c.KW), Plane: int64(hp * wp),
		StepH: int32(c.StrideH * wp), StepW: int32(c.StrideW), TapA: int32(c.DilationH * wp), TapB: int32(c.DilationW),
		OutPlane: int64(c.OutH() * c.OutW()), OutH: int32(c.OutW()), OutW: 1, Act: act, Alpha: alpha, Bias: bias,
	})
	f.Scratch, f.Flops = convScratch, 2*float64(c.N*c.OutH()*c.OutW())*float64(c.M*k)
	p.Phases = []ConvPhase{f}
	return p
}

// planes is a call of ConvPlanes, cut into tasks.
func (c Conv) planes(args ConvArgs) Call {
	m := int(args.M)
	pixels, per, mper := c.N*int(args.H*args.W), convPixels, roundUp(m, 8)
	for per > 48 && c.Groups*ceilDiv(pixels, per) < convTasks {
		per /= 2
	}
	for mper > 16 && c.Groups*ceilDiv(pixels, per)*ceilDiv(m, mper) < convTasks {
		mper = roundUp(mper/2, 8)
	}
	args.Images, args.Groups, args.PixelsPerTask, args.RowsPerTask = int64(c.N), int64(c.Groups), int32(per), int32(mper)
	return Call{Op: ConvPlanes, Tasks: c.Groups * ceilDiv(pixels, per) * ceilDiv(m, mper), Args: args}
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
			f.Product = c.planes(ConvArgs{
				H: int64(r.count), W: int64(q.count), M: int64(cg), C: int64(mg), A: int32(r.taps), B: int32(q.taps),
				Plane: int64(hp * wp), Base: int64((top+r.begin)*wp + left + q.begin),
				StepH: int32(wp), StepW: 1, TapA: int32(r.back * wp), TapB: int32(q.back),
				OutPlane: int64(c.H * c.W), OutBase: int64(r.first*c.W + q.first), OutH: int32(c.StrideH * c.W), OutW: int32(c.StrideW),
			})
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
	k := [3]Axis{axis(s.taps, s.tap*in), axis(1, 0), axis(s.c, 1)}
	switch {
	case s.c == 1: // one run over the taps
		k = [3]Axis{axis(1, 0), axis(1, 0), axis(s.taps, s.tap*in)}
	case s.tap == 1 && s.groups == 1: // one run over both
		k = [3]Axis{axis(1, 0), axis(1, 0), axis(s.taps*s.c, 1)}
	}
	f.Product = Call{Op: Channels, Tasks: s.groups * ceilDiv(rows, 48), Args: ChannelsArgs{
		Rows: [3]Axis{axis(s.n, s.tp*in), axis(s.t, s.step*in), axis(1, 0)}, K: k, Out: [3]int32{int32(s.outT * out), int32(s.outStep * out)},
		M: int32(s.m), Width: int32(w), RowsPerTask: 48, KPerTask: k[0].Count, Groups: int32(s.groups),
		GroupIn: int32(s.c), GroupRight: int32(size), OutBase: int32(s.outBegin * out), OutGroup: int64(s.m), Base: int64(s.begin * in),
		Act: act, Alpha: alpha, Bias: bias,
	}}
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
	var rows, k [3]Axis
	group := cg
	if c.OneD {
		p.Padding = padding(c.N, c.H, c.C, c.Top, c.Bottom, 0, 0)
		p.Pack, p.Packed = pack(mg, 1, [3][2]int{{c.N, q * c.M}, {1, 0}, {q, c.M}}, w, 1, c.Groups, mg, 0)
		rows = [3]Axis{axis(1, 0), axis(cg, 1), axis(c.KH, c.DilationH*c.C)}
		k = [3]Axis{axis(c.N, hp*c.C), axis(1, 0), axis(q, c.StrideH*c.C)}
	} else {
		p.Padding = padding(c.N*c.C, c.H, c.W, c.Top, c.Bottom, c.Left, c.Right)
		p.Pack, p.Packed = pack(mg, q, [3][2]int{{c.N, q * c.M}, {1, 0}, {q, 1}}, w, 1, c.Groups, mg*q, 0)
		rows = [3]Axis{axis(cg, hp*wp), axis(c.KH, c.DilationH*wp), axis(c.KW, c.DilationW)}
		k = [3]Axis{axis(c.N, c.C*hp*wp), axis(c.OutH(), c.StrideH*wp), axis(c.OutW(), c.StrideW)}
		if c.StrideH*wp == c.StrideW*c.OutW() { // one run
			k[1], k[2] = axis(1, 0), axis(q, c.StrideW)
		}
		group = cg * hp * wp
	}
	size := p.Packed / c.Groups
	p.Packed += slack
	inner := int(rows[1].Count * rows[2].Count)
	n := int(rows[0].Count) * inner
	chunk := ceilDiv(c.N, 8)
	chunks, per := ceilDiv(c.N, chunk), roundUp(n, 24)
	for per > 24 && c.Groups*chunks*ceilDiv(n, per) < convTasks {
		per = roundUp(per/2, 24)
	}
	p.Sums, p.Scratch, p.Flops = chunks*c.Groups*n*mg, channelsScratch(per), 2*float64(c.N*q)*float64(c.Groups*n*mg)
	p.Product = Call{Op: Channels, Tasks: c.Groups * chunks * ceilDiv(n, per), Args: ChannelsArgs{
		Rows: rows, K: k, Out: [3]int32{int32(inner * mg), rows[2].Count * int32(mg), int32(mg)},
		M: int32(mg), Width: int32(w), RowsPerTask: int32(per), KPerTask: int32(chunk), Groups: int32(c.Groups),
		GroupIn: int32(group), GroupRight: int32(size), OutGroup: int64(n * mg), OutChunk: int64(c.Groups * n * mg),
	}}
	p.Sum = Call{Op: ChannelsSum, Tasks: c.Groups * ceilDiv(n, 64), Args: ChannelsSumArgs{
		Rows: int64(n), Columns: int64(mg), RowStride: int64(mg), ChunkStride: int64(c.Groups * n * mg), GroupStride: int64(n * mg),
		Chunks: int64(chunks), Per: 64,
	}}
	return p
}

// axis is an index of n values that are step apart.
func axis(n, step int) Axis { return Axis{Count: int32(n), Step: int32(step)} }

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

// MaskRows is a call of Pad that copies n planes of h rows of w, with zeros from
// the row on that the third operand says.
func MaskRows(n, h, w int) Call {
	span := Span{N: int64(n), Per: int64(max(1, 16384/((h+1)*w)))}
	return Call{Op: Pad, Tasks: span.Tasks(), Args: PadArgs{Span: span, H: int64(h), W: int64(w), OutH: int64(h), OutW: int64(w)}}
}
