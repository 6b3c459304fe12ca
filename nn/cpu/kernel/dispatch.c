#include "instr.h"

#if defined(KERNEL_WIDE) // a build for tests, without what takes long to compile
extern const kernel_table kernel_table_wide;
#define LAST kernel_table_wide
#else
#define LAST kernel_table_portable
#endif

const kernel_table *kernel_tables(int k) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#if !defined(KERNEL_WIDE)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && k-- == 0)
    return &kernel_table_avx512;
#endif
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && k-- == 0) return &kernel_table_avx2;
#endif
  return k == 0 ? &LAST : 0;
}

void kernel_tasks(const kernel_table *t, const instr *in, long from, long to, void *scratch) {
  kernel_fn fn = t->fn[in->op];
  for (long task = from; task < to; task++) fn(in, task, scratch);
}

void kernel_run(const kernel_table *t, const instr *list, long n, void *scratch) {
  for (long k = 0; k < n; k++) kernel_tasks(t, list + k, 0, list[k].tasks, scratch);
}
