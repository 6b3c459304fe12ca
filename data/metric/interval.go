package metric

import (
	"context"
	"fmt"
	"math"
	"slices"
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
	Newcombe  Method = "newcombe"  // for differences and ratios of two groups, see Gap
)

// Score is the score interval of a proportion p over a number of rows (E. B. Wilson,
// 1927). Unlike the textbook interval it stays within [0, 1] and holds for
// few rows and for proportions near 0 and 1.
func Score(p, rows float64) Interval {
	z2n := z * z / rows
	centre := (p + z2n/2) / (1 + z2n)
	half := z / (1 + z2n) * math.Sqrt(p*(1-p)/rows+z2n/(4*rows))
	// At 0 and 1 the bound is the proportion itself, but for rounding.
	return Interval{Low: max(0, min(centre-half, p)), High: min(1, max(centre+half, p)), Method: Wilson}
}

// A Drawing is how rows are drawn again.
type Drawing struct {
	Threads int // that run at once; they do not change the result
	// Block is how many rows that follow each other are drawn together, where they are alike:
	// of rows in time that are drawn one by one, intervals are too narrow. 0 and 1 draw each by
	// itself. Of fewer than five blocks there is no interval, and Wilson's is of none.
	Block int
}

// Without says why so many rows have no interval that is found by drawing; it is empty if they do.
func (o Drawing) Without(rows int) string {
	switch {
	case rows < fewestRows:
		return fmt.Sprintf("%d rows are fewer than the %d that an interval takes", rows, fewestRows)
	case o.Block > 1 && rows/fewestBlocks < o.Block:
		return fmt.Sprintf("%d rows are fewer than %d blocks of %d", rows, fewestBlocks, o.Block)
	}
	return ""
}

// Intervals computes a confidence interval for each metric: Wilson's for
// proportions of rows, for the others the percentile bootstrap over rows (Efron
// 1979); see resampling. An interval is nil where the metric is undefined in the
// sample or in more than half of the resamples, where rows are too many to draw
// them all and it is of a single row, and, but for Wilson's, of fewer than six rows.
//
// The resamples are a fixed function of the number of rows, so that the
// intervals belong to the data and not to the seed of a run.
func (o Drawing) Intervals(ctx context.Context, s Sample, metrics List) ([]*Interval, error) {
	intervals := make([]*Interval, len(metrics))
	_, several := s.(*Several)   // then a share may be of labels, which are no rows
	_, repeated := s.(*Repeated) // and it is of rows that do not vary by themselves
	var ask List
	var at []int
	var values []float64
	for i, v := range s.Measure(metrics, nil) {
		switch {
		case v.Undefined != "" || v.Unweighted && s.Rows() > drawable(repetitions(s)) && o.Block <= 1:
		case v.Interval == Wilson && !several && !repeated && !s.isWeighted() && o.Block <= 1:
			w := Score(v.Value, float64(s.Rows()))
			intervals[i] = &w
		default:
			ask, at, values = append(ask, v.Def), append(at, i), append(values, v.Value)
		}
	}
	if len(ask) == 0 {
		return intervals, nil
	}
	r := resampled(o.Block, s)
	drawn, whole, err := r.part(s)
	if err != nil {
		return nil, err
	}
	draws, err := r.draw(ctx, o.Threads, func(count []int32) []Value { return drawn.Measure(ask, count) })
	if err != nil {
		return nil, err
	}
	for j, of := range ask {
		in := percentile(draws, j)
		if in != nil && r.rows != nil {
			in = in.about(of, values[j], whole)
		}
		intervals[at[j]] = in
	}
	return intervals, nil
}

// about moves the interval of a part of the rows to where the metric of all is.
func (in *Interval) about(of *Def, value float64, part Sample) *Interval {
	v := part.Measure(List{of}, nil)[0]
	if v.Undefined != "" {
		return nil
	}
	by := value - v.Value
	return &Interval{Low: max(of.Range.Low, min(in.Low+by, value)), High: min(of.Range.High, max(in.High+by, value)), Method: in.Method}
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
