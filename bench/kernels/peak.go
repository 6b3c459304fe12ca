package main

/*
#cgo CFLAGS: -O2 -std=c11
#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#define CHAINS 12
__attribute__((target("avx2,fma"))) static void peak_avx2(int64_t n, float *out) {
  __m256 a[CHAINS], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(1e-3f);
  for (int i = 0; i < CHAINS; i++) a[i] = _mm256_set1_ps((float)i);
  for (int64_t k = 0; k < n; k++) {
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++) a[i] = _mm256_fmadd_ps(a[i], x, y);
  }
  for (int i = 0; i < CHAINS; i++) _mm256_storeu_ps(out + 8 * i, a[i]);
}
__attribute__((target("avx512f"))) static void peak_avx512(int64_t n, float *out) {
  __m512 a[CHAINS], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(1e-3f);
  for (int i = 0; i < CHAINS; i++) a[i] = _mm512_set1_ps((float)i);
  for (int64_t k = 0; k < n; k++) {
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++) a[i] = _mm512_fmadd_ps(a[i], x, y);
  }
  for (int i = 0; i < CHAINS; i++) _mm512_storeu_ps(out + 16 * i, a[i]);
}
static int64_t peak(int64_t n, float *out) {
  if (__builtin_cpu_supports("avx512f")) { peak_avx512(n, out); return n * CHAINS * 32; }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) { peak_avx2(n, out); return n * CHAINS * 16; }
  return 0;
}
#else
#include <arm_neon.h>
#define CHAINS 16
static int64_t peak(int64_t n, float *out) {
  float32x4_t a[CHAINS], x = vdupq_n_f32(0.999f), y = vdupq_n_f32(1e-3f);
  for (int i = 0; i < CHAINS; i++) a[i] = vdupq_n_f32((float)i);
  for (int64_t k = 0; k < n; k++) {
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++) a[i] = vfmaq_f32(y, a[i], x);
  }
  for (int i = 0; i < CHAINS; i++) vst1q_f32(out + 4 * i, a[i]);
  return n * CHAINS * 8;
}
#endif
*/
import "C"

import "time"

// peakFlops is the most floating point operations a second that one core does:
// independent chains of vector FMAs in registers, the best of several tries.
func peakFlops() float64 {
	var out [256]float32
	best := 0.0
	for range 20 {
		begun := time.Now()
		flops := float64(C.peak(2_000_000, (*C.float)(&out[0])))
		best = max(best, flops/time.Since(begun).Seconds())
	}
	return best
}
