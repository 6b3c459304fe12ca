package exact

import (
	"math"
	"math/bits"
)

// The functions below are those of Go's math package, which are after Cephes and
// FreeBSD, with every product rounded before it is added. Their errors are about
// one unit of the last place, those of a large Pow some tens. Exp, which models are trained with, is not among
// them: it is faster, and what it gives is written down in models.

// times is a product that no compiler fuses with a sum.
func times(a, b float64) float64 { return float64(a * b) }

// horner is the polynomial with the highest coefficient first.
func horner(x float64, c *[6]float64) float64 {
	return times(times(times(times(times(c[0], x)+c[1], x)+c[2], x)+c[3], x)+c[4], x) + c[5]
}

// ExpUlp is e to the x to the last place.
func ExpUlp(x float64) float64 {
	switch {
	case x != x || math.IsInf(x, 1):
		return x
	case x > 7.09782712893383973096e+02:
		return math.Inf(1)
	case x < -7.45133219101941108420e+02:
		return 0
	case -1.0/(1<<28) < x && x < 1.0/(1<<28):
		return 1 + x
	}
	k := math.Trunc(times(math.Log2E, x) + math.Copysign(0.5, x))
	hi, lo := x-times(k, ln2Hi), times(k, ln2Lo)
	r := hi - lo
	t := times(r, r)
	c := r - times(t, 1.66666666666666657415e-01+times(t, -2.77777777770155933842e-03+
		times(t, 6.61375632143793436117e-05+times(t, -1.65339022054652515390e-06+times(t, 4.13813679705723846039e-08)))))
	y := 1 - ((lo - times(r, c)/(2-c)) - hi)
	return scaled(y, int(k))
}

// Log2 is the logarithm of base 2, exact for its powers.
func Log2(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 1) {
		return Log(x)
	}
	b, below := math.Float64bits(x), 0.0
	if b < leastNormal {
		b, below = math.Float64bits(x*0x1p52), 52
	}
	// The rest is about 1, where nothing may cancel: 1.03 is 1.03 and not 0.515 times 2.
	e := int64(b-halfRoot) >> 52
	return times(Log(math.Float64frombits(b-uint64(e)<<52)), 1/math.Ln2) + (float64(e) - below)
}

// Log10 is the logarithm of base 10, exact for its powers.
func Log10(x float64) float64 {
	y := times(Log2(x), math.Ln2/math.Ln10)
	whole := math.RoundToEven(y)
	if d := math.Abs(whole - y); d < 1e-9 && d > 0 && math.Abs(whole) < 300 && math.Pow10(int(whole)) == x {
		return whole // of a power of ten, which y is near to
	}
	return y
}

// cut is math.Frexp, at once for most numbers.
func cut(x float64) (frac float64, exp int) {
	b := math.Float64bits(x)
	if e := b >> 52 & 0x7ff; e-1 < 0x7fe {
		return math.Float64frombits(b&^(0x7ff<<52) | 1022<<52), int(e) - 1022
	}
	return math.Frexp(x)
}

// Pow is x to the power of y.
func Pow(x, y float64) float64 {
	switch {
	case y == 0 || x == 1 || y == 1 || x == 0 || x != x || y != y || math.IsInf(x, 0) || math.IsInf(y, 0):
		return math.Pow(x, y) // which has nothing to compute
	case y == 0.5:
		return math.Sqrt(x)
	case y == -0.5:
		return 1 / math.Sqrt(x)
	}
	yi := math.Floor(math.Abs(y))
	yf := math.Abs(y) - yi
	switch {
	case yf != 0 && x < 0:
		return math.NaN()
	case yi < 1<<63:
	case x == -1:
		return 1
	case (math.Abs(x) < 1) == (y > 0):
		return 0
	default:
		return math.Inf(1)
	}
	// x^y = a 2^e: first for what is behind the point of y, then by squaring.
	a, e := 1.0, 0
	if yf != 0 {
		if yf > 0.5 {
			yf--
			yi++
		}
		a = ExpUlp(times(yf, Log(x)))
	}
	square, exp := cut(x)
	for i := int64(yi); i != 0; i >>= 1 {
		if exp < -1<<12 || 1<<12 < exp {
			e += exp // far beyond what there is, and a further shift would be too far
			break
		}
		if i&1 == 1 {
			a *= square
			e += exp
		}
		if i == 1 {
			break
		}
		square *= square
		exp <<= 1
		if square < .5 {
			square += square
			exp--
		}
	}
	if y < 0 {
		a, e = 1/a, -e
	}
	return scaled(a, e)
}

