// Normalisation and softmax. Means and variances take two passes; the sums run
// over LANES lanes where values lie in a row, else from row to row.

// LANED runs body for n elements that are summed in lanes: for the vector of
// elements j, j+1, ... that belongs to the v-th vector of lanes.
#define LANED(j, v, n, ...)                                                                                            \
  do {                                                                                                                 \
    long b_ = 0;                                                                                                       \
    for (; b_ + LANES <= (n); b_ += LANES)                                                                             \
      _Pragma("GCC unroll 4") for (int v = 0; v < LANES / VL; v++) {                                                   \
        const int whole = 1;                                                                                           \
        const long n_ = VL, j = b_ + v * VL;                                                                           \
        (void)n_, (void)j;                                                                                             \
        __VA_ARGS__                                                                                                       \
      }                                                                                                                \
    if (b_ < (n)) _Pragma("GCC unroll 4") for (int v = 0; v < LANES / VL; v++) {                                       \
        const long j = b_ + v * VL, n_ = (n)-j < VL ? (n)-j : VL;                                                      \
        const int whole = n_ == VL;                                                                                    \
        if (n_ > 0) { __VA_ARGS__ }                                                                                          \
      }                                                                                                                \
  } while (0)
#define LANED_ZERO(acc) vf acc[LANES / VL]; for (int z_ = 0; z_ < LANES / VL; z_++) acc[z_] = BC(0.0f)
// KEEP is a value computed from LOADs, 0 where there is no element.
#define KEEP(x) (whole ? (vf)(x) : NAME(leading)((vf)(x), n_))

SI vf NAME(leading)(vf x, long n) {
  float t[VL] = {0};
  STN(t, x, n);
  return LD(t);
}
SI float NAME(lanes)(const vf *acc) {
  float l[LANES];
  for (int v = 0; v < LANES / VL; v++) ST(l + v * VL, acc[v]);
  return sum16(l);
}
SI float NAME(row_sum)(const float *x, long n) {
  LANED_ZERO(acc);
  LANED(j, v, n, acc[v] += LOAD(x + j););
  return NAME(lanes)(acc);
}
// The sum of (x - mean)^2.
SI float NAME(row_square)(const float *x, long n, float mean) {
  LANED_ZERO(acc);
  LANED(j, v, n, { vf t = KEEP(LOAD(x + j) - BC(mean)); acc[v] = FMA(t, t, acc[v]); });
  return NAME(lanes)(acc);
}
// The sums of g and of g xhat, xhat = (x - mean) r.
SI void NAME(row_sums)(const float *g, const float *x, long n, float mean, float r, float *a, float *b) {
  LANED_ZERO(s);
  LANED_ZERO(t);
  LANED(j, v, n, {
    vf gv = LOAD(g + j);
    s[v] += gv;
    t[v] = FMA(gv, (LOAD(x + j) - BC(mean)) * BC(r), t[v]);
  });
  *a = NAME(lanes)(s), *b = NAME(lanes)(t);
}

// y = (x - mean) r gamma + beta over the rows of x(m, d), r = 1/sqrt(var + eps)
// with the biased variance (Ba et al., "Layer Normalization", 2016). With rms
// mean is 0 and var the mean of the squares (Zhang and Sennrich, "Root Mean
// Square Layer Normalization", 2019). p: x, gamma, beta (optional), y (may be
// x), stats(m, 2): mean, r.
static void NAME(rownorm)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long d = in->row_norm.d;
  const float *gamma = in->p[1], *beta = in->p[2];
  for (long i = from; i < to; i++) {
    const float *x = (const float *)in->p[0] + i * d;
    float *y = (float *)in->p[3] + i * d, *stats = (float *)in->p[4] + i * 2;
    const float mean = in->row_norm.rms ? 0.0f : NAME(row_sum)(x, d) / (float)d;
    const float r = 1.0f / __builtin_sqrtf(NAME(row_square)(x, d, mean) / (float)d + in->row_norm.epsilon);
    stats[0] = mean, stats[1] = r;
    if (beta) EACH(j, 0, d, STORE(y + j, FMA((LOAD(x + j) - BC(mean)) * BC(r), LOAD(gamma + j), LOAD(beta + j))););
    else EACH(j, 0, d, STORE(y + j, (LOAD(x + j) - BC(mean)) * BC(r) * LOAD(gamma + j)););
  }
}

