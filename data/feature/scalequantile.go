package feature

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"pipe/base/exact"
)

// A Distribution is what the values of a column are to be like.
type Distribution string

const (
	Uniform Distribution = "uniform" // from 0 to 1
	Normal  Distribution = "normal"  // with mean 0 and deviation 1
)

const (
	defaultQuantiles = 1000
	// rankMargin is how near to the ends of the range of training a number is at the
	// end of a normal distribution, and how near to 0 and 1 a share may come that
	// becomes one, both as scikit-learn has them.
	rankMargin = 1e-7
)

// fitQuantiles learns the values below which evenly spaced shares of the rows lie, of
// all rows, where scikit-learn draws some.
func (s *Scale) fitQuantiles(in *Input) Fitter {
	order := in.Order()
	return Learned(func() (Fitted, error) {
		most := defaultQuantiles
		if s.Quantiles != nil {
			most = *s.Quantiles
		}
		shares := evenShares(int(min(int64(most), order.Rows())))
		for i := range shares {
			shares[i] = float64(shares[i]*100) / 100 // they are percents there
		}
		f := ranking{Scaling: Quantile, Output: s.Output, Quantiles: order.Quantiles(shares)}
		if f.Output == "" {
			f.Output = Uniform
		}
		if least, most := f.Quantiles[0], f.Quantiles[len(f.Quantiles)-1]; f.Output == Normal && least < most && most-least <= 2*rankMargin {
			in.remarkAlways(fmt.Sprintf("no two values are more than %v apart, and all become %.2g or %.2g, as those within %v of the ends do", most-least, leastNormal, mostNormal, rankMargin),
				"put `scale: standard` before it")
		}
		return f.prepared(), in.finite(f.Quantiles...)
	})
}

// evenShares are n numbers from 0 to 1, rounded as those of numpy.
func evenShares(n int) []float64 {
	shares := make([]float64, max(1, n))
	if n > 1 {
		step := 1 / float64(n-1)
		for i := range shares {
			shares[i] = float64(i) * step
		}
		shares[n-1] = 1
	}
	return shares
}

// A ranking makes of a number the share of the rows that have less.
type ranking struct {
	Scaling   Scaling      `json:"scaling"`
	Output    Distribution `json:"output"`
	Quantiles []float64    `json:"quantiles"`

	shares []float64 // of the quantiles
	first  []int     // the first quantile that is equal to each
}

func (f ranking) prepared() ranking {
	f.shares = evenShares(len(f.Quantiles))
	f.first = make([]int, len(f.Quantiles))
	for i := 1; i < len(f.first); i++ {
		if f.first[i] = i; f.Quantiles[i] == f.Quantiles[i-1] {
			f.first[i] = f.first[i-1]
		}
	}
	return f
}

func (f ranking) check() error {
	switch {
	case f.Output != Uniform && f.Output != Normal:
		return fmt.Errorf("unknown output %q", f.Output)
	case len(f.Quantiles) == 0:
		return errors.New("there are no quantiles")
	case !slices.IsSorted(f.Quantiles):
		return errors.New("the quantiles are not in order")
	}
	return nil
}

// Outputs implements Fitted.
func (ranking) Outputs() []Output { return nil }

var leastNormal, mostNormal = exact.NormalQuantile(rankMargin - 0x1p-52), exact.NormalQuantile(1 - (rankMargin - 0x1p-52))

// Apply implements Fitted.
func (f ranking) Apply(v *Values, _ *Out) {
	least, most := f.Quantiles[0], f.Quantiles[len(f.Quantiles)-1]
	if f.Output == Uniform {
		for i, x := range v.Numbers {
			switch {
			case x != x:
			case x <= least:
				v.Numbers[i] = 0
			case x >= most:
				v.Numbers[i] = f.shares[len(f.shares)-1] // 0 if there is but one
			default:
				v.Numbers[i] = f.share(x)
			}
		}
		return
	}
	for i, x := range v.Numbers {
		switch {
		case x != x:
		case x-rankMargin < least:
			v.Numbers[i] = leastNormal
		case x+rankMargin > most:
			v.Numbers[i] = mostNormal
		default:
			v.Numbers[i] = min(max(exact.NormalQuantile(f.share(x)), leastNormal), mostNormal)
		}
	}
}

// share interpolates between the quantiles around an x that lies between the first
// and the last. Of several that are equal to it, it takes the middle.
func (f *ranking) share(x float64) float64 {
	// The last quantile that is not above x.
	at, above := 0, len(f.Quantiles)
	for above-at > 1 {
		if middle := int(uint(at+above) / 2); f.Quantiles[middle] <= x {
			at = middle
		} else {
			above = middle
		}
	}
	a, b := f.shares[at], 0.0
	if q := f.Quantiles[at]; q == x {
		b = f.shares[f.first[at]]
	} else {
		next, rise := f.Quantiles[above], f.shares[above]-a
		by := 1.0 // keeps what is between two numbers, and the slope, in the range of a float64
		switch width := next - q; {
		case math.IsInf(width, 0):
			by = 0.5
		case math.IsInf(rise/width, 0):
			by = 0x1p200
		}
		q, x, next = float64(q*by), float64(x*by), float64(next*by)
		slope := rise / (next - q)
		b = f.shares[above] - float64(slope*(next-x))
		a += float64(slope * (x - q))
	}
	return float64(0.5 * (a + b))
}
