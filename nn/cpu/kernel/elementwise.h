// Element by element: activations, sums, products; sums over rows and squares.

// Activations, in the order of elementwise.go. alpha is their parameter.
enum { ACT_LINEAR, ACT_RELU, ACT_LEAKY_RELU, ACT_ELU, ACT_GELU, ACT_SILU, ACT_TANH, ACT_SIGMOID, ACT_SOFTPLUS };

SI vf NAME(act)(vf x, int act, vf alpha) {
  const vf zero = BC(0.0f), one = BC(1.0f);
  switch (act) {
  case ACT_RELU: return SEL(x <= zero, zero, x); // a NaN stays one
  case ACT_LEAKY_RELU: return SEL(x <= zero, x * alpha, x);
  case ACT_ELU: return SEL(x <= zero, alpha * (vexp(VMIN(x, zero)) - one), x);
  case ACT_GELU: return x * BC(0.5f) * (one + verf(x * BC(0.70710678118654752f)));
  case ACT_SILU: return x * vsigmoid(x);
  case ACT_TANH: return vtanh(x);
  case ACT_SIGMOID: return vsigmoid(x);
  case ACT_SOFTPLUS: return vsoftplus(x);
  }
  return x;
}

// The derivative, from the input x.
SI vf NAME(act_slope)(vf x, int act, vf alpha) {
  const vf zero = BC(0.0f), one = BC(1.0f), half = BC(0.5f);
  switch (act) {
  case ACT_RELU: return SEL(x > zero, one, zero);
  case ACT_LEAKY_RELU: return SEL(x > zero, one, alpha);
  case ACT_ELU: return SEL(x > zero, one, alpha * vexp(VMIN(x, zero)));
  case ACT_GELU: { // Phi(x) + x phi(x)
    vf phi = BC(0.39894228040143268f) * vexp(x * x * BC(-0.5f));
    return FMA(x, phi, half * (one + verf(x * BC(0.70710678118654752f))));
  }
  case ACT_SILU: {
    vf s = vsigmoid(x);
    return s * FMA(x, one - s, one);
  }
  case ACT_TANH: {
    vf y = vtanh(x);
    return FMA(-y, y, one);
  }
  case ACT_SIGMOID: {
    vf s = vsigmoid(x);
    return s * (one - s);
  }
  case ACT_SOFTPLUS: return vsigmoid(x);
  }
  return one;
}

// The same of several vectors at once, with the same bits: one alone is a chain
// of operations that wait for each other.
enum { TOGETHER = 4 };
SI void NAME(act_n)(vf *x, const int n, int act, vf alpha) {
  vf t[TOGETHER];
  switch (act) {
  case ACT_GELU:
    ALL(n) t[i] = x[i] * BC(0.70710678118654752f);
    verf_n(t, n);
    ALL(n) x[i] = x[i] * BC(0.5f) * (BC(1.0f) + t[i]);
    return;
  case ACT_SILU:
    ALL(n) t[i] = x[i];
    vsigmoid_n(t, n);
    ALL(n) x[i] = x[i] * t[i];
    return;
  case ACT_TANH: vtanh_n(x, n); return;
  case ACT_SIGMOID: vsigmoid_n(x, n); return;
  }
  ALL(n) x[i] = NAME(act)(x[i], act, alpha);
}
SI void NAME(act_slope_n)(vf *x, const int n, int act, vf alpha) {
  vf t[TOGETHER], e[TOGETHER];
  const vf one = BC(1.0f);
  switch (act) {
  case ACT_GELU:
    ALL(n) t[i] = x[i] * x[i] * BC(-0.5f);
    vexp_n(t, n);
    ALL(n) t[i] = BC(0.39894228040143268f) * t[i];
    ALL(n) e[i] = x[i] * BC(0.70710678118654752f);
    verf_n(e, n);
    ALL(n) x[i] = FMA(x[i], t[i], BC(0.5f) * (one + e[i]));
    return;
  case ACT_SILU:
    ALL(n) t[i] = x[i];
    vsigmoid_n(t, n);
    ALL(n) x[i] = t[i] * FMA(x[i], one - t[i], one);
    return;
  case ACT_TANH:
    vtanh_n(x, n);
    ALL(n) x[i] = FMA(-x[i], x[i], one);
    return;
  case ACT_SIGMOID:
    vsigmoid_n(x, n);
    ALL(n) x[i] = x[i] * (one - x[i]);
    return;
  case ACT_SOFTPLUS: vsigmoid_n(x, n); return;
  }
  ALL(n) x[i] = NAME(act_slope)(x[i], act, alpha);
}

// The derivative, from the output y, of those that are monotonic.
SI vf NAME(act_slope_y)(vf y, int act, vf alpha) {
  const vf zero = BC(0.0f), one = BC(1.0f);
  switch (act) {
  case ACT_RELU: return SEL(y > zero, one, zero);
  case ACT_LEAKY_RELU: return SEL(y > zero, one, alpha);
  case ACT_ELU: return SEL(y > zero, one, y + alpha);
  case ACT_TANH: return FMA(-y, y, one);
  case ACT_SIGMOID: return y * (one - y);
  case ACT_SOFTPLUS: return one - vexp(-y);
  }
  return one;
}

