package profile

import "math"

// moments are sums over numbers, by the method of Welford, which loses no digits
// where the mean is far from zero.
type moments struct {
	n             int64
	mean, squares float64
	min, max      float64
}

func (m *moments) add(x float64) {
	if m.n++; m.n == 1 {
		m.min, m.max = x, x
	}
	m.min, m.max = min(m.min, x), max(m.max, x)
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.squares += float64(d * (x - m.mean))
}

func (m *moments) numbers() *Numbers {
	return &Numbers{Mean: finite(m.mean), Deviation: finite(math.Sqrt(m.squares / float64(m.n)))}
}

// finite keeps what JSON can hold: sums of numbers near the largest may not.
func finite(x float64) float64 {
	if x-x != 0 {
		return math.MaxFloat64
	}
	return x
}
