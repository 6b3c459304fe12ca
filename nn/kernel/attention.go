package kernel

import "unsafe"

// The kernels of attention.h.

func attentionReference() map[Op]func(*Instr, int, unsafe.Pointer) {
	return map[Op]func(*Instr, int, unsafe.Pointer){}
}
