package kernel

import "unsafe"

// The kernels of pool.h.

func poolReference() map[Op]func(*Instr, int, unsafe.Pointer) {
	return map[Op]func(*Instr, int, unsafe.Pointer){}
}
