// Command kernels measures the hot kernels on one core against what the
// machine can do: floating point kernels against the FMA peak, those that move
// memory against a copy of memory.
//
//	go run ./bench/kernels
//
// The tests of nn/kernel show that the results are right; this only counts time.
package main

import (
	"flag"
	"fmt"
	"log"
	"regexp"
	"time"

	"pipe/nn/kernel"
	"pipe/nn/op"
)

func main() {
	log.SetFlags(0)
	only := flag.String("only", "", "measure the cases whose name matches this expression")
	length := flag.Duration("time", 300*time.Millisecond, "time for each measurement")
	isa := flag.String("isa", "", "the instruction set to measure (default: the best)")
	flag.Parse()
	if err := run(*only, *isa, *length); err != nil {
		log.Fatal("kernels: ", err)
	}
}

func run(only, isa string, length time.Duration) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	table := kernel.Tables()[0]
	for _, t := range kernel.Tables() {
		if t.Name == isa {
			table = t
		}
	}
	peak := peakFlops()
	fmt.Printf("%s, peak of one core %.1f GFLOP/s\n\n", table.Name, peak/1e9)
	fmt.Printf("%-44s %10s %10s %8s\n", "case", "time", "GFLOP/s", "of peak")
	for _, c := range cases() {
		if !wanted.MatchString(c.name) {
			continue
		}
		took, flops, err := c.measure(table, length)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		rate := flops / took.Seconds()
		fmt.Printf("%-44s %10s %10.1f %7.0f%%\n", c.name, took.Round(100*time.Nanosecond), rate/1e9, 100*rate/peak)
	}
	return nil
}

// A bench is one graph; build gives the node to compute.
type bench struct {
	name  string
	build func(g *op.Graph) *op.Node
}

// measure gives the best time of one run.
func (c bench) measure(table *kernel.Table, length time.Duration) (time.Duration, float64, error) {
	g := op.NewGraph()
	out := c.build(g)
	m, err := g.Machine(table, 1, out)
	if err != nil {
		return 0, 0, err
	}
	defer m.Close()
	best := time.Hour
	for begun := time.Now(); time.Since(begun) < length; {
		at := time.Now()
		if err := m.RunAll(); err != nil {
			return 0, 0, err
		}
		best = min(best, time.Since(at))
	}
	return best, m.Flops(), nil
}

func cases() []bench {
	var list []bench
	for _, s := range [][3]int{{256, 784, 512}, {512, 512, 512}, {1024, 1024, 1024}, {2048, 128, 512}, {32, 64, 64}} {
		list = append(list, bench{fmt.Sprintf("product %dx%d %dx%d with packing", s[0], s[1], s[1], s[2]), func(g *op.Graph) *op.Node {
			return g.Dense(g.Input("x", numbers(s[0]*s[1]), s[0], s[1]), g.Input("w", numbers(s[1]*s[2]), s[1], s[2]), nil, op.Activation{})
		}})
	}
	for _, a := range []struct {
		name string
		act  kernel.Activation
	}{{"relu", kernel.ReLU}, {"gelu", kernel.GELU}, {"tanh", kernel.Tanh}, {"sigmoid", kernel.Sigmoid}} {
		list = append(list, bench{a.name + " of 262144", func(g *op.Graph) *op.Node {
			return g.Activate(g.Input("x", numbers(1<<18), 512, 512), op.Activation{Kind: a.act})
		}})
	}
	return list
}

func numbers(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i%97)/97 - 0.5
	}
	return v
}
