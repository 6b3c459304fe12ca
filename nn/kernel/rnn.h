// Recurrent layers over whole sequences.
//
// The projection of all inputs, x Wx + bx, is one product made before. Here is
// the part that is sequential: a task takes some rows of the batch through all
// steps, so that there is no barrier between steps. Gates are side by side in
// a row, each H wide: i, f, g, o of an LSTM and r, z, n of a GRU, as in PyTorch.
//
// lengths(N) says how many steps of a sequence are valid. Beyond them outputs
// are 0 and the state is carried unchanged. A reversed layer goes from the last
// step to the first, so that its state begins at the last valid step.

#if VL == 16 || defined(__aarch64__)
#define RNN_ACC 24 // vectors of sums in a tile: of 32 registers
#else
#define RNN_ACC 12 // of 16
#endif
#define RNN_ROWS 64 // most rows of a task
#define RNN_PAD(h) (((h) + 15) / 16 * 16)

// How many steps of sequence n are valid: all without lengths, none for a NaN.
SI long NAME(steps_of)(const float *lengths, long n, long T) {
  if (!lengths || lengths[n] >= (float)T) return T;
  return lengths[n] > 0 ? (long)lengths[n] : 0;
}

// A row of a state in scratch memory, which is RNN_PAD(H) wide.
SI void NAME(state_begin)(float *dst, const float *state, long n, long H) {
  memset(dst, 0, (size_t)RNN_PAD(H) * 4);
  if (state) memcpy(dst, state + n * H, (size_t)H * 4);
}