// The gradients of rownorm: dx = r (g - mean(g) - xhat mean(g xhat)), g = dy
// gamma, without mean(g) for RMS; parts(task, 2, d) has the sums of dy xhat and
// of dy over the rows of a task, to be added by colsum. p: x, gamma, stats, dy,
// dx (may be dy), parts.
static void NAME(rownorm_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long d = in->row_norm.d;
  const float *gamma = in->p[1];
  float *dgamma = (float *)in->p[5] + task * 2 * d, *dbeta = dgamma + d;
  memset(dgamma, 0, (size_t)d * 8);
  for (long i = from; i < to; i++) {
    const float *x = (const float *)in->p[0] + i * d, *stats = (const float *)in->p[2] + i * 2, *dy = (const float *)in->p[3] + i * d;
    float *dx = (float *)in->p[4] + i * d;
    const vf mean = BC(stats[0]), r = BC(stats[1]);
    LANED_ZERO(s);
    LANED_ZERO(t);
    LANED(j, v, d, {
      vf dyv = LOAD(dy + j), xhat = (LOAD(x + j) - mean) * r, g = dyv * LOAD(gamma + j);
      s[v] += g;
      t[v] = FMA(g, xhat, t[v]);
      STORE(dgamma + j, FMA(dyv, xhat, LOAD(dgamma + j)));
      STORE(dbeta + j, LOAD(dbeta + j) + dyv);
    });
    const vf a = BC(in->row_norm.rms ? 0.0f : NAME(lanes)(s) / (float)d), b = BC(NAME(lanes)(t) / (float)d);
    EACH(j, 0, d, {
      const vf xhat = (LOAD(x + j) - mean) * r;
      STORE(dx + j, FMA(-xhat, b, LOAD(dy + j) * LOAD(gamma + j) - a) * r);
    });
  }
}

// The statistics of a batch: sums are taken over blocks of rows that are added
// in order, for accuracy.
#define NORM_ROWS 64

