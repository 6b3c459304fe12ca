#if defined(__x86_64__) && !defined(KERNEL_WIDE)
#include <immintrin.h>
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,prefer-vector-width=512")
#endif
#define ISA "avx512"
#define NAME(x) kernel_##x##_avx512
#define VL 16
#define MR 14
#define NV 2
#define FMA(a, b, c) ((vf)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define VSQRT(a) ((vf)_mm512_sqrt_ps((__m512)(a)))
#define MAXPS(a, b) ((vf)_mm512_max_ps((__m512)(a), (__m512)(b)))
#define MINPS(a, b) ((vf)_mm512_min_ps((__m512)(a), (__m512)(b)))
#define MULEVEN(a, b) _mm512_mul_epu32((__m512i)(a), (__m512i)(b))
#include "body.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
