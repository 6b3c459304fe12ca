// Losses of M rows of K outputs z against targets, each row with a weight. A row
// of weight 0 does not exist: whatever it holds, it changes nothing and its
// gradient is 0. The loss of a batch takes three instructions:
//
//	loss_rows or class_loss   the loss of each row
//	weighted_sum, weighted_mean sum w l / sum w
//
// and its gradient one: loss_grad or class_loss_grad.

// Losses that are sums over outputs, in the order of loss.go, with their numbers
// in f. Targets y have the shape of z.
enum {
  LOSS_MSE,     // (z-y)^2
  LOSS_MAE,     // |z-y|
  LOSS_HUBER,   // d^2/2 where |d| <= delta, else delta (|d| - delta/2); f: delta
  LOSS_PINBALL, // q (y-z) where y >= z, else (1-q) (z-y); f: q
  LOSS_POISSON, // e^z - y z: z is the logarithm of a rate
  LOSS_SIGMOID, // cross entropy of a logit; t = f[0] y + f[1] smooths the labels
  LOSS_FOCAL,   // ... times (f[3] t + f[4]) (1-p)^f[2], p the probability of t
};

// What the value and the slope of LOSS_FOCAL have in common, of a smoothed t.
typedef struct { vf t, p, q, entropy, miss, power, weight; } NAME(focal);

// Cross entropy of a logit: max(z, 0) - t z + log(1 + e^-|z|).
SI vf NAME(bce)(vf z, vf t) { return FMA(-z, t, VMAX(z, BC(0.0f))) + vlog1p(vexp(-VABS(z))); }

SI NAME(focal) NAME(focus)(vf z, vf y, const float *f) {
  NAME(focal) o;
  o.t = FMA(y, BC(f[0]), BC(f[1]));
  o.p = vsigmoid(z), o.q = vsigmoid(-z); // 1 - p would lose what is left of a good row
  o.entropy = NAME(bce)(z, o.t);
  o.miss = FMA(o.p, BC(1.0f) - o.t, o.q * o.t);
  o.power = vexp(BC(f[2]) * vlog(o.miss)); // f[2] > 0, so that 0 gives 0
  o.weight = FMA(BC(f[3]), o.t, BC(f[4]));
  return o;
}

SI vf NAME(loss_value)(vf z, vf y, int kind, const float *f) {
  const vf zero = BC(0.0f), half = BC(0.5f), f0 = BC(f[0]);
  vf d = z - y;
  switch (kind) {
  case LOSS_MSE: return d * d;
  case LOSS_MAE: return VABS(d);
  case LOSS_HUBER: return SEL(VABS(d) <= f0, half * d * d, f0 * (VABS(d) - half * f0));
  case LOSS_PINBALL: return SEL(d <= zero, f0 * -d, (BC(1.0f) - f0) * d);
  case LOSS_POISSON: return FMA(-y, z, vexp(z));
  case LOSS_SIGMOID: return NAME(bce)(z, FMA(y, f0, BC(f[1])));
  }
  NAME(focal) o = NAME(focus)(z, y, f);
  return o.weight * o.power * o.entropy;
}

// The derivative by z; of the kinks of MAE and PINBALL it is 0, the slope that
// belongs to a minimum.
SI vf NAME(loss_slope)(vf z, vf y, int kind, const float *f) {
  const vf zero = BC(0.0f), one = BC(1.0f), f0 = BC(f[0]);
  vf d = z - y;
  switch (kind) {
  case LOSS_MSE: return d + d;
  case LOSS_MAE: return SEL(d > zero, one, SEL(d < zero, -one, d));
  case LOSS_HUBER: return SEL(d > f0, f0, SEL(d < -f0, -f0, d));
  case LOSS_PINBALL: return SEL(d > zero, one - f0, SEL(d < zero, -f0, d));
  case LOSS_POISSON: return vexp(z) - y;
  case LOSS_SIGMOID: return vsigmoid(z) - FMA(y, f0, BC(f[1]));
  }
  // (m^g c)' = m^g (c' + g c m'/m), with m' = p q (1 - 2t), and c' = p - t
  NAME(focal) o = NAME(focus)(z, y, f);
  vf turn = o.p * o.q * (one - (o.t + o.t)) / o.miss;
  turn = SEL(o.miss == zero, zero, turn);
  return o.weight * o.power * FMA(BC(f[2]) * o.entropy, turn, o.p - o.t);
}