// Batch normalisation of x(n, c, s) by channel (Ioffe and Szegedy, 2015).
// Examples whose weight is 0 do not count, and their y is 0. In training the
// mean and the biased variance of the batch are used, and the running ones,
// with the unbiased variance, move by the momentum towards them; else the
// running ones are used and not written. A task takes a range of channels.
// p: x, gamma, beta, y (may be x), stats(2, c): mean, 1/sqrt(var + eps),
// running mean, running variance, weight(n) (optional).
#define ROW_EXISTS(n) (!weight || weight[n] != 0.0f)
SI float NAME(batch_count)(const float *weight, long n, long s) {
  long count = 0;
  for (long k = 0; k < n; k++) count += ROW_EXISTS(k);
  return (float)(count * s);
}
// The sum of x, or of (x - mean)^2, of VL channels of which a row has c.
SI vf NAME(batch_sum)(const float *x, const float *weight, long n, long c, const int whole, long n_, const int square, vf mean) {
  vf sum = BC(0.0f);
  for (long k0 = 0; k0 < n; k0 += NORM_ROWS) {
    vf part = BC(0.0f);
    for (long k = k0; k < n && k < k0 + NORM_ROWS; k++) {
      if (!ROW_EXISTS(k)) continue;
      vf t = LOAD(x + k * c);
      if (square) t -= mean, part = FMA(t, t, part);
      else part += t;
    }
    sum += part;
  }
  return sum;
}
// The statistics of up to VL channels from j on.
SI void NAME(batch_stats)(const instr *in, long j, const int whole, long n_, float count) {
  const batch_norm_args *arg = &in->batch_norm;
  const long c = arg->n, n = arg->rows, s = arg->plane;
  const float *x = (const float *)in->p[0] + j * s, *weight = in->p[7];
  float *stats = (float *)in->p[4] + j, *rmean = (float *)in->p[5] + j, *rvar = (float *)in->p[6] + j;
  const float by = count > 1 ? count : 1, by1 = count > 2 ? count - 1 : 1;
  vf m = LOAD(rmean), var = LOAD(rvar), b;
  if (arg->training && count > 0) {
    if (s == 1) {
      m = NAME(batch_sum)(x, weight, n, c, whole, n_, 0, m) / BC(by);
      b = NAME(batch_sum)(x, weight, n, c, whole, n_, 1, m);
    } else {
      float ms[VL] = {0}, bs[VL] = {0};
      for (long q = 0; q < n_; q++, x += s) {
        for (long k = 0; k < n; k++)
          if (ROW_EXISTS(k)) ms[q] += NAME(row_sum)(x + k * c * s, s);
        ms[q] /= by;
        for (long k = 0; k < n; k++)
          if (ROW_EXISTS(k)) bs[q] += NAME(row_square)(x + k * c * s, s, ms[q]);
      }
      m = LD(ms), b = LD(bs);
    }
    STORE(rmean, FMA(BC(arg->momentum), m - LOAD(rmean), LOAD(rmean)));
    STORE(rvar, FMA(BC(arg->momentum), b / BC(by1) - var, var));
    var = b / BC(by);
  }
  STORE(stats, m);
  STORE(stats + c, BC(1.0f) / VSQRT(var + BC(arg->epsilon)));
}
static void NAME(batchnorm)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long c = in->batch_norm.n, n = in->batch_norm.rows, s = in->batch_norm.plane;
  const float *x = in->p[0], *gamma = in->p[1], *beta = in->p[2], *weight = in->p[7];
  float *y = in->p[3], *mean = in->p[4], *r = mean + c;
  const float count = NAME(batch_count)(weight, n, s);
  EACH(j, from, to, NAME(batch_stats)(in, j, whole, n_, count););
  for (long k = 0; k < n; k++) {
    if (!ROW_EXISTS(k)) {
      memset(y + (k * c + from) * s, 0, (size_t)((to - from) * s) * 4);
      continue;
    }
    if (s == 1) {
      const float *xk = x + k * c;
      float *yk = y + k * c;
      EACH(j, from, to, STORE(yk + j, FMA((LOAD(xk + j) - LOAD(mean + j)) * LOAD(r + j), LOAD(gamma + j), LOAD(beta + j))););
      continue;
    }
    for (long j = from; j < to; j++) {
      const float *xk = x + (k * c + j) * s;
      float *yk = y + (k * c + j) * s;
      const vf m = BC(mean[j]), rv = BC(r[j]), g = BC(gamma[j]), b = BC(beta[j]);
      EACH(q, 0, s, STORE(yk + q, FMA((LOAD(xk + q) - m) * rv, g, b)););
    }
  }
}

