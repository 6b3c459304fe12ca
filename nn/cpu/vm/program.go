package vm

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"unsafe"

	"pipe/nn/cpu/kernel"
)

// A Program is a plan with the memory and the goroutines to run it. One
// goroutine at a time may use it. Close it after use.
type Program struct {
	table   *kernel.Table
	buffers []buffer
	layout  layout
	source  []Instr // labels and operands, by instruction
	list    *kernel.Memory
	arena   *kernel.Memory
	borrows bool // the arena of another program
	instrs  []kernel.Instr
	scratch []unsafe.Pointer // by worker, parts of the arena
	steps   []step
	pool    *pool
	pins    runtime.Pinner
}

// A step is either a run of instructions for one thread or one instruction for all.
type step struct {
	from, to int
	parallel bool
}

// Compile makes a program that runs on up to so many threads, 0 for one for
// each CPU. Kept buffers hold their values after a run.
func (b *Builder) Compile(threads int, keep ...Buffer) (_ *Program, err error) {
	return b.CompileWithin(nil, threads, keep...)
}

// CompileWithin is Compile of a program that uses the arena of another, if that has
// room: of the two one at a time runs, and kept buffers hold their values until then.
// The other is closed later. Nil: the program has an arena of its own.
func (b *Builder) CompileWithin(other *Program, threads int, keep ...Buffer) (_ *Program, err error) {
	if b.err != nil {
		return nil, b.err
	}
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Program{table: b.table, buffers: b.buffers, source: b.live(keep)}
	p.layout = b.plan(p.source, keep)
	if err := p.checkOrder(); err != nil {
		return nil, err
	}
	p.steps = schedule(p.source, threads)
	if !slices.ContainsFunc(p.steps, func(s step) bool { return s.parallel }) {
		threads = 1
	}
	scratch := 0
	for _, in := range p.source {
		scratch = max(scratch, roundUp(in.Scratch))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	bytes := p.layout.bytes + threads*scratch
	if p.borrows = other != nil && other.arena.Bytes() >= bytes; p.borrows {
		p.arena = other.arena
	} else if p.arena, err = kernel.NewMemory(bytes); err != nil {
		return nil, err
	}
	for w := range threads {
		p.scratch = append(p.scratch, unsafe.Add(p.arena.Pointer(), p.layout.bytes+w*scratch))
	}
	if p.list, err = kernel.NewMemory(len(p.source) * int(unsafe.Sizeof(kernel.Instr{}))); err != nil {
		return nil, err
	}
	p.instrs = p.list.Instrs()[:len(p.source)]
	for i, in := range p.source {
		if p.instrs[i], err = (kernel.Call{Op: in.Op, Tasks: in.Tasks, Args: in.Args}).Instr(); err != nil {
			return nil, fmt.Errorf("plan: %s: %w", in.Label, err)
		}
		for k, o := range in.P {
			if o.mode != absent {
				p.instrs[i].P[k] = p.pointer(o.buffer)
			}
		}
	}
	if threads > 1 {
		p.pool = newPool(p.table, p.scratch)
	}
	return p, nil
}

// checkOrder finds a buffer that is read before anything was written to it: its
// content would be whatever was there before.
func (p *Program) checkOrder() error {
	written := make([]bool, len(p.buffers))
	for _, in := range p.source {
		for k, o := range in.P {
			if root := p.buffers[o.buffer].root; (o.mode == read || o.mode == update) && p.buffers[root].bound == nil && !written[root] {
				return fmt.Errorf("plan: %s: operand %d is read before it is written", in.Label, k)
			}
		}
		for _, o := range in.P {
			if o.mode >= write {
				written[p.buffers[o.buffer].root] = true
			}
		}
	}
	return nil
}

// pointer is where a buffer is. Memory of the caller is pinned for as long as
// the program lives, since C keeps the pointer.
func (p *Program) pointer(id Buffer) unsafe.Pointer {
	x := p.buffers[id]
	root := p.buffers[x.root]
	if root.bound != nil {
		p.pins.Pin(root.bound)
		return unsafe.Add(root.bound, x.offset)
	}
	return unsafe.Add(p.arena.Pointer(), p.layout.offset[x.root]+x.offset)
}

// Instructions that take less than this, in nanoseconds on one thread, are not
// worth waking another.
const worthwhile = 20_000

// duration is a rough estimate in nanoseconds on one thread.
func (in *Instr) duration() float64 { return max(in.Flops/16, in.Bytes/8) }

// schedule cuts a program into steps. It changes who does the work, never what
// comes out.
func schedule(list []Instr, threads int) []step {
	var steps []step
	for i := range list {
		if threads > 1 && list[i].Tasks > 1 && list[i].duration() >= worthwhile {
			steps = append(steps, step{from: i, to: i + 1, parallel: true})
			continue
		}
		if n := len(steps); n > 0 && !steps[n-1].parallel {
			steps[n-1].to = i + 1
			continue
		}
		steps = append(steps, step{from: i, to: i + 1})
	}
	return steps
}

// Run runs the program once.
func (p *Program) Run() {
	for _, s := range p.steps {
		if s.parallel {
			p.pool.run(&p.instrs[s.from])
		} else {
			p.table.Run(p.instrs[s.from:s.to], p.scratch[0])
		}
	}
	runtime.KeepAlive(p)
}

// Data is the memory of a buffer that was kept or bound. It dies with the program.
func (p *Program) Data(id Buffer) []float32 {
	return unsafe.Slice((*float32)(p.pointer(id)), p.buffers[id].bytes/4)
}

// Bytes is the memory that the program has beside what was bound and what is another's.
func (p *Program) Bytes() int {
	if p.borrows {
		return p.list.Bytes()
	}
	return p.arena.Bytes() + p.list.Bytes()
}

// Subnormals counts the numbers in the arena that are subnormal, for those who
// measure: on some processors each makes an instruction a hundred times as slow.
// Integers that an operator keeps there look like them.
func (p *Program) Subnormals() int {
	n := 0
	for _, x := range p.arena.Floats() {
		if x != 0 && math.Abs(float64(x)) < 0x1p-126 {
			n++
		}
	}
	return n
}

// Flops is the number of floating point operations of a run.
func (p *Program) Flops() float64 {
	sum := 0.0
	for _, in := range p.source {
		sum += in.Flops
	}
	return sum
}

// FirstNonFinite runs the program once more, slowly, and returns the label of
// the first instruction after which one of its results is not finite, with
// the index in that result; "" if there is none.
func (p *Program) FirstNonFinite() (label string, index int) {
	for i := range p.instrs {
		p.table.Tasks(&p.instrs[i], 0, int(p.instrs[i].Tasks), p.scratch[0])
		for _, o := range p.source[i].P {
			if o.mode < write {
				continue
			}
			if at := slices.IndexFunc(p.Data(o.buffer), func(x float32) bool { return x-x != 0 }); at >= 0 {
				return p.source[i].Label, at
			}
		}
	}
	return "", 0
}

// Close ends the goroutines and frees the memory.
func (p *Program) Close() error {
	if p.pool != nil {
		p.pool.close()
	}
	if p.list != nil {
		p.list.Free()
	}
	if p.arena != nil && !p.borrows {
		p.arena.Free()
	}
	p.pins.Unpin()
	p.pool, p.list, p.arena, p.instrs, p.scratch, p.steps = nil, nil, nil, nil, nil, nil
	return nil
}