// SWITCH_ACT runs a loop with the activation as a constant, so that the choice
// is made once and not for each vector.
#define SWITCH_ACT(act, A, loop)                                                                                       \
  switch (act) {                                                                                                       \
  case ACT_RELU: { enum { A = ACT_RELU }; loop } break;                                                                \
  case ACT_LEAKY_RELU: { enum { A = ACT_LEAKY_RELU }; loop } break;                                                    \
  case ACT_ELU: { enum { A = ACT_ELU }; loop } break;                                                                  \
  case ACT_GELU: { enum { A = ACT_GELU }; loop } break;                                                                \
  case ACT_SILU: { enum { A = ACT_SILU }; loop } break;                                                                \
  case ACT_TANH: { enum { A = ACT_TANH }; loop } break;                                                                \
  case ACT_SIGMOID: { enum { A = ACT_SIGMOID }; loop } break;                                                          \
  case ACT_SOFTPLUS: { enum { A = ACT_SOFTPLUS }; loop } break;                                                        \
  default: { enum { A = ACT_LINEAR }; loop } break;                                                                    \
  }

// y = act(x). p: x, y (may be x).
static void NAME(activate)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *x = in->p[0];
  float *y = in->p[1];
  vf alpha = BC(in->act.alpha);
  SWITCH_ACT(in->act.act, A, long k = from;
             for (; k + TOGETHER * VL <= to; k += TOGETHER * VL) {
               vf v[TOGETHER];
               ALL(TOGETHER) v[i] = LD(x + k + i * VL);
               NAME(act_n)(v, TOGETHER, A, alpha);
               ALL(TOGETHER) ST(y + k + i * VL, v[i]);
             }
             EACH(j, k, to, STORE(y + j, NAME(act)(LOAD(x + j), A, alpha));););
}

// dx = dy act'(x). p: x, dy, dx (may be dy).
static void NAME(activate_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *x = in->p[0], *dy = in->p[1];
  float *dx = in->p[2];
  vf alpha = BC(in->act.alpha);
  SWITCH_ACT(in->act.act, A, long k = from;
             for (; k + TOGETHER * VL <= to; k += TOGETHER * VL) {
               vf v[TOGETHER];
               ALL(TOGETHER) v[i] = LD(x + k + i * VL);
               NAME(act_slope_n)(v, TOGETHER, A, alpha);
               ALL(TOGETHER) ST(dx + k + i * VL, FLUSH(LD(dy + k + i * VL) * v[i]));
             }
             EACH(j, k, to, STORE(dx + j, FLUSH(LOAD(dy + j) * NAME(act_slope)(LOAD(x + j), A, alpha)));););
}

// dx = dy act'(x) from y = act(x), for activations that a layer ends with.
// p: y, dy, dx (may be dy).
static void NAME(output_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *y = in->p[0], *dy = in->p[1];
  float *dx = in->p[2];
  vf alpha = BC(in->act.alpha);
  SWITCH_ACT(in->act.act, A, EACH(j, from, to, STORE(dx + j, FLUSH(LOAD(dy + j) * NAME(act_slope_y)(LOAD(y + j), A, alpha)));););
}

// out = a + b. p: a, b, out (may be a or b).
static void NAME(add)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *a = in->p[0], *b = in->p[1];
  float *out = in->p[2];
  EACH(j, from, to, STORE(out + j, LOAD(a + j) + LOAD(b + j)););
}

// out = a * b. p: a, b, out (may be a or b).
static void NAME(mul)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *a = in->p[0], *b = in->p[1];
  float *out = in->p[2];
  EACH(j, from, to, STORE(out + j, LOAD(a + j) * LOAD(b + j)););
}

// out = s x, times *p[2] if there is one. p: x, out (may be x), factor.
static void NAME(scale)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *x = in->p[0], *factor = in->p[2];
  float *out = in->p[1];
  vf s = BC(factor ? in->scale.s * *factor : in->scale.s);
  EACH(j, from, to, STORE(out + j, LOAD(x + j) * s););
}

// out = s. p: out.
static void NAME(fill)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  float *out = in->p[0];
  vf s = BC(in->scale.s);
  EACH(j, from, to, STORE(out + j, s););
}

// out = x. p: x, out.
static void NAME(copy)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  memcpy((float *)in->p[1] + from, (const float *)in->p[0] + from, (size_t)(to - from) * 4);
}

// out(n) = the sum of the rows of x(m, n), in row order. A task takes a range
// of columns. p: x, out.
static void NAME(colsum)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long m = in->col_sum.rows, ld = in->col_sum.stride;
  const float *x = in->p[0];
  float *out = in->p[1];
  EACH(j, from, to, {
    vf s = BC(0.0f);
    for (long r = 0; r < m; r++) s += LOAD(x + r * ld + j);
    STORE(out + j, s);
  });
}

// out[task] = the sum of the squares of a range of x, in LANES lanes.
// p: x, out.
static void NAME(sumsq)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *x = (const float *)in->p[0] + from;
  const long n = to - from;
  float l[LANES] = {0};
  long j = 0;
  for (; j + LANES <= n; j += LANES)
    for (int v = 0; v < LANES; v += VL) { vf a = LD(x + j + v); ST(l + v, FMA(a, a, LD(l + v))); }
  for (; j < n; j++) l[j % LANES] = __builtin_fmaf(x[j], x[j], l[j % LANES]);
  ((float *)in->p[1])[task] = sum16(l);
}
