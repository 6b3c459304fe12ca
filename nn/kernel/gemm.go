package kernel

// #include "instr.h"
import "C"

import "unsafe"

const (
	Pack Op = C.OP_pack
	Gemm Op = C.OP_gemm
)

// The kernels of gemm.h. The reference knows no tile: it unpacks on the fly.

func gemmReference() map[Op]func(*Instr, int, unsafe.Pointer) {
	return map[Op]func(*Instr, int, unsafe.Pointer){Pack: packReference, Gemm: matmulReference}
}

func packReference(in *Instr, task int, _ unsafe.Pointer) {
	rows, k, rs, ks, per := int(in.I[0]), int(in.I[1]), int(in.I[2]), int(in.I[3]), int(in.I[5])
	batch, first := task/int(in.I[8]), task%int(in.I[8])*per
	const w = 4 // MR and NR of the reference
	for panel := first; panel < first+per && panel*w < rows; panel++ {
		dst := in.floats(1, batch*int(in.I[7])+panel*w*k, w*k)
		for q := range k {
			for i := range w {
				dst[q*w+i] = 0
				if row := panel*w + i; row < rows {
					dst[q*w+i] = in.floats(0, batch*int(in.I[6])+row*rs+q*ks, 1)[0]
				}
			}
		}
	}
}

func matmulReference(in *Instr, task int, _ unsafe.Pointer) {
	m, n, k, ldc, ga, gb := int(in.I[0]), int(in.I[1]), int(in.I[2]), int(in.I[3]), int(in.I[5]), int(in.I[6])
	batch, t := task/int(in.I[12]), task%int(in.I[12])
	const w = 4
	blocks := ((n+w-1)/w + gb - 1) / gb
	for i := t / blocks * ga * w; i < min(m, (t/blocks+1)*ga*w); i++ {
		for j := t % blocks * gb * w; j < min(n, (t%blocks+1)*gb*w); j++ {
			c := &in.floats(2, batch*int(in.I[11])+i*ldc+j, 1)[0]
			s := float32(0)
			if in.I[7] != 0 {
				s = *c
			}
			if k > 0 {
				a := in.floats(0, batch*int(in.I[9])+i/w*w*k+i%w, (k-1)*w+1)
				b := in.floats(1, batch*int(in.I[10])+j/w*w*k+j%w, (k-1)*w+1)
				for q := range k {
					s = fma(a[q*w], b[q*w], s)
				}
			}
			switch in.I[8] {
			case 1:
				s += in.floats(3, j, 1)[0]
			case 2:
				s += in.floats(3, i, 1)[0]
			}
			*c = act(s, Activation(in.I[4]), in.F[0])
		}
	}
}
