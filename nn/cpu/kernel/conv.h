// Convolutions. Nothing is unfolded in memory as a whole: one kernel (conv)
// unfolds a block of pixels in its scratch, another (channels) reads its
// operand where it is. Each element of a result is one chain of FMAs, begun
// with 0, over k = (c, a, b) in order; a value of the padding takes part as 0.
#if MR >= 8
#define CONV_ROWS 8 // rows of a tile
#else
#define CONV_ROWS 4
#endif
#if MR == 4
#define CONV_VECTORS 2
#else
#define CONV_VECTORS 3 // vectors of a tile, across pixels
#endif
#define CONV_NR (CONV_VECTORS * VL)
#define CONV_PANEL 8    // rows of a panel of weights, whatever the tile is
#define CONV_PIXELS 192 // of a task at most: a multiple of CONV_NR
#define CONV_KC 256     // steps of k that are unfolded at a time

// Copies planes into larger ones, with zeros around them. Rows from lengths on
// count as zeros too. p: x, out, lengths (one a plane; optional).
static void NAME(pad)(const instr *in, long task, void *scratch) {
  const pad_args *arg = &in->pad;
  SPAN(in, task);
  const long H = arg->h, W = arg->w, HP = arg->out_h, WP = arg->out_w, top = arg->top, left = arg->left;
  const float *lengths = in->p[2];
  for (long q = from; q < to; q++) {
    const float *x = (const float *)in->p[0] + q * H * W;
    float *out = (float *)in->p[1] + q * HP * WP;
    const long rows = lengths && lengths[q] < H ? (long)lengths[q] : H;
    memset(out, 0, (size_t)(top * WP) * 4);
    out += top * WP;
    for (long h = 0; h < rows; h++, out += WP, x += W) {
      for (long w = 0; w < left; w++) out[w] = 0;
      long w = 0;
      for (; w + VL <= W; w += VL) ST(out + left + w, LD(x + w));
      if (w < W && W >= VL) ST(out + left + W - VL, LD(x + W - VL)); // some once more
      else
        for (; w < W; w++) out[left + w] = x[w];
      for (w = left + W; w < WP; w++) out[w] = 0;
    }
    memset(out, 0, (size_t)((HP - top - rows) * WP) * 4);
  }
}

// Transposes 4 by 4 numbers.
typedef float v4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t v4i __attribute__((vector_size(16)));
#if defined(__clang__)
#define PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
#define PICK(a, b, i, j, k, l) __builtin_shuffle(a, b, (v4i){i, j, k, l})
#endif
SI void NAME(turn)(float *dst, long ds, const float *src, long ss) {
  const v4 r0 = *(const v4 *)src, r1 = *(const v4 *)(src + ss), r2 = *(const v4 *)(src + 2 * ss), r3 = *(const v4 *)(src + 3 * ss);
  const v4 a = PICK(r0, r1, 0, 4, 1, 5), b = PICK(r0, r1, 2, 6, 3, 7), c = PICK(r2, r3, 0, 4, 1, 5), d = PICK(r2, r3, 2, 6, 3, 7);
  *(v4 *)dst = PICK(a, c, 0, 1, 4, 5);
  *(v4 *)(dst + ds) = PICK(a, c, 2, 3, 6, 7);
  *(v4 *)(dst + 2 * ds) = PICK(b, d, 0, 1, 4, 5);
  *(v4 *)(dst + 3 * ds) = PICK(b, d, 2, 3, 6, 7);
}

