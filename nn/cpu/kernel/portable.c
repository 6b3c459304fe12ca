// NEON on arm64. Elsewhere vectors of four, and an FMA that may be a call of
// the C library: slow on a machine that has none, but the same bits.
#if !defined(KERNEL_WIDE)
#define NAME(x) kernel_##x##_portable
#define VL 4
#if defined(__aarch64__)
#include <arm_neon.h>
#define ISA "neon"
#define MR 8
#define NV 3
#define FMA(a, b, c) ((vf)vfmaq_f32((float32x4_t)(c), (float32x4_t)(a), (float32x4_t)(b)))
#define VSQRT(a) ((vf)vsqrtq_f32((float32x4_t)(a)))
#else
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O1") // it is for machines without AVX2, and O3 takes twice as long to compile
#endif
#define ISA "portable"
#define MR 4
#define NV 2
#define FMA(a, b, c)                                                                                                   \
  ({                                                                                                                   \
    vf a_ = (a), b_ = (b), c_ = (c);                                                                                   \
    (vf){__builtin_fmaf(a_[0], b_[0], c_[0]), __builtin_fmaf(a_[1], b_[1], c_[1]), __builtin_fmaf(a_[2], b_[2], c_[2]), \
         __builtin_fmaf(a_[3], b_[3], c_[3])};                                                                         \
  })
#define VSQRT(a) ((vf){__builtin_sqrtf((a)[0]), __builtin_sqrtf((a)[1]), __builtin_sqrtf((a)[2]), __builtin_sqrtf((a)[3])})
#endif
#include "body.h"
#endif
