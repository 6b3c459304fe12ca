package optim

import (
	"fmt"
	"math"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// A Range is a part of the parameters: one of them, or several that lie one
// behind the other.
type Range struct {
	From, Size int
	Decays     bool // weight decay and L1 apply to it
}

// Regularization is what is done to gradients before the optimizer has them, in
// this order: L1 sign(p) is added, as a term L1 |p| of the loss would do, each
// is cut to ±ClipValue, and all are scaled down to a norm of ClipNorm, taken over
// all of them together, as PyTorch's clip_grad_norm_. 0: none of it.
type Regularization struct {
	L1, ClipValue, ClipNorm float64
}

// Validate says which setting makes no sense.
func (r Regularization) Validate() error {
	return first(atLeast0("gradients", "l1", r.L1), atLeast0("gradients", "clip value", r.ClipValue), atLeast0("gradients", "clip norm", r.ClipNorm))
}

// An Updater is an optimizer at work on parameters. One goroutine at a time may
// use it. Close it after use.
type Updater struct {
	rule    rule
	reg     Regularization
	apart   bool // gradients are regularised by instructions of their own
	program *vm.Program
	memory  [][]float32
	before  []float32 // numbers of the instructions that regularise
	hyper   []float32 // of the optimizer
	norm    []float32 // norm and factor
}

// grain is how many numbers a task takes.
const grain = 16384

func tasks(n int) int { return (n + grain - 1) / grain }

// NewUpdater plans the steps of an optimizer on ranges of params, whose
// gradients are at the same places of grads. Both belong to the caller, as long
// as the Updater lives. What is in no range is left alone. The result does not
// depend on the number of threads; 0 is one for each CPU.
func NewUpdater(o Optimizer, reg Regularization, params, grads []float32, ranges []Range, table *kernel.Table, threads int) (*Updater, error) {
	if err := first(o.Validate(), reg.Validate()); err != nil {
		return nil, err
	}
	if len(params) != len(grads) {
		return nil, fmt.Errorf("%d parameters and %d gradients", len(params), len(grads))
	}
	end := 0
	for _, r := range ranges {
		if r.From < end || r.Size < 1 || r.Size > len(params)-r.From {
			return nil, fmt.Errorf("range of %d at %d of %d parameters: ranges go upwards and do not overlap", r.Size, r.From, len(params))
		}
		end = r.From + r.Size
	}
	u := &Updater{rule: o.rule(), reg: reg, before: make([]float32, kernel.HyperSize), hyper: make([]float32, kernel.HyperSize), norm: make([]float32, 2)}
	u.apart = reg.ClipNorm > 0 && (reg.L1 > 0 || reg.ClipValue > 0)
	for i, there := range u.rule.states {
		u.memory = append(u.memory, nil)
		if there {
			u.memory[i] = make([]float32, len(params))
		}
	}
	if u.rule.initial != 0 {
		for i := range u.memory[0] {
			u.memory[0][i] = u.rule.initial
		}
	}
	if len(ranges) == 0 {
		return u, nil
	}
	b := vm.NewBuilder(table)
	u.build(b, params, grads, merge(ranges))
	var err error
	u.program, err = b.Compile(threads)
	return u, err
}

// merge joins ranges that lie one behind the other and are treated alike.
func merge(ranges []Range) []Range {
	var list []Range
	for _, r := range ranges {
		if n := len(list); n > 0 && list[n-1].From+list[n-1].Size == r.From && list[n-1].Decays == r.Decays {
			list[n-1].Size += r.Size
			continue
		}
		list = append(list, r)
	}
	return list
}

func (u *Updater) build(b *vm.Builder, params, grads []float32, ranges []Range) {
	p, g, hyper := b.Bind(params), b.Bind(grads), b.Bind(u.hyper)
	var memory []vm.Buffer
	for _, m := range u.memory {
		memory = append(memory, 0)
		if m != nil {
			memory[len(memory)-1] = b.Bind(m)
		}
	}
	instr := func(label string, op kernel.Op, r Range, bytes int) vm.Instr {
		in := vm.Instr{Label: label, Op: op, Tasks: tasks(r.Size), I: [16]int64{int64(r.Size), grain}, Bytes: float64(bytes * r.Size)}
		if in.F[0] = 1; r.Decays {
			in.F[1] = 1
		}
		return in
	}
	part := func(of vm.Buffer, r Range) vm.Buffer { return b.View(of, r.From, r.Size) }
	factor := vm.Operand{}
	if u.reg.ClipNorm > 0 {
		if u.apart {
			before := b.Bind(u.before)
			for _, r := range ranges {
				in := instr("regularize", kernel.Regularize, r, 12)
				in.P = []vm.Operand{vm.Read(part(p, r)), vm.Update(part(g, r)), vm.Read(before)}
				b.Emit(in)
			}
		}
		n := 0
		for _, r := range ranges {
			n += tasks(r.Size)
		}
		parts, at := b.Alloc(n), 0
		for _, r := range ranges {
			in := instr("squares of gradients", kernel.SumSq, r, 4)
			in.P = []vm.Operand{vm.Read(part(g, r)), vm.Write(b.View(parts, at, tasks(r.Size)))}
			b.Emit(in)
			at += tasks(r.Size)
		}
		norm := b.Bind(u.norm)
		b.Emit(vm.Instr{Label: "norm of gradients", Op: kernel.ClipNorm, Tasks: 1, I: [16]int64{int64(n)}, F: [8]float32{float32(u.reg.ClipNorm)},
			P: []vm.Operand{vm.Read(parts), vm.Write(norm), vm.Read(b.View(hyper, kernel.HyperScale, 1))}})
		factor = vm.Read(b.View(norm, 1, 1))
	}
	for _, r := range ranges {
		in := instr("update", u.rule.op, r, 12)
		copy(in.F[2:], u.rule.f[2:])
		in.I[2] = u.rule.flag
		in.P = []vm.Operand{vm.Update(part(p, r)), vm.Read(part(g, r)), vm.Read(hyper), factor}
		for i, there := range u.rule.states {
			o := vm.Operand{}
			if there {
				o = vm.Update(part(memory[i], r))
				in.Bytes += float64(8 * r.Size)
			}
			in.P = append(in.P, o)
		}
		b.Emit(in)
	}
}

// Step changes the parameters by their gradients times scale. t counts steps
// from 1; factor is that of the learning rate. It returns the norm of the
// gradients, after L1 and ClipValue and before it was limited, if ClipNorm asks
// for one, else 0. If the norm is not finite, neither are the gradients (or they
// are above 1e19), and the parameters are not to be used any more. Gradients may
// change as Regularization says.
func (u *Updater) Step(t int, factor, scale float64) (norm float64) {
	u.rule.hyper(u.hyper, t, factor)
	h := u.hyper
	if u.apart {
		h = u.before
		u.hyper[kernel.HyperScale], u.hyper[kernel.HyperL1], u.hyper[kernel.HyperLimit] = 1, 0, float32(math.Inf(1))
	}
	h[kernel.HyperScale], h[kernel.HyperL1], h[kernel.HyperLimit] = float32(scale), float32(u.reg.L1), float32(math.Inf(1))
	if u.reg.ClipValue > 0 {
		h[kernel.HyperLimit] = float32(u.reg.ClipValue)
	}
	if u.program != nil {
		u.program.Run()
	}
	return float64(u.norm[0])
}

// Memory is what the optimizer keeps from step to step: always the same slices,
// each as long as the parameters or empty. A checkpoint saves and restores them.
func (u *Updater) Memory() [][]float32 { return u.memory }

// Close frees the plan.
func (u *Updater) Close() error {
	if u.program == nil {
		return nil
	}
	return u.program.Close()
}