// octant cuts x >= 0 into an even number of eighths of a circle, as far as 8 of
// them count, and a rest.
func octant(x float64) (j uint64, z float64) {
	if x >= 1<<29 {
		return reduce(x)
	}
	j = uint64(times(x, 4/math.Pi))
	y := float64(j)
	if j&1 == 1 {
		j++
		y++
	}
	return j & 7, ((x - times(y, 7.85398125648498535156e-1)) - times(y, 3.77489470793079817668e-8)) - times(y, 2.69515142907905952645e-15)
}

// reduce is octant for a large x, after M. Payne and R. Hanek: x times 4/pi in as
// many digits as matter.
func reduce(x float64) (j uint64, z float64) {
	const bias, shift = 1023, 52
	ix := math.Float64bits(x)
	exp := int(ix>>shift&0x7ff) - bias - shift
	ix = ix&(1<<shift-1) | 1<<shift
	digit, by := uint(exp+61)/64, uint(exp+61)%64
	at := func(i uint) uint64 { return fourOverPi[digit+i]<<by | fourOverPi[digit+i+1]>>(64-by) }
	z2hi, _ := bits.Mul64(at(2), ix)
	z1hi, z1lo := bits.Mul64(at(1), ix)
	lo, carry := bits.Add64(z1lo, z2hi, 0)
	hi, _ := bits.Add64(at(0)*ix, z1hi, carry)
	j = hi >> 61
	hi = hi<<3 | lo>>61
	zeros := uint(bits.LeadingZeros64(hi))
	hi = (hi<<(zeros+1) | lo>>(64-(zeros+1))) >> (64 - shift)
	z = math.Float64frombits(hi | uint64(bias-(zeros+1))<<shift)
	if j&1 == 1 {
		j = (j + 1) & 7
		z--
	}
	return j, times(z, math.Pi/4)
}

// fourOverPi are the binary digits of 4/pi.
var fourOverPi = [...]uint64{
	0x0000000000000001, 0x45f306dc9c882a53, 0xf84eafa3ea69bb81, 0xb6c52b3278872083, 0xfca2c757bd778ac3,
	0x6e48dc74849ba5c0, 0x0c925dd413a32439, 0xfc3bd63962534e7d, 0xd1046bea5d768909, 0xd338e04d68befc82,
	0x7323ac7306a673e9, 0x3908bf177bf25076, 0x3ff12fffbc0b301f, 0xde5e2316b414da3e, 0xda6cfd9e4f96136e,
	0x9e8c7ecd3cbfd45a, 0xea4f758fd7cbe2f6, 0x7a0e73ef14a525d4, 0xd7f6bf623f1aba10, 0xac06608df8f6d757,
}

var (
	sinCoefficients = [6]float64{1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6,
		-1.98412698295895385996e-4, 8.33333333332211858878e-3, -1.66666666666666307295e-1}
	cosCoefficients = [6]float64{-1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7,
		2.48015872888517045348e-5, -1.38888888888730564116e-3, 4.16666666666665929218e-2}
)

// wave is the sine of an eighth of a circle and less, or the cosine.
func wave(z float64, cosine bool) float64 {
	zz := times(z, z)
	if cosine {
		return 1 - times(0.5, zz) + times(times(zz, zz), horner(zz, &cosCoefficients))
	}
	return z + times(times(z, zz), horner(zz, &sinCoefficients))
}