#define SWITCH_LOSS(kind, A, loop)                                                                                     \
  switch (kind) {                                                                                                      \
  case LOSS_MSE: { enum { A = LOSS_MSE }; loop } break;                                                                \
  case LOSS_MAE: { enum { A = LOSS_MAE }; loop } break;                                                                \
  case LOSS_HUBER: { enum { A = LOSS_HUBER }; loop } break;                                                            \
  case LOSS_PINBALL: { enum { A = LOSS_PINBALL }; loop } break;                                                        \
  case LOSS_POISSON: { enum { A = LOSS_POISSON }; loop } break;                                                        \
  case LOSS_SIGMOID: { enum { A = LOSS_SIGMOID }; loop } break;                                                        \
  default: { enum { A = LOSS_FOCAL }; loop } break;                                                                    \
  }

// row(M) = the mean of the losses of the outputs of each row, 0 where its weight
// is 0. A row has LANES lanes; with one output, vectors run across rows.
// p: z, y, weight, row.
static void NAME(loss_rows)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long k = in->loss.k;
  const float *z = in->p[0], *y = in->p[1], *w = in->p[2], *f = in->loss.f;
  float *row = in->p[3];
  if (k == 1) {
    SWITCH_LOSS(in->loss.kind, A, EACH(j, from, to, {
      vf l = BC(0.0f) + NAME(loss_value)(LOAD(z + j), LOAD(y + j), A, f);
      STORE(row + j, SEL(LOAD(w + j) == BC(0.0f), BC(0.0f), l));
    }););
    return;
  }
  for (long r = from; r < to; r++) {
    row[r] = 0;
    if (w[r] == 0) continue;
    const float *a = z + r * k, *b = y + r * k;
    float l[LANES] = {0};
    long j = 0;
    SWITCH_LOSS(in->loss.kind, A, {
      for (; j + LANES <= k; j += LANES)
        for (int v = 0; v < LANES; v += VL) ST(l + v, LD(l + v) + NAME(loss_value)(LD(a + j + v), LD(b + j + v), A, f));
      for (int v = 0; j < k; v += VL, j += VL) {
        const long n = k - j < VL ? k - j : VL;
        STN(l + v, LDN(l + v, n) + NAME(loss_value)(LDN(a + j, n), LDN(b + j, n), A, f), n);
      }
    });
    row[r] = sum16(l) / (float)k;
  }
}

// dz = the gradient of the weighted mean times *p[4] (1 if there is none).
// p: z, y, weight, total weight, dloss, dz (may be z).
static void NAME(loss_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long k = in->loss.k;
  const float *z = in->p[0], *y = in->p[1], *w = in->p[2], *f = in->loss.f, *dloss = in->p[4];
  float *dz = in->p[5];
  const float unit = (dloss ? *dloss : 1.0f) / *(const float *)in->p[3] / (float)k;
  if (k == 1) {
    SWITCH_LOSS(in->loss.kind, A, EACH(j, from, to, {
      vf c = LOAD(w + j);
      vf d = c * BC(unit) * NAME(loss_slope)(LOAD(z + j), LOAD(y + j), A, f);
      STORE(dz + j, SEL(c == BC(0.0f), BC(0.0f), FLUSH(d)));
    }););
    return;
  }
  for (long r = from; r < to; r++) {
    const float *a = z + r * k, *b = y + r * k;
    float *out = dz + r * k;
    if (w[r] == 0) {
      memset(out, 0, (size_t)k * 4);
      continue;
    }
    vf c = BC(w[r] * unit);
    SWITCH_LOSS(in->loss.kind, A, EACH(j, 0, k, STORE(out + j, FLUSH(c * NAME(loss_slope)(LOAD(a + j), LOAD(b + j), A, f)));););
  }
}

// Like LDN, with another number than 0 for the rest.
SI vf NAME(load_or)(const float *p, long n, float rest) {
  float t[VL];
  ST(t, BC(rest));
  memcpy(t, p, (size_t)n * 4);
  return LD(t);
}

// max16 finds the greatest lane in the tree of sum16.
SI float NAME(max16)(float *l) {
  for (int w = LANES / 2; w; w /= 2)
    for (int i = 0; i < w; i++) l[i] = l[i + w] > l[i] ? l[i + w] : l[i];
  return l[0];
}

// VLANES runs body for the elements of a row in lanes, with x the vector of some
// of them, padded with rest, and v the lane that it begins at.
#define VLANES(a, k, rest, x, v, body)                                                                                 \
  do {                                                                                                                 \
    long j_ = 0;                                                                                                       \
    for (; j_ + LANES <= (k); j_ += LANES)                                                                             \
      _Pragma("GCC unroll 4") for (int v = 0; v < LANES; v += VL) { const vf x = LD((a) + j_ + v); body }              \
    for (int v = 0; j_ < (k); v += VL, j_ += VL) {                                                                     \
      const vf x = NAME(load_or)((a) + j_, (k)-j_ < VL ? (k)-j_ : VL, rest);                                           \
      body                                                                                                             \
    }                                                                                                                  \
  } while (0)

