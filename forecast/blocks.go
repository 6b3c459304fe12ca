package forecast

import (
	"fmt"
	"math"
	"slices"

	"pipe/base/exact"
	"pipe/base/random"
)

// An Interval is of a mean, and holds it with a confidence.
type Interval struct {
	Mean, Low, High float64
	Block           int // how many neighbours were drawn together
}

const (
	drawn       = 2000 // resamples
	fewestBlock = 5    // blocks, below which there is no interval
)

// BlockLength is how many of n origins are drawn together unless asked for otherwise: the next whole number to the
// cube root of n, or as many as have steps in common, if they are more.
func BlockLength(n, steps, every int) int {
	overlap := (steps + every - 1) / every
	return max(1, overlap, int(math.Ceil(math.Cbrt(float64(n)))))
}

// Paired is the interval of the mean of a - b by the circular block bootstrap (D. Politis and J. Romano, 1992): blocks
// of neighbours are drawn together, since errors of origins that follow each other are alike, and the last ones are
// neighbours of the first. Both are losses at the same origins, in order of time; pairs of which one is NaN are left
// out. It is the same for the same values.
func Paired(a, b []float64, block int, confidence float64) (Interval, error) {
	if len(a) != len(b) {
		return Interval{}, fmt.Errorf("there are %d and %d losses", len(a), len(b))
	}
	if !(confidence > 0 && confidence < 1) {
		return Interval{}, fmt.Errorf("a confidence of %v is not possible: it lies between 0 and 1", confidence)
	}
	var d []float64
	for i := range a {
		if v := a[i] - b[i]; !math.IsNaN(v) && !math.IsInf(v, 0) {
			d = append(d, v)
		}
	}
	n := len(d)
	if block < 1 || n < fewestBlock*block {
		return Interval{}, fmt.Errorf("%d origins are too few for blocks of %d: %d are needed", n, block, fewestBlock*max(1, block))
	}
	total := func(of func(i int) float64, n int) float64 {
		var sum exact.Sum
		for i := range n {
			sum.Add(of(i))
		}
		return sum.Value() / float64(n)
	}
	mean := total(func(i int) float64 { return d[i] }, n)
	means := make([]float64, drawn)
	places := make([]int, n)
	for r := range means {
		stream := random.New(0, "forecast.blocks", 0).At(uint64(r))
		for i := range places {
			places[i] = stream.Block(i, n, block)
		}
		means[r] = total(func(i int) float64 { return d[places[i]] }, n)
	}
	slices.Sort(means)
	tail := (1 - confidence) / 2
	at := func(q float64) float64 { // as NumPy has it by default
		x := q * float64(len(means)-1)
		i := min(int(x), len(means)-2)
		return means[i] + float64((x-float64(i))*(means[i+1]-means[i]))
	}
	return Interval{Mean: mean, Low: at(tail), High: at(1 - tail), Block: block}, nil
}
