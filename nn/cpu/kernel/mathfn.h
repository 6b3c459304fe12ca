// Elementary functions, one polynomial for all instruction sets. Errors are in
// units of the last place of the result, found over all floats by
// TestFunctionsOverAllFloats or, where it says "relative" or "absolute", there.

// One function of n vectors, n a constant: the processor sees n chains of
// operations that do not wait for each other, and each constant is loaded once.
#define ALL(n) _Pragma("GCC unroll 8") for (int i = 0; i < (n); i++)

// e^x, 1 ulp; 0 below -104, +Inf above 88.73. Method of Cephes expf: x = k ln 2
// + r, |r| <= ln(2)/2, and a polynomial of r. 2^k is applied in two steps, so
// that results near the ends of the range are right as well.
SI void vexp_n(vf *x, const int n) {
  const vf magic = BC(12582912.0f); // 1.5 * 2^23: adding it rounds to an integer
  vf t[8], r[8], p[8];
  vi k[8], a[8];
  ALL(n) x[i] = VMAX(BC(-104.0f), VMIN(BC(89.0f), x[i])); // a NaN stays one
  ALL(n) t[i] = FMA(x[i], BC(1.44269504088896341f), magic);
  ALL(n) k[i] = (vi)t[i] - (vi)magic;
  ALL(n) t[i] = t[i] - magic;
  ALL(n) r[i] = FMA(t[i], BC(-0.693359375f), x[i]);
  ALL(n) r[i] = FMA(t[i], BC(2.12194440e-4f), r[i]);
  ALL(n) p[i] = FMA(BC(1.9875691500e-4f), r[i], BC(1.3981999507e-3f));
  ALL(n) p[i] = FMA(p[i], r[i], BC(8.3334519073e-3f));
  ALL(n) p[i] = FMA(p[i], r[i], BC(4.1665795894e-2f));
  ALL(n) p[i] = FMA(p[i], r[i], BC(1.6666665459e-1f));
  ALL(n) p[i] = FMA(p[i], r[i], BC(5.0000001201e-1f));
  ALL(n) p[i] = FMA(p[i], r[i] * r[i], r[i]) + BC(1.0f);
  ALL(n) a[i] = k[i] >> 1;
  ALL(n) k[i] = k[i] - a[i];
  ALL(n) x[i] = p[i] * (vf)((a[i] + BCI(127)) << 23) * (vf)((k[i] + BCI(127)) << 23);
}
SI vf vexp(vf x) {
  vexp_n(&x, 1);
  return x;
}

// Natural logarithm, 1 ulp; -Inf at 0, NaN below. Method of Cephes logf.
SI vf vlog(vf x) {
  vf in = x;
  vi tiny = x < BC(1.17549435e-38f);
  x = SEL(tiny, x * BC(8388608.0f), x);
  vi bits = (vi)x - BCI(0x3f3504f3); // sqrt(1/2): the mantissa is in [sqrt(1/2), sqrt(2))
  vi e = bits >> 23;
  x = (vf)((bits & BCI(0x007fffff)) + BCI(0x3f3504f3));
  vf k = __builtin_convertvector(e, vf) - SEL(tiny, BC(23.0f), BC(0.0f));
  vf f = x - BC(1.0f), z = f * f;
  vf p = BC(7.0376836292e-2f);
  p = FMA(p, f, BC(-1.1514610310e-1f));
  p = FMA(p, f, BC(1.1676998740e-1f));
  p = FMA(p, f, BC(-1.2420140846e-1f));
  p = FMA(p, f, BC(1.4249322787e-1f));
  p = FMA(p, f, BC(-1.6668057665e-1f));
  p = FMA(p, f, BC(2.0000714765e-1f));
  p = FMA(p, f, BC(-2.4999993993e-1f));
  p = FMA(p, f, BC(3.3333331174e-1f));
  p = p * f * z;
  p = FMA(k, BC(-2.12194440e-4f), p);
  p = FMA(z, BC(-0.5f), p);
  p = FMA(k, BC(0.693359375f), f + p);
  p = SEL(in == BC(0.0f), BC(-__builtin_inff()), p);
  p = SEL(in < BC(0.0f), BC(__builtin_nanf("")), p);
  return SEL((in == BC(__builtin_inff())) | (in != in), in, p);
}