// out(m, V*VL) = a(m, k) b(k, V*VL): each element one chain of FMAs begun with 0.
SI void NAME(rows_tile)(const int m, const int V, long k, const float *a, long lda, const float *b, float *out) {
  vf acc[8][4];
#pragma GCC unroll 8
  for (int i = 0; i < m; i++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[i][v] = BC(0.0f);
  for (; k > 0; k--, a++, b += V * VL) {
    vf bv[4];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) bv[v] = LD(b + v * VL);
#pragma GCC unroll 8
    for (int i = 0; i < m; i++) {
      vf av = BC(a[i * lda]);
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) acc[i][v] = FMA(av, bv[v], acc[i][v]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < m; i++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) ST(out + (i * V + v) * VL, acc[i][v]);
}
#define ROWS_MOST(V) (RNN_ACC / (V) < 8 ? RNN_ACC / (V) : 8)
#define ROWS_CASE(m)                                                                                                   \
  case m:                                                                                                              \
    if (m <= ROWS_MOST(V)) NAME(rows_tile)(m, V, k, a, lda, b, out);                                                   \
    break;
SI void NAME(rows_product)(const int V, long m, long k, const float *a, long lda, const float *b, float *out) {
  switch (m) { ROWS_CASE(1) ROWS_CASE(2) ROWS_CASE(3) ROWS_CASE(4) ROWS_CASE(5) ROWS_CASE(6) ROWS_CASE(7) ROWS_CASE(8) }
}
// The gates of an LSTM, those of a GRU, and what goes back: a panel of pack.
#define ROWS(name, V)                                                                                                  \
  static __attribute__((noinline)) void NAME(name)(long m, long k, const float *a, long lda, const float *b, float *out) { \
    NAME(rows_product)(V, m, k, a, lda, b, out);                                                                       \
  }
ROWS(rows_lstm, 4)
ROWS(rows_gru, 3)
ROWS(rows_back, NV)

// How many of the rows that are left go into the next tile: at most `most`, and
// about as many as in the tiles after it.
SI long NAME(tile_of)(long left, long most) {
  const long tiles = (left + most - 1) / most;
  return (left + tiles - 1) / tiles;
}

// Packs wh(H, G*H) for the way forward: [units / VL][k][gate][VL], 0 for the
// units behind the last. dst has room for RNN_PAD(H) units. A task takes 16 units.
// i: H, G; p: wh, dst.
static void NAME(pack_gates)(const instr *in, long task, void *scratch) {
  const long H = in->i[0], G = in->i[1], last = (task + 1) * 16 < H ? (task + 1) * 16 : H;
  const float *wh = in->p[0];
  for (long u = task * 16; u < last; u += VL) {
    float *dst = (float *)in->p[1] + u * H * G;
    const int whole = u + VL <= H;
    const long n_ = H - u;
    for (long k = 0; k < H; k++)
      for (long g = 0; g < G; g++, dst += VL) ST(dst, LOAD(wh + (k * G + g) * H + u));
  }
}

// Packs the left side of the products for the gradients of weights, as pack
// does with MR rows in a panel: the row of step q = n*T + t of [x | h before it
// | 1], by columns. i: N, T, columns of x, H, 1 for the column of ones, 1 if
// reversed, panels per task; p: x, y, lengths or 0, h0(N, H) or 0, dst.
static void NAME(pack_steps)(const instr *in, long task, void *scratch) {
  const long N = in->i[0], T = in->i[1], D = in->i[2], H = in->i[3], reversed = in->i[5], per = in->i[6];
  const long columns = D + H + in->i[4];
  const float *x = in->p[0], *y = in->p[1], *lengths = in->p[2], *h0 = in->p[3];
  for (long panel = task * per; panel < (task + 1) * per && panel * MR < columns; panel++) {
    float *dst = (float *)in->p[4] + panel * MR * N * T;
    const long c = panel * MR;
    const long a = D - c < 0 ? 0 : D - c < MR ? D - c : MR, b = D + H - c < 0 ? 0 : D + H - c < MR ? D + H - c : MR;
    for (long n = 0; n < N; n++) {
      const long len = NAME(steps_of)(lengths, n, T);
      for (long t = 0; t < T; t++, dst += MR) {
        const long before = reversed ? t + 1 : t - 1;
        const float *h = before >= 0 && before < len ? y + (n * T + before) * H : h0 ? h0 + n * H : 0;
        for (long w = 0; w < a; w++) dst[w] = x[(n * T + t) * D + c + w];
        if (h && b - a == MR) {
          for (long w = 0; w < MR; w += VL)
            if (w + VL <= MR) ST(dst + w, LD(h + c - D + w));
            else for (long v = w; v < MR; v++) dst[v] = h[c - D + v];
        } else for (long w = a; w < b; w++) dst[w] = h ? h[c - D + w] : 0;
        for (long w = b; w < MR; w++) dst[w] = c + w == D + H && in->i[4] ? 1 : 0;
      }
    }
  }
}

// An LSTM, without the projection of its inputs:
//   [i f g o] = z + (h Wh + bh)
//   c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c')
// z becomes the gates after their functions, if c is given to be kept as well.
// The state is (2, N, H), h and then c.
// i: N, T, H, rows per task, 1 if reversed; p: z(N, T, 4H), wh of pack_gates,
// bh or 0, lengths or 0, state before or 0, y(N, T, H), c(N, T, H) or 0, state
// after or 0. scratch: 3 * rows * RNN_PAD(H) floats.
static void NAME(lstm)(const instr *in, long task, void *scratch) {
  const long N = in->i[0], T = in->i[1], H = in->i[2], n0 = task * in->i[3], P = RNN_PAD(H);
  const long rows = N - n0 < in->i[3] ? N - n0 : in->i[3];
  float *z = in->p[0], *y = in->p[5], *c = in->p[6], *after = in->p[7];
  const float *wh = in->p[1], *bh = in->p[2], *lengths = in->p[3], *before = in->p[4];
  float *h = scratch, *hnew = h + rows * P, *cell = hnew + rows * P;
  long len[RNN_ROWS];
  float sums[8 * 4 * VL];
  for (long r = 0; r < rows; r++) {
    len[r] = NAME(steps_of)(lengths, n0 + r, T);
    NAME(state_begin)(h + r * P, before, n0 + r, H);
    NAME(state_begin)(cell + r * P, before ? before + N * H : 0, n0 + r, H);
  }
  for (long s = 0; s < T; s++) {
    const long t = in->i[4] ? T - 1 - s : s;
    for (long u = 0; u < H; u += VL) {
      const int whole = u + VL <= H;
      const long n_ = H - u;
      const vf zero = BC(0.0f), b0 = bh ? LOAD(bh + u) : zero, b1 = bh ? LOAD(bh + H + u) : zero;
      const vf b2 = bh ? LOAD(bh + 2 * H + u) : zero, b3 = bh ? LOAD(bh + 3 * H + u) : zero;
      for (long r = 0, m; r < rows; r += m) {
        m = NAME(tile_of)(rows - r, ROWS_MOST(4));
        long valid = 0;
        for (long i = r; i < r + m; i++) valid += t < len[i];
        if (valid) NAME(rows_lstm)(m, s || before ? H : 0, h + r * P, P, wh + u * H * 4, sums);
        for (long i = r; i < r + m; i++) {
          const float *a = sums + (i - r) * 4 * VL;
          const long q = (n0 + i) * T + t;
          float *zq = z + q * 4 * H + u, *yq = y + q * H + u;
          if (t >= len[i]) {
            ST(hnew + i * P + u, LD(h + i * P + u));
            STORE(yq, zero);
            if (c) STORE(c + q * H + u, zero);
            continue;
          }
          vf gi = vsigmoid(LOAD(zq) + (LD(a) + b0)), gf = vsigmoid(LOAD(zq + H) + (LD(a + VL) + b1));
          vf gg = vtanh(LOAD(zq + 2 * H) + (LD(a + 2 * VL) + b2)), go = vsigmoid(LOAD(zq + 3 * H) + (LD(a + 3 * VL) + b3));
          vf cc = FMA(gf, LD(cell + i * P + u), gi * gg), hh = go * vtanh(cc);
          ST(cell + i * P + u, cc);
          ST(hnew + i * P + u, hh);
          STORE(yq, hh);
          if (c) {
            STORE(c + q * H + u, cc);
            STORE(zq, gi);
            STORE(zq + H, gf);
            STORE(zq + 2 * H, gg);
            STORE(zq + 3 * H, go);
          }
        }
      }
    }
    float *swap = h;
    h = hnew;
    hnew = swap;
  }
  if (after)
    for (long r = 0; r < rows; r++) {
      memcpy(after + (n0 + r) * H, h + r * P, (size_t)H * 4);
      memcpy(after + (N + n0 + r) * H, cell + r * P, (size_t)H * 4);
    }
}

// The product of a step back: dh = the row of dz times Wh transposed, plus dh
// itself if add, for rows whose step is valid.
SI void NAME(back_product)(long rows, long H, long K, const float *dz, long ldz, const float *wht, float *dh, long t,
                           const long *len, const int add) {
  const long P = RNN_PAD(H);
  float sums[8 * 4 * VL];
  for (long u = 0; u < H; u += NR)
    for (long r = 0, m; r < rows; r += m) {
        m = NAME(tile_of)(rows - r, ROWS_MOST(NV));
      long valid = 0;
      for (long i = r; i < r + m; i++) valid += t < len[i];
      if (!valid) continue;
      NAME(rows_back)(m, K, dz + r * ldz, ldz, wht + u * K, sums);
      for (long i = r; i < r + m; i++)
        if (t < len[i])
          EACH(j, u, u + NR < H ? u + NR : H, {
            vf v = LD(sums + (i - r) * NR + j - u);
            if (add) v += LOAD(dh + i * P + j);
            STORE(dh + i * P + j, v);
          });
    }
}

// The gradient of lstm with regard to z, for the gradients dy of its outputs and
// dstate of its last state.
// i: N, T, H, rows per task, 1 if reversed; p: gates, c, dy, wh transposed and
// packed as the right side of a product, lengths or 0, state before or 0,
// dstate or 0, dz(N, T, 4H), gradient of the state before or 0.
// scratch: rows * (2 * RNN_PAD(H) + RNN_PAD(4 H) + 16) floats.
static void NAME(lstm_grad)(const instr *in, long task, void *scratch) {
  const long N = in->i[0], T = in->i[1], H = in->i[2], n0 = task * in->i[3], P = RNN_PAD(H), L = RNN_PAD(4 * H) + 16;
  const long rows = N - n0 < in->i[3] ? N - n0 : in->i[3];
  const float *gates = in->p[0], *c = in->p[1], *dy = in->p[2], *wht = in->p[3], *lengths = in->p[4], *before = in->p[5];
  const float *dafter = in->p[6];
  float *dz = in->p[7], *dbefore = in->p[8];
  float *dh = scratch, *dc = dh + rows * P, *step = dc + rows * P;
  long len[RNN_ROWS];
  for (long r = 0; r < rows; r++) {
    len[r] = NAME(steps_of)(lengths, n0 + r, T);
    NAME(state_begin)(dh + r * P, dafter, n0 + r, H);
    NAME(state_begin)(dc + r * P, dafter ? dafter + N * H : 0, n0 + r, H);
  }
  memset(step, 0, (size_t)(rows * L) * 4);
  for (long s = 0; s < T; s++) {
    const long t = in->i[4] ? s : T - 1 - s, prior = in->i[4] ? t + 1 : t - 1;
    for (long r = 0; r < rows; r++) {
      const long n = n0 + r, q = n * T + t;
      float *dzq = dz + q * 4 * H, *st = step + r * L;
      if (t >= len[r]) {
        memset(dzq, 0, (size_t)(4 * H) * 4);
        continue;
      }
      const float *g = gates + q * 4 * H, *cp = before ? before + (N + n) * H : 0;
      if (prior >= 0 && prior < len[r]) cp = c + (n * T + prior) * H;
      EACH(u, 0, H, {
        const vf one = BC(1.0f);
        vf gi = LOAD(g + u); vf gf = LOAD(g + H + u); vf gg = LOAD(g + 2 * H + u); vf go = LOAD(g + 3 * H + u);
        vf dhv = LOAD(dy + q * H + u) + LD(dh + r * P + u); vf tc = vtanh(LOAD(c + q * H + u));
        vf dcv = FMA(dhv * go, FMA(-tc, tc, one), LD(dc + r * P + u));
        vf zi = dcv * gg * (gi * (one - gi)); vf zg = dcv * gi * FMA(-gg, gg, one);
        vf zf = dcv * (cp ? LOAD(cp + u) : BC(0.0f)) * (gf * (one - gf)); vf zo = dhv * tc * (go * (one - go));
        ST(dc + r * P + u, dcv * gf);
        STORE(dzq + u, zi);
        STORE(dzq + H + u, zf);
        STORE(dzq + 2 * H + u, zg);
        STORE(dzq + 3 * H + u, zo);
        STORE(st + u, zi);
        STORE(st + H + u, zf);
        STORE(st + 2 * H + u, zg);
        STORE(st + 3 * H + u, zo);
      });
    }
    if (s + 1 < T || dbefore) NAME(back_product)(rows, H, 4 * H, step, L, wht, dh, t, len, 0);
  }
  if (dbefore)
    for (long r = 0; r < rows; r++) {
      memcpy(dbefore + (n0 + r) * H, dh + r * P, (size_t)H * 4);
      memcpy(dbefore + (N + n0 + r) * H, dc + r * P, (size_t)H * 4);
    }
}

// A GRU, without the projection of its inputs:
//   r = sigmoid(z_r + (h Wh + bh)_r),  u = sigmoid(z_z + (h Wh + bh)_z)
//   q = (h Wh + bh)_n,  n = tanh(z_n + r q),  h' = n + u (h - n)
// z becomes the gates r, u, n, if q is given to be kept as well.
// i: N, T, H, rows per task, 1 if reversed; p: z(N, T, 3H), wh of pack_gates,
// bh or 0, lengths or 0, state before (N, H) or 0, y(N, T, H), q(N, T, H) or 0,
// state after or 0. scratch: 2 * rows * RNN_PAD(H) floats.
static void NAME(gru)(const instr *in, long task, void *scratch) {
  const long N = in->i[0], T = in->i[1], H = in->i[2], n0 = task * in->i[3], P = RNN_PAD(H);
  const long rows = N - n0 < in->i[3] ? N - n0 : in->i[3];
  float *z = in->p[0], *y = in->p[5], *keep = in->p[6], *after = in->p[7];
  const float *wh = in->p[1], *bh = in->p[2], *lengths = in->p[3], *before = in->p[4];
  float *h = scratch, *hnew = h + rows * P;
  long len[RNN_ROWS];
  float sums[8 * 4 * VL];
  for (long r = 0; r < rows; r++) {
    len[r] = NAME(steps_of)(lengths, n0 + r, T);
    NAME(state_begin)(h + r * P, before, n0 + r, H);
  }
  for (long s = 0; s < T; s++) {
    const long t = in->i[4] ? T - 1 - s : s;
    for (long u = 0; u < H; u += VL) {
      const int whole = u + VL <= H;
      const long n_ = H - u;
      const vf zero = BC(0.0f), b0 = bh ? LOAD(bh + u) : zero, b1 = bh ? LOAD(bh + H + u) : zero;
      const vf b2 = bh ? LOAD(bh + 2 * H + u) : zero;
      for (long r = 0, m; r < rows; r += m) {
        m = NAME(tile_of)(rows - r, ROWS_MOST(3));
        long valid = 0;
        for (long i = r; i < r + m; i++) valid += t < len[i];
        if (valid) NAME(rows_gru)(m, s || before ? H : 0, h + r * P, P, wh + u * H * 3, sums);
        for (long i = r; i < r + m; i++) {
          const float *a = sums + (i - r) * 3 * VL;
          const long at = (n0 + i) * T + t;
          float *zq = z + at * 3 * H + u, *yq = y + at * H + u;
          if (t >= len[i]) {
            ST(hnew + i * P + u, LD(h + i * P + u));
            STORE(yq, zero);
            if (keep) STORE(keep + at * H + u, zero);
            continue;
          }
          vf gr = vsigmoid(LOAD(zq) + (LD(a) + b0)), gu = vsigmoid(LOAD(zq + H) + (LD(a + VL) + b1));
          vf q = LD(a + 2 * VL) + b2, gn = vtanh(FMA(gr, q, LOAD(zq + 2 * H)));
          vf hh = FMA(gu, LD(h + i * P + u) - gn, gn);
          ST(hnew + i * P + u, hh);
          STORE(yq, hh);
          if (keep) {
            STORE(keep + at * H + u, q);
            STORE(zq, gr);
            STORE(zq + H, gu);
            STORE(zq + 2 * H, gn);
          }
        }
      }
    }
    float *swap = h;
    h = hnew;
    hnew = swap;
  }
  if (after)
    for (long r = 0; r < rows; r++) memcpy(after + (n0 + r) * H, h + r * P, (size_t)H * 4);
}

// The gradient of gru: dz(2, N, T, 3H) is that with regard to z, and then that
// with regard to h Wh + bh, which differs in the last of the gates.
// i: N, T, H, rows per task, 1 if reversed; p: gates, q, y, dy, wh transposed
// and packed as the right side of a product, lengths or 0, state before or 0,
// gradient of the state after or 0, dz, gradient of the state before or 0.
// scratch: rows * (RNN_PAD(H) + RNN_PAD(3 H) + 16) floats.
static void NAME(gru_grad)(const instr *in, long task, void *scratch) {
  const long N = in->i[0], T = in->i[1], H = in->i[2], n0 = task * in->i[3], P = RNN_PAD(H), L = RNN_PAD(3 * H) + 16;
  const long rows = N - n0 < in->i[3] ? N - n0 : in->i[3];
  const float *gates = in->p[0], *kept = in->p[1], *y = in->p[2], *dy = in->p[3], *wht = in->p[4], *lengths = in->p[5];
  const float *before = in->p[6], *dafter = in->p[7];
  float *dz = in->p[8], *dbefore = in->p[9];
  float *dh = scratch, *step = dh + rows * P;
  long len[RNN_ROWS];
  for (long r = 0; r < rows; r++) {
    len[r] = NAME(steps_of)(lengths, n0 + r, T);
    NAME(state_begin)(dh + r * P, dafter, n0 + r, H);
  }
  memset(step, 0, (size_t)(rows * L) * 4);
  for (long s = 0; s < T; s++) {
    const long t = in->i[4] ? s : T - 1 - s, prior = in->i[4] ? t + 1 : t - 1;
    for (long r = 0; r < rows; r++) {
      const long n = n0 + r, at = n * T + t;
      float *dx = dz + at * 3 * H, *dr = dx + N * T * 3 * H, *st = step + r * L;
      if (t >= len[r]) {
        memset(dx, 0, (size_t)(3 * H) * 4);
        memset(dr, 0, (size_t)(3 * H) * 4);
        continue;
      }
      const float *g = gates + at * 3 * H, *hp = before ? before + n * H : 0;
      if (prior >= 0 && prior < len[r]) hp = y + (n * T + prior) * H;
      EACH(u, 0, H, {
        const vf one = BC(1.0f);
        vf gr = LOAD(g + u); vf gu = LOAD(g + H + u); vf gn = LOAD(g + 2 * H + u);
        vf dhv = LOAD(dy + at * H + u) + LD(dh + r * P + u);
        vf zn = dhv * (one - gu) * FMA(-gn, gn, one); vf zr = zn * LOAD(kept + at * H + u) * (gr * (one - gr));
        vf zu = dhv * ((hp ? LOAD(hp + u) : BC(0.0f)) - gn) * (gu * (one - gu)); vf q = zn * gr;
        ST(dh + r * P + u, dhv * gu);
        STORE(dx + u, zr);
        STORE(dx + H + u, zu);
        STORE(dx + 2 * H + u, zn);
        STORE(dr + u, zr);
        STORE(dr + H + u, zu);
        STORE(dr + 2 * H + u, q);
        STORE(st + u, zr);
        STORE(st + H + u, zu);
        STORE(st + 2 * H + u, q);
      });
    }
    if (s + 1 < T || dbefore) NAME(back_product)(rows, H, 3 * H, step, L, wht, dh, t, len, 1);
  }
  if (dbefore)
    for (long r = 0; r < rows; r++) memcpy(dbefore + (n0 + r) * H, dh + r * P, (size_t)H * 4);
}

// out(N, D) = a step of x(N, T, D), 0 where there is none: the first one, or the
// last valid one. i: N*D, per task, T, D, 1 for the first; p: x, lengths or 0, out.
static void NAME(pick_step)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long T = in->i[2], D = in->i[3];
  const float *x = in->p[0], *lengths = in->p[1];
  float *out = in->p[2];
  for (long j = from; j < to; j++) {
    const long n = j / D, len = NAME(steps_of)(lengths, n, T);
    out[j] = len ? x[(n * T + (in->i[4] ? 0 : len - 1)) * D + j % D] : 0;
  }
}