// The gradients of batchnorm. p: x, gamma, stats, dy, dx (may be dy), dgamma,
// dbeta, weight (optional).
SI void NAME(batch_dx)(const float *x, const float *dy, float *dx, const int whole, long n_, vf m, vf r, vf g, vf a, vf b) {
  vf xhat = (LOAD(x) - m) * r;
  STORE(dx, FMA(-xhat, b, LOAD(dy) - a) * (g * r));
}
// The sums of dy and of dy xhat of up to VL channels from j on.
SI void NAME(batch_sums)(const instr *in, long j, const int whole, long n_) {
  const long c = in->batch_norm.n, n = in->batch_norm.rows, s = in->batch_norm.plane;
  const float *x = (const float *)in->p[0] + j * s, *mean = (const float *)in->p[2] + j, *r = mean + c;
  const float *dy = (const float *)in->p[3] + j * s, *weight = in->p[7];
  vf sa = BC(0.0f), sb = BC(0.0f);
  if (s == 1) {
    const vf m = LOAD(mean), rv = LOAD(r);
    for (long k0 = 0; k0 < n; k0 += NORM_ROWS) {
      vf a = BC(0.0f), b = BC(0.0f);
      for (long k = k0; k < n && k < k0 + NORM_ROWS; k++) {
        if (!ROW_EXISTS(k)) continue;
        vf g = LOAD(dy + k * c);
        a += g;
        b = FMA(g, (LOAD(x + k * c) - m) * rv, b);
      }
      sa += a, sb += b;
    }
  } else {
    float as[VL] = {0}, bs[VL] = {0}, a, b;
    for (long q = 0; q < n_; q++, x += s, dy += s)
      for (long k = 0; k < n; k++) {
        if (!ROW_EXISTS(k)) continue;
        NAME(row_sums)(dy + k * c * s, x + k * c * s, s, mean[q], r[q], &a, &b);
        as[q] += a, bs[q] += b;
      }
    sa = LD(as), sb = LD(bs);
  }
  STORE((float *)in->p[5] + j, sb);
  STORE((float *)in->p[6] + j, sa);
}
static void NAME(batchnorm_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long c = in->batch_norm.n, n = in->batch_norm.rows, s = in->batch_norm.plane;
  const float *x = in->p[0], *gamma = in->p[1], *mean = in->p[2], *r = mean + c, *dy = in->p[3], *weight = in->p[7];
  float *dx = in->p[4], *dgamma = in->p[5], *dbeta = in->p[6];
  const float count = NAME(batch_count)(weight, n, s), by = count > 1 ? count : 1;
  EACH(j, from, to, NAME(batch_sums)(in, j, whole, n_););
  const float share = in->batch_norm.training ? 1.0f / by : 0.0f;
  for (long k = 0; k < n; k++) {
    if (!ROW_EXISTS(k)) {
      memset(dx + (k * c + from) * s, 0, (size_t)((to - from) * s) * 4);
      continue;
    }
    if (s == 1) {
      const long at = k * c;
      EACH(j, from, to, NAME(batch_dx)(x + at + j, dy + at + j, dx + at + j, whole, n_, LOAD(mean + j), LOAD(r + j), LOAD(gamma + j),
                                       LOAD(dbeta + j) * BC(share), LOAD(dgamma + j) * BC(share)););
      continue;
    }
    for (long j = from; j < to; j++) {
      const long at = (k * c + j) * s;
      const vf m = BC(mean[j]), rv = BC(r[j]), g = BC(gamma[j]), a = BC(dbeta[j] * share), b = BC(dgamma[j] * share);
      EACH(q, 0, s, NAME(batch_dx)(x + at + q, dy + at + q, dx + at + q, whole, n_, m, rv, g, a, b););
    }
  }
}

// Group normalisation of x(n, c, s) (Wu and He, 2018): c/groups channels of an
// example are normalised together, then scaled and shifted by channel. p: x,
// gamma, beta, y (may be x), stats(n groups, 2): mean, 1/sqrt(var + eps).
static void NAME(groupnorm)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long s = in->group_norm.plane, groups = in->group_norm.groups, each = in->group_norm.channels / groups, k = each * s;
  for (long i = from; i < to; i++) {
    const float *x = (const float *)in->p[0] + i * k, *gamma = (const float *)in->p[1] + i % groups * each, *beta = (const float *)in->p[2] + i % groups * each;
    float *y = (float *)in->p[3] + i * k, *stats = (float *)in->p[4] + i * 2;
    const float mean = NAME(row_sum)(x, k) / (float)k;
    const float r = 1.0f / __builtin_sqrtf(NAME(row_square)(x, k, mean) / (float)k + in->group_norm.epsilon);
    stats[0] = mean, stats[1] = r;
    for (long c = 0; c < each; c++, x += s, y += s)
      EACH(j, 0, s, STORE(y + j, FMA((LOAD(x + j) - BC(mean)) * BC(r), BC(gamma[c]), BC(beta[c]))););
  }
}

