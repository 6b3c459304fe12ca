// Command training compares one step of training (forward, backward, Adam) with
// PyTorch and JAX on the CPU: the same network, weights, data and batch, by turns
// in one run, after all have shown the same losses.
//
//	bench/training/peers.sh /tmp/peers
//	go run ./bench/training -python /tmp/peers/bin/python
//
// Every program runs on one thread and on all; its best counts.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"time"

	"pipe/nn"
)

// rate is the learning rate of Adam.
const rate = 1e-3

type options struct {
	python  string
	only    string
	rounds  int
	profile bool
	lengths bool
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.python, "python", "", "the Python of the environment that peers.sh made; empty measures pipe alone")
	flag.StringVar(&o.only, "only", "", "measure the networks whose name matches this expression")
	flag.IntVar(&o.rounds, "rounds", 7, "how often each program is measured")
	flag.BoolVar(&o.profile, "profile", false, "print what takes the time in a step, on one thread")
	flag.BoolVar(&o.lengths, "lengths", false, "show instead how a step of recurrent layers grows with the length of sequences")
	flag.Parse()
	if o.lengths {
		if err := o.grow(); err != nil {
			log.Fatal("training: ", err)
		}
		return
	}
	if err := o.run(); err != nil {
		log.Fatal("training: ", err)
	}
}

func (o *options) run() error {
	wanted, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	for _, b := range benches() {
		if !wanted.MatchString(b.name) {
			continue
		}
		if err := o.measure(&b); err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
	}
	return nil
}

// A runner is a program that can be measured.
type runner struct {
	name string
	step func(n int) (time.Duration, error) // the mean of n steps
	took []time.Duration
	ours bool
}

func (o *options) measure(b *bench) (err error) {
	dir, err := os.MkdirTemp("", "pipe-training-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	data := b.data()
	var runners []*runner
	var want []float64
	for _, threads := range threadCounts() {
		s, err := b.start(data, threads)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		if want == nil {
			params, err := s.Params()
			if err != nil {
				return err
			}
			if err := writeCase(dir, b, data, params); err != nil {
				return err
			}
			fmt.Printf("\n%s: batch %d, %.0f MFLOP, plan of %.1f MB\n", b.name, b.batch, s.Flops()/1e6, float64(s.Bytes())/1e6)
			if o.profile {
				printProfile(s)
			}
			if want, err = b.losses(data, 10); err != nil {
				return err
			}
		}
		runners = append(runners, &runner{name: fmt.Sprintf("pipe, %d threads", threads), ours: true, step: func(n int) (time.Duration, error) {
			begun := time.Now()
			for range n {
				if _, err := s.Step(context.Background()); err != nil {
					return 0, err
				}
			}
			return time.Since(begun) / time.Duration(n), nil
		}})
	}
	if o.python != "" {
		for _, script := range []string{"bench/training/torch_peer.py", "bench/training/jax_peer.py"} {
			for _, threads := range threadCounts() {
				p, err := startPeer(o.python, script, dir, threads)
				if err != nil {
					return err
				}
				defer p.close()
				got, err := p.losses(len(want))
				if err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
				if err := same(want, got); err != nil {
					return fmt.Errorf("%s: %w", p.about, err)
				}
				fmt.Printf("  %s, %d threads: the losses of %d steps agree\n", p.about, threads, len(want))
				runners = append(runners, &runner{name: p.name, step: p.time})
			}
		}
	}
	for round := range o.rounds + 1 {
		for _, r := range runners {
			took, err := r.step(b.steps)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			if round > 0 { // the first warms up
				r.took = append(r.took, took)
			}
		}
	}
	report(b, runners)
	return nil
}

func threadCounts() []int {
	if n := runtime.GOMAXPROCS(0); n > 1 {
		return []int{1, n}
	}
	return []int{1}
}

func (b *bench) start(d nn.Data, threads int) (*nn.Steps, error) {
	spec := nn.Spec{Inputs: b.inputs, Layers: b.layers, Outputs: b.sig.Outputs()}
	return nn.NewSteps(spec, b.sig, d, nn.Config{
		Optimizer: nn.Adam{LearningRate: rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8},
		Epochs:    1, BatchSize: b.batch, Seed: 1, Threads: threads,
	})
}

// losses trains n steps from the begin.
func (b *bench) losses(d nn.Data, n int) (list []float64, err error) {
	s, err := b.start(d, 1)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for range n {
		loss, err := s.Step(context.Background())
		if err != nil {
			return nil, err
		}
		list = append(list, loss)
	}
	return list, nil
}

// same compares losses: programs sum in other orders, and training makes small
// differences larger.
func same(want, got []float64) error {
	for i := range want {
		if i >= len(got) || !(math.Abs(got[i]-want[i]) <= 2e-3*(1+math.Abs(want[i]))) {
			return fmt.Errorf("other losses: %v, pipe has %v", got, want)
		}
	}
	return nil
}

func report(b *bench, runners []*runner) {
	best := map[bool]time.Duration{}
	for _, r := range runners {
		slices.Sort(r.took)
		least, median := r.took[0], r.took[len(r.took)/2]
		fmt.Printf("  %-20s least %10s  median %10s\n", r.name, least.Round(100*time.Nanosecond), median.Round(100*time.Nanosecond))
		if best[r.ours] == 0 || median < best[r.ours] {
			best[r.ours] = median
		}
	}
	if best[false] > 0 {
		fmt.Printf("  pipe is %.2f times as fast as the best peer (medians of the best settings); the goal is %.1f\n", float64(best[false])/float64(best[true]), b.goal)
	}
}

func printProfile(s *nn.Steps) {
	type sum struct {
		label string
		took  time.Duration
		flops float64
	}
	var list []sum
	total := time.Duration(0)
	for _, t := range s.Profile(20) {
		total += t.Took
		i := slices.IndexFunc(list, func(x sum) bool { return x.label == t.Label })
		if i < 0 {
			list, i = append(list, sum{label: t.Label}), len(list)
		}
		list[i].took += t.Took
		list[i].flops += t.Flops
	}
	slices.SortFunc(list, func(a, b sum) int { return int(b.took - a.took) })
	for _, x := range list[:min(len(list), 25)] {
		fmt.Printf("    %5.1f%% %10s %6.1f GFLOP/s  %s\n", 100*float64(x.took)/float64(total), x.took.Round(100*time.Nanosecond), x.flops/float64(x.took.Nanoseconds()), x.label)
	}
}
