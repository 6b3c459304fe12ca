package nn

import (
	"errors"
	"math"

	"pipe/nn/kernel"
	"pipe/nn/vm"
)

// grain is how many numbers a task takes.
const grain = 16384

func tasksOf(n int) int { return (n + grain - 1) / grain }

// elementwise is an instruction over n numbers.
func elementwise(label string, op kernel.Op, n int, operands ...vm.Operand) vm.Instr {
	return vm.Instr{Label: label, Op: op, Tasks: tasksOf(n), I: [16]int64{int64(n), grain},
		F: [8]float32{1}, P: operands, Bytes: float64(4 * n * len(operands))}
}

// sums are programs over all gradients at once: they add those of several
// batches and measure how large they are.
type sums struct {
	total   []float32 // weighted sums of gradients; grads itself if each batch is a step
	factor  []float32 // 1: what gradients are multiplied by before they are added
	squares []float32 // by parameter: what the squares of total add up to
	first   *vm.Program
	add     *vm.Program
	measure *vm.Program
}

func newSums(m *numbers, grads []float32, accumulate bool, h how) (s *sums, err error) {
	s = &sums{total: grads, factor: []float32{1}, squares: make([]float32, len(m.params))}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	n := len(grads)
	if accumulate {
		s.total = make([]float32, n)
		b := vm.NewBuilder(h.table)
		b.Emit(elementwise("first gradients", kernel.Scale, n, vm.Read(b.Bind(grads)), vm.Write(b.Bind(s.total)), vm.Read(b.Bind(s.factor))))
		if s.first, err = b.Compile(h.threads); err != nil {
			return s, err
		}
		b = vm.NewBuilder(h.table)
		scaled, total := b.Bind(grads), b.Bind(s.total)
		b.Emit(elementwise("scale gradients", kernel.Scale, n, vm.Read(scaled), vm.Update(scaled), vm.Read(b.Bind(s.factor))))
		b.Emit(elementwise("add gradients", kernel.Add, n, vm.Read(total), vm.Read(scaled), vm.Update(total)))
		if s.add, err = b.Compile(h.threads); err != nil {
			return s, err
		}
	}
	b := vm.NewBuilder(h.table)
	total, squares := b.Bind(s.total), b.Bind(s.squares)
	for i, t := range m.params {
		if !t.trained {
			continue
		}
		parts := b.Alloc(tasksOf(t.size))
		b.Emit(elementwise("squares of gradients", kernel.SumSq, t.size, vm.Read(b.View(total, t.from, t.size)), vm.Write(parts)))
		b.Emit(vm.Instr{Label: "squares of gradients", Op: kernel.ColSum, Tasks: 1, I: [16]int64{1, 1, int64(tasksOf(t.size)), 1},
			P: []vm.Operand{vm.Read(parts), vm.Update(b.View(squares, i, 1))}})
	}
	s.measure, err = b.Compile(h.threads)
	return s, err
}

// take adds the gradients of a batch, times its weight.
func (s *sums) take(weight float64, first bool) {
	s.factor[0] = float32(weight)
	if first {
		s.first.Run()
	} else {
		s.add.Run()
	}
}

// norm is the Euclidean norm over all parameters, NaN or Inf if one of them has
// such a number.
func (s *sums) norm() float64 {
	s.measure.Run()
	sum := 0.0
	for _, v := range s.squares {
		sum += float64(v)
	}
	return math.Sqrt(sum)
}

func (s *sums) close() error { return closeAll(s.first, s.add, s.measure) }

func closeAll(programs ...*vm.Program) error {
	var errs []error
	for _, p := range programs {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// An average is an exponential moving average of all numbers of a network
// (Polyak averaging): after step t, average = d average + (1-d) numbers with
// d = min(decay, (1+t)/(10+t)), so that it does not stick to the begin.
type average struct {
	*numbers
	decay      float64
	keep, take []float32 // 1: d and 1-d
	program    *vm.Program
}

func newAverage(m *numbers, decay float64, h how) (*average, error) {
	a := &average{numbers: m.clone(), decay: decay, keep: []float32{0}, take: []float32{0}}
	b := vm.NewBuilder(h.table)
	keep, take := b.Bind(a.keep), b.Bind(a.take)
	n := len(m.flat)
	now, mean, part := b.Bind(m.flat), b.Bind(a.flat), b.Alloc(n)
	b.Emit(elementwise("average", kernel.Scale, n, vm.Read(now), vm.Write(part), vm.Read(take)))
	b.Emit(elementwise("average", kernel.Scale, n, vm.Read(mean), vm.Update(mean), vm.Read(keep)))
	b.Emit(elementwise("average", kernel.Add, n, vm.Read(mean), vm.Read(part), vm.Update(mean)))
	var err error
	a.program, err = b.Compile(h.threads)
	return a, err
}

// update takes in the numbers after step t, counted from 1.
func (a *average) update(t int) {
	d := min(a.decay, float64(1+t)/float64(10+t))
	a.keep[0], a.take[0] = float32(d), float32(1-d)
	a.program.Run()
}

func (a *average) close() error { return closeAll(a.program) }