// What a class adds to the logarithm of the sum.
SI float NAME(far)(const float *z, float y, long k, float top, float t1, float spread) {
  return y >= 0 && y < (float)k ? __builtin_fmaf(t1, top - z[(long)y], spread) : __builtin_nanf("");
}

// One row of class_loss, up to the logarithm: row is what is added to it.
SI void NAME(softmax_row)(const float *z, float y, float w, long k, float t0, float t1, float *tops, float *sums, float *row) {
  const float inf = __builtin_inff();
  *tops = 0, *sums = 1, *row = 0;
  if (w == 0) return;
  float l[LANES];
  vf acc[LANES / VL];
  for (int v = 0; v < LANES / VL; v++) acc[v] = BC(-inf);
  VLANES(z, k, -inf, x, v, acc[v / VL] = VMAX(x, acc[v / VL]);); // skips NaN: the sum shows it
  for (int v = 0; v < LANES / VL; v++) ST(l + v * VL, acc[v]);
  const float top = NAME(max16)(l) + 0.0f; // no -0, of which it depends on the order whether it is greater than 0
  for (int v = 0; v < LANES / VL; v++) acc[v] = BC(0.0f);
  VLANES(z, k, -inf, x, v, acc[v / VL] += vexp(x - BC(top)););
  for (int v = 0; v < LANES / VL; v++) ST(l + v * VL, acc[v]);
  *tops = top, *sums = sum16(l);
  float spread = 0;
  if (t0 != 0) {
    for (int v = 0; v < LANES / VL; v++) acc[v] = BC(0.0f);
    VLANES(z, k, top, x, v, acc[v / VL] += BC(top) - x;);
    for (int v = 0; v < LANES / VL; v++) ST(l + v * VL, acc[v]);
    spread = t0 * sum16(l);
  }
  *row = NAME(far)(z, y, k, top, t1, spread);
}

// columns turns n rows of k <= LANES numbers into vectors across rows.
SI void NAME(columns)(const float *z, long k, long n, vf *x) {
  float t[LANES][VL] = {{0}};
  for (long v = 0; v < n; v++)
    for (long j = 0; j < k; j++) t[j][v] = z[v * k + j];
  for (long j = 0; j < k; j++) x[j] = LD(t[j]);
}

// sum16 of the lanes of VL rows at once.
SI vf NAME(sum16v)(vf *l) {
  for (int w = LANES / 2; w; w /= 2)
    for (int i = 0; i < w; i++) l[i] += l[i + w];
  return l[0];
}

// The same for n <= VL rows of k <= LANES outputs: vectors run across rows, so
// that few classes do not leave most lanes empty.
static void NAME(softmax_block)(const float *z, const float *y, const float *w, long k, long n, float t0, float t1,
                                float *tops, float *sums, float *row) {
  float t[VL], s[VL], d[VL] = {0};
  vf x[LANES], l[LANES];
  NAME(columns)(z, k, n, x);
  vf top = BC(-__builtin_inff());
  for (long j = 0; j < k; j++) top = VMAX(x[j], top);
  top = top + BC(0.0f);
  for (long j = 0; j < LANES; j++) { l[j] = BC(0.0f); if (j < k) l[j] = vexp(x[j] - top); }
  ST(t, top), ST(s, NAME(sum16v)(l));
  if (t0 != 0) {
    for (long j = 0; j < LANES; j++) { l[j] = BC(0.0f); if (j < k) l[j] = top - x[j]; }
    ST(d, BC(t0) * NAME(sum16v)(l));
  }
  for (long v = 0; v < n; v++)
    if (w[v] == 0) tops[v] = 0, sums[v] = 1, row[v] = 0;
    else tops[v] = t[v], sums[v] = s[v], row[v] = NAME(far)(z + v * k, y[v], k, t[v], t1, d[v]);
}

