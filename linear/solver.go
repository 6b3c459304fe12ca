package linear

import (
	"context"
	"errors"
	"math"
)

const (
	remembered = 10   // steps that the curvature is made of
	flat       = 1e-6 // of the gradient at its largest, where it is done
	tries      = 30   // of the length of a step
)

// minimise goes down to where a convex function is least, from x on, by steps that take its
// curvature from the gradients of steps before (L-BFGS; J. Nocedal, Updating quasi-Newton
// matrices with limited storage, 1980). It returns how many steps it took, at most so many.
func minimise(ctx context.Context, f func(x, g []float64) float64, x []float64, most int) (int, error) {
	n := len(x)
	g, next, nextG, step := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	type change struct {
		x, g []float64
		dot  float64
	}
	var list []change
	value := f(x, g)
	if !finite(value) {
		return 0, errors.New("the loss is no number")
	}
	for round := range most {
		if err := ctx.Err(); err != nil {
			return round, err
		}
		if largest(g) <= flat {
			return round, nil
		}
		copy(step, g)
		factors := make([]float64, len(list))
		for i := len(list) - 1; i >= 0; i-- {
			c := &list[i]
			factors[i] = product(c.x, step) / c.dot
			add(step, -factors[i], c.g)
		}
		if len(list) > 0 {
			c := &list[len(list)-1]
			scale(step, c.dot/product(c.g, c.g))
		} else {
			scale(step, 1/max(1, math.Sqrt(product(g, g))))
		}
		for i := range list {
			c := &list[i]
			add(step, factors[i]-product(c.g, step)/c.dot, c.x)
		}
		slope := -product(g, step)
		if !(slope < 0) {
			return round, nil // as far as numbers can tell
		}
		length, low, high := 1., 0., math.Inf(1)
		var v float64
		done := false
		for range tries {
			for i := range x {
				next[i] = x[i] - float64(length*step[i])
			}
			v = f(next, nextG)
			switch {
			case !(v <= value+1e-4*length*slope): // too long, or no number
				high = length
			case -product(nextG, step) < .9*slope: // too short
				low = length
			default:
				done = true
			}
			if done {
				break
			}
			if length = (low + high) / 2; math.IsInf(high, 0) {
				length = 2 * low
			}
		}
		if !done && !(v < value) {
			return round, nil
		}
		c := change{make([]float64, n), make([]float64, n), 0}
		for i := range x {
			c.x[i], c.g[i] = next[i]-x[i], nextG[i]-g[i]
		}
		if c.dot = product(c.x, c.g); c.dot > 1e-14*product(c.g, c.g) {
			if list = append(list, c); len(list) > remembered {
				list = list[1:]
			}
		}
		copy(x, next)
		copy(g, nextG)
		value = v
	}
	return most, nil
}

func largest(x []float64) (most float64) {
	for _, v := range x {
		most = max(most, math.Abs(v))
	}
	return most
}

func product(a, b []float64) (sum float64) {
	for i, v := range a {
		sum += float64(v * b[i])
	}
	return sum
}

func add(to []float64, factor float64, x []float64) {
	for i, v := range x {
		to[i] += float64(factor * v)
	}
}

func scale(x []float64, factor float64) {
	for i := range x {
		x[i] *= factor
	}
}
