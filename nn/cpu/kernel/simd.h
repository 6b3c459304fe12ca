// Vectors of one instruction set. The including file defines VL, the number of
// floats in a vector, FMA(a, b, c) = a*b + c rounded once, and VSQRT(a).
//
// Bits do not depend on VL: vectors run across outputs, each of which is a
// chain of its own, and a sum over a vector always has LANES lanes.
//
// A compiler must not fuse a*b + c by itself: GCC does not with -std=c11, clang
// is told here.
#include "instr.h"
#include <math.h>
#include <string.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#endif

#define LANES 16 // of every horizontal sum, whatever VL is
#define SI static inline __attribute__((always_inline))

typedef float vf __attribute__((vector_size(VL * 4), aligned(4), may_alias));
typedef int32_t vi __attribute__((vector_size(VL * 4), aligned(4), may_alias));

SI vf LD(const float *p) { return *(const vf *)p; }
SI void ST(float *p, vf v) { *(vf *)p = v; }
SI vf BC(float x) { return x - (vf){0}; } // not x + 0, which loses the sign of -0
SI vi BCI(int32_t x) { return x - (vi){0}; }

// The first n elements of a vector, the rest 0: nothing behind p is touched.
SI vf LDN(const float *p, long n) {
  float t[VL] = {0};
  memcpy(t, p, (size_t)n * 4);
  return LD(t);
}
SI void STN(float *p, vf v, long n) {
  float t[VL];
  ST(t, v);
  memcpy(p, t, (size_t)n * 4);
}

// m is all ones or all zeros in each lane, as comparisons give it.
SI vf SEL(vi m, vf a, vf b) { return (vf)(((vi)a & m) | ((vi)b & ~m)); }
// The second one if one of them is NaN or both are 0, as the instructions of x86
// have it: MAXPS and MINPS, where there are any.
#if defined(MAXPS)
SI vf VMAX(vf a, vf b) { return MAXPS(a, b); }
SI vf VMIN(vf a, vf b) { return MINPS(a, b); }
#else
SI vf VMAX(vf a, vf b) { return SEL(a > b, a, b); }
SI vf VMIN(vf a, vf b) { return SEL(a < b, a, b); }
#endif
SI vf VABS(vf a) { return (vf)((vi)a & BCI(0x7fffffff)); }
// x, or 0 where |x| < 2^-100; a NaN stays one. What decays from step to step (the
// state and the gradients of recurrent layers, the moments of optimisers) or is
// an exponential ends as a subnormal number, on which an FMA of x86 takes a
// hundred times as long. The processor's own switch (FTZ) has another border on
// ARM than on x86; a comparison has not. 2^-100 leaves room for a product with
// 2^-26. The comparison is one of integers: one of floats may be slow as well.
SI vf FLUSH(vf x) { return (vf)((vi)x & ~(((vi)x & BCI(0x7fffffff)) < BCI(0x0d800000))); }
// The same for what is going to be squared: 0 where x^2 < 2^-100.
SI vf FLUSH_ROOT(vf x) { return (vf)((vi)x & ~(((vi)x & BCI(0x7fffffff)) < BCI(0x26800000))); }
SI vf VSIGN(vf mag, vf sign) { return (vf)((vi)VABS(mag) | ((vi)sign & BCI((int32_t)0x80000000))); }

// sum16 adds the lanes of a horizontal sum in a fixed tree.
SI float sum16(float *l) {
  for (int w = LANES / 2; w; w /= 2)
    for (int i = 0; i < w; i++) l[i] += l[i + w];
  return l[0];
}

// EACH runs body for j = a, a+VL, ... with n = the number of floats that are
// left, at most VL. Use LOAD and STORE inside.
#define EACH(j, a, b, body)                                                                                            \
  do {                                                                                                                 \
    long j = (a);                                                                                                      \
    for (; j + VL <= (b); j += VL) { const int whole = 1; const long n_ = VL; (void)n_; body }                         \
    if (j < (b)) { const int whole = 0; const long n_ = (b)-j; body }                                                  \
  } while (0)
#define LOAD(p) (whole ? LD(p) : LDN(p, n_))
#define STORE(p, v) do { if (whole) ST(p, v); else STN(p, v, n_); } while (0)

// SPAN gives the range of elements of a task: n elements, per for each task.
#define SPAN(in, task)                                                                                                 \
  const long from = (task) * (in)->span.per, to = from + (in)->span.per < (in)->span.n ? from + (in)->span.per : (in)->span.n

typedef float v4 __attribute__((vector_size(16), aligned(4), may_alias));
#if defined(__clang__)
#define SHUFFLE4(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define SHUFFLE4(a, b, i, j, k, l) __builtin_shuffle(a, b, (__attribute__((vector_size(16))) int32_t){i, j, k, l})
#endif

// dst(cols, rows) = the transpose of src(rows, cols).
SI void NAME(transpose)(float *dst, long ldd, const float *src, long lds, long rows, long cols) {
  long r = 0;
  for (; r + 4 <= rows; r += 4) {
    const float *s = src + r * lds;
    float *d = dst + r;
    long c = 0;
    for (; c + 4 <= cols; c += 4) {
      v4 a0 = *(const v4 *)(s + c), a1 = *(const v4 *)(s + lds + c), a2 = *(const v4 *)(s + 2 * lds + c), a3 = *(const v4 *)(s + 3 * lds + c);
      v4 b0 = SHUFFLE4(a0, a1, 0, 4, 1, 5), b1 = SHUFFLE4(a0, a1, 2, 6, 3, 7);
      v4 b2 = SHUFFLE4(a2, a3, 0, 4, 1, 5), b3 = SHUFFLE4(a2, a3, 2, 6, 3, 7);
      *(v4 *)(d + c * ldd) = SHUFFLE4(b0, b2, 0, 1, 4, 5);
      *(v4 *)(d + (c + 1) * ldd) = SHUFFLE4(b0, b2, 2, 3, 6, 7);
      *(v4 *)(d + (c + 2) * ldd) = SHUFFLE4(b1, b3, 0, 1, 4, 5);
      *(v4 *)(d + (c + 3) * ldd) = SHUFFLE4(b1, b3, 2, 3, 6, 7);
    }
    for (; c < cols; c++)
      for (long i = 0; i < 4; i++) d[c * ldd + i] = s[i * lds + c];
  }
  for (; r < rows; r++)
    for (long c = 0; c < cols; c++) dst[c * ldd + r] = src[r * lds + c];
}
