// Package exact computes functions of float64 that give the same bits on every
// machine.
package exact

import "math"

// The functions below are computed in float64 with every product rounded
// before it is added (the conversions forbid the compiler to fuse), so that
// they give the same bits on every machine. Go's math package does not promise
// that: some of its functions are assembly that depends on the processor.
// Relative errors are below 1e-12, far under half a unit of a float32.

const (
	ln2Hi = 6.93147180369123816490e-01 // the upper bits of ln 2; k*ln2Hi is exact for |k| < 2048
	ln2Lo = 1.90821492927058770002e-10
)

// Bits of numbers.
const (
	leastNormal = 0x0010000000000000
	infinity    = 0x7ff0000000000000
	halfRoot    = 0x3fe6a09e667f3bcd // the square root of 2, halved
)

// scaled is math.Ldexp, at once where neither y nor the result is far from 1.
func scaled(y float64, k int) float64 {
	if b := math.Float64bits(y) &^ (1 << 63); b-0x2000000000000000 < 0x4000000000000000 && -500 < k && k < 500 {
		return y * math.Float64frombits(uint64(k+1023)<<52)
	}
	return math.Ldexp(y, k)
}

// Exp is e to the x, 0 below -745 and +Inf above 709.
func Exp(x float64) float64 {
	switch {
	case x != x:
		return x
	case x > 709.78:
		return math.Inf(1)
	case x < -745.2:
		return 0
	}
	// x = k ln 2 + r with |r| <= ln(2)/2; then a Taylor polynomial of degree
	// 11, whose pairs of terms do not wait for each other (Estrin).
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	r2 := r * r
	r4 := r2 * r2
	p0 := (1 + r) + float64(r2*(1.0/2+float64(r*(1.0/6))))
	p1 := (1.0/24 + float64(r*(1.0/120))) + float64(r2*(1.0/720+float64(r*(1.0/5040))))
	p2 := (1.0/40320 + float64(r*(1.0/362880))) + float64(r2*(1.0/3628800+float64(r*(1.0/39916800))))
	p := p0 + float64(r4*(p1+float64(r4*p2)))
	if k > -1022 && k < 1024 {
		return p * math.Float64frombits(uint64(int64(k)+1023)<<52)
	}
	return math.Ldexp(p, int(k))
}

// Log is the natural logarithm of a positive x, after FreeBSD's e_log.c: with
// x = 2^k (1+f) and s = f/(2+f), log(1+f) = f - f²/2 + s (f²/2 + R(s²)).
func Log(x float64) float64 {
	b := math.Float64bits(x)
	below := 0.0
	if b-leastNormal >= infinity-leastNormal { // which wraps around for subnormal numbers
		switch {
		case x != x || math.IsInf(x, 1):
			return x
		case x < 0:
			return math.NaN()
		case x == 0:
			return math.Inf(-1)
		}
		b, below = math.Float64bits(x*0x1p52), 52
	}
	// 1+f is from sqrt(2)/2 up to sqrt(2), found without a branch, which would be
	// guessed wrong for half of all numbers.
	e := int64(b-halfRoot) >> 52
	f, k := math.Float64frombits(b-uint64(e)<<52)-1, float64(e)-below
	s := f / (2 + f)
	s2 := s * s
	s4 := s2 * s2
	r := float64(s2*(6.666666666666735130e-01+float64(s4*(2.857142874366239149e-01+
		float64(s4*(1.818357216161805012e-01+float64(s4*1.479819860511658591e-01))))))) +
		float64(s4*(3.999999999940941908e-01+float64(s4*(2.222219843214978396e-01+
			float64(s4*1.531383769920937332e-01)))))
	h := float64(0.5 * f * f)
	return float64(k*ln2Hi) - ((h - (float64(s*(h+r)) + float64(k*ln2Lo))) - f)
}

// Log1p is log(1+x) for x > -1, exact to the last bits for small x as well. At
// and below -1 it is as Log at and below 0.
func Log1p(x float64) float64 {
	u := 1 + x
	switch {
	case u == 1:
		return x
	case x <= -1 || x > 1<<54 || x != x: // u-1 tells nothing of x, or is x
		return Log(u)
	}
	return Log(u) * x / (u - 1)
}

// Logistic is 1/(1+e^-x).
func Logistic(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + Exp(-x))
	}
	e := Exp(x)
	return e / (1 + e)
}

// Softmax writes the probabilities that belong to logits.
func Softmax(dst []float64, logits []float32) {
	top := Max(logits)
	sum := 0.0
	for i, v := range logits {
		dst[i] = Exp(float64(v) - top)
		sum += dst[i]
	}
	for i := range dst {
		dst[i] /= sum
	}
}

// Max is the greatest element; NaN if one is NaN.
func Max(v []float32) float64 {
	m := math.Inf(-1)
	for _, x := range v {
		if !(float64(x) <= m) {
			m = float64(x)
		}
		if m != m {
			break
		}
	}
	return m
}

// SinCos is the sine and the cosine of an x from 0 to about 1e6: x = k pi/2 + r,
// and Taylor polynomials of r.
func SinCos(x float64) (sin, cos float64) {
	const hi, lo = 1.57079632673412561417e+00, 6.07710050650619224932e-11 // pi/2; k*hi is exact
	k := math.Floor(float64(x*(2/math.Pi)) + 0.5)
	r := (x - float64(k*hi)) - float64(k*lo)
	r2 := float64(r * r)
	s, c := 0.0, 0.0
	for i := 8; i > 0; i-- { // up to r^17/17! and r^16/16!
		s = float64(-r2*(1+s)) / float64(2*i*(2*i+1))
		c = float64(-r2*(1+c)) / float64(2*i*(2*i-1))
	}
	sin, cos = r+float64(r*s), 1+c
	switch int64(k) & 3 {
	case 1:
		return cos, -sin
	case 2:
		return -sin, -cos
	case 3:
		return -cos, sin
	}
	return sin, cos
}
