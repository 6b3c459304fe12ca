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

// The kernels of conv.h.

func convReference() map[Op]func(*Instr, int, unsafe.Pointer) {
	return map[Op]func(*Instr, int, unsafe.Pointer){
		Pad: padReference, ConvPack: convPackReference, ConvPlanes: convPlanesReference,
		Channels: channelsReference, ChannelsSum: channelsSumReference,
		PlaneSum: func(in *Instr, task int, _ unsafe.Pointer) {
			from, to := in.span(task)
			n := int(in.I[2])
			for q := from; q < to; q++ {
				var l [16]float32
				for j, v := range in.floats(0, q*n, n) {
					l[j%16] += v
				}
				in.floats(1, q, 1)[0] = float32(sum16(&l) * in.F[0])
			}
		},
	}
}

// pair puts two numbers of 32 bits into a field; low, high and both take them out.
func pair(low, high int) int64 { return int64(high)<<32 | int64(uint32(low)) }
func low(x int64) int          { return int(int32(x)) }
func high(x int64) int         { return int(x >> 32) }
func both(x int64) (int, int)  { return low(x), high(x) }

func ceilDiv(n, d int) int { return (n + d - 1) / d }
func roundUp(n, d int) int { return ceilDiv(n, d) * d }

func padReference(in *Instr, task int, _ unsafe.Pointer) {
	from, to := in.span(task)
	h, w, hp, wp, top, left := int(in.I[2]), int(in.I[3]), int(in.I[4]), int(in.I[5]), int(in.I[6]), int(in.I[7])
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
	rows, c, a, b, w, per := int(in.I[0]), int(in.I[1]), int(in.I[2]), int(in.I[3]), int(in.I[8]), int(in.I[9])
	panels, blocks := ceilDiv(rows, w), ceilDiv(c, per)
	block, panel, batch := task%blocks, task/blocks%panels, task/blocks/panels
	for k := block * per * a * b; k < min(c, (block+1)*per)*a*b; k++ {
		for i := range w {
			v := float32(0)
			if row := panel*w + i; row < rows {
				v = in.floats(0, batch*int(in.I[10])+int(in.I[12])+row*int(in.I[4])+
					k/(a*b)*int(in.I[5])+k/b%a*int(in.I[6])+k%b*int(in.I[7]), 1)[0]
			}
			in.floats(1, batch*int(in.I[11])+(panel*c*a*b+k)*w+i, 1)[0] = v
		}
	}
}

func convPlanesReference(in *Instr, task int, _ unsafe.Pointer) {
	images, h, w, m, c, groups := int(in.I[0]), int(in.I[1]), int(in.I[2]), int(in.I[3]), int(in.I[4]), int(in.I[5])
	a, b := both(in.I[6])
	plane, base, oplane, obase := int(in.I[7]), int(in.I[8]), int(in.I[11]), int(in.I[12])
	sh, sw := both(in.I[9])
	ta, tb := both(in.I[10])
	oh, ow := both(in.I[13])
	per, mper := both(in.I[14])
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
			if high(in.I[15]) != 0 {
				sum += in.floats(3, g*m+row, 1)[0]
			}
			in.floats(2, (image*groups*m+g*m+row)*oplane+obase+y*oh+x*ow, 1)[0] = act(sum, Activation(low(in.I[15])), in.F[0])
		}
	}
}

func channelsReference(in *Instr, task int, _ unsafe.Pointer) {
	var n, d [6]int // counts and distances in x, of rows and of k
	for i := range n {
		n[i], d[i] = both(in.I[i])
	}
	m, w := both(in.I[6])
	per, kper := both(in.I[7])
	rows := n[0] * n[1] * n[2]
	rblocks, chunks := ceilDiv(rows, per), ceilDiv(n[3], kper)
	block, chunk, g := task%rblocks, task/rblocks%chunks, task/rblocks/chunks
	gx, gb := both(in.I[9])
	o0, o1 := both(in.I[12])
	o2, obase := both(in.I[13])
	steps := n[4] * n[5] // of one first index of k
	for r := block * per; r < min(rows, (block+1)*per); r++ {
		r0, r1, r2 := r/(n[1]*n[2]), r/n[2]%n[1], r%n[2]
		for col := range m {
			sum := float32(0)
			for k := chunk * kper * steps; k < min(n[3], (chunk+1)*kper)*steps; k++ {
				x := in.floats(0, int(in.I[14])+g*gx+r0*d[0]+r1*d[1]+r2*d[2]+k/steps*d[3]+k/n[5]%n[4]*d[4]+k%n[5]*d[5], 1)[0]
				b := in.floats(1, g*gb+(col/w*n[3]*steps+k)*w+col%w, 1)[0]
				sum = fma(x, b, sum)
			}
			if high(in.I[8])&256 != 0 {
				sum += in.floats(3, g*m+col, 1)[0]
			}
			at := obase + g*int(in.I[10]) + chunk*int(in.I[11]) + r0*o0 + r1*o1 + r2*o2 + col
			in.floats(2, at, 1)[0] = act(sum, Activation(high(in.I[8])&255), in.F[0])
		}
	}
}

func channelsSumReference(in *Instr, task int, _ unsafe.Pointer) {
	rows, m, per := int(in.I[0]), int(in.I[1]), int(in.I[6])
	blocks := ceilDiv(rows, per)
	for r := task % blocks * per; r < min(rows, (task%blocks+1)*per); r++ {
		for col := range m {
			at := task/blocks*int(in.I[5]) + r*int(in.I[2]) + col
			sum := in.floats(0, at, 1)[0]
			for c := 1; c < int(in.I[3]); c++ {
				sum += in.floats(0, at+c*int(in.I[4]), 1)[0]
			}
			in.floats(1, task/blocks*m*rows+col*rows+r, 1)[0] = sum
		}
	}
}
