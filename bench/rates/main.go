// Command rates holds find_learning_rate against the truth: on ten data sets it trains with
// each learning rate of a grid, by Adam, for a few epochs and with several seeds. The right
// rate is the one with the least validation loss, of the best epoch, on average. The search is
// right if the rate that it finds is at most three times that, and at least a third.
//
//	go run ./bench/rates
//
// The rates of the grid are three times apart, as are those that the search tries.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"strings"
	"time"

	"pipe/nn"
)

func main() {
	log.SetFlags(0)
	data := flag.String("data", "pipelines/data", "the directory with the data of the examples")
	seeds := flag.Int("seeds", 10, "how many seeds each rate is tried with, and each search made")
	steps := flag.Int("steps", 100, "steps of a search")
	flag.Parse()
	if err := run(*data, *seeds, *steps); err != nil {
		log.Fatal("rates: ", err)
	}
}

func run(data string, seeds, steps int) error {
	list, err := problems(data)
	if err != nil {
		return err
	}
	fmt.Printf("%-10s %6s %10s %10s %8s  %s\n", "data", "rows", "recorded", "right", "searches", "found")
	all, good := 0, 0
	for i := range list {
		p := &list[i]
		right, took, err := p.best(seeds)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		var found []string
		n := 0
		began := time.Now()
		for seed := 1; seed <= seeds; seed++ {
			rate, err := p.find(uint64(seed), steps)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if near(rate, right) {
				n++
			}
			found = append(found, fmt.Sprintf("%.2g", rate))
		}
		fmt.Printf("%-10s %6d %10.2g %10.2g %5d/%-2d  %s  (grid %v, searches %v)\n", p.name, p.train.Rows, p.right, right, n, seeds, strings.Join(found, " "),
			took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
		all, good = all+seeds, good+n
		if !near(p.right, right) {
			return fmt.Errorf("%s: the right rate is %.2g, recorded is %.2g", p.name, right, p.right)
		}
		if 2*n <= seeds {
			return fmt.Errorf("%s: %d of %d searches are right", p.name, n, seeds)
		}
	}
	fmt.Printf("%d of %d searches are within a factor of 3\n", good, all)
	return nil
}

// near says whether a rate is right; 0 is no answer, and is not.
func near(rate, right float64) bool { return rate >= right/3.0001 && rate <= right*3.0001 }

func (p *problem) config(seed uint64, rate float64) nn.Config {
	return nn.Config{Optimizer: nn.Adam{LearningRate: rate, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, Epochs: p.epochs, BatchSize: p.batch, Shuffle: true, Seed: seed}
}

// best is the rate of the grid with the least loss.
func (p *problem) best(seeds int) (right float64, took time.Duration, err error) {
	began, least := time.Now(), math.Inf(1)
	for rate := 1e-6; rate <= 1; rate *= 3 {
		sum := 0.0
		for seed := 1; seed <= seeds; seed++ {
			m, err := nn.Train(context.Background(), p.spec(), p.sig, p.train, p.validation, p.config(uint64(seed), rate))
			if _, diverged := errors.AsType[*nn.DivergedError](err); diverged {
				sum = math.Inf(1)
				break
			} else if err != nil {
				return 0, 0, err
			}
			curve, _ := m.Summary.Curve("validation.loss")
			sum += curve[m.Summary.BestEpoch-1]
		}
		if sum < least {
			least, right = sum, rate
		}
	}
	return right, time.Since(began), nil
}

// find is what the search finds, 0 if it has no answer.
func (p *problem) find(seed uint64, steps int) (float64, error) {
	c, err := nn.FindRate{From: 1e-6, To: 1, Steps: steps}.Find(context.Background(), p.spec(), p.sig, p.train, p.config(seed, 1))
	if _, none := errors.AsType[*nn.NoRateError](err); none {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	return c.Best, nil
}
