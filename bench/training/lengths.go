package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// grow shows how a step of training grows with the length of its sequences.
// Four times the steps should take four times as long: gradients that vanish on
// a long way back must not cost more than others.
func (o *options) grow() error {
	for _, name := range []string{"lstm", "gru"} {
		before := time.Duration(0)
		for _, steps := range []int{64, 256, 1024, 4096} {
			b := bench{batch: 32, inputs: steps * 16, sig: classes(steps*16, 10), layers: recurrent(name, steps)}
			took, subnormal, err := b.least(o.rounds)
			if err != nil {
				return fmt.Errorf("%s of %d steps: %w", name, steps, err)
			}
			fmt.Printf("%-5s %5d steps  %10s, %d subnormal numbers", name, steps, took.Round(10*time.Microsecond), subnormal)
			if before > 0 {
				fmt.Printf(", %.2f times that of a quarter", float64(took)/float64(before))
			}
			fmt.Println()
			before = took
		}
	}
	return nil
}

// least is the fastest of some steps on one thread, and how many subnormal
// numbers the last one left.
func (b *bench) least(rounds int) (least time.Duration, subnormal int, err error) {
	s, err := b.start(b.data(), 1)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	for range rounds + 1 {
		begun := time.Now()
		if _, err := s.Step(context.Background()); err != nil {
			return 0, 0, err
		}
		if took := time.Since(begun); least == 0 || took < least {
			least = took
		}
	}
	return least, s.Subnormals(), nil
}