// The gradient of pick_step. i: N, sequences per task, T, D, 1 for the first;
// p: dout, lengths or 0, dx(N, T, D).
static void NAME(pick_step_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long T = in->i[2], D = in->i[3];
  const float *dout = in->p[0], *lengths = in->p[1];
  float *dx = in->p[2];
  for (long n = from; n < to; n++) {
    const long len = NAME(steps_of)(lengths, n, T);
    memset(dx + n * T * D, 0, (size_t)(T * D) * 4);
    if (len) memcpy(dx + (n * T + (in->i[4] ? 0 : len - 1)) * D, dout + n * D, (size_t)D * 4);
  }
}

// out(N, T, D) = x with the valid steps in reverse order, 0 behind them.
// i: N, sequences per task, T, D; p: x, lengths or 0, out.
static void NAME(reverse_steps)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long T = in->i[2], D = in->i[3];
  const float *x = in->p[0], *lengths = in->p[1];
  float *out = in->p[2];
  for (long n = from; n < to; n++) {
    const long len = NAME(steps_of)(lengths, n, T);
    for (long t = 0; t < len; t++) memcpy(out + (n * T + t) * D, x + (n * T + len - 1 - t) * D, (size_t)D * 4);
    memset(out + (n * T + len) * D, 0, (size_t)((T - len) * D) * 4);
  }
}

// Copies a block of columns from one matrix to another: a part of a
// concatenation, or back. i: rows, rows per task, columns, row stride of src,
// of dst, first column in src, in dst; p: src, dst.
static void NAME(copy_columns)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *src = (const float *)in->p[0] + in->i[5];
  float *dst = (float *)in->p[1] + in->i[6];
  for (long r = from; r < to; r++) memcpy(dst + r * in->i[4], src + r * in->i[3], (size_t)in->i[2] * 4);
}