// row(M) = the cross entropy of the softmax of each row, 0 where its weight is
// 0; NaN where the class is none of the outputs. With c the class,
//
//	row = log sum_k e^(z_k - top) + t1 (top - z_c) + t0 sum_k (top - z_k)
//
// t1 = 1 - s and t0 = s / K smooth the labels by s; times (1 - p_c)^gamma if
// gamma is not 0, and then t0 is 0. stats(3 M) is for the gradient: top, 1/sum
// and the factor of the row.
// p: z, class, weight, row, stats.
static void NAME(class_loss)(const instr *in, long task, void *scratch) {
  const class_loss_args *arg = &in->class_loss;
  SPAN(in, task);
  const long m = arg->n, k = arg->k;
  const float t0 = arg->rest, t1 = arg->target, gamma = arg->gamma;
  const float *y = in->p[1], *w = in->p[2];
  float *row = in->p[3], *tops = in->p[4], *sums = tops + m, *factors = sums + m;
  for (long r = from, n; r < to; r += n) {
    const float *z = (const float *)in->p[0] + r * k;
    n = k > LANES ? 1 : to - r < VL ? to - r : VL;
    if (k > LANES) NAME(softmax_row)(z, y[r], w[r], k, t0, t1, tops + r, sums + r, row + r);
    else NAME(softmax_block)(z, y + r, w + r, k, n, t0, t1, tops + r, sums + r, row + r);
  }
  // The logarithms, across rows.
  EACH(r, from, to, {
    const vf zero = BC(0.0f);
    const vf one = BC(1.0f);
    const vf sum = LOAD(sums + r);
    const vf far = LOAD(row + r);
    vf l = vlog(sum) + far;
    vf factor = SEL(far == far, one, far);
    if (gamma != 0) {
      vf e = vexp(-far);
      vf miss = (sum - e) / sum;
      vf power = vexp(BC(gamma) * vlog(miss));
      factor = SEL(miss == zero, zero, power * FMA(BC(gamma) * (e / sum), l / miss, one));
      l = power * l;
    }
    const vi none = LOAD(w + r) == zero;
    STORE(row + r, SEL(none, zero, l));
    STORE(factors + r, SEL(none, zero, factor));
    STORE(sums + r, one / sum);
  });
}

// dz = w factor dloss / total (softmax(z) - t), as above. p[5] may be 0, for 1.
// p: z, class, weight, stats, total weight, dloss, dz (may be z).
static void NAME(class_loss_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long m = in->class_loss.n, k = in->class_loss.k;
  const float t1 = in->class_loss.target;
  const float *y = in->p[1], *w = in->p[2], *tops = in->p[3], *inverse = tops + m, *factors = inverse + m, *dloss = in->p[5];
  const float unit = (dloss ? *dloss : 1.0f) / *(const float *)in->p[4];
  const vf t0 = BC(in->class_loss.rest);
  for (long r = from, n; r < to; r += n) {
    const float *z = (const float *)in->p[0] + r * k;
    float *dz = (float *)in->p[6] + r * k;
    n = k > LANES ? 1 : to - r < VL ? to - r : VL;
    float scale[VL] = {0};
    for (long v = 0; v < n; v++) scale[v] = w[r + v] * unit * factors[r + v];
    if (k > LANES) {
      const vf s = BC(scale[0]), top = BC(tops[r]), inv = BC(inverse[r]);
      if (w[r] != 0) EACH(j, 0, k, STORE(dz + j, FLUSH(s * FMA(vexp(LOAD(z + j) - top), inv, -t0))););
    } else { // across rows
      const vf s = LD(scale), top = LDN(tops + r, n), inv = LDN(inverse + r, n);
      vf x[LANES];
      float t[LANES][VL];
      NAME(columns)(z, k, n, x);
      for (long j = 0; j < k; j++) ST(t[j], FLUSH(s * FMA(vexp(x[j] - top), inv, -t0)));
      for (long v = 0; v < n; v++)
        for (long j = 0; j < k; j++) dz[v * k + j] = t[j][v];
    }
    for (long v = 0; v < n; v++)
      if (w[r + v] == 0) memset(dz + v * k, 0, (size_t)k * 4);
      else if (y[r + v] >= 0 && y[r + v] < (float)k) dz[v * k + (long)y[r + v]] -= scale[v] * t1;
  }
}

// out[2 task], out[2 task + 1] = the sums of w x and of w of a range, in LANES
// lanes. p: x, w, out.
static void NAME(weighted_sum)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *x = (const float *)in->p[0] + from, *w = (const float *)in->p[1] + from;
  const long n = to - from;
  float s[LANES] = {0}, l[LANES] = {0};
  long j = 0;
  for (; j + LANES <= n; j += LANES)
    for (int v = 0; v < LANES; v += VL) {
      vf c = LD(w + j + v);
      ST(s + v, FMA(c, LD(x + j + v), LD(s + v)));
      ST(l + v, LD(l + v) + c);
    }
  for (; j < n; j++) s[j % LANES] = __builtin_fmaf(w[j], x[j], s[j % LANES]), l[j % LANES] += w[j];
  float *out = (float *)in->p[2] + 2 * task;
  out[0] = sum16(s), out[1] = sum16(l);
}

// out(2) = the weighted mean, 0 if there is no weight, and the total weight, of
// what weighted_sum gave. p: its out, out.
static void NAME(weighted_mean)(const instr *in, long task, void *scratch) {
  const float *x = in->p[0];
  float *out = in->p[1], sum = 0, total = 0;
  for (long j = 0; j < in->parts.parts; j++) sum += x[2 * j], total += x[2 * j + 1];
  out[0] = total == 0 ? 0 : sum / total, out[1] = total;
}