// The gradients of groupnorm; parts(n, 2, c) has the sums of dy xhat and of dy
// of each plane, to be added by colsum. p: x, gamma, stats, dy, dx (may be dy),
// parts.
static void NAME(groupnorm_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long channels = in->group_norm.channels, s = in->group_norm.plane, groups = in->group_norm.groups, each = channels / groups, k = each * s;
  for (long i = from; i < to; i++) {
    const float *x = (const float *)in->p[0] + i * k, *gamma = (const float *)in->p[1] + i % groups * each;
    const float *stats = (const float *)in->p[2] + i * 2, *dy = (const float *)in->p[3] + i * k;
    float *dx = (float *)in->p[4] + i * k, *dgamma = (float *)in->p[5] + i / groups * 2 * channels + i % groups * each, *dbeta = dgamma + channels;
    float a = 0, b = 0;
    for (long c = 0; c < each; c++) {
      NAME(row_sums)(dy + c * s, x + c * s, s, stats[0], stats[1], dbeta + c, dgamma + c);
      a = __builtin_fmaf(gamma[c], dbeta[c], a), b = __builtin_fmaf(gamma[c], dgamma[c], b);
    }
    const vf mean = BC(stats[0]), r = BC(stats[1]), av = BC(a / (float)k), bv = BC(b / (float)k);
    for (long c = 0; c < each; c++, x += s, dy += s, dx += s)
      EACH(j, 0, s, STORE(dx + j, FMA(-((LOAD(x + j) - mean) * r), bv, LOAD(dy + j) * BC(gamma[c]) - av) * r););
  }
}

// y = softmax of the rows of x(m, d), of the first len elements where there are
// lengths; the others, and rows of length 0, are 0. p: x, y (may be x), lengths
// (optional).
SI long NAME(row_length)(const float *lengths, long at, long d) {
  if (!lengths) return d;
  const float l = lengths[at];
  return l >= (float)d ? d : l > 0.0f ? (long)l : 0;
}
static void NAME(softmax)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long d = in->softmax.d;
  for (long i = from; i < to; i++) {
    const float *x = (const float *)in->p[0] + i * d;
    float *y = (float *)in->p[1] + i * d;
    const long n = NAME(row_length)(in->p[2], i / in->softmax.each, d);
    if (n > 0) {
      float l[LANES];
      for (int v = 0; v < LANES; v++) l[v] = -__builtin_inff();
      for (long j = 0; j < n; j += LANES)
        for (int v = 0; v < LANES; v += VL) {
          if (j + v + VL <= n) ST(l + v, VMAX(LD(x + j + v), LD(l + v)));
          else
            for (long w = j + v; w < n && w < j + v + VL; w++) l[w - j] = x[w] > l[w - j] ? x[w] : l[w - j];
        }
      for (int w = LANES / 2; w; w /= 2)
        for (int v = 0; v < w; v++) l[v] = l[v + w] > l[v] ? l[v + w] : l[v];
      const vf top = BC(l[0]);
      LANED_ZERO(acc);
      LANED(j, v, n, {
        vf e = KEEP(FLUSH(vexp(LOAD(x + j) - top)));
        acc[v] += e;
        STORE(y + j, e);
      });
      const vf inv = BC(1.0f / NAME(lanes)(acc));
      EACH(j, 0, n, STORE(y + j, LOAD(y + j) * inv););
    }
    memset(y + n, 0, (size_t)(d - n) * 4);
  }
}

// dx = y (dy - sum(dy y)). p: y, dy, dx (may be dy), lengths (optional).
static void NAME(softmax_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long d = in->softmax.d;
  for (long i = from; i < to; i++) {
    const float *y = (const float *)in->p[0] + i * d, *dy = (const float *)in->p[1] + i * d;
    float *dx = (float *)in->p[2] + i * d;
    const long n = NAME(row_length)(in->p[3], i / in->softmax.each, d);
    LANED_ZERO(acc);
    LANED(j, v, n, acc[v] = FMA(LOAD(dy + j), LOAD(y + j), acc[v]););
    const vf s = BC(NAME(lanes)(acc));
    EACH(j, 0, n, STORE(dx + j, FLUSH(LOAD(y + j) * (LOAD(dy + j) - s))););
    memset(dx + n, 0, (size_t)(d - n) * 4);
  }
}
