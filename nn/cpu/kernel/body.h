// All kernels and the table of one instruction set. The including file defines
// ISA, NAME(x), VL, MR, NV and FMA.
#include "simd.h"
#include "mathfn.h"
#include "elementwise.h"
#include "gemm.h"
#include "random.h"
#include "conv.h"
#include "pool.h"
#include "norm.h"
#include "rnn.h"
#include "sequence.h"
#include "attention.h"
#include "embedding.h"
#include "loss.h"
#include "optimizer.h"

const kernel_table NAME(table) = {
    .name = ISA, .mr = MR, .nr = NR, .vl = VL,
    .fn = {
#define OP(name) [OP_##name] = NAME(name),
#include "ops.h"
#undef OP
    },
};
