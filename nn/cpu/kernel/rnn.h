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

// out(m, V*VL) = a(m, k) b(k, V*VL), for m rows that lie anywhere: each element
// is one chain of FMAs begun with 0.
SI void NAME(rows_tile)(const int m, const int V, long k, const float *const *row, const float *b, float *out) {
  vf acc[8][4];
  const float *a[8];
#pragma GCC unroll 8
  for (int i = 0; i < m; i++) a[i] = row[i];
#pragma GCC unroll 8
  for (int i = 0; i < m; i++)
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) acc[i][v] = BC(0.0f);
  for (long q = 0; q < k; q++, b += V * VL) {
    vf bv[4];
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) bv[v] = LD(b + v * VL);
#pragma GCC unroll 8
    for (int i = 0; i < m; i++) {
      vf av = BC(a[i][q]);
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
    if (m <= ROWS_MOST(V)) NAME(rows_tile)(m, V, k, row, b, out);                                                      \
    break;
// The same for any number of rows, in tiles of about the same height.
SI void NAME(rows_product)(const int V, long rows, long k, const float *const *row, const float *b, float *out) {
  for (long tiles = (rows + ROWS_MOST(V) - 1) / ROWS_MOST(V), m; tiles > 0; tiles--, rows -= m, row += m, out += m * V * VL) {
    m = (rows + tiles - 1) / tiles;
    switch (m) { ROWS_CASE(1) ROWS_CASE(2) ROWS_CASE(3) ROWS_CASE(4) ROWS_CASE(5) ROWS_CASE(6) ROWS_CASE(7) ROWS_CASE(8) }
  }
}
// The gates of an LSTM, those of a GRU, and what goes back: a panel of pack.
#define ROWS(name, V)                                                                                                  \
  static __attribute__((noinline)) void NAME(name)(long rows, long k, const float *const *row, const float *b, float *out) { \
    NAME(rows_product)(V, rows, k, row, b, out);                                                                       \
  }
ROWS(rows_lstm, 4)
ROWS(rows_gru, 3)
ROWS(rows_back, NV)

// The rows of a task: how long each is, and which of them are valid at a step.
typedef struct {
  long n0, rows, T, len[RNN_ROWS], live, at[RNN_ROWS]; // at: live ones first
} NAME(block);

SI void NAME(block_begin)(NAME(block) *b, const instr *in, long task, const float *lengths) {
  b->T = in->recurrent.t;
  b->n0 = task * in->recurrent.per;
  b->rows = in->recurrent.n - b->n0 < in->recurrent.per ? in->recurrent.n - b->n0 : in->recurrent.per;
  for (long r = 0; r < b->rows; r++) b->len[r] = NAME(steps_of)(lengths, b->n0 + r, b->T);
}
SI void NAME(block_step)(NAME(block) *b, long t) {
  long dead = b->rows;
  b->live = 0;
  for (long r = 0; r < b->rows; r++)
    if (t < b->len[r]) b->at[b->live++] = r;
  for (long r = b->rows - 1; r >= 0; r--)
    if (t >= b->len[r]) b->at[--dead] = r;
}

// Packs wh(H, G*H) for the way forward: [units / VL][k][gate][VL], 0 for the
// units behind the last. dst has room for RNN_PAD(H) units. A task takes 16 units.
// p: wh, dst.
static void NAME(pack_gates)(const instr *in, long task, void *scratch) {
  const long H = in->pack_gates.h, G = in->pack_gates.g, last = (task + 1) * 16 < H ? (task + 1) * 16 : H;
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
// | 1], by columns. p: x, y, lengths or 0, h0(N, H) or 0, dst.
static void NAME(pack_steps)(const instr *in, long task, void *scratch) {
  const pack_steps_args *arg = &in->pack_steps;
  const long N = arg->n, T = arg->t, D = arg->d, H = arg->h, reversed = arg->reversed, per = arg->per;
  const long columns = D + H + arg->ones;
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
        for (long w = b; w < MR; w++) dst[w] = c + w == D + H && arg->ones ? 1 : 0;
      }
    }
  }
}

// What the live rows of a task do at a step, for VL units from u on.
typedef struct {
  NAME(block) b;
  long H;
  const float *bh;
  float *z, *y, *c, *h, *cell; // h, cell: the new state
  float sums[RNN_ROWS * 4 * VL];
} NAME(lstm_rows);

