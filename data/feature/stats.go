package feature

import (
	"math"

	"pipe/base/exact"
)

// epsilon is the distance from 1 to the next float64.
const epsilon = 0x1p-52

// moments are what one pass over a column tells. NaN is a missing value.
type moments struct {
	n, missing int64
	sum        exact.Sum
	min, max   float64
}

func (m *moments) add(x float64) {
	if math.IsNaN(x) {
		m.missing++
		return
	}
	if m.n == 0 || x < m.min {
		m.min = x
	}
	if m.n == 0 || x > m.max {
		m.max = x
	}
	m.n++
	m.sum.Add(x)
}

// addAll adds values in order. Sums that stay in registers take half of the time.
func (m *moments) addAll(values []float64) {
	sum, least, most := m.sum, m.min, m.max
	if m.n == 0 {
		least, most = math.Inf(1), math.Inf(-1)
	}
	missing := 0
	for _, x := range values {
		if x != x {
			missing++
			continue
		}
		if x < least {
			least = x
		}
		if x > most {
			most = x
		}
		sum.Add(x)
	}
	m.missing += int64(missing)
	if n := int64(len(values) - missing); n > 0 {
		m.n, m.sum, m.min, m.max = m.n+n, sum, least, most
	}
}

// mean is the mean of the values that are there.
func (m *moments) mean() float64 { return m.sum.Value() / float64(m.n) }

// filled are the moments of the column with fill in place of what is missing.
func (m moments) filled(fill float64) moments {
	if m.missing == 0 {
		return m
	}
	if m.n == 0 {
		m.min, m.max = fill, fill
	}
	k := float64(m.missing)
	m.n, m.missing = m.n+m.missing, 0
	m.sum.Add(k * fill)
	m.min, m.max = min(m.min, fill), max(m.max, fill)
	return m
}

// deviations sum up the distances from a center in a second pass, which loses
// no digits where sum(x^2) - n*mean^2 would lose all of them.
type deviations struct {
	center         float64
	n              int64
	first, squares exact.Sum
}

func (d *deviations) add(x float64) {
	if math.IsNaN(x) {
		return
	}
	e := x - d.center
	d.n++
	d.first.Add(e)
	d.squares.Add(float64(e * e))
}

// addAll adds values in order, as that of moments.
func (d *deviations) addAll(values []float64) {
	center, n, first, squares := d.center, d.n, d.first, d.squares
	for _, x := range values {
		if x != x {
			continue
		}
		e := x - center
		n++
		first.Add(e)
		squares.Add(float64(e * e))
	}
	d.n, d.first, d.squares = n, first, squares
}

// variance has ddof 0. The square of the first moment corrects for the
// rounding of the center (Chan, Golub, LeVeque, 1983).
func (d *deviations) variance() float64 {
	n, first := float64(d.n), d.first.Value()
	return max(0, (d.squares.Value()-float64(first*first)/n)/n)
}

// An affine is (x - Center) / Scale.
type affine struct{ Center, Scale float64 }

// standard is the scaling of StandardScaler. The variance of a constant column
// is not quite zero after rounding; the bound is that of scikit-learn.
func standard(mean, variance float64, n int64) affine {
	k := float64(n)
	bound := float64(float64(k*epsilon)*variance) + math.Pow(k*mean*epsilon, 2)
	if variance <= bound {
		return affine{mean, 1}
	}
	return affine{mean, math.Sqrt(variance)}
}

// nonzero is the scale, or 1 where it is zero but for rounding.
func nonzero(scale float64) float64 {
	if scale < 10*epsilon {
		return 1
	}
	return scale
}

func minMax(least, most float64) affine { return affine{least, nonzero(most - least)} }

func maxAbs(least, most float64) affine {
	return affine{0, nonzero(max(math.Abs(least), math.Abs(most)))}
}

func robust(o *Order) affine {
	return affine{o.Median(), nonzero(o.Quantile(0.75) - o.Quantile(0.25))}
}

// median is between the two numbers in the middle of the others.
func median(a, b float64) float64 {
	if m := (a + b) / 2; !math.IsInf(m, 0) {
		return m
	}
	return a/2 + b/2
}

// between gives the places of n sorted values that a quantile lies between, and how
// far it is from the first.
func between(n int64, q float64) (a, b int64, t float64) {
	at := float64(n-1) * q
	a = int64(at)
	if a+1 >= n {
		return n - 1, n - 1, 0
	}
	return a, a + 1, at - float64(a)
}

// quantile of n sorted values, at least one, by linear interpolation: method 7
// of Hyndman and Fan, with the rounding of numpy.
func quantile(value func(at int64) float64, n int64, q float64) float64 {
	i, j, t := between(n, q)
	if i == j {
		return value(i)
	}
	a, b := value(i), value(j)
	if math.IsInf(b-a, 0) {
		return float64(a*(1-t)) + float64(b*t)
	}
	if t >= 0.5 {
		return b - float64((b-a)*(1-t))
	}
	return a + float64((b-a)*t)
}
