package kernel

import "unsafe"

// The kernels of rnn.h.

func rnnReference() map[Op]func(*Instr, int, unsafe.Pointer) {
	return map[Op]func(*Instr, int, unsafe.Pointer){}
}