// Rows go in pairs, for the sake of vsigmoid_n; the last of an odd number with itself.
SI void NAME(lstm_units)(NAME(lstm_rows) *w, long t, long u, const int whole, const long n_) {
  const long H = w->H, P = RNN_PAD(H);
  vf b[4];
  for (int g = 0; g < 4; g++) b[g] = w->bh ? LOAD(w->bh + g * H + u) : BC(0.0f);
  for (long k = 0; k < w->b.live; k += 2) {
    const long pair[2] = {k, k + 1 < w->b.live ? k + 1 : k};
    float *z[2], *y[2], *c[2], *h[2], *cell[2];
    vf a[6], g[2], cc[2], hh[2]; // a: gates i, f, o of both
    ALL(2) {
      const long r = w->b.at[pair[i]], q = (w->b.n0 + r) * w->b.T + t;
      const float *s = w->sums + pair[i] * 4 * VL;
      z[i] = w->z + q * 4 * H + u;
      y[i] = w->y + q * H + u;
      c[i] = w->c + q * H + u;
      h[i] = w->h + r * P + u;
      cell[i] = w->cell + r * P + u;
      a[i] = LOAD(z[i]) + (LD(s) + b[0]);
      a[2 + i] = LOAD(z[i] + H) + (LD(s + VL) + b[1]);
      g[i] = LOAD(z[i] + 2 * H) + (LD(s + 2 * VL) + b[2]);
      a[4 + i] = LOAD(z[i] + 3 * H) + (LD(s + 3 * VL) + b[3]);
    }
    for (int k = 0; k < 6; k += 2) vsigmoid_n(a + k, 2);
    vtanh_n(g, 2);
    ALL(2) hh[i] = cc[i] = FLUSH(FMA(a[2 + i], LD(cell[i]), a[i] * g[i]));
    vtanh_n(hh, 2);
    ALL(2) {
      hh[i] = FLUSH(hh[i] * a[4 + i]);
      ST(cell[i], cc[i]);
      ST(h[i], hh[i]);
      STORE(y[i], hh[i]);
      if (w->c) {
        STORE(c[i], cc[i]);
        STORE(z[i], a[i]);
        STORE(z[i] + H, a[2 + i]);
        STORE(z[i] + 2 * H, g[i]);
        STORE(z[i] + 3 * H, a[4 + i]);
      }
    }
  }
}

// An LSTM, without the projection of its inputs:
//   [i f g o] = z + (h Wh + bh)
//   c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(c')
// z becomes the gates after their functions, if c is given to be kept as well.
// The state is (2, N, H), h and then c.
// p: z(N, T, 4H), wh of pack_gates, bh or 0, lengths or 0, state before or 0,
// y(N, T, H), c(N, T, H) or 0, state after or 0. scratch: 3 * rows * RNN_PAD(H)
// floats.
static void NAME(lstm)(const instr *in, long task, void *scratch) {
  const long N = in->recurrent.n, T = in->recurrent.t, H = in->recurrent.h, P = RNN_PAD(H);
  NAME(lstm_rows) w = {.H = H, .z = in->p[0], .bh = in->p[2], .y = in->p[5], .c = in->p[6]};
  const float *wh = in->p[1], *before = in->p[4], *row[RNN_ROWS];
  float *after = in->p[7], *h = scratch;
  NAME(block_begin)(&w.b, in, task, in->p[3]);
  const long n0 = w.b.n0, rows = w.b.rows;
  w.h = h + rows * P;
  w.cell = w.h + rows * P;
  for (long r = 0; r < rows; r++) {
    NAME(state_begin)(h + r * P, before, n0 + r, H);
    NAME(state_begin)(w.cell + r * P, before ? before + N * H : 0, n0 + r, H);
  }
  for (long s = 0; s < T; s++) {
    const long t = in->recurrent.reversed ? T - 1 - s : s;
    NAME(block_step)(&w.b, t);
    for (long k = 0; k < w.b.live; k++) row[k] = h + w.b.at[k] * P;
    for (long u = 0; u < H; u += VL) {
      NAME(rows_lstm)(w.b.live, s || before ? H : 0, row, wh + u * H * 4, w.sums);
      if (u + VL <= H) NAME(lstm_units)(&w, t, u, 1, VL);
      else NAME(lstm_units)(&w, t, u, 0, H - u);
    }
    for (long k = w.b.live; k < rows; k++) {
      const long r = w.b.at[k], q = (n0 + r) * T + t;
      memcpy(w.h + r * P, h + r * P, (size_t)P * 4);
      memset(w.y + q * H, 0, (size_t)H * 4);
      if (w.c) memset(w.c + q * H, 0, (size_t)H * 4);
    }
    float *swap = h;
    h = w.h;
    w.h = swap;
  }
  if (after)
    for (long r = 0; r < rows; r++) {
      memcpy(after + (n0 + r) * H, h + r * P, (size_t)H * 4);
      memcpy(after + (N + n0 + r) * H, w.cell + r * P, (size_t)H * 4);
    }
}

