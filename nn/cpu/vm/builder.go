package vm

import (
	"fmt"
	"unsafe"

	"pipe/nn/cpu/kernel"
)

// A Buffer stands for memory of a program. It belongs to the Builder that gave it.
type Buffer int

// A Builder collects a program. After the first mistake its methods do nothing
// and Compile returns an error.
type Builder struct {
	table   *kernel.Table
	buffers []buffer
	instrs  []Instr
	err     error
}

type buffer struct {
	bytes  int
	bound  unsafe.Pointer // memory of the caller, nil if the buffer is in the arena
	root   Buffer         // what a view is a part of; itself if it is none
	offset int            // of a view in its root, in bytes
}

// An Instr is a phase of a program: see kernel.Instr, whose operands are memory
// and not buffers.
type Instr struct {
	Label   string // for people: where in the network it comes from
	Op      kernel.Op
	Tasks   int
	Args    any       // what the kernel reads besides its operands
	P       []Operand // at most 10; a zero Operand is one that is left out
	Scratch int       // bytes of memory that each worker needs
	Flops   float64   // floating point operations, for the choice of threads and for people
	Bytes   float64   // moved between the operands and the processor
}

// An Operand is a buffer and what an instruction does with it.
type Operand struct {
	buffer Buffer
	mode   mode
	over   int // 1 + the operand whose memory it may take over
}

type mode int8

const (
	absent mode = iota
	read
	write  // all of it, whatever was there before
	update // some of it, or with regard to what was there
)

// Read is an operand that is only read.
func Read(b Buffer) Operand { return Operand{buffer: b, mode: read} }

// Write is an operand that is written as a whole.
func Write(b Buffer) Operand { return Operand{buffer: b, mode: write} }

// WriteOver is Write for a buffer that may be put where the k-th operand is, if
// nobody needs that one any more and both have the same size.
func WriteOver(b Buffer, k int) Operand { return Operand{buffer: b, mode: write, over: k + 1} }

// Update is an operand that is read and written, or written only in part.
func Update(b Buffer) Operand { return Operand{buffer: b, mode: update} }

// NewBuilder begins a program for a table of kernels.
func NewBuilder(t *kernel.Table) *Builder { return &Builder{table: t} }

// Table is what the program will run on: packed operands depend on its tile.
func (b *Builder) Table() *kernel.Table { return b.table }

// Alloc makes a buffer of n numbers in the arena. Its content is undefined
// before the first instruction that writes it.
func (b *Builder) Alloc(n int) Buffer {
	if n < 1 {
		b.fail("a buffer of %d numbers", n)
		n = 1
	}
	return b.add(buffer{bytes: 4 * n})
}

// Bind makes a buffer of memory that the caller owns and keeps for as long as
// the program lives: parameters, inputs, results.
func (b *Builder) Bind(data []float32) Buffer {
	if len(data) == 0 {
		b.fail("bound memory is empty")
		return b.Alloc(1)
	}
	return b.add(buffer{bytes: 4 * len(data), bound: unsafe.Pointer(unsafe.SliceData(data))})
}

// BindWord makes a buffer of a 64-bit number that the caller owns, such as the
// step that random numbers are drawn for.
func (b *Builder) BindWord(p *uint64) Buffer {
	return b.add(buffer{bytes: 8, bound: unsafe.Pointer(p)})
}

// View is n numbers of a buffer, from an offset on.
func (b *Builder) View(of Buffer, offset, n int) Buffer {
	if offset < 0 || n < 1 || 4*(offset+n) > b.buffers[of].bytes {
		b.fail("a view of %d numbers at %d of a buffer of %d", n, offset, b.buffers[of].bytes/4)
		return of
	}
	v := b.buffers[of]
	b.buffers = append(b.buffers, buffer{bytes: 4 * n, root: v.root, offset: v.offset + 4*offset})
	return Buffer(len(b.buffers) - 1)
}

func (b *Builder) add(x buffer) Buffer {
	x.root = Buffer(len(b.buffers))
	b.buffers = append(b.buffers, x)
	return x.root
}

// Emit adds an instruction.
func (b *Builder) Emit(in Instr) {
	switch {
	case len(in.P) > len(kernel.Instr{}.P):
		b.fail("%s: %d operands", in.Label, len(in.P))
	case in.Tasks < 0 || in.Tasks > 1<<30:
		b.fail("%s: %d tasks", in.Label, in.Tasks)
	case in.Tasks > 0:
		b.instrs = append(b.instrs, in)
	}
}

// Fail makes Compile return an error, unless there was one before.
func (b *Builder) Fail(err error) { b.fail("%w", err) }

func (b *Builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("plan: "+format, args...)
	}
}
