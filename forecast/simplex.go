package forecast

import (
	"math"
	"slices"

	"pipe/base/exact"
)

// A point is where a function was measured.
type point struct {
	x []float64
	f float64
}

func byValue(a, b point) int {
	switch {
	case a.f < b.f:
		return -1
	case a.f > b.f:
		return 1
	}
	return 0
}

// minimise walks down a function from the best three of some starts, and once more from where it comes to: step is
// how large the first simplex is. It takes the same paths every time. A function is +Inf where it is not defined.
func minimise(f func(x []float64) float64, step float64, starts ...[]float64) point {
	var from []point
	for _, x := range starts {
		from = append(from, point{x, f(x)})
	}
	slices.SortStableFunc(from, byValue)
	best := from[0]
	for _, p := range from[:min(3, len(from))] {
		if p = walk(f, p, step); p.f < best.f {
			best = p
		}
	}
	return walk(f, best, step)
}

// walk goes down by the simplex of Nelder and Mead (1965), with the usual coefficients.
func walk(f func(x []float64) float64, from point, step float64) point {
	const evaluations, close = 1000, 1e-12
	at := func(x []float64) point { return point{x, f(x)} }
	best := from
	n := len(best.x)
	if n == 0 {
		return best
	}
	simplex := []point{best}
	for i := range n {
		x := slices.Clone(best.x)
		x[i] += step
		simplex = append(simplex, at(x))
	}
	for used := n; used < evaluations; {
		slices.SortStableFunc(simplex, byValue)
		worst := &simplex[n]
		if d := worst.f - simplex[0].f; d <= close*math.Abs(simplex[0].f) && !math.IsInf(worst.f, 0) {
			break
		}
		centre := make([]float64, n)
		for _, p := range simplex[:n] {
			for i := range centre {
				centre[i] += p.x[i] / float64(n)
			}
		}
		along := func(by float64) point { // of the line from the worst through the centre
			x := make([]float64, n)
			for i := range x {
				x[i] = centre[i] + float64(by*(centre[i]-worst.x[i]))
			}
			used++
			return at(x)
		}
		reflected := along(1)
		switch {
		case reflected.f < simplex[0].f:
			if expanded := along(2); expanded.f < reflected.f {
				*worst = expanded
			} else {
				*worst = reflected
			}
		case reflected.f < simplex[n-1].f:
			*worst = reflected
		default:
			by := -0.5
			if reflected.f < worst.f {
				by = 0.5
			}
			if contracted := along(by); contracted.f < min(worst.f, reflected.f) {
				*worst = contracted
				continue
			}
			for j := range simplex[1:] { // towards the best
				x := make([]float64, n)
				for i := range x {
					x[i] = simplex[0].x[i] + float64(0.5*(simplex[j+1].x[i]-simplex[0].x[i]))
				}
				simplex[j+1] = at(x)
				used++
			}
		}
	}
	slices.SortStableFunc(simplex, byValue)
	return simplex[0]
}

// logit is the inverse of the logistic function: parameters that lie between bounds are walked through without them.
func logit(p float64) float64 { return exact.Log(p / (1 - p)) }
