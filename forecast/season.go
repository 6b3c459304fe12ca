package forecast

import (
	"math"
)

// trendOf is the centred moving mean over a period, by which a series is freed of its season: NaN where it would
// reach beyond the ends. Of an even number of steps the outer two count half.
func trendOf(x []float64, m int) []float64 {
	out := make([]float64, len(x))
	half := m / 2
	for i := range out {
		out[i] = math.NaN()
		if i < half || i+half >= len(x) {
			continue
		}
		sum := 0.0
		for j := i - half; j <= i+half; j++ {
			w := 1.0
			if m%2 == 0 && (j == i-half || j == i+half) {
				w = 0.5
			}
			sum += float64(w * x[j])
		}
		out[i] = sum / float64(m)
	}
	return out
}

// seasonOf is the mean of what a series has above its trend at each step of the period, in sum 0; multiplied,
// it is the mean of their ratios, on average 1.
func seasonOf(x []float64, m int, multiplied bool) []float64 {
	trend := trendOf(x, m)
	sum, n := make([]float64, m), make([]float64, m)
	for i, t := range trend {
		if math.IsNaN(t) {
			continue
		}
		if multiplied {
			sum[i%m] += x[i] / t
		} else {
			sum[i%m] += x[i] - t
		}
		n[i%m]++
	}
	mean := 0.0
	for i := range sum {
		sum[i] /= max(1, n[i])
		mean += sum[i] / float64(m)
	}
	for i := range sum {
		if multiplied {
			sum[i] /= mean
		} else {
			sum[i] -= mean
		}
	}
	return sum
}

// line is the one through values at 0, 1, ... with the least squares.
func line(y []float64) (at0, slope float64) {
	n := float64(len(y))
	middle := (n - 1) / 2
	var mean, up, across float64
	for _, v := range y {
		mean += v / n
	}
	for i, v := range y {
		d := float64(i) - middle
		up += float64(d * (v - mean))
		across += float64(d * d)
	}
	if across > 0 {
		slope = up / across
	}
	return mean - float64(slope*middle), slope
}

// filled has a line between known values in the place of unknown ones, and before the first and behind the last
// these. There is at least one.
func filled(x []float64) []float64 {
	out := make([]float64, len(x))
	last := -1
	for i, v := range x {
		out[i] = v
		if math.IsNaN(v) {
			if last >= 0 {
				out[i] = x[last]
			}
			continue
		}
		for j := last + 1; j < i; j++ {
			out[j] = v
			if last >= 0 {
				out[j] = x[last] + float64((v-x[last])*(float64(j-last)/float64(i-last)))
			}
		}
		last = i
	}
	return out
}

func count(x []float64) (known int) {
	for _, v := range x {
		if !math.IsNaN(v) {
			known++
		}
	}
	return known
}