// Packs a tensor into panels of W rows, k by k, for k = (c, a, b):
// dst[panel][k][w] = src[(panel*W + w)*rs + c*cs + a*as + b*bs]; rows behind
// the last are 0. p: src, dst. A task is a range of c of one panel.
static void NAME(conv_pack)(const instr *in, long task, void *scratch) {
  const conv_pack_args *arg = &in->conv_pack;
  const long rows = arg->rows, C = arg->c, A = arg->a, B = arg->b, rs = arg->row_stride, bs = arg->b_stride, W = arg->width, per = arg->per;
  const long panels = (rows + W - 1) / W, blocks = (C + per - 1) / per;
  const long c0 = task % blocks * per, panel = task / blocks % panels, batch = task / blocks / panels;
  const long c1 = c0 + per < C ? c0 + per : C, n = rows - panel * W < W ? rows - panel * W : W;
  const float *src = (const float *)in->p[0] + batch * arg->batch_stride + arg->begin + panel * W * rs;
  float *dst = (float *)in->p[1] + batch * arg->out_stride + (panel * C + c0) * A * B * W;
  for (long c = c0; c < c1; c++)
    for (long a = 0; a < A; a++, dst += B * W) {
      const float *s = src + c * arg->c_stride + a * arg->a_stride;
      if (rs == 1 && n == W) {
        for (long b = 0; b < B; b++)
          for (long w = 0; w < W; w += 4) *(v4 *)(dst + b * W + w) = *(const v4 *)(s + b * bs + w); // W is a multiple of 4
        continue;
      }
      for (long b0 = 0; b0 < B; b0 += 16) { // each line of src is read once
        const long b1 = b0 + 16 < B ? b0 + 16 : B;
        long w = 0;
        if (bs == 1 && b1 - b0 == 16)
          for (; w + 4 <= n; w += 4)
            for (long b = b0; b < b1; b += 4) NAME(turn)(dst + b * W + w, W, s + w * rs + b, rs);
        for (; w < n; w++)
          for (long b = b0; b < b1; b++) dst[b * W + w] = s[w * rs + b * bs];
        for (long b = b0; b < b1; b++)
          for (long w = n; w < W; w++) dst[b * W + w] = 0;
      }
    }
}

