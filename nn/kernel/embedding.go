package kernel

import "unsafe"

// The kernels of embedding.h.

func embeddingReference() map[Op]func(*Instr, int, unsafe.Pointer) {
	return map[Op]func(*Instr, int, unsafe.Pointer){}
}
