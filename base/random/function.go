package random

import "math"

// Functions with the same bits on every machine, which those of package math do
// not promise: products are rounded before they are added.

// log is the natural logarithm of a positive normal x, after FreeBSD's e_log.c:
// with x = 2^k (1+f) and s = f/(2+f), log(1+f) = f - f²/2 + s (f²/2 + R(s²)).
func log(x float64) float64 {
	const (
		ln2Hi = 6.93147180369123816490e-01 // k ln2Hi is exact
		ln2Lo = 1.90821492927058770002e-10
	)
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m *= 2
		e--
	}
	f, k := m-1, float64(e)
	s := f / (2 + f)
	s2 := float64(s * s)
	r, term := 0.0, 1.0
	for _, c := range [...]float64{6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
		1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01} {
		term = float64(term * s2)
		r += float64(c * term)
	}
	h := float64(0.5 * float64(f*f))
	return float64(k*ln2Hi) - ((h - (float64(s*(h+r)) + float64(k*ln2Lo))) - f)
}

// cosTurn is cos(2 pi x) for x from 0 to 1.
func cosTurn(x float64) float64 {
	x, sign := math.Abs(x-0.5), -1.0 // cos(2 pi x) = -cos(2 pi (x - 1/2))
	if x > 0.25 {
		x, sign = 0.5-x, 1
	}
	if x > 0.125 {
		return sign * taylor(2*math.Pi*(0.25-x), 1)
	}
	return sign * taylor(2*math.Pi*x, 0)
}

// taylor is the cosine (first = 0) or the sine (1) of x, |x| <= pi/4, by eleven
// terms of its series.
func taylor(x, first float64) float64 {
	square, term := float64(x*x), 1.0
	if first == 1 {
		term = x
	}
	sum := term
	for k := first + 1; k < first+21; k += 2 {
		term = -float64(term*square) / float64(k*(k+1))
		sum += term
	}
	return sum
}
