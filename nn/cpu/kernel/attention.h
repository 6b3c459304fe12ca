// Multi-head attention, softmax(scale q kᵀ) v, by blocks of queries and keys, so
// that no matrix of all queries and keys is ever made: the softmax goes along
// with the blocks of keys (Milakov and Gimelshein, "Online normalizer calculation
// for softmax", 2018), and the gradient makes the scores again (Dao et al.,
// "FlashAttention", 2022). The size of the blocks is part of the arithmetic:
// each sum is one chain over keys or queries in their order, which for the
// output is scaled anew at each block of keys.
//
// Within a block scores stand transposed, a key in a row and NR queries in the
// lanes: the maximum and the sum of a query need no horizontal operations, and
// what the tile of gemm.h gives is already packed as its right operand.
#define ATT 64                            // queries and keys in a block
#define UP(n, w) (((n) + (w)-1) / (w) * (w)) // n rounded up to a multiple of w
#define ATT_MR UP(ATT, MR)
#define ATT_NR UP(ATT, NR)
#define ATT_ROWS (ATT_MR > ATT_NR ? ATT_MR : ATT_NR) // of scores

// Packs rows of src, of k numbers each, as rows of A or as columns of B ...
SI void NAME(pack_rows)(float *dst, const float *src, long rows, long k, long ld, const long W) {
  for (; rows > 0; rows -= W, src += W * ld, dst += W * k) {
    const long n = rows < W ? rows : W;
    if (n < W) memset(dst, 0, (size_t)(W * k) * 4);
    NAME(transpose)(dst, W, src, ld, n, k);
  }
}
// ... or as columns of A: W columns of a row lie together.
SI void NAME(pack_columns)(float *dst, const float *src, long rows, long k, long ld) {
  for (long c = 0; c < k; c += MR) {
    const long n = k - c < MR ? k - c : MR;
    for (long r = 0; r < rows; r++, dst += MR) {
      const float *s = src + r * ld + c;
      if (n == MR) for (int i = 0; i < MR; i++) dst[i] = s[i];
      else for (int i = 0; i < MR; i++) dst[i] = i < n ? s[i] : 0;
    }
  }
}

// c(m, NR) = a(k, m)ᵀ b(k, NR), m rounded up to MR rows; begin as for the tile.
SI void NAME(tiles)(long m, long k, const float *a, const float *b, float *c, int begin) {
  if (begin) for (long i = 0; i < m; i += MR) NAME(tile)(k, a + i * k, b, c + i * NR, NR, 1);
  else for (long i = 0; i < m; i += MR) NAME(tile)(k, a + i * k, b, c + i * NR, NR, 0);
}

// What all blocks of one example and head share.
typedef struct {
  long heads, tq, tk, dh, dm; // dm: dh rounded up to MR
  long n, h, len;             // len: keys that there are
  int causal;
  vf scale, drop_scale;
  uint64_t key, step;
  uint32_t below; // of the numbers of dropout; 0: there is none
} NAME(head);

SI NAME(head) NAME(head_of)(const instr *in, long n, long h, const float *lengths, const uint64_t *step) {
  const attention_args *arg = &in->attention;
  NAME(head) a = {.heads = arg->heads, .tq = arg->tq, .tk = arg->tk, .dh = arg->dh, .dm = UP(arg->dh, MR), .n = n, .h = h,
                  .causal = arg->causal != 0, .scale = BC(arg->scale), .drop_scale = BC(arg->drop_scale), .key = (uint64_t)arg->key,
                  .below = (uint32_t)arg->below};
  a.step = a.below ? *step : 0;
  a.len = NAME(row_length)(lengths, n, a.tk);
  return a;
}
// How many keys query t sees: always the first ones.
SI long NAME(seen)(const NAME(head) *a, long t) { return a->causal && t + 1 < a->len ? t + 1 : a->len; }

