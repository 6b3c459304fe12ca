// Command kernels measures the hot kernels on one core against what the
// machine can do: arithmetic against its peak of fused multiply-adds, moved
// bytes against a copy of as much memory.
//
//	go run ./bench/kernels
//
// Each case is an operator with its gradient; a row is what one of the two
// takes, with the packing of its operands. The tests of nn/cpu/kernel and nn/cpu show
// that the results are right; this only counts time.
package main

import (
	"flag"
	"fmt"
	"log"
	"regexp"
	"slices"
	"time"

	"pipe/nn/backend"
	"pipe/nn/cpu"
	"pipe/nn/cpu/kernel"
	"pipe/nn/graph"
)

type options struct {
	only, isa string
	runs      int
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.only, "only", "", "measure the cases whose name matches this expression")
	flag.IntVar(&o.runs, "runs", 40, "how often each kernel runs; its best counts")
	flag.StringVar(&o.isa, "isa", "", "the instruction set to measure (default: the best)")
	flag.Parse()
	if err := o.run(); err != nil {
		log.Fatal("kernels: ", err)
	}
}

func (o *options) run() error {
	wanted, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	table := kernel.Tables()[0]
	if o.isa != "" {
		i := slices.IndexFunc(kernel.Tables(), func(t *kernel.Table) bool { return t.Name == o.isa })
		if i < 0 {
			return fmt.Errorf("this machine has no %s, only %v", o.isa, kernel.Tables())
		}
		table = kernel.Tables()[i]
	}
	peak := peakFlops()
	fmt.Printf("%s, peak of one core %.1f GFLOP/s\n\n", table.Name, peak/1e9)
	fmt.Printf("| %-36s | %-20s | %9s | %7s | %7s | %6s | %7s |\n", "case", "kernels", "µs", "GFLOP/s", "of peak", "GB/s", "of copy")
	fmt.Printf("| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, c := range cases() {
		if !wanted.MatchString(c.name) {
			continue
		}
		rows, err := c.measure(table, o.runs)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		for _, r := range rows {
			r.print(c.name, peak)
		}
	}
	return nil
}

// A row is what the instructions of one operator take together.
type row struct {
	label string
	took  time.Duration
	flops float64
	bytes float64
}

func (r *row) print(name string, peak float64) {
	flops, share, rate, copied := "", "", "", ""
	if r.flops > 0 {
		flops, share = fmt.Sprintf("%.1f", r.flops/r.took.Seconds()/1e9), fmt.Sprintf("%.0f%%", 100*r.flops/r.took.Seconds()/peak)
	}
	if r.bytes > 0 {
		rate = fmt.Sprintf("%.1f", r.bytes/r.took.Seconds()/1e9)
		copied = fmt.Sprintf("%.0f%%", 100*r.bytes/r.took.Seconds()/copyRate(int(r.bytes/2)))
	}
	fmt.Printf("| %-36s | %-20s | %9.1f | %7s | %7s | %6s | %7s |\n", name, r.label, float64(r.took.Nanoseconds())/1e3, flops, share, rate, copied)
}

// measure runs a case instruction by instruction.
func (c *bench) measure(table *kernel.Table, runs int) ([]row, error) {
	g := graph.New()
	b := &builder{Graph: g}
	out := c.build(b)
	loss := g.SumSquares(out)
	if g.Err() != nil {
		return nil, g.Err()
	}
	grads, err := g.Grad(loss, b.params...)
	if err != nil {
		return nil, err
	}
	m, err := cpu.On(table).Compile(g, append(grads, out), backend.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	for _, n := range g.Leaves() {
		data := numbers(n.Shape().Size())
		if n == b.ids {
			for i := range data {
				data[i] = float32(i * 37 % 5000)
			}
		}
		m.Write(n, data)
	}
	defer m.Close()
	var rows []row
	for _, t := range m.Profile(runs) {
		i := slices.IndexFunc(rows, func(r row) bool { return r.label == t.Label })
		if i < 0 {
			i = len(rows)
			rows = append(rows, row{label: t.Label})
		}
		rows[i].took += t.Took
		rows[i].flops += t.Flops
		rows[i].bytes += t.Bytes
	}
	// What belongs to the loss, and what is too short for the clock.
	return slices.DeleteFunc(rows, func(r row) bool {
		return r.took < time.Microsecond || r.flops == 0 && r.bytes == 0 || slices.Contains([]string{"sum of squares", "sum of squares dx", "constant"}, r.label)
	}), nil
}

func numbers(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i%97)/97 - 0.5
	}
	return v
}

// copyRate is how many bytes a second a copy of n bytes moves, read and written.
func copyRate(n int) float64 {
	n = max(64, n)
	from, to := make([]byte, n), make([]byte, n)
	copy(to, from)
	best := time.Hour
	for range 20 {
		begun := time.Now()
		for range 1 + 1<<16/n {
			copy(to, from)
		}
		best = min(best, time.Since(begun)/time.Duration(1+1<<16/n))
	}
	return 2 * float64(n) / best.Seconds()
}
