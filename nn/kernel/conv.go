package kernel

import "unsafe"

// The kernels of conv.h.

func convReference() map[Op]func(*Instr, int, unsafe.Pointer) {
	return map[Op]func(*Instr, int, unsafe.Pointer){}
}