// The product of a step back, for live rows: dh = dz times Wh transposed, plus
// dh itself if add.
SI void NAME(back_product)(const NAME(block) *b, long H, long K, const float *dz, long ldz, const float *wht, float *dh,
                           const int add) {
  float sums[RNN_ROWS * NR];
  const float *row[RNN_ROWS];
  for (long k = 0; k < b->live; k++) row[k] = dz + b->at[k] * ldz;
  for (long u = 0; u < H; u += NR) {
    NAME(rows_back)(b->live, K, row, wht + u * K, sums);
    for (long k = 0; k < b->live; k++) {
      float *to = dh + b->at[k] * RNN_PAD(H) + u;
      EACH(j, 0, H - u < NR ? H - u : NR, {
        vf v = LD(sums + k * NR + j);
        if (add) v += LOAD(to + j);
        STORE(to + j, FLUSH(v));
      });
    }
  }
}

// A row of lstm_grad, for v vectors of units from u on. from: gates, c, dy, and
// c before or 0. step and to get the same.
SI void NAME(lstm_back)(const float *const *from, const float *dh, float *dc, float *step, float *to, long H, long u,
                        const int v, const int whole, const long n_) {
  const vf one = BC(1.0f);
  vf tc[2];
  ALL(v) tc[i] = LOAD(from[1] + u + i * VL);
  vtanh_n(tc, v);
  ALL(v) {
    const long j = u + i * VL;
    const float *g = from[0] + j;
    vf gi = LOAD(g), gf = LOAD(g + H), gg = LOAD(g + 2 * H), go = LOAD(g + 3 * H), cp = BC(0.0f);
    if (from[3]) cp = LOAD(from[3] + j);
    vf d = FLUSH(LOAD(from[2] + j) + LD(dh + j)), e = FLUSH(FMA(d * go, FMA(-tc[i], tc[i], one), LD(dc + j)));
    vf z[4] = {e * gg * (gi * (one - gi)), e * cp * (gf * (one - gf)), e * gi * FMA(-gg, gg, one), d * tc[i] * (go * (one - go))};
    ST(dc + j, FLUSH(e * gf));
    for (int k = 0; k < 4; k++) {
      z[k] = FLUSH(z[k]);
      STORE(to + k * H + j, z[k]);
      STORE(step + k * H + j, z[k]);
    }
  }
}

// The gradient of lstm with regard to z, for the gradients dy of its outputs and
// dstate of its last state.
// p: gates, c, dy, wh transposed and packed as the right side of a product,
// lengths or 0, state before or 0, dstate or 0, dz(N, T, 4H), gradient of the
// state before or 0. scratch: rows * (2 * RNN_PAD(H) + RNN_PAD(4 H) + 16)
// floats.
static void NAME(lstm_grad)(const instr *in, long task, void *scratch) {
  const recurrent_args *arg = &in->recurrent;
  const long N = arg->n, T = arg->t, H = arg->h, P = RNN_PAD(H);
  const long L = RNN_PAD(4 * H) + 16;
  const float *gates = in->p[0], *c = in->p[1], *dy = in->p[2], *wht = in->p[3], *before = in->p[5], *dafter = in->p[6];
  float *dz = in->p[7], *dbefore = in->p[8], *dh = scratch;
  NAME(block) b;
  NAME(block_begin)(&b, in, task, in->p[4]);
  float *dc = dh + b.rows * P, *step = dc + b.rows * P;
  for (long r = 0; r < b.rows; r++) {
    NAME(state_begin)(dh + r * P, dafter, b.n0 + r, H);
    NAME(state_begin)(dc + r * P, dafter ? dafter + N * H : 0, b.n0 + r, H);
  }
  for (long s = 0; s < T; s++) {
    const long t = arg->reversed ? s : T - 1 - s, prior = arg->reversed ? t + 1 : t - 1;
    NAME(block_step)(&b, t);
    for (long k = 0; k < b.rows; k++) {
      const long r = b.at[k], n = b.n0 + r, q = n * T + t;
      float *to = dz + q * 4 * H;
      if (k >= b.live) {
        memset(to, 0, (size_t)(4 * H) * 4);
        continue;
      }
      const float *cp = before ? before + (N + n) * H : 0;
      if (prior >= 0 && prior < b.len[r]) cp = c + (n * T + prior) * H;
      const float *from[] = {gates + q * 4 * H, c + q * H, dy + q * H, cp};
      long u = 0;
      for (; u + 2 * VL <= H; u += 2 * VL) NAME(lstm_back)(from, dh + r * P, dc + r * P, step + r * L, to, H, u, 2, 1, VL);
      for (; u + VL <= H; u += VL) NAME(lstm_back)(from, dh + r * P, dc + r * P, step + r * L, to, H, u, 1, 1, VL);
      if (u < H) NAME(lstm_back)(from, dh + r * P, dc + r * P, step + r * L, to, H, u, 1, 0, H - u);
    }
    if (s + 1 < T || dbefore) NAME(back_product)(&b, H, 4 * H, step, L, wht, dh, 0);
  }
  if (dbefore)
    for (long r = 0; r < b.rows; r++) {
      memcpy(dbefore + (b.n0 + r) * H, dh + r * P, (size_t)H * 4);
      memcpy(dbefore + (N + b.n0 + r) * H, dc + r * P, (size_t)H * 4);
    }
}