// log(1 + x) for x in [0, 1], 2 ulp.
SI vf vlog1p(vf x) {
  vf u = x + BC(1.0f);
  return SEL(u == BC(1.0f), x, vlog(u) - ((u - BC(1.0f)) - x) / u);
}

// Hyperbolic tangent, 2 ulp. Method of Cephes tanhf.
SI void vtanh_n(vf *x, const int n) {
  vf a[8], s[8], p[8];
  ALL(n) a[i] = VABS(x[i]) + VABS(x[i]);
  vexp_n(a, n);
  ALL(n) a[i] = BC(1.0f) - BC(2.0f) / (a[i] + BC(1.0f));
  ALL(n) s[i] = x[i] * x[i];
  ALL(n) p[i] = FMA(BC(-5.70498872745e-3f), s[i], BC(2.06390887954e-2f));
  ALL(n) p[i] = FMA(p[i], s[i], BC(-5.37397155531e-2f));
  ALL(n) p[i] = FMA(p[i], s[i], BC(1.33314422036e-1f));
  ALL(n) p[i] = FMA(p[i], s[i], BC(-3.33332819422e-1f));
  ALL(n) p[i] = FMA(p[i] * s[i], x[i], x[i]);
  ALL(n) s[i] = SEL(VABS(x[i]) > BC(0.625f), VSIGN(a[i], x[i]), p[i]);
  ALL(n) x[i] = s[i];
}
SI vf vtanh(vf x) {
  vtanh_n(&x, 1);
  return x;
}

// 1 / (1 + e^-x), 3 ulp.
SI void vsigmoid_n(vf *x, const int n) {
  ALL(n) x[i] = -x[i];
  vexp_n(x, n);
  ALL(n) x[i] = BC(1.0f) / (BC(1.0f) + x[i]);
}
SI vf vsigmoid(vf x) {
  vsigmoid_n(&x, 1);
  return x;
}

// Error function, 2 ulp: an odd polynomial near 0, 1 - e^q(|x|) elsewhere.
SI void verf_n(vf *x, const int n) {
  vf t[8], s[8], r[8], p[8];
  ALL(n) t[i] = VABS(x[i]);
  ALL(n) s[i] = x[i] * x[i];
  ALL(n) r[i] = FMA(BC(-1.72853470e-5f), t[i], BC(3.83197126e-4f));
  ALL(n) p[i] = FMA(BC(-3.88396438e-3f), t[i], BC(2.42546219e-2f));
  ALL(n) r[i] = FMA(r[i], s[i], p[i]);
  ALL(n) r[i] = FMA(r[i], t[i], BC(-1.06777877e-1f));
  ALL(n) r[i] = FMA(r[i], t[i], BC(-6.34846687e-1f));
  ALL(n) r[i] = FMA(r[i], t[i], BC(-1.28717512e-1f));
  ALL(n) r[i] = FMA(r[i], t[i], -t[i]);
  vexp_n(r, n);
  ALL(n) r[i] = VSIGN(BC(1.0f) - r[i], x[i]);
  ALL(n) p[i] = FMA(BC(-5.96761703e-4f), s[i], BC(4.99119423e-3f));
  ALL(n) p[i] = FMA(p[i], s[i], BC(-2.67681349e-2f));
  ALL(n) p[i] = FMA(p[i], s[i], BC(1.12819925e-1f));
  ALL(n) p[i] = FMA(p[i], s[i], BC(-3.76125336e-1f));
  ALL(n) p[i] = FMA(p[i], s[i], BC(1.28379166e-1f));
  ALL(n) p[i] = FMA(p[i], x[i], x[i]);
  // Beyond 4 the result is 1 to the last bit, and s and r may not be finite.
  ALL(n) x[i] = SEL(t[i] > BC(4.0f), VSIGN(BC(1.0f), x[i]), SEL(t[i] > BC(0.927734375f), r[i], p[i]));
}
SI vf verf(vf x) {
  verf_n(&x, 1);
  return x;
}

// log(1 + e^x) without overflow.
SI vf vsoftplus(vf x) { return VMAX(x, BC(0.0f)) + vlog1p(vexp(-VABS(x))); }
