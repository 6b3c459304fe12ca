package kernel

import "unsafe"

// The kernels of optimizer.h.

func optimizerReference() map[Op]func(*Instr, int, unsafe.Pointer) {
	return map[Op]func(*Instr, int, unsafe.Pointer){}
}