// drop_keys draws the numbers of key k, a multiple of 4, and the three behind
// it, for queries q, q+1, ...: element (n, h, t, k) of (N, heads, Tq, Tk), Tk
// rounded up to a multiple of 4. r[i][j] are of key k+i and vector j.
SI void NAME(drop_keys)(const NAME(head) *a, long q, long k, vi r[4][NV]) {
  const uint64_t stride = (uint64_t)(a->tk + 3) / 4;
  uint64_t g = ((uint64_t)(a->n * a->heads + a->h) * (uint64_t)a->tq + (uint64_t)q) * stride + (uint64_t)k / 4;
  for (int j = 0; j < NV; j++) {
    uint32_t low[VL], high[VL];
    for (int i = 0; i < VL; i++, g += stride) low[i] = (uint32_t)g, high[i] = (uint32_t)(g >> 32);
    vi x[4];
    memcpy(&x[0], low, sizeof low), memcpy(&x[1], high, sizeof high);
    NAME(philox_lanes)(x, a->step, a->key);
    for (int i = 0; i < 4; i++) r[i][j] = x[i];
  }
}
SI vf NAME(dropped)(const NAME(head) *a, vf x, vi r) {
  const vi drop = (r ^ BCI(INT32_MIN)) < BCI((int32_t)(a->below ^ 0x80000000u));
  return (vf)((vi)(x * a->drop_scale) & ~drop);
}

// One block of keys for NR queries: s(nk, NR) becomes their weights before the
// division by the sum l; m is the largest score so far, alpha the factor of what
// was summed up before.
SI void NAME(online)(const NAME(head) *a, float *s, long q, long k0, long nk, const float *count, float *m, float *l, vf *alpha, const int masked) {
  vf c[NV], top[NV], sum[NV];
  for (int j = 0; j < NV; j++) c[j] = LD(count + j * VL), top[j] = BC(-__builtin_inff()), sum[j] = LD(l + j * VL);
  for (long k = 0; k < nk; k++)
    for (int j = 0; j < NV; j++) {
      vf x = LD(s + k * NR + j * VL);
      if (masked) x = SEL(BC((float)(k0 + k)) < c[j], x, BC(-__builtin_inff()));
      top[j] = VMAX(x, top[j]);
    }
  for (int j = 0; j < NV; j++) {
    const vf before = LD(m + j * VL);
    top[j] = VMAX(top[j] * a->scale, before);
    ST(m + j * VL, top[j]);
    alpha[j] = k0 ? FLUSH(vexp(before - top[j])) : BC(0.0f);
    if (k0) sum[j] *= alpha[j];
  }
  vi r[4][NV];
  for (long k = 0; k < nk; k++) {
    if (a->below && k % 4 == 0) NAME(drop_keys)(a, q, k0 + k, r);
    for (int j = 0; j < NV; j++) {
      vf p = FLUSH(vexp(FMA(LD(s + k * NR + j * VL), a->scale, -top[j])));
      if (masked) p = SEL(BC((float)(k0 + k)) < c[j], p, BC(0.0f));
      sum[j] += p;
      if (a->below) p = NAME(dropped)(a, p, r[k % 4][j]);
      ST(s + k * NR + j * VL, p);
    }
  }
  for (int j = 0; j < NV; j++) ST(l + j * VL, sum[j]);
}

