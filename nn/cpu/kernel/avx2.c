#if defined(__x86_64__)
#include <immintrin.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define ISA "avx2"
#define NAME(x) kernel_##x##_avx2
#define VL 8
#define MR 6
#define NV 2
#define FMA(a, b, c) ((vf)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define VSQRT(a) ((vf)_mm256_sqrt_ps((__m256)(a)))
#define MAXPS(a, b) ((vf)_mm256_max_ps((__m256)(a), (__m256)(b)))
#define MINPS(a, b) ((vf)_mm256_min_ps((__m256)(a), (__m256)(b)))
#define MULEVEN(a, b) _mm256_mul_epu32((__m256i)(a), (__m256i)(b))
#include "body.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
