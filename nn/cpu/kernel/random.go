package kernel

// #include "instr.h"
import "C"

import "unsafe"

const (
	Dropout Op = C.OP_dropout
)

// A DropoutArgs is which elements are dropped; Per is a multiple of 4 groups.
type DropoutArgs struct {
	Span
	Key   uint64 // of the random numbers
	Group int64  // elements that are dropped together
	Scale float32
	Below uint32 // numbers below it drop their group
}

// The kernels of random.h.

func randomKernels() map[Op]definition {
	return map[Op]definition{Dropout: reads[DropoutArgs](dropoutReference)}
}

func dropoutReference(in *Instr, task int, _ unsafe.Pointer) {
	arg := read[DropoutArgs](in)
	from, to := in.span(task)
	step, key, group := *(*uint64)(in.P[2]), arg.Key, int(arg.Group)
	x, out := in.floats(0, from, to-from), in.floats(1, from, to-from)
	for j := range x {
		g := uint64((from + j) / group)
		r := philox([4]uint32{uint32(g >> 2), uint32(g >> 34), uint32(step), uint32(step >> 32)}, [2]uint32{uint32(key), uint32(key >> 32)})
		v := x[j] * arg.Scale
		if r[g%4] < arg.Below {
			v = 0
		}
		out[j] = v
	}
}

// philox is Philox4x32 with ten rounds.
func philox(c [4]uint32, k [2]uint32) [4]uint32 {
	for range 10 {
		p, q := uint64(0xD2511F53)*uint64(c[0]), uint64(0xCD9E8D57)*uint64(c[2])
		c = [4]uint32{uint32(q>>32) ^ c[1] ^ k[0], uint32(q), uint32(p>>32) ^ c[3] ^ k[1], uint32(p)}
		k[0] += 0x9E3779B9
		k[1] += 0xBB67AE85
	}
	return c
}