// A tile: c(R, CONV_NR) = a(k, R)ᵀ b(k, CONV_NR), begun with 0 or with c.
SI void NAME(conv_tile)(long k, const float *a, const float *b, float *c, long ldc, int begin, const int R) {
  vf acc[CONV_ROWS][CONV_VECTORS];
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 3
    for (int j = 0; j < CONV_VECTORS; j++) acc[i][j] = begin ? BC(0.0f) : LD(c + i * ldc + j * VL);
  for (; k > 0; k--, a += CONV_PANEL, b += CONV_NR) {
    vf bv[CONV_VECTORS];
#pragma GCC unroll 3
    for (int j = 0; j < CONV_VECTORS; j++) bv[j] = LD(b + j * VL);
#pragma GCC unroll 8
    for (int i = 0; i < R; i++) {
      vf av = BC(a[i]);
#pragma GCC unroll 3
      for (int j = 0; j < CONV_VECTORS; j++) acc[i][j] = FMA(av, bv[j], acc[i][j]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 3
    for (int j = 0; j < CONV_VECTORS; j++) ST(c + i * ldc + j * VL, acc[i][j]);
}
static void NAME(conv_tiles)(long rows, long k, const float *a, const float *b, float *c, long ldc, int begin) {
  switch (rows) {
  case 1: NAME(conv_tile)(k, a, b, c, ldc, begin, 1); break;
  case 2: NAME(conv_tile)(k, a, b, c, ldc, begin, 2); break;
  case 4: NAME(conv_tile)(k, a, b, c, ldc, begin, 4); break;
#if CONV_ROWS == 8
  case 8: NAME(conv_tile)(k, a, b, c, ldc, begin, 8); break;
#endif
  }
}

// Unfolds VL pixels: d[k*CONV_NR + l] = src[at[l] + koff[k]]. reach is how far
// a vector may be read.
SI void NAME(unfold)(float *d, const float *src, const long *at, const int32_t *koff, long k, long reach) {
  long run = 1, second = 1; // pixels that are neighbours in memory, and those after them
  while (run < VL && at[run] == at[0] + run) run++;
  while (run + second < VL && at[run + second] == at[run] + second) second++;
  const float *s = src + at[0];
  if (run == VL && at[0] <= reach) {
    for (long q = 0; q < k; q++) ST(d + q * CONV_NR, LD(s + koff[q]));
  } else if (run < VL && run + second == VL && at[run] - run > at[0] && at[run] - run <= reach) { // the end of a row, and the next
    const float *t = src + at[run] - run;
    int32_t m[VL];
    for (int l = 0; l < VL; l++) m[l] = -(l < run);
    vi mask;
    memcpy(&mask, m, sizeof mask);
    for (long q = 0; q < k; q++) ST(d + q * CONV_NR, SEL(mask, LD(s + koff[q]), LD(t + koff[q])));
  } else {
    for (long q = 0; q < k; q++) {
      const float *t = src + koff[q];
      float v[VL];
#pragma GCC unroll 16
      for (int l = 0; l < VL; l++) v[l] = t[at[l]];
      ST(d + q * CONV_NR, LD(v));
    }
  }
}

// Convolution of planes: out(n, m, h, w) = act(bias(m) + the sum over k = (c,
// a, b) of weights(m, k) x(n, c, base + h*sh + w*sw + a*ta + b*tb)), where
// base, sh, sw, ta, tb are distances in a plane of x. The gradient of the input
// is one too: of the gradient of the output, once for each phase of the stride,
// which is why out has a base and distances as well.
// p: x, weights from conv_pack in panels of CONV_PANEL, out, bias. scratch:
// CONV_KC int32, 2 CONV_PIXELS long, CONV_KC CONV_PIXELS floats.
static void NAME(conv)(const instr *in, long task, void *scratch) {
  const conv_args *arg = &in->conv;
  const long H = arg->h, W = arg->w, M = arg->m, C = arg->c, groups = arg->groups, A = arg->a, B = arg->b;
  const long plane = arg->plane, sh = arg->step_h, sw = arg->step_w, ta = arg->tap_a, tb = arg->tap_b;
  const long oplane = arg->out_plane, oh = arg->out_h, ow = arg->out_w, per = arg->pixels_per_task, mper = arg->rows_per_task;
  const long pixels = arg->images * H * W, K = C * A * B;
  const long mblocks = (M + mper - 1) / mper, pblocks = (pixels + per - 1) / per;
  const long m0 = task % mblocks * mper, m1 = m0 + mper < M ? m0 + mper : M, p0 = task / mblocks % pblocks * per, g = task / mblocks / pblocks;
  const long n = pixels - p0 < per ? pixels - p0 : per, whole = (n + CONV_NR - 1) / CONV_NR * CONV_NR;
  const float *x = (const float *)in->p[0] + g * C * plane + arg->base;
  const float *weights = (const float *)in->p[1] + g * ((M + CONV_PANEL - 1) / CONV_PANEL * CONV_PANEL * K);
  float *out = (float *)in->p[2] + g * M * oplane + arg->out_base;
  long *at = scratch, *to = at + CONV_PIXELS; // of each pixel, in x and in out
  int32_t *koff = (int32_t *)(to + CONV_PIXELS);
  float *unfolded = (float *)(koff + CONV_KC), edge[CONV_ROWS * CONV_NR] __attribute__((aligned(64)));
  const long last = (C - 1) * plane + (ta > 0 ? (A - 1) * ta : 0) + (tb > 0 ? (B - 1) * tb : 0); // the largest of koff
  const long reach = (arg->images * groups - g) * C * plane - arg->base - last - VL;

  long image = p0 / (H * W), h = p0 % (H * W) / W, w = p0 % W;
  for (long j = 0; j < whole; j++) {
    if (j >= n) {
      at[j] = at[n - 1];
      continue;
    }
    at[j] = image * groups * C * plane + h * sh + w * sw;
    to[j] = image * groups * M * oplane + h * oh + w * ow;
    if (++w == W) {
      w = 0;
      if (++h == H) h = 0, image++;
    }
  }
  const long blocks = (K + CONV_KC - 1) / CONV_KC, kc = blocks ? (K + blocks - 1) / blocks : 1;
  for (long k0 = 0; k0 < K || k0 == 0; k0 += kc) { // once if K is 0
    const long k = K - k0 < kc ? K - k0 : kc;
    long c = 0, a = 0, b = 0;
    if (k) c = k0 / (A * B), a = k0 / B % A, b = k0 % B;
    for (long q = 0; q < k; q++) {
      koff[q] = (int32_t)(c * plane + a * ta + b * tb);
      if (++b == B) {
        b = 0;
        if (++a == A) a = 0, c++;
      }
    }
    for (long j = 0; j < whole; j += VL)
      NAME(unfold)(unfolded + j / CONV_NR * CONV_NR * k + j % CONV_NR, x, at + j, koff, k, reach);
    for (long j = 0; j < whole; j += CONV_NR) {
      const long valid = n - j < CONV_NR ? n - j : CONV_NR;
      const int direct = valid == CONV_NR && to[j + CONV_NR - 1] == to[j] + CONV_NR - 1;
      for (long m = m0, rows; m < m1; m += rows) {
        rows = m1 - m >= CONV_ROWS ? CONV_ROWS : m1 - m >= 4 ? 4 : m1 - m >= 2 ? 2 : 1;
        const float *wp = weights + m / CONV_PANEL * CONV_PANEL * K + k0 * CONV_PANEL + m % CONV_PANEL;
        float *o = out + m * oplane;
        if (direct) {
          NAME(conv_tiles)(rows, k, wp, unfolded + j * k, o + to[j], oplane, k0 == 0);
          continue;
        }
        if (k0)
          for (long r = 0; r < rows; r++)
            for (long l = 0; l < valid; l++) edge[r * CONV_NR + l] = o[r * oplane + to[j + l]];
        NAME(conv_tiles)(rows, k, wp, unfolded + j * k, edge, CONV_NR, k0 == 0);
        for (long r = 0; r < rows; r++)
          for (long l = 0; l < valid; l++) o[r * oplane + to[j + l]] = edge[r * CONV_NR + l];
      }
    }
  }
  const int act = (int)arg->act;
  const float *bias = arg->bias ? (const float *)in->p[3] + g * M : 0;
  if (act == ACT_LINEAR && !bias) return;
  for (long j = 0, run; j < n; j += run) {
    for (run = 1; j + run < n && to[j + run] == to[j] + run;) run++;
    for (long m = m0; m < m1; m++) NAME(finish)(out + m * oplane + to[j], 0, run, bias ? bias[m] : -0.0f, act, BC(arg->alpha));
  }
}

// Rows of a tile of channels.
#if MR >= 8
#define TAPS_ROWS 8
#else
#define TAPS_ROWS MR
#endif

// A tile: R rows of V vectors over the runs u0, ..., u1-1 of k, K2 steps each.
// row has the places of the rows in x and in out; n columns are valid.
SI void NAME(taps_tile)(const float *x, const long *row, const long *to, const float *b, long W, long u0, long u1, long K1, long ks0,
                        long ks1, long K2, long ks2, float *out, long n, int begin, const int R, const int V) {
  vf acc[TAPS_ROWS][2];
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 2
    for (int j = 0; j < V; j++) {
      const long left = n - j * VL;
      const float *o = out + to[i] + j * VL;
      acc[i][j] = begin || left <= 0 ? BC(0.0f) : left >= VL ? LD(o) : LDN(o, left);
    }
  for (long u = u0; u < u1; u++) {
    const float *s = x + u / K1 * ks0 + u % K1 * ks1, *a[TAPS_ROWS];
#pragma GCC unroll 8
    for (int i = 0; i < R; i++) a[i] = s + row[i];
    for (long q = 0, end = K2 * ks2; q != end; q += ks2, b += W) {
      vf bv[2];
#pragma GCC unroll 2
      for (int j = 0; j < V; j++) bv[j] = LD(b + j * VL);
#pragma GCC unroll 8
      for (int i = 0; i < R; i++) {
        vf av = BC(a[i][q]);
#pragma GCC unroll 2
        for (int j = 0; j < V; j++) acc[i][j] = FMA(av, bv[j], acc[i][j]);
      }
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < R; i++)
#pragma GCC unroll 2
    for (int j = 0; j < V; j++) {
      const long left = n - j * VL;
      float *o = out + to[i] + j * VL;
      if (left >= VL) ST(o, acc[i][j]);
      else if (left > 0) STN(o, acc[i][j], left);
    }
}

// Products whose left operand is read where it is: out(r, m) = act(bias(m) +
// the sum over k of x(place of r + place of k) b(k, m)). Rows r and steps k are
// triples, each index with a count and a distance in x. Convolutions of
// sequences are such products, with rows (n, t) and steps (tap, channel);
// gradients of weights are others, with rows (channel, tap) and the pixels of a
// chunk of images as steps, whose sums channels_sum adds.
// p: x, b from conv_pack, out, bias. scratch: 2 long for each row of a task.
// Tasks: groups, chunks, ranges of rows. b must be readable VL floats on.
static void NAME(channels)(const instr *in, long task, void *scratch) {
  const channels_args *arg = &in->channels;
  const long R0 = arg->rows[0].count, R1 = arg->rows[1].count, R2 = arg->rows[2].count, K0 = arg->k[0].count, K1 = arg->k[1].count, K2 = arg->k[2].count;
  const long M = arg->m, W = arg->width, per = arg->rows_per_task, kper = arg->k_per_task;
  const long rows = R0 * R1 * R2, rblocks = (rows + per - 1) / per, chunks = (K0 + kper - 1) / kper;
  const long r0 = task % rblocks * per, nr = rows - r0 < per ? rows - r0 : per, chunk = task / rblocks % chunks, g = task / rblocks / chunks;
  const long kchunk = K0 - chunk * kper < kper ? K0 - chunk * kper : kper, runs = kchunk * K1;
  const float *x = (const float *)in->p[0] + arg->base + g * arg->group_in + chunk * kper * arg->k[0].step;
  const float *b = (const float *)in->p[1] + g * arg->group_right;
  float *out = (float *)in->p[2] + arg->out_base + g * arg->out_group + chunk * arg->out_chunk;
  const long padded = (nr + TAPS_ROWS - 1) / TAPS_ROWS * TAPS_ROWS, bias = arg->bias, act = arg->act;
  long *row = scratch, *to = row + padded;
  for (long r = 0; r < padded; r++) { // rows behind the last are the last once more
    const long q = r0 + (r < nr ? r : nr - 1), q0 = q / (R1 * R2), q1 = q / R2 % R1, q2 = q % R2;
    row[r] = q0 * arg->rows[0].step + q1 * arg->rows[1].step + q2 * arg->rows[2].step;
    to[r] = q0 * arg->out[0] + q1 * arg->out[1] + q2 * arg->out[2];
  }
  const long block = K2 < 256 ? 256 / K2 : 1; // runs whose part of b stays in the first-level cache
  for (long u0 = 0; u0 < runs; u0 += block) {
    const long u1 = u0 + block < runs ? u0 + block : runs;
    for (long m = 0; m < M;) {
      const long left = W - m % W < M - m ? W - m % W : M - m; // columns in this panel
      const int two = left > VL;
      const float *panel = b + (m - m % W) * K0 * K1 * K2 + (chunk * kper * K1 + u0) * K2 * W + m % W;
      for (long r = 0; r < nr; r += TAPS_ROWS) {
#define TAPS(R, V)                                                                                                     \
  NAME(taps_tile)(x, row + r, to + r, panel, W, u0, u1, K1, arg->k[0].step, arg->k[1].step, K2, arg->k[2].step, out + m, left, u0 == 0, R, V)
        if (nr - r > TAPS_ROWS / 2) {
          if (two) TAPS(TAPS_ROWS, 2);
          else TAPS(TAPS_ROWS, 1);
        } else if (two) TAPS(TAPS_ROWS / 2, 2);
        else TAPS(TAPS_ROWS / 2, 1);
#undef TAPS
      }
      m += left < 2 * VL ? left : 2 * VL;
    }
  }
  if (act == ACT_LINEAR && !bias) return;
  for (long r = 0; r < nr; r++)
    NAME(finish)(out + to[r], bias ? (const float *)in->p[3] + g * M : 0, M, -0.0f, (int)act, BC(arg->alpha));
}

// Adds the sums of the chunks, in order, and turns them over: out[g][m][r] = the
// sum of part[chunk][g][r][m]. p: part, out. Tasks: groups, rows.
static void NAME(channels_sum)(const instr *in, long task, void *scratch) {
  const channels_sum_args *arg = &in->channels_sum;
  const long R = arg->rows, M = arg->columns, chunks = arg->chunks, per = arg->per, blocks = (R + per - 1) / per;
  const long r0 = task % blocks * per, r1 = r0 + per < R ? r0 + per : R, g = task / blocks;
  const float *part = (const float *)in->p[0] + g * arg->group_stride;
  float *out = (float *)in->p[1] + g * M * R;
  EACH(m, 0, M, { // all rows of a few columns, so that lines of out are written once
    for (long r = r0; r < r1; r++) {
      const float *p = part + r * arg->row_stride + m;
      vf s = LOAD(p);
      for (long c = 1; c < chunks; c++) s += LOAD(p + c * arg->chunk_stride);
      for (long l = 0; l < n_; l++) out[(m + l) * R + r] = s[l];
    }
  });
}

// out[plane] = s times the sum of a plane, in LANES lanes. p: x, out.
static void NAME(plane_sum)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long n = in->plane.size;
  for (long q = from; q < to; q++) {
    const float *x = (const float *)in->p[0] + q * n;
    float l[LANES] = {0};
    long j = 0;
    for (; j + LANES <= n; j += LANES)
      for (int v = 0; v < LANES; v += VL) ST(l + v, LD(l + v) + LD(x + j + v));
    for (; j < n; j++) l[j % LANES] += x[j];
    ((float *)in->p[1])[q] = sum16(l) * in->plane.s;
  }
}
