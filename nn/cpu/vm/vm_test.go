package vm

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pipe/nn/cpu/kernel"
)

// elementwise is an instruction over n numbers in tasks of 7.
func elementwise(op kernel.Op, n int, f float32, p ...Operand) Instr {
	span := kernel.Span{N: int64(n), Per: 7}
	in := Instr{Op: op, Tasks: span.Tasks(), Args: span, P: p, Flops: 1e6}
	switch op {
	case kernel.Scale, kernel.Fill:
		in.Args = kernel.ScaleArgs{Span: span, S: f}
	}
	return in
}

// A program gives what its instructions give one after the other when every
// buffer has memory of its own, on every table and number of threads.
func TestProgramsEqualNaiveExecution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const n = 20
		input := make([]float32, n)
		for i := range input {
			input[i] = float32(i%5) - 1.5
		}
		type op struct{ kind, a, b, over int }
		var ops []op
		for i := range rapid.IntRange(1, 40).Draw(t, "instructions") {
			ops = append(ops, op{rapid.IntRange(0, 4).Draw(t, "kind"), rapid.IntRange(0, i).Draw(t, "a"), rapid.IntRange(0, i).Draw(t, "b"), rapid.IntRange(-1, 1).Draw(t, "over")})
		}
		keep := rapid.SliceOfN(rapid.IntRange(0, len(ops)), 1, 4).Draw(t, "keep")
		// Naive.
		values := [][]float32{input}
		for _, o := range ops {
			a, b, out := values[o.a], values[o.b], make([]float32, n)
			for i := range out {
				switch o.kind {
				case 0:
					out[i] = a[i] + b[i]
				case 1:
					out[i] = a[i] * b[i]
				case 2:
					out[i] = a[i] * 0.5
				case 3: // halves swapped, through views
					out[i] = a[(i+n/2)%n]
				case 4: // an update
					out[i] = a[i] + b[i] + b[i]
				}
			}
			values = append(values, out)
		}
		for _, table := range append(kernel.Tables(), kernel.Reference()) {
			for _, threads := range []int{1, 3} {
				b := NewBuilder(table)
				ids := []Buffer{b.Bind(input)}
				for _, o := range ops {
					out := b.Alloc(n)
					x, y := ids[o.a], ids[o.b]
					to := Write(out)
					if o.over >= 0 {
						to = WriteOver(out, o.over)
					}
					switch o.kind {
					case 0:
						b.Emit(elementwise(kernel.Add, n, 0, Read(x), Read(y), to))
					case 1:
						b.Emit(elementwise(kernel.Mul, n, 0, Read(x), Read(y), to))
					case 2:
						b.Emit(elementwise(kernel.Scale, n, 0.5, Read(x), Write(out)))
					case 3:
						b.Emit(elementwise(kernel.Copy, n/2, 0, Read(b.View(x, n/2, n/2)), Write(b.View(out, 0, n/2))))
						b.Emit(elementwise(kernel.Copy, n/2, 0, Read(b.View(x, 0, n/2)), Write(b.View(out, n/2, n/2))))
					case 4:
						b.Emit(elementwise(kernel.Add, n, 0, Read(x), Read(y), to))
						b.Emit(elementwise(kernel.Add, n, 0, Update(out), Read(y), Update(out)))
					}
					ids = append(ids, out)
				}
				var kept []Buffer
				for _, k := range keep {
					kept = append(kept, ids[k])
				}
				p, err := b.Compile(threads, kept...)
				if err != nil {
					t.Fatal(err)
				}
				for range 2 { // a second run starts from whatever the first left
					p.Run()
					for _, k := range keep {
						for i, v := range p.Data(ids[k]) {
							if math.Float32bits(v) != math.Float32bits(values[k][i]) {
								t.Fatalf("%v, %d threads: value %d is %v at %d, want %v", table, threads, k, v, i, values[k][i])
							}
						}
					}
				}
				if err := p.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// chain is n instructions, each on the result of the one before.
func chain(t testing.TB, n, threads int) *Program {
	t.Helper()
	b := NewBuilder(kernel.Tables()[0])
	x := b.Bind(make([]float32, 1000))
	for range n {
		y := b.Alloc(1000)
		b.Emit(elementwise(kernel.Scale, 1000, 1, Read(x), Write(y)))
		x = y
	}
	p, err := b.Compile(threads, x)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestRunAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 3} {
		p := chain(t, 20, threads)
		if n := testing.AllocsPerRun(100, p.Run); n != 0 {
			t.Errorf("%d threads: %v allocations for each run", threads, n)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 10 {
		p := chain(t, 3, 4)
		p.Run()
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for range 1_000_000 { // those that ended may not be gone from the count at once
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// A chain needs memory for two of its values, however long it is.
func TestMemoryIsUsedAgain(t *testing.T) {
	p := chain(t, 1000, 1)
	defer p.Close()
	if got, want := p.layout.bytes, 2*roundUp(4000); got != want {
		t.Errorf("the arena has %d bytes, want %d", got, want)
	}
}

func TestUnneededInstructionsAreDropped(t *testing.T) {
	b := NewBuilder(kernel.Reference())
	x := b.Bind(make([]float32, 10))
	y, z := b.Alloc(10), b.Alloc(10)
	b.Emit(elementwise(kernel.Scale, 10, 2, Read(x), Write(y)))
	b.Emit(elementwise(kernel.Scale, 10, 2, Read(y), Write(z)))
	result := make([]float32, 10)
	b.Emit(elementwise(kernel.Scale, 10, 2, Read(x), Write(b.Bind(result)))) // memory of the caller counts as read
	p, err := b.Compile(1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if len(p.source) != 1 {
		t.Errorf("%d instructions are left, want 1", len(p.source))
	}
}

func TestMistakesOfTheCallerAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		build func(b *Builder) Buffer
		want  string
	}{
		"read before write": {func(b *Builder) Buffer {
			x, y := b.Alloc(4), b.Alloc(4)
			b.Emit(elementwise(kernel.Copy, 4, 0, Read(x), Write(y)))
			return y
		}, "operand 0 is read before it is written"},
		"view outside":  {func(b *Builder) Buffer { return b.View(b.Alloc(4), 2, 3) }, "a view of 3 numbers at 2"},
		"empty":         {func(b *Builder) Buffer { return b.Alloc(0) }, "a buffer of 0 numbers"},
		"nothing bound": {func(b *Builder) Buffer { return b.Bind(nil) }, "bound memory is empty"},
		"operands": {func(b *Builder) Buffer {
			x := b.Alloc(1)
			b.Emit(Instr{Op: kernel.Fill, Tasks: 1, P: make([]Operand, 11)})
			return x
		}, "11 operands"},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBuilder(kernel.Reference())
			keep := c.build(b)
			if _, err := b.Compile(1, keep); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestFirstNonFiniteNamesTheInstruction(t *testing.T) {
	b := NewBuilder(kernel.Tables()[0])
	data := make([]float32, 10)
	x := b.Bind(data)
	for i := range 3 {
		y := b.Alloc(10)
		in := elementwise(kernel.Scale, 10, 1e20, Read(x), Write(y))
		in.Label = fmt.Sprint("layer ", i)
		b.Emit(in)
		x = y
	}
	p, err := b.Compile(1, x)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if label, _ := p.FirstNonFinite(); label != "" {
		t.Errorf("found %q in finite numbers", label)
	}
	data[4] = 1
	if label, at := p.FirstNonFinite(); label != "layer 1" || at != 4 {
		t.Errorf("got %q at %d, want layer 1 at 4", label, at)
	}
}

// Planning is near linear: see the time per instruction.
func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{500, 5_000, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				chain(b, n, 2).Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/instruction")
		})
	}
}

// The cost of an instruction that does next to nothing.
func BenchmarkOverhead(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprint(threads, " threads"), func(b *testing.B) {
			builder := NewBuilder(kernel.Tables()[0])
			x := builder.Bind(make([]float32, 16))
			for range 1000 {
				y := builder.Alloc(16)
				builder.Emit(elementwise(kernel.Scale, 16, 1, Read(x), Write(y)))
				x = y
			}
			p, err := builder.Compile(threads, x)
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			b.ReportAllocs()
			for b.Loop() {
				p.Run()
			}
			b.ReportMetric(float64(b.Elapsed()/time.Duration(b.N)/1000), "ns/instruction")
		})
	}
}