// Sin is the sine of any x.
func Sin(x float64) float64 {
	if x == 0 || x != x || math.IsInf(x, 0) {
		return x - x + x*0 // 0 with its sign, or NaN
	}
	j, z := octant(math.Abs(x))
	y := wave(z, j&3 == 1 || j&3 == 2)
	if (x < 0) != (j > 3) {
		return -y
	}
	return y
}

// Cos is the cosine of any x.
func Cos(x float64) float64 {
	if x != x || math.IsInf(x, 0) {
		return math.NaN()
	}
	j, z := octant(math.Abs(x))
	y := wave(z, j&3 != 1 && j&3 != 2)
	if j > 1 && j < 6 {
		return -y
	}
	return y
}

// Tan is the tangent of any x.
func Tan(x float64) float64 {
	if x == 0 || x != x || math.IsInf(x, 0) {
		return Sin(x)
	}
	j, z := octant(math.Abs(x))
	zz, y := times(z, z), z
	if zz > 1e-14 {
		p := times(times(-1.30936939181383734205e4, zz)+1.15351664838587416140e6, zz) + -1.79565251976484877988e7
		q := times(times(times(zz+1.36812963470692954678e4, zz)+-1.32089234440210967447e6, zz)+2.50083801823357915839e7, zz) + -5.38695755929454629881e7
		y = z + times(z, times(zz, p)/q)
	}
	if j&2 == 2 {
		y = -1 / y
	}
	if x < 0 {
		return -y
	}
	return y
}

// arc is the arctangent from 0 to 0.66.
func arc(x float64) float64 {
	z := times(x, x)
	p := times(times(times(times(-8.750608600031904122785e-01, z)+-1.615753718733365076637e+01, z)+-7.500855792314704667340e+01, z)+
		-1.228866684490136173410e+02, z) + -6.485021904942025371773e+01
	q := times(times(times(times(z+2.485846490142306297962e+01, z)+1.650270098316988542046e+02, z)+4.328810604912902668951e+02, z)+
		4.853903996359136964868e+02, z) + 1.945506571482613964425e+02
	return times(x, times(z, p)/q) + x
}

// Atan is the arctangent.
func Atan(x float64) float64 {
	if x == 0 || x != x {
		return x
	}
	const rest = 6.123233995736765886130e-17 // of pi/2, behind what a float64 holds
	a, y := math.Abs(x), 0.0
	switch {
	case a <= 0.66:
		y = arc(a)
	case a > 2.41421356237309504880: // tan(3 pi/8)
		y = math.Pi/2 - arc(1/a) + rest
	default:
		y = math.Pi/4 + arc((a-1)/(a+1)) + 0.5*rest
	}
	return math.Copysign(y, x)
}

// Asin is the arcsine; NaN of what is beyond 1.
func Asin(x float64) float64 {
	a := math.Abs(x)
	if x == 0 || !(a <= 1) {
		return x + (1-a)*math.Sqrt(min(0, 1-a)) // 0 with its sign, or NaN
	}
	y := math.Sqrt(1 - times(a, a))
	if a > 0.7 {
		y = math.Pi/2 - Atan(y/a)
	} else {
		y = Atan(a / y)
	}
	return math.Copysign(y, x)
}

// Acos is the arccosine; NaN of what is beyond 1.
func Acos(x float64) float64 { return math.Pi/2 - Asin(x) }

// Atan2 is the angle of the point (x, y).
func Atan2(y, x float64) float64 {
	if x == 0 || y == 0 || x != x || y != y || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return math.Atan2(y, x) // which has nothing to compute
	}
	q := Atan(y / x)
	switch {
	case x > 0:
		return q
	case q <= 0:
		return q + math.Pi
	}
	return q - math.Pi
}

// Expm1Ulp is e^x - 1 without loss of digits near 0 (W. Kahan), from ExpUlp.
func Expm1Ulp(x float64) float64 {
	u := ExpUlp(x)
	switch d := u - 1; {
	case u == 1:
		return x
	case d == -1 || math.IsInf(u, 1):
		return d
	default:
		return d * x / Log(u)
	}
}
