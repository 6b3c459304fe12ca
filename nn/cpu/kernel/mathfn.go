package kernel

import "math"

// The functions of mathfn.h, operation by operation.

func exp32(x float32) float32 {
	const magic = 12582912
	if x > 89 {
		x = 89
	}
	if x < -104 {
		x = -104
	}
	if x != x {
		return x
	}
	t := fma(x, 1.44269504088896341, magic)
	k := t - magic
	n := int32(math.Float32bits(t)) - int32(math.Float32bits(magic))
	r := fma(k, -0.693359375, x)
	r = fma(k, 2.12194440e-4, r)
	p := float32(1.9875691500e-4)
	for _, c := range [...]float32{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		p = fma(p, r, c)
	}
	p = fma(p, float32(r*r), r) + 1
	a := n >> 1
	b := n - a
	return float32(float32(p*math.Float32frombits(uint32(a+127)<<23)) * math.Float32frombits(uint32(b+127)<<23))
}

func log32(x float32) float32 {
	switch {
	case x == 0:
		return float32(math.Inf(-1))
	case x < 0:
		return float32(math.NaN())
	case math.IsInf(float64(x), 1) || x != x:
		return x
	}
	tiny := float32(0)
	if x < 1.17549435e-38 {
		x, tiny = x*8388608, 23
	}
	bits := int32(math.Float32bits(x)) - 0x3f3504f3
	k := float32(bits>>23) - tiny
	x = math.Float32frombits(uint32(bits&0x007fffff + 0x3f3504f3))
	f := x - 1
	z := float32(f * f)
	p := float32(7.0376836292e-2)
	for _, c := range [...]float32{-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
		2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1} {
		p = fma(p, f, c)
	}
	p = float32(float32(p*f) * z)
	p = fma(k, -2.12194440e-4, p)
	p = fma(z, -0.5, p)
	return fma(k, 0.693359375, f+p)
}

func log1p32(x float32) float32 {
	u := x + 1
	if u == 1 {
		return x
	}
	return log32(u) - float32((u-1)-x)/u
}

func abs32(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

func sign32(mag, sign float32) float32 {
	return math.Float32frombits(math.Float32bits(mag)&^(1<<31) | math.Float32bits(sign)&(1<<31))
}

func tanh32(x float32) float32 {
	a, s := abs32(x), float32(x*x)
	switch {
	case a > 0.625:
		return sign32(1-2/(exp32(a+a)+1), x)
	case a != a:
		return x
	}
	p := float32(-5.70498872745e-3)
	for _, c := range [...]float32{2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1} {
		p = fma(p, s, c)
	}
	return fma(float32(p*s), x, x)
}

func sigmoid32(x float32) float32 { return 1 / (1 + exp32(-x)) }

func erf32(x float32) float32 {
	t, s := abs32(x), float32(x*x)
	switch {
	case t > 4:
		return sign32(1, x)
	case t > 0.927734375:
		r := fma(-1.72853470e-5, t, 3.83197126e-4)
		u := fma(-3.88396438e-3, t, 2.42546219e-2)
		r = fma(r, s, u)
		for _, c := range [...]float32{-1.06777877e-1, -6.34846687e-1, -1.28717512e-1} {
			r = fma(r, t, c)
		}
		r = fma(r, t, -t)
		return sign32(1-exp32(r), x)
	}
	p := float32(-5.96761703e-4)
	for _, c := range [...]float32{4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1} {
		p = fma(p, s, c)
	}
	return fma(p, x, x)
}

func softplus32(x float32) float32 {
	m := float32(0)
	if x > 0 {
		m = x
	}
	return m + log1p32(exp32(-abs32(x)))
}

func sqrt32(x float32) float32 { return float32(math.Sqrt(float64(x))) }
