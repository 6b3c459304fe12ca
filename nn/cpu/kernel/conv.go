package kernel

// #include "instr.h"
import "C"

import "unsafe"

const (
	Pad         Op = C.OP_pad
	ConvPack    Op = C.OP_conv_pack
	ConvPlanes  Op = C.OP_conv
	Channels    Op = C.OP_channels
	ChannelsSum Op = C.OP_channels_sum
	PlaneSum    Op = C.OP_plane_sum
)

// A PadArgs is planes that are copied into larger ones.
type PadArgs struct {
	Span
	H, W, OutH, OutW int64
	Top, Left        int64
}

// A ConvPackArgs is a tensor that is packed into panels of Width rows, k by k
// for k = (c, a, b).
type ConvPackArgs struct {
	Rows, C, A, B                        int64
	RowStride, CStride, AStride, BStride int64
	Width, Per                           int64 // rows of a panel, values of c for a task
	BatchStride, OutStride               int64
	Begin                                int64 // of the tensor in the source
}

// A ConvArgs is a convolution of planes, which the gradient of one is, too.
type ConvArgs struct {
	Images, H, W               int64
	M, C, Groups               int64 // M and C of a group
	Plane, Base                int64 // of the input
	OutPlane, OutBase          int64
	A, B                       int32 // size of the window
	StepH, StepW, TapA, TapB   int32 // distances in the input
	OutH, OutW                 int32 // distances in the output
	PixelsPerTask, RowsPerTask int32
	Act                        Activation
	Alpha                      float32
	Bias                       bool
}

// An Axis is an index of a tensor: how many values it has, and how far these are
// apart in memory.
type Axis struct{ Count, Step int32 }

// A ChannelsArgs is a product whose left side is read where it lies.
type ChannelsArgs struct {
	Rows, K               [3]Axis // in the left side
	Out                   [3]int32
	M, Width              int32 // columns of a group, of a panel of the right side
	RowsPerTask, KPerTask int32 // of K, values of its first index
	Groups                int32
	GroupIn, GroupRight   int32 // distances between groups
	OutBase               int32
	OutGroup, OutChunk    int64
	Base                  int64
	Act                   Activation
	Alpha                 float32
	Bias                  bool
}

// A ChannelsSumArgs is sums over the chunks of a product, turned over.
type ChannelsSumArgs struct {
	Rows, Columns                       int64
	RowStride, ChunkStride, GroupStride int64
	Chunks, Per                         int64 // rows of a task
}

// A PlaneArgs is something of planes of Size elements each.
type PlaneArgs struct {
	Span
	Size int64
	S    float32
}

// The kernels of conv.h.

func convKernels() map[Op]definition {
	return map[Op]definition{
		Pad: reads[PadArgs](padReference), ConvPack: reads[ConvPackArgs](convPackReference), ConvPlanes: reads[ConvArgs](convPlanesReference),
		Channels: reads[ChannelsArgs](channelsReference), ChannelsSum: reads[ChannelsSumArgs](channelsSumReference),
		PlaneSum: reads[PlaneArgs](func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			n := int(read[PlaneArgs](in).Size)
			for q := from; q < to; q++ {
				var l [16]float32
				for j, v := range in.floats(0, q*n, n) {
					l[j%16] += v
				}
				in.floats(1, q, 1)[0] = float32(sum16(&l) * read[PlaneArgs](in).S)
			}
		}),
	}
}

func ceilDiv(n, d int) int { return (n + d - 1) / d }
func roundUp(n, d int) int { return ceilDiv(n, d) * d }

func padReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[PadArgs](in)
	from, to := in.span(task)
	h, w, hp, wp, top, left := int(arg.H), int(arg.W), int(arg.OutH), int(arg.OutW), int(arg.Top), int(arg.Left)
	for q := from; q < to; q++ {
		out := in.floats(1, q*hp*wp, hp*wp)
		clear(out)
		rows := h
		if in.P[2] != nil {
			rows = min(h, int(in.floats(2, q, 1)[0]))
		}
		for r := range rows {
			copy(out[(top+r)*wp+left:], in.floats(0, (q*h+r)*w, w))
		}
	}
}

func convPackReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[ConvPackArgs](in)
	rows, c, a, b, w, per := int(arg.Rows), int(arg.C), int(arg.A), int(arg.B), int(arg.Width), int(arg.Per)
	panels, blocks := ceilDiv(rows, w), ceilDiv(c, per)
	block, panel, batch := task%blocks, task/blocks%panels, task/blocks/panels
	for k := block * per * a * b; k < min(c, (block+1)*per)*a*b; k++ {
		for i := range w {
			v := float32(0)
			if row := panel*w + i; row < rows {
				v = in.floats(0, batch*int(arg.BatchStride)+int(arg.Begin)+row*int(arg.RowStride)+
					k/(a*b)*int(arg.CStride)+k/b%a*int(arg.AStride)+k%b*int(arg.BStride), 1)[0]
			}
			in.floats(1, batch*int(arg.OutStride)+(panel*c*a*b+k)*w+i, 1)[0] = v
		}
	}
}

func convPlanesReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[ConvArgs](in)
	images, h, w, m, c, groups := int(arg.Images), int(arg.H), int(arg.W), int(arg.M), int(arg.C), int(arg.Groups)
	a, b := int(arg.A), int(arg.B)
	plane, base, oplane, obase := int(arg.Plane), int(arg.Base), int(arg.OutPlane), int(arg.OutBase)
	sh, sw := int(arg.StepH), int(arg.StepW)
	ta, tb := int(arg.TapA), int(arg.TapB)
	oh, ow := int(arg.OutH), int(arg.OutW)
	per, mper := int(arg.PixelsPerTask), int(arg.RowsPerTask)
	mblocks, pblocks := ceilDiv(m, mper), ceilDiv(images*h*w, per)
	g := task / mblocks / pblocks
	for p := task / mblocks % pblocks * per; p < min(images*h*w, (task/mblocks%pblocks+1)*per); p++ {
		image, y, x := p/(h*w), p/w%h, p%w
		for row := task % mblocks * mper; row < min(m, (task%mblocks+1)*mper); row++ {
			sum, k := float32(0), 0
			weights := in.floats(1, (g*ceilDiv(m, 8)+row/8)*8*a*b*c+row%8, max(0, (a*b*c-1)*8+1))
			for ic := range c {
				for ia := range a {
					for ib := range b {
						v := in.floats(0, (image*groups*c+g*c+ic)*plane+base+y*sh+x*sw+ia*ta+ib*tb, 1)[0]
						sum = fma(weights[8*k], v, sum)
						k++
					}
				}
			}
			if arg.Bias {
				sum += in.floats(3, g*m+row, 1)[0]
			}
			in.floats(2, (image*groups*m+g*m+row)*oplane+obase+y*oh+x*ow, 1)[0] = act(sum, arg.Act, arg.Alpha)
		}
	}
}

func channelsReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[ChannelsArgs](in)
	var n, d [6]int // counts and distances in x, of rows and of k
	for i := range 3 {
		n[i], d[i] = int(arg.Rows[i].Count), int(arg.Rows[i].Step)
		n[3+i], d[3+i] = int(arg.K[i].Count), int(arg.K[i].Step)
	}
	m, w := int(arg.M), int(arg.Width)
	per, kper := int(arg.RowsPerTask), int(arg.KPerTask)
	rows := n[0] * n[1] * n[2]
	rblocks, chunks := ceilDiv(rows, per), ceilDiv(n[3], kper)
	block, chunk, g := task%rblocks, task/rblocks%chunks, task/rblocks/chunks
	gx, gb := int(arg.GroupIn), int(arg.GroupRight)
	o0, o1 := int(arg.Out[0]), int(arg.Out[1])
	o2, obase := int(arg.Out[2]), int(arg.OutBase)
	steps := n[4] * n[5] // of one first index of k
	for r := block * per; r < min(rows, (block+1)*per); r++ {
		r0, r1, r2 := r/(n[1]*n[2]), r/n[2]%n[1], r%n[2]
		for col := range m {
			sum := float32(0)
			for k := chunk * kper * steps; k < min(n[3], (chunk+1)*kper)*steps; k++ {
				x := in.floats(0, int(arg.Base)+g*gx+r0*d[0]+r1*d[1]+r2*d[2]+k/steps*d[3]+k/n[5]%n[4]*d[4]+k%n[5]*d[5], 1)[0]
				b := in.floats(1, g*gb+(col/w*n[3]*steps+k)*w+col%w, 1)[0]
				sum = fma(x, b, sum)
			}
			if arg.Bias {
				sum += in.floats(3, g*m+col, 1)[0]
			}
			at := obase + g*int(arg.OutGroup) + chunk*int(arg.OutChunk) + r0*o0 + r1*o1 + r2*o2 + col
			in.floats(2, at, 1)[0] = act(sum, arg.Act, arg.Alpha)
		}
	}
}

func channelsSumReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[ChannelsSumArgs](in)
	rows, m, per := int(arg.Rows), int(arg.Columns), int(arg.Per)
	blocks := ceilDiv(rows, per)
	for r := task % blocks * per; r < min(rows, (task%blocks+1)*per); r++ {
		for col := range m {
			at := task/blocks*int(arg.GroupStride) + r*int(arg.RowStride) + col
			sum := in.floats(0, at, 1)[0]
			for c := 1; c < int(arg.Chunks); c++ {
				sum += in.floats(0, at+c*int(arg.ChunkStride), 1)[0]
			}
			in.floats(1, task/blocks*m*rows+col*rows+r, 1)[0] = sum
		}
	}
}
