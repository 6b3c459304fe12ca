package kernel

// #include "instr.h"
import "C"

import "unsafe"

const (
	Pack Op = C.OP_pack
	Gemm Op = C.OP_gemm
)

// A PackArgs is the packing of one side of matrix products into panels.
type PackArgs struct {
	Rows, K                int64
	RowStride, KStride     int64
	BatchStride, OutStride int64 // between the matrices of a batch
	Per, BatchTasks        int64 // panels of a task, tasks of a matrix
	Columns                bool  // panels have NR rows, not MR
}

// A BiasKind says what a bias is added to.
type BiasKind int32

// The kinds of bias of a matrix product.
const (
	NoBias BiasKind = iota
	ByColumn
	ByRow
)

// A GemmArgs is matrix products C(M, N) = act(A B + bias).
type GemmArgs struct {
	M, N, K                   int64
	RowStride                 int64 // of C
	StrideA, StrideB, StrideC int64 // between the matrices of a batch
	PanelsA, PanelsB          int64 // of a task
	BatchTasks                int64 // tasks of one product
	Act                       Activation
	Alpha                     float32
	Bias                      BiasKind
	Add                       bool // to what C holds
}

// The kernels of gemm.h. The reference knows no tile: it unpacks on the fly.

func gemmKernels() map[Op]definition {
	return map[Op]definition{Pack: reads[PackArgs](packReference), Gemm: reads[GemmArgs](matmulReference)}
}

func packReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[PackArgs](in)
	rows, k, rs, ks, per := int(arg.Rows), int(arg.K), int(arg.RowStride), int(arg.KStride), int(arg.Per)
	batch, first := task/int(arg.BatchTasks), task%int(arg.BatchTasks)*per
	const w = 4 // MR and NR of the reference
	for panel := first; panel < first+per && panel*w < rows; panel++ {
		dst := in.floats(1, batch*int(arg.OutStride)+panel*w*k, w*k)
		for q := range k {
			for i := range w {
				dst[q*w+i] = 0
				if row := panel*w + i; row < rows {
					dst[q*w+i] = in.floats(0, batch*int(arg.BatchStride)+row*rs+q*ks, 1)[0]
				}
			}
		}
	}
}

func matmulReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[GemmArgs](in)
	m, n, k, ldc, ga, gb := int(arg.M), int(arg.N), int(arg.K), int(arg.RowStride), int(arg.PanelsA), int(arg.PanelsB)
	batch, t := task/int(arg.BatchTasks), task%int(arg.BatchTasks)
	const w = 4
	blocks := ((n+w-1)/w + gb - 1) / gb
	for i := t / blocks * ga * w; i < min(m, (t/blocks+1)*ga*w); i++ {
		for j := t % blocks * gb * w; j < min(n, (t%blocks+1)*gb*w); j++ {
			c := &in.floats(2, batch*int(arg.StrideC)+i*ldc+j, 1)[0]
			s := float32(0)
			if arg.Add {
				s = *c
			}
			if k > 0 {
				a := in.floats(0, batch*int(arg.StrideA)+i/w*w*k+i%w, (k-1)*w+1)
				b := in.floats(1, batch*int(arg.StrideB)+j/w*w*k+j%w, (k-1)*w+1)
				for q := range k {
					s = fma(a[q*w], b[q*w], s)
				}
			}
			switch arg.Bias {
			case 1:
				s += in.floats(3, j, 1)[0]
			case 2:
				s += in.floats(3, i, 1)[0]
			}
			*c = act(s, arg.Act, arg.Alpha)
		}
	}
}
