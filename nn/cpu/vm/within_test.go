package vm

import (
	"testing"

	"pipe/nn/cpu/kernel"
)

// A smaller program has no memory of its own for what it computes, a larger one has; both give what
// they give alone, in turns, and closing them leaves the other one alive.
func TestProgramWithinAnother(t *testing.T) {
	for _, threads := range []int{1, 3} {
		compile := func(n int, other *Program) (p *Program, out Buffer) {
			t.Helper()
			b := NewBuilder(kernel.Tables()[0])
			x, y := b.Alloc(n), b.Alloc(n)
			out = b.Alloc(n)
			b.Emit(elementwise(kernel.Fill, n, 2, Write(x)))
			b.Emit(elementwise(kernel.Scale, n, float32(n), Read(x), Write(y)))
			b.Emit(elementwise(kernel.Add, n, 0, Read(x), Read(y), Write(out)))
			p, err := b.CompileWithin(other, threads, out)
			if err != nil {
				t.Fatal(err)
			}
			return p, out
		}
		whole, a := compile(10_000, nil)
		part, b := compile(1000, whole)
		more, c := compile(30_000, whole)
		if part.Bytes() > 4000 || whole.Bytes() < 80_000 || more.Bytes() < 240_000 {
			t.Errorf("%d bytes within %d, and %d", part.Bytes(), whole.Bytes(), more.Bytes())
		}
		check := func(p *Program, out Buffer, n int) {
			t.Helper()
			p.Run()
			for i, v := range p.Data(out) {
				if v != float32(2+2*n) {
					t.Fatalf("number %d is %v", i, v)
				}
			}
		}
		for range 3 {
			check(whole, a, 10_000)
			check(part, b, 1000)
			check(more, c, 30_000)
		}
		for _, p := range []*Program{part, more} {
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
		check(whole, a, 10_000)
		if err := whole.Close(); err != nil {
			t.Error(err)
		}
	}
}
