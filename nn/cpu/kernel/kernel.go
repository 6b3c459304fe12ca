// Package kernel holds the hot loops of package nn: each in C, once for every
// instruction set, and in Go, as the reference that says what the right bits
// are. It knows nothing of networks, graphs or plans.
//
// A kernel is called through an Instr: one parallel phase that is cut into
// tasks, which write to different places and may run in any order. How work is
// cut depends on its size only, never on the number of threads.
//
// # Arithmetic
//
// Values are float32. Each element of an output is one chain of operations in
// a fixed order, products are fused into sums exactly where the code says so,
// vectors run across outputs, and a sum over a vector has 16 lanes and a fixed
// tree, however many lanes the machine has. exp, log, tanh and the like are
// polynomials of our own. So all tables give the same bits: AVX-512, AVX2,
// NEON, the portable one, and the Go reference.
package kernel

/*
#cgo CFLAGS: -O3 -g0 -std=c11 -Wall -Wno-unused-function -Wno-psabi
#cgo LDFLAGS: -lm
#cgo noescape kernel_run
#cgo nocallback kernel_run
#cgo noescape kernel_tasks
#cgo nocallback kernel_tasks
#include "instr.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// An Op is a kernel: the comment of the C function of that name says what the
// fields of its instructions mean. A constant Name Op = C.OP_name declares one:
// ops.h, by which C knows them all, is made of these, see args.go.
type Op int32

const opCount = C.OP_COUNT

// An Instr is one phase of a kernel. It has the layout of instr in instr.h. An
// Instr that C runs must be in a List, and what P points to must not move.
type Instr struct {
	Op    Op
	Tasks int32
	Args  [argsWords]uint64
	P     [10]unsafe.Pointer
}

var _ = [1]struct{}{}[unsafe.Sizeof(Instr{})-unsafe.Sizeof(C.instr{})] // same size

// A Table is the kernels of one instruction set.
type Table struct {
	Name   string
	MR, NR int // rows and columns of the tile of a matrix product
	c      *C.kernel_table
	golang []definition
}

// Tables lists the tables that this machine can run, the fastest first, the
// portable one last, without the Go reference.
func Tables() []*Table {
	var list []*Table
	for k := C.int(0); ; k++ {
		c := C.kernel_tables(k)
		if c == nil {
			return list
		}
		list = append(list, &Table{Name: C.GoString(c.name), MR: int(c.mr), NR: int(c.nr), c: c})
	}
}

// Run runs instructions one after the other in this thread. scratch is as large
// as the largest that one of them asks for.
func (t *Table) Run(list []Instr, scratch unsafe.Pointer) {
	if len(list) == 0 {
		return
	}
	if t.c != nil {
		C.kernel_run(t.c, (*C.instr)(unsafe.Pointer(unsafe.SliceData(list))), C.long(len(list)), scratch)
		return
	}
	for i := range list {
		t.Tasks(&list[i], 0, int(list[i].Tasks), scratch)
	}
}

// Tasks runs the tasks from, from+1, ..., to-1 of an instruction.
func (t *Table) Tasks(in *Instr, from, to int, scratch unsafe.Pointer) {
	if t.c != nil {
		C.kernel_tasks(t.c, (*C.instr)(unsafe.Pointer(in)), C.long(from), C.long(to), scratch)
		return
	}
	for task := from; task < to; task++ {
		t.golang[in.Op].reference(in, task, scratch)
	}
}

func (t *Table) String() string { return fmt.Sprintf("kernels for %s", t.Name) }