// As lstm_rows and lstm_units.
typedef struct {
  NAME(block) b;
  long H;
  const float *bh;
  float *z, *y, *q, *h, *next; // h, next: the state before and after
  float sums[RNN_ROWS * 3 * VL];
} NAME(gru_rows);

SI void NAME(gru_units)(NAME(gru_rows) *w, long t, long u, const int whole, const long n_) {
  const long H = w->H, P = RNN_PAD(H);
  vf b[3];
  for (int g = 0; g < 3; g++) b[g] = w->bh ? LOAD(w->bh + g * H + u) : BC(0.0f);
  for (long k = 0; k < w->b.live; k += 2) {
    const long pair[2] = {k, k + 1 < w->b.live ? k + 1 : k};
    float *z[2], *y[2], *kept[2];
    long at[2];
    vf a[4], q[2], n[2], h[2]; // a: gates r and u of both
    ALL(2) {
      const long r = w->b.at[pair[i]], step = (w->b.n0 + r) * w->b.T + t;
      const float *s = w->sums + pair[i] * 3 * VL;
      z[i] = w->z + step * 3 * H + u;
      y[i] = w->y + step * H + u;
      kept[i] = w->q + step * H + u;
      at[i] = r * P + u;
      a[i] = LOAD(z[i]) + (LD(s) + b[0]);
      a[2 + i] = LOAD(z[i] + H) + (LD(s + VL) + b[1]);
      q[i] = LD(s + 2 * VL) + b[2];
    }
    vsigmoid_n(a, 2);
    vsigmoid_n(a + 2, 2);
    ALL(2) n[i] = FMA(a[i], q[i], LOAD(z[i] + 2 * H));
    vtanh_n(n, 2);
    ALL(2) h[i] = FLUSH(FMA(a[2 + i], LD(w->h + at[i]) - n[i], n[i]));
    ALL(2) {
      ST(w->next + at[i], h[i]);
      STORE(y[i], h[i]);
      if (w->q) {
        STORE(kept[i], q[i]);
        STORE(z[i], a[i]);
        STORE(z[i] + H, a[2 + i]);
        STORE(z[i] + 2 * H, n[i]);
      }
    }
  }
}

// A GRU, without the projection of its inputs:
//   r = sigmoid(z_r + (h Wh + bh)_r),  u = sigmoid(z_z + (h Wh + bh)_z)
//   q = (h Wh + bh)_n,  n = tanh(z_n + r q),  h' = n + u (h - n)
// z becomes the gates r, u, n, if q is given to be kept as well.
// p: z(N, T, 3H), wh of pack_gates, bh or 0, lengths or 0, state before (N, H)
// or 0, y(N, T, H), q(N, T, H) or 0, state after or 0. scratch: 2 * rows *
// RNN_PAD(H) floats.
static void NAME(gru)(const instr *in, long task, void *scratch) {
  const long T = in->recurrent.t, H = in->recurrent.h, P = RNN_PAD(H);
  NAME(gru_rows) w = {.H = H, .z = in->p[0], .bh = in->p[2], .y = in->p[5], .q = in->p[6], .h = scratch};
  const float *wh = in->p[1], *before = in->p[4], *row[RNN_ROWS];
  float *after = in->p[7];
  NAME(block_begin)(&w.b, in, task, in->p[3]);
  const long n0 = w.b.n0, rows = w.b.rows;
  w.next = w.h + rows * P;
  for (long r = 0; r < rows; r++) NAME(state_begin)(w.h + r * P, before, n0 + r, H);
  for (long s = 0; s < T; s++) {
    const long t = in->recurrent.reversed ? T - 1 - s : s;
    NAME(block_step)(&w.b, t);
    for (long k = 0; k < w.b.live; k++) row[k] = w.h + w.b.at[k] * P;
    for (long u = 0; u < H; u += VL) {
      NAME(rows_gru)(w.b.live, s || before ? H : 0, row, wh + u * H * 3, w.sums);
      if (u + VL <= H) NAME(gru_units)(&w, t, u, 1, VL);
      else NAME(gru_units)(&w, t, u, 0, H - u);
    }
    for (long k = w.b.live; k < rows; k++) {
      const long r = w.b.at[k], at = (n0 + r) * T + t;
      memcpy(w.next + r * P, w.h + r * P, (size_t)P * 4);
      memset(w.y + at * H, 0, (size_t)H * 4);
      if (w.q) memset(w.q + at * H, 0, (size_t)H * 4);
    }
    float *swap = w.h;
    w.h = w.next;
    w.next = swap;
  }
  if (after)
    for (long r = 0; r < rows; r++) memcpy(after + (n0 + r) * H, w.h + r * P, (size_t)H * 4);
}

