package metric

import (
	"context"
	"math"
	"slices"
	"sync"

	"pipe/base/random"
)

// Level is the confidence level of every interval.
const Level = 0.95

// z is the 97.5% quantile of the standard normal distribution.
const z = 1.959963984540054

// An Interval is a confidence interval at Level.
type Interval struct {
	Low, High float64
	Method    Method
}

// A Method is how an interval is found.
type Method string

const (
	Wilson    Method = "wilson"    // for shares of rows, see Score
	Bootstrap Method = "bootstrap" // for all others
)

// Score is the score interval of a proportion p over n rows (E. B. Wilson,
// 1927). Unlike the textbook interval it stays within [0, 1] and holds for
// few rows and for proportions near 0 and 1.
func Score(p float64, n int) Interval {
	rows := float64(n)
	z2n := z * z / rows
	centre := (p + z2n/2) / (1 + z2n)
	half := z / (1 + z2n) * math.Sqrt(p*(1-p)/rows+z2n/(4*rows))
	// At 0 and 1 the bound is the proportion itself, but for rounding.
	return Interval{Low: max(0, min(centre-half, p)), High: min(1, max(centre+half, p)), Method: Wilson}
}

// resamples bounds the cost of the bootstrap: at most 10 million draws. Beyond
// 50,000 rows there is none, as an interval would be narrower than the digits
// that people read.
func resamples(rows int) int {
	switch {
	case rows < 2 || rows > 50_000:
		return 0
	case rows > 10_000:
		return 200
	}
	return 1000
}

// Intervals computes a confidence interval for each metric: Wilson's for
// proportions, for the others the percentile bootstrap over rows (Efron 1979).
// An interval is nil where the metric is undefined in the sample or in more
// than half of the resamples, or where there are too many rows to need one.
//
// The resamples are a fixed function of the number of rows, so that the
// intervals belong to the data and not to the seed of a run. threads bounds
// the concurrency and does not change the result.
func Intervals(ctx context.Context, s Sample, metrics List, threads int) ([]*Interval, error) {
	intervals := make([]*Interval, len(metrics))
	_, several := s.(*Several) // then a share may be of labels, which are no rows
	var ask List
	var at []int
	for i, v := range s.Measure(metrics, nil) {
		switch {
		case v.Undefined != "":
		case v.Interval == Wilson && !several:
			w := Score(v.Value, s.Rows())
			intervals[i] = &w
		default:
			ask, at = append(ask, v.Def), append(at, i)
		}
	}
	if len(ask) == 0 {
		return intervals, nil
	}
	draws, err := bootstrap(ctx, s, ask, threads)
	if err != nil {
		return nil, err
	}
	for j := range ask {
		intervals[at[j]] = percentile(draws, j)
	}
	return intervals, nil
}

// bootstrap measures every resample. Resample b is a pure function of b, and
// results are kept by b, so that threads do not show.
func bootstrap(ctx context.Context, s Sample, metrics List, threads int) ([][]Value, error) {
	n := s.Rows()
	draws := make([][]Value, resamples(n))
	stream := random.New(0, "evaluate.bootstrap", 0)
	threads = max(1, min(threads, len(draws)))
	var wg sync.WaitGroup
	for worker := range threads {
		wg.Go(func() {
			count := make([]int32, n)
			for b := worker; b < len(draws) && ctx.Err() == nil; b += threads {
				clear(count)
				at := stream.At(uint64(b))
				for i := range n {
					count[at.IntN(uint64(i), n)]++
				}
				draws[b] = s.Measure(metrics, count)
			}
		})
	}
	wg.Wait()
	return draws, ctx.Err()
}

// percentile is the interval between the 2.5% and 97.5% quantiles of metric j.
func percentile(draws [][]Value, j int) *Interval {
	var x []float64
	for _, d := range draws {
		if d[j].Undefined == "" {
			x = append(x, d[j].Value)
		}
	}
	if len(x) == 0 || 2*len(x) < len(draws) {
		return nil
	}
	slices.Sort(x)
	return &Interval{Low: Quantile(x, (1-Level)/2), High: Quantile(x, (1+Level)/2), Method: Bootstrap}
}

// Quantile is the q-quantile of sorted values, linear between neighbours (the
// default of NumPy).
func Quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(math.Floor(at))
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + float64((at-float64(i))*(sorted[i+1]-sorted[i]))
}
