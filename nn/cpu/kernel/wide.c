//go:build wide && amd64

// The shapes of AVX-512, vectors of 16 and its tile, in instructions of AVX2:
// for tests on machines without it: go test -tags wide compares them with AVX2.
#include <immintrin.h>
#pragma GCC target("avx2,fma")
#pragma GCC optimize("O1,no-var-tracking") // not for speed: O3 takes minutes
#define ISA "wide"
#define NAME(x) kernel_##x##_wide
#define VL 16
#define MR 14
#define NV 2
#define FMA(a, b, c) fma_halves((a), (b), (c))
#define VSQRT(a) sqrt_halves(a)
typedef float halves __attribute__((vector_size(64), aligned(4), may_alias));
typedef union { halves v; __m256 h[2]; } pair;
static inline __attribute__((always_inline)) halves fma_halves(halves a, halves b, halves c) {
  pair x = {a}, y = {b}, z = {c};
  for (int i = 0; i < 2; i++) z.h[i] = _mm256_fmadd_ps(x.h[i], y.h[i], z.h[i]);
  return z.v;
}
static inline __attribute__((always_inline)) halves sqrt_halves(halves a) {
  pair x = {a};
  for (int i = 0; i < 2; i++) x.h[i] = _mm256_sqrt_ps(x.h[i]);
  return x.v;
}
#include "body.h"