// The gradient of gru: dz(2, N, T, 3H) is that with regard to z, and then that
// with regard to h Wh + bh, which differs in the last of the gates.
// p: gates, q, y, dy, wh transposed and packed as the right side of a product,
// lengths or 0, state before or 0, gradient of the state after or 0, dz,
// gradient of the state before or 0. scratch: rows * (RNN_PAD(H) + RNN_PAD(3 H)
// + 16) floats.
static void NAME(gru_grad)(const instr *in, long task, void *scratch) {
  const recurrent_args *arg = &in->recurrent;
  const long N = arg->n, T = arg->t, H = arg->h, P = RNN_PAD(H);
  const long L = RNN_PAD(3 * H) + 16;
  const float *gates = in->p[0], *kept = in->p[1], *y = in->p[2], *dy = in->p[3], *wht = in->p[4];
  const float *before = in->p[6], *dafter = in->p[7];
  float *dz = in->p[8], *dbefore = in->p[9], *dh = scratch;
  NAME(block) b;
  NAME(block_begin)(&b, in, task, in->p[5]);
  float *step = dh + b.rows * P;
  for (long r = 0; r < b.rows; r++) NAME(state_begin)(dh + r * P, dafter, b.n0 + r, H);
  for (long s = 0; s < T; s++) {
    const long t = arg->reversed ? s : T - 1 - s, prior = arg->reversed ? t + 1 : t - 1;
    NAME(block_step)(&b, t);
    for (long k = 0; k < b.rows; k++) {
      const long r = b.at[k], n = b.n0 + r, at = n * T + t;
      float *dx = dz + at * 3 * H, *dr = dx + N * T * 3 * H, *st = step + r * L, *dhr = dh + r * P;
      if (k >= b.live) {
        memset(dx, 0, (size_t)(3 * H) * 4);
        memset(dr, 0, (size_t)(3 * H) * 4);
        continue;
      }
      const float *g = gates + at * 3 * H, *hp = before ? before + n * H : 0;
      if (prior >= 0 && prior < b.len[r]) hp = y + (n * T + prior) * H;
      EACH(u, 0, H, {
        const vf one = BC(1.0f);
        vf gr = LOAD(g + u);
        vf gu = LOAD(g + H + u);
        vf gn = LOAD(g + 2 * H + u);
        vf h = BC(0.0f);
        if (hp) h = LOAD(hp + u);
        vf d = FLUSH(LOAD(dy + at * H + u) + LD(dhr + u));
        vf zn = FLUSH(d * (one - gu) * FMA(-gn, gn, one));
        vf zr = FLUSH(zn * LOAD(kept + at * H + u) * (gr * (one - gr)));
        vf zu = FLUSH(d * (h - gn) * (gu * (one - gu)));
        vf zq = FLUSH(zn * gr);
        ST(dhr + u, FLUSH(d * gu));
        STORE(dx + u, zr);
        STORE(dx + H + u, zu);
        STORE(dx + 2 * H + u, zn);
        STORE(dr + u, zr);
        STORE(dr + H + u, zu);
        STORE(dr + 2 * H + u, zq);
        STORE(st + u, zr);
        STORE(st + H + u, zu);
        STORE(st + 2 * H + u, zq);
      });
    }
    if (s + 1 < T || dbefore) NAME(back_product)(&b, H, 3 * H, step, L, wht, dh, 1);
  }
  if (dbefore)
    for (long r = 0; r < b.rows; r++) memcpy(dbefore + (b.n0 + r) * H, dh + r * P, (size_t)H * 4);
}
