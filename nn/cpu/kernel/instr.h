// What Go and C share: one instruction is one parallel phase of a kernel.
#ifndef PIPE_INSTR_H
#define PIPE_INSTR_H
#include <stdint.h>
#include <stddef.h>
#include <stdbool.h>
#include "args.h"

typedef struct {
  int32_t op, tasks; // tasks may run in any order and at the same time
  union {
    uint64_t words[ARGS_WORDS];
    ARGS_MEMBERS // sizes, strides, flags and scalars: the one that the kernel reads
  };
  void *p[10];       // operands; 0 where an operand is optional
} instr;

// Runs one task. scratch is memory of the calling worker, as large as the
// instruction asked for, with whatever was in it before.
typedef void (*kernel_fn)(const instr *in, long task, void *scratch);

enum {
#define OP(name) OP_##name,
#include "ops.h"
#undef OP
  OP_COUNT
};

// A table holds the kernels of one instruction set.
typedef struct {
  const char *name;
  int mr, nr; // rows and columns of the tile of a matrix product
  int vl;     // floats in a vector
  kernel_fn fn[OP_COUNT];
} kernel_table;

extern const kernel_table kernel_table_portable;
#if defined(__x86_64__)
extern const kernel_table kernel_table_avx2, kernel_table_avx512;
#endif

const kernel_table *kernel_tables(int k); // the k-th that this machine can run, the best first; 0 at the end
void kernel_run(const kernel_table *t, const instr *list, long n, void *scratch);
void kernel_tasks(const kernel_table *t, const instr *in, long from, long to, void *scratch);
#endif
