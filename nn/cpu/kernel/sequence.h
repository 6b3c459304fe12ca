// Steps of sequences, and columns side by side.

// out(N, D) = a step of x(N, T, D), 0 where there is none: the first one, or the
// last valid one. p: x, lengths or 0, out.
static void NAME(pick_step)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long T = in->steps.t, D = in->steps.d;
  const float *x = in->p[0], *lengths = in->p[1];
  float *out = in->p[2];
  for (long j = from; j < to; j++) {
    const long n = j / D, len = NAME(steps_of)(lengths, n, T);
    out[j] = len ? x[(n * T + (in->steps.first ? 0 : len - 1)) * D + j % D] : 0;
  }
}

// The gradient of pick_step. p: dout, lengths or 0, dx(N, T, D).
static void NAME(pick_step_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long T = in->steps.t, D = in->steps.d;
  const float *dout = in->p[0], *lengths = in->p[1];
  float *dx = in->p[2];
  for (long n = from; n < to; n++) {
    const long len = NAME(steps_of)(lengths, n, T);
    memset(dx + n * T * D, 0, (size_t)(T * D) * 4);
    if (len) memcpy(dx + (n * T + (in->steps.first ? 0 : len - 1)) * D, dout + n * D, (size_t)D * 4);
  }
}

// out(N, T, D) = x with the valid steps in reverse order, 0 behind them.
// p: x, lengths or 0, out.
static void NAME(reverse_steps)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long T = in->steps.t, D = in->steps.d;
  const float *x = in->p[0], *lengths = in->p[1];
  float *out = in->p[2];
  for (long n = from; n < to; n++) {
    const long len = NAME(steps_of)(lengths, n, T);
    for (long t = 0; t < len; t++) memcpy(out + (n * T + t) * D, x + (n * T + len - 1 - t) * D, (size_t)D * 4);
    memset(out + (n * T + len) * D, 0, (size_t)((T - len) * D) * 4);
  }
}

// Copies a block of columns from one matrix to another: a part of a
// concatenation, or back. p: src, dst.
static void NAME(copy_columns)(const instr *in, long task, void *scratch) {
  const columns_args *arg = &in->columns;
  SPAN(in, task);
  const float *src = (const float *)in->p[0] + arg->column_in;
  float *dst = (float *)in->p[1] + arg->column_out;
  for (long r = from; r < to; r++) memcpy(dst + r * arg->stride_out, src + r * arg->stride_in, (size_t)arg->columns * 4);
}