// out(N, Tq, heads dh) of q(N, Tq, heads dh), k, v(N, Tk, heads dh); lse(N,
// heads, Tq) is the logarithm of the sum of the exponentials of the scores of a
// query. With causal a query sees the keys up to its own place. Weights are
// dropped as in random.h. A query that sees no key gives 0. One task takes a
// block of queries of one head.
// p: q, k, v, out, lse, lengths of the keys (optional), step (uint64).
static void NAME(attention)(const instr *in, long task, void *scratch) {
  const attention_args *arg = &in->attention;
  const long blocks = (arg->tq + ATT - 1) / ATT, nh = task / blocks, q0 = task % blocks * ATT;
  const NAME(head) a = NAME(head_of)(in, nh / arg->heads, nh % arg->heads, in->p[5], in->p[6]);
  const long dh = a.dh, dm = a.dm, ldq = arg->stride_q, ldk = arg->stride_k, ldv = arg->stride_v, ldo = arg->stride_out;
  const long nq = a.tq - q0 < ATT ? a.tq - q0 : ATT, at = a.h * dh, top = NAME(seen)(&a, q0 + nq - 1);
  const float *q = (const float *)in->p[0] + (a.n * a.tq + q0) * ldq + at;
  const float *key = (const float *)in->p[1] + a.n * a.tk * ldk + at, *val = (const float *)in->p[2] + a.n * a.tk * ldv + at;
  float *out = (float *)in->p[3] + (a.n * a.tq + q0) * ldo + at, *lse = (float *)in->p[4] + nh * a.tq + q0;
  if (!top) {
    for (long t = 0; t < nq; t++) memset(out + t * ldo, 0, (size_t)dh * 4);
    memset(lse, 0, (size_t)nq * 4);
    return;
  }
  float *qp = scratch, *kp = qp + ATT_NR * dh, *vp = kp + ATT_MR * dh, *s = vp + ATT * dm, *o = s + ATT_ROWS * NR;
  float *m = o + ATT_NR * dm, *l = m + ATT_NR, *count = l + ATT_NR;
  for (long t = 0; t < UP(nq, NR); t++) m[t] = -__builtin_inff(), l[t] = 0, count[t] = (float)NAME(seen)(&a, q0 + t);
  NAME(pack_rows)(qp, q, nq, dh, ldq, NR);
  for (long k0 = 0; k0 < top; k0 += ATT) {
    const long nk = top - k0 < ATT ? top - k0 : ATT;
    NAME(pack_rows)(kp, key + k0 * ldk, nk, dh, ldk, MR);
    NAME(pack_columns)(vp, val + k0 * ldv, nk, dh, ldv);
    for (long t = 0; t < nq; t += NR) {
      vf alpha[NV];
      NAME(tiles)(nk, dh, kp, qp + t * dh, s, 1);
      if (k0 + nk <= (long)count[t]) NAME(online)(&a, s, q0 + t, k0, nk, count + t, m + t, l + t, alpha, 0);
      else NAME(online)(&a, s, q0 + t, k0, nk, count + t, m + t, l + t, alpha, 1);
      if (k0)
        for (long r = 0; r < dm; r++)
          for (int j = 0; j < NV; j++) ST(o + t * dm + r * NR + j * VL, LD(o + t * dm + r * NR + j * VL) * alpha[j]);
      NAME(tiles)(dh, nk, vp, s, o + t * dm, k0 == 0);
    }
  }
  for (long t = 0; t < nq; t += NR) {
    float *ot = o + t * dm;
    const long n = nq - t < NR ? nq - t : NR;
    for (int j = 0; j < NV; j++) {
      const vf sum = LD(l + t + j * VL), inv = BC(1.0f) / sum;
      ST(m + t + j * VL, LD(m + t + j * VL) + vlog(sum));
      for (long r = 0; r < dh; r++) ST(ot + r * NR + j * VL, LD(ot + r * NR + j * VL) * inv);
    }
    NAME(transpose)(out + t * ldo, ldo, ot, NR, dh, n);
    memcpy(lse + t, m + t, (size_t)n * 4);
  }
}

// s(nk, NR) becomes the weights p, after dropout, and dp(nk, NR) the gradient
// of the scores, p (dp - d), for NR queries.
SI void NAME(scores_grad)(const NAME(head) *a, float *s, float *dp, long q, long k0, long nk, const float *count, const float *lse, const float *d, const int masked) {
  vi r[4][NV];
  vf c[NV], z[NV], dv[NV];
  for (int j = 0; j < NV; j++) c[j] = LD(count + j * VL), z[j] = -LD(lse + j * VL), dv[j] = LD(d + j * VL);
  for (long k = 0; k < nk; k++) {
    if (a->below && k % 4 == 0) NAME(drop_keys)(a, q, k0 + k, r);
    for (int j = 0; j < NV; j++) {
      vf p = FLUSH(vexp(FMA(LD(s + k * NR + j * VL), a->scale, z[j]))), g = LD(dp + k * NR + j * VL), w;
      if (masked) p = SEL(BC((float)(k0 + k)) < c[j], p, BC(0.0f));
      w = p;
      if (a->below) w = NAME(dropped)(a, p, r[k % 4][j]), g = NAME(dropped)(a, g, r[k % 4][j]);
      ST(s + k * NR + j * VL, w);
      ST(dp + k * NR + j * VL, FLUSH(p * (g - dv[j])));
    }
  }
}

