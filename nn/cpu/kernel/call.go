package kernel

// #include "instr.h"
import "C"

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"
)

// A Call is an instruction without its operands. Args is a value of the struct
// that its kernel reads: GemmArgs for Gemm, nil for one that reads none.
type Call struct {
	Op    Op
	Tasks int
	Args  any
}

// argsWords is the room for arguments in an instruction, in words of 64 bits.
const argsWords = C.ARGS_WORDS

// Instr makes the instruction of a call. It is an error if its arguments are not
// those of its kernel.
func (c Call) Instr(operands ...unsafe.Pointer) (Instr, error) {
	in := Instr{Op: c.Op, Tasks: int32(c.Tasks)}
	if c.Op < 0 || c.Op >= opCount || len(operands) > len(in.P) || c.Tasks < 0 || c.Tasks > 1<<30 {
		return in, fmt.Errorf("kernel %d with %d operands and %d tasks", c.Op, len(operands), c.Tasks)
	}
	if got, want := reflect.TypeOf(c.Args), definitions()[c.Op].args; got != want {
		return in, fmt.Errorf("kernel %d reads %v, got %v", c.Op, want, got)
	}
	v := reflect.New(reflect.TypeOf(c.Args))
	v.Elem().Set(reflect.ValueOf(c.Args))
	size := v.Type().Elem().Size()
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&in.Args)), size), unsafe.Slice((*byte)(v.UnsafePointer()), size))
	copy(in.P[:], operands)
	return in, nil
}

// read is the arguments of an instruction.
func read[T any](in *Instr) *T { return (*T)(unsafe.Pointer(&in.Args)) }

// A definition is what Go knows of a kernel.
type definition struct {
	args      reflect.Type // the struct that it reads
	reference func(in *Instr, task int, scratch unsafe.Pointer)
}

// reads defines a kernel by the struct that it reads and its Go reference.
func reads[Args any](reference func(*Instr, int, unsafe.Pointer)) definition {
	return definition{reflect.TypeFor[Args](), reference}
}

// definitions are those of all kernels, by their Op.
var definitions = sync.OnceValue(func() []definition {
	list := make([]definition, opCount)
	for _, family := range []map[Op]definition{
		gemmKernels(), elementwiseKernels(), randomKernels(), convKernels(), poolKernels(), normKernels(),
		rnnKernels(), attentionKernels(), embeddingKernels(), lossKernels(), optimizerKernels(),
	} {
		for op, d := range family {
			list[op] = d
		}
	}
	return list
})