// rows of out(rows, dh) = scale times the transpose of panels of acc(dm, NR).
SI void NAME(unpack)(float *out, long ld, float *acc, long rows, long dh, long dm, vf scale) {
  for (long t = 0; t < rows; t += NR, acc += dm * NR) {
    for (long r = 0; r < dh * NR; r += VL) ST(acc + r, FLUSH(LD(acc + r) * scale));
    NAME(transpose)(out + t * ld, ld, acc, NR, dh, rows - t < NR ? rows - t : NR);
  }
}

// The gradients dq(N, Tq, heads dh), dk, dv(N, Tk, heads dh), one behind the
// other. One task takes one head of one example. p: q, k, v, out, lse, lengths,
// step, dout (with the row stride of out), gradients.
static void NAME(attention_grad)(const instr *in, long task, void *scratch) {
  const attention_args *arg = &in->attention;
  const NAME(head) a = NAME(head_of)(in, task / arg->heads, task % arg->heads, in->p[5], in->p[6]);
  const long dh = a.dh, dm = a.dm, tq = a.tq, tk = a.tk, width = a.heads * dh, ldq = arg->stride_q, ldk = arg->stride_k, ldv = arg->stride_v, ldo = arg->stride_out;
  const long examples = in->tasks / a.heads, at = a.h * dh;
  const float *q = (const float *)in->p[0] + a.n * tq * ldq + at, *key = (const float *)in->p[1] + a.n * tk * ldk + at;
  const float *val = (const float *)in->p[2] + a.n * tk * ldv + at, *out = (const float *)in->p[3] + a.n * tq * ldo + at;
  const float *lse = (const float *)in->p[4] + task * tq, *dout = (const float *)in->p[7] + a.n * tq * ldo + at;
  float *dq = (float *)in->p[8] + a.n * tq * width + at;
  float *dk = (float *)in->p[8] + (examples * tq + a.n * tk) * width + at, *dv = dk + examples * tk * width;
  for (long k = a.len; k < tk; k++) memset(dk + k * width, 0, (size_t)dh * 4), memset(dv + k * width, 0, (size_t)dh * 4);
  if (!a.len) {
    for (long t = 0; t < tq; t++) memset(dq + t * width, 0, (size_t)dh * 4);
    return;
  }
  // Of each block of queries: q and dout as columns of B and as rows of A, dq
  // (transposed), and what belongs to a query.
  const long each = 2 * ATT_NR * dh + 2 * ATT * dm + ATT_NR * dm + 3 * ATT_NR;
  const long o_db = ATT_NR * dh, o_qa = 2 * o_db, o_da = o_qa + ATT * dm, o_dq = o_da + ATT * dm, o_q = o_dq + ATT_NR * dm;
  float *blocks = scratch, *ka = blocks + (tq + ATT - 1) / ATT * each, *va = ka + ATT_MR * dh, *kt = va + ATT_MR * dh;
  float *dkt = kt + ATT * dm, *dvt = dkt + ATT_NR * dm, *s = dvt + ATT_NR * dm, *dp = s + ATT_NR * ATT_ROWS;
  float *pt = dp + ATT_NR * ATT_ROWS, *dst = pt + ATT_NR * ATT_NR;
  for (long q0 = 0; q0 < tq; q0 += ATT) {
    float *b = blocks + q0 / ATT * each, *count = b + o_q, *z = count + ATT_NR, *d = z + ATT_NR;
    const long nq = tq - q0 < ATT ? tq - q0 : ATT;
    NAME(pack_rows)(b, q + q0 * ldq, nq, dh, ldq, NR);
    NAME(pack_rows)(b + o_db, dout + q0 * ldo, nq, dh, ldo, NR);
    NAME(pack_columns)(b + o_qa, q + q0 * ldq, nq, dh, ldq);
    NAME(pack_columns)(b + o_da, dout + q0 * ldo, nq, dh, ldo);
    for (long t = 0; t < UP(nq, NR); t++) {
      count[t] = t < nq ? (float)NAME(seen)(&a, q0 + t) : 0.0f;
      z[t] = t < nq ? lse[q0 + t] : 0.0f;
      d[t] = 0.0f;
      if (t >= nq) continue;
      const float *x = out + (q0 + t) * ldo, *y = dout + (q0 + t) * ldo;
      LANED_ZERO(acc);
      LANED(j, v, dh, acc[v] = FMA(LOAD(x + j), LOAD(y + j), acc[v]););
      d[t] = NAME(lanes)(acc);
    }
  }
  for (long k0 = 0; k0 < a.len; k0 += ATT) {
    const long nk = a.len - k0 < ATT ? a.len - k0 : ATT;
    NAME(pack_rows)(ka, key + k0 * ldk, nk, dh, ldk, MR);
    NAME(pack_rows)(va, val + k0 * ldv, nk, dh, ldv, MR);
    NAME(pack_columns)(kt, key + k0 * ldk, nk, dh, ldk);
    int begin = 1;
    for (long q0 = 0; q0 < tq; q0 += ATT) {
      float *b = blocks + q0 / ATT * each, *count = b + o_q, *z = count + ATT_NR, *d = z + ATT_NR;
      const long nq = tq - q0 < ATT ? tq - q0 : ATT;
      if (NAME(seen)(&a, q0 + nq - 1) <= k0) continue;
      for (long t = 0; t < nq; t += NR) {
        float *st = s + t * ATT_ROWS, *dpt = dp + t * ATT_ROWS;
        NAME(tiles)(nk, dh, ka, b + t * dh, st, 1);
        NAME(tiles)(nk, dh, va, b + o_db + t * dh, dpt, 1);
        if (k0 + nk <= (long)count[t] && t + NR <= nq) NAME(scores_grad)(&a, st, dpt, q0 + t, k0, nk, count + t, z + t, d + t, 0);
        else NAME(scores_grad)(&a, st, dpt, q0 + t, k0, nk, count + t, z + t, d + t, 1);
        NAME(tiles)(dh, nk, kt, dpt, b + o_dq + t * dm, k0 == 0);
        memset(st + nk * NR, 0, (size_t)((UP(nk, NR) - nk) * NR) * 4);
        memset(dpt + nk * NR, 0, (size_t)((UP(nk, NR) - nk) * NR) * 4);
        for (long k = 0; k < nk; k += NR) {
          NAME(transpose)(pt + k * ATT_NR + t * NR, NR, st + k * NR, NR, NR, NR);
          NAME(transpose)(dst + k * ATT_NR + t * NR, NR, dpt + k * NR, NR, NR, NR);
        }
      }
      for (long k = 0; k < nk; k += NR) {
        NAME(tiles)(dh, nq, b + o_da, pt + k * ATT_NR, dvt + k * dm, begin);
        NAME(tiles)(dh, nq, b + o_qa, dst + k * ATT_NR, dkt + k * dm, begin);
      }
      begin = 0;
    }
    NAME(unpack)(dk + k0 * width, width, dkt, nk, dh, dm, a.scale);
    NAME(unpack)(dv + k0 * width, width, dvt, nk, dh, dm, BC(1.0f));
  }
  for (long q0 = 0; q0 < tq; q0 += ATT)
    NAME(unpack)(dq + q0 * width, width, blocks + q0 / ATT * each + o_dq, tq - q0 < ATT ? tq - q0 : ATT, dh, dm, a.scale);
}

// out(n, b, a) = x(n, a, b) with its last axes swapped. p: x, out.
static void NAME(swap_axes)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long a = in->swap.a, b = in->swap.b;
  for (long n = from; n < to; n++) NAME(transpose)((float *)in->p[1] + n * a * b, a, (const float *)in->p[0] + n * a * b, b, a, b);
}
