// Pooling over windows of planes (H, W). A sequence (T, D) is a plane too, whose
// windows are one column wide. Windows go through their elements row by row;
// what lies outside of the plane has no part in them.
#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif
#if VL == 4
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7)
#define ZIPLOW(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define ZIPHIGH(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#elif VL == 8
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15)
#define ZIPLOW(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIPHIGH(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define EVEN(a, b) SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
#define ODD(a, b) SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#define ZIPLOW(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIPHIGH(a, b) SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#endif

// What windows there are.
typedef struct { long H, W, OH, OW, kh, kw, sh, sw, top, left; } NAME(windows);
SI NAME(windows) NAME(windows_of)(const instr *in) {
  const pool_args *arg = &in->pool;
  return (NAME(windows)){arg->h, arg->w, arg->out_h, arg->out_w, arg->kh,
                         arg->kw, arg->stride_h, arg->stride_w, arg->top, arg->left};
}
// The rows of the plane that the windows at height o have: from, ..., to-1.
#define WINDOW_ROWS(s, o, rows)                                                                                        \
  const long top_ = (o) * (s).sh - (s).top, h0 = top_ > 0 ? top_ : 0, h1 = top_ + (s).kh < (rows) ? top_ + (s).kh : (rows)
// The windows whose b-th column is in the plane: w0, ..., w1-1.
#define WINDOW_COLUMNS(s, b)                                                                                           \
  const long off = (b) - (s).left, w0 = off < 0 ? (-off + (s).sw - 1) / (s).sw : 0, end_ = (s).W - 1 - off,            \
             w1 = end_ < 0 ? 0 : end_ / (s).sw + 1 < (s).OW ? end_ / (s).sw + 1 : (s).OW

// COLUMNS runs body for windows w0, ..., w1-1 by vectors, with v = the n_
// elements x[w*sw + off] and at = where the first of them is.
#define COLUMNS(s, x, w, ...)                                                                                          \
  do {                                                                                                                 \
    if ((s).sw == 1) {                                                                                                 \
      EACH(w, w0, w1, { const float *at = (x) + w + off; (void)at; const vf v = LOAD(at); __VA_ARGS__ });              \
    } else if ((s).sw == 2) {                                                                                          \
      EACH(w, w0, w1, {                                                                                                \
        const float *at = (x) + 2 * w + off;                                                                           \
        vf v;                                                                                                          \
        if (whole && 2 * w + off + 2 * VL <= (s).W) v = EVEN(LD(at), LD(at + VL));                                     \
        else v = NAME(strided)(at, 2, n_);                                                                             \
        __VA_ARGS__                                                                                                    \
      });                                                                                                              \
    } else {                                                                                                           \
      EACH(w, w0, w1, { const float *at = (x) + (s).sw * w + off; const vf v = NAME(strided)(at, (s).sw, n_); __VA_ARGS__ });\
    }                                                                                                                  \
  } while (0)
SI vf NAME(strided)(const float *x, long step, long n) {
  float t[VL] = {0};
  for (long l = 0; l < n; l++) t[l] = x[l * step];
  return LD(t);
}
// Adds n numbers to x[0], x[step], ...
SI void NAME(strided_add)(float *x, long step, vf v, long n) {
  if (step == 1) {
    if (n == VL) ST(x, LD(x) + v);
    else STN(x, LDN(x, n) + v, n);
    return;
  }
  for (long l = 0; l < n; l++) x[l * step] += v[l];
}
SI vf NAME(larger)(vf v, vf m) { return SEL((v > m) | (v != v), v, m); } // a NaN stays one
// Rows of a plane that count.
SI long NAME(valid)(const float *lengths, long plane, long H) { return lengths && lengths[plane] < H ? (long)lengths[plane] : H; }

// Windows of 2 by 2 that tile a plane exactly, which are most of those in use,
// go by whole vectors. The last of a row begins earlier, if there is one before;
// else it reaches into the next row, whose turn is yet to come.
SI int NAME(quads)(NAME(windows) s, const float *lengths) {
  return s.kh == 2 && s.kw == 2 && s.sh == 2 && s.sw == 2 && !s.top && !s.left && s.H == 2 * s.OH && s.W == 2 * s.OW && !lengths;
}
// Whether a vector of windows may begin at w, with n rows of OW windows to go.
SI int NAME(quads_room)(long w, long OW, long n) {
  return w + VL <= OW || (w == 0 && VL + OW <= n * OW); // from the row below on there are 2 VL elements
}
SI long NAME(quads_next)(long w, long OW) {
  return w + VL < OW && w + 2 * VL > OW ? OW - VL : w + VL;
}
static void NAME(quads_max)(const float *x, float *y, long n, long W) {
  const long OW = W / 2;
  for (; n > 0; n--, x += 2 * W, y += OW) {
    long w = 0;
    for (; NAME(quads_room)(w, OW, n); w = NAME(quads_next)(w, OW)) {
      const float *p = x + 2 * w, *q = p + W;
      const vf a = LD(p), b = LD(p + VL), c = LD(q), d = LD(q + VL);
      const vf top = NAME(larger)(ODD(a, b), NAME(larger)(EVEN(a, b), BC(-__builtin_inff())));
      ST(y + w, NAME(larger)(ODD(c, d), NAME(larger)(EVEN(c, d), top)));
    }
    for (; w < OW; w++) {
      float m = -__builtin_inff();
      for (int e = 0; e < 4; e++) {
        const float v = x[2 * w + e / 2 * W + e % 2];
        m = v > m || v != v ? v : m;
      }
      y[w] = m;
    }
  }
}
static void NAME(quads_max_grad)(const float *x, const float *y, const float *dy, float *dx, long n, long W) {
  const long OW = W / 2;
  const vf zero = BC(0.0f); // added as the sum over windows begins with it: no -0
  for (; n > 0; n--, x += 2 * W, dx += 2 * W, y += OW, dy += OW) {
    long w = 0;
    for (; NAME(quads_room)(w, OW, n); w = NAME(quads_next)(w, OW)) {
      const float *p = x + 2 * w, *q = p + W;
      const vf a = LD(p), b = LD(p + VL), c = LD(q), d = LD(q + VL), top = LD(y + w);
      const vi g = (vi)LD(dy + w), e0 = EVEN(a, b) == top, e1 = (ODD(a, b) == top) & ~e0;
      const vi e2 = (EVEN(c, d) == top) & ~(e0 | e1), e3 = (ODD(c, d) == top) & ~(e0 | e1 | e2);
      const vf d0 = (vf)(g & e0), d1 = (vf)(g & e1), d2 = (vf)(g & e2), d3 = (vf)(g & e3);
      float *o = dx + 2 * w;
      ST(o, ZIPLOW(d0, d1) + zero);
      ST(o + VL, ZIPHIGH(d0, d1) + zero);
      ST(o + W, ZIPLOW(d2, d3) + zero);
      ST(o + W + VL, ZIPHIGH(d2, d3) + zero);
    }
    for (; w < OW; w++) {
      int taken = 0;
      for (int e = 0; e < 4; e++) {
        const long at = 2 * w + e / 2 * W + e % 2;
        const int is = (x[at] == y[w]) & !taken;
        dx[at] = (is ? dy[w] : 0) + 0.0f;
        taken |= is;
      }
    }
  }
}

// y = the largest element of each window, 0 if it has none. p: x, y, lengths
// (rows of each plane that count; optional).
static void NAME(max_pool)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const NAME(windows) s = NAME(windows_of)(in);
  if (NAME(quads)(s, in->p[2])) {
    NAME(quads_max)((const float *)in->p[0] + from * s.H * s.W, (float *)in->p[1] + from * s.OH * s.OW, (to - from) * s.OH, s.W);
    return;
  }
  for (long q = from; q < to; q++) {
    const float *x = (const float *)in->p[0] + q * s.H * s.W;
    float *y = (float *)in->p[1] + q * s.OH * s.OW;
    const long rows = NAME(valid)(in->p[2], q, s.H);
    for (long o = 0; o < s.OH; o++, y += s.OW) {
      WINDOW_ROWS(s, o, rows);
      const vf first = BC(h0 < h1 ? -__builtin_inff() : 0.0f);
      EACH(w, 0, s.OW, STORE(y + w, first););
      for (long h = h0; h < h1; h++)
        for (long b = 0; b < s.kw; b++) {
          WINDOW_COLUMNS(s, b);
          COLUMNS(s, x + h * s.W, w, STORE(y + w, NAME(larger)(v, LOAD(y + w))););
        }
    }
  }
}

// dx = the sum of the dy of the windows in which the element is the first of the
// largest, in the order of (window's row, element of the window). p: x, y, dy,
// dx, lengths. scratch: an int32 for each window across.
static void NAME(max_pool_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const NAME(windows) s = NAME(windows_of)(in);
  if (NAME(quads)(s, in->p[4])) {
    const long i = from * s.H * s.W, k = from * s.OH * s.OW;
    NAME(quads_max_grad)((const float *)in->p[0] + i, (const float *)in->p[1] + k, (const float *)in->p[2] + k, (float *)in->p[3] + i, (to - from) * s.OH, s.W);
    return;
  }
  int32_t *taken = scratch; // all ones where a window has met its largest
  for (long q = from; q < to; q++) {
    const float *x = (const float *)in->p[0] + q * s.H * s.W;
    const float *y = (const float *)in->p[1] + q * s.OH * s.OW, *dy = (const float *)in->p[2] + q * s.OH * s.OW;
    float *dx = (float *)in->p[3] + q * s.H * s.W;
    const long rows = NAME(valid)(in->p[4], q, s.H);
    memset(dx, 0, (size_t)(s.H * s.W) * 4);
    for (long o = 0; o < s.OH; o++, y += s.OW, dy += s.OW) {
      WINDOW_ROWS(s, o, rows);
      memset(taken, 0, (size_t)s.OW * 4);
      for (long h = h0; h < h1; h++) {
        const float *row = x + h * s.W;
        float *to_row = dx + h * s.W;
        for (long b = 0; b < s.kw; b++) {
          WINDOW_COLUMNS(s, b);
          COLUMNS(s, row, w, {
            const vi t = (vi)LOAD((float *)taken + w);
            const vi e = (v == LOAD(y + w)) & ~t;
            STORE((float *)taken + w, (vf)(t | e));
            NAME(strided_add)(to_row + (at - row), s.sw, (vf)((vi)LOAD(dy + w) & e), n_);
          });
        }
      }
    }
  }
}

// Columns of each window that count, as numbers: all of them or those in the plane.
SI void NAME(window_widths)(NAME(windows) s, int all, float *widths) {
  for (long w = 0; w < s.OW; w++) {
    const long a = w * s.sw - s.left, b = a + s.kw;
    widths[w] = (float)(all ? s.kw : (b < s.W ? b : s.W) - (a > 0 ? a : 0));
  }
}

// y = the mean of each window, 0 if it has no elements. p: x, y, lengths.
// scratch: a float for each window across.
static void NAME(avg_pool)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const NAME(windows) s = NAME(windows_of)(in);
  float *widths = scratch;
  NAME(window_widths)(s, in->pool.count_padding != 0, widths);
  for (long q = from; q < to; q++) {
    const float *x = (const float *)in->p[0] + q * s.H * s.W;
    float *y = (float *)in->p[1] + q * s.OH * s.OW;
    const long rows = NAME(valid)(in->p[2], q, s.H);
    for (long o = 0; o < s.OH; o++, y += s.OW) {
      WINDOW_ROWS(s, o, rows);
      memset(y, 0, (size_t)s.OW * 4);
      for (long h = h0; h < h1; h++)
        for (long b = 0; b < s.kw; b++) {
          WINDOW_COLUMNS(s, b);
          COLUMNS(s, x + h * s.W, w, STORE(y + w, LOAD(y + w) + v););
        }
      if (h0 >= h1) continue;
      const vf height = BC((float)(in->pool.count_padding ? s.kh : h1 - h0));
      EACH(w, 0, s.OW, STORE(y + w, LOAD(y + w) / (height * LOAD(widths + w))););
    }
  }
}

// dx of avg_pool: the sum of dy / size over the windows that have the element,
// in the order of max_pool_grad. i as avg_pool; p: dy, dx, lengths. scratch: two
// floats for each window across.
static void NAME(avg_pool_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const NAME(windows) s = NAME(windows_of)(in);
  float *widths = scratch, *share = widths + s.OW;
  NAME(window_widths)(s, in->pool.count_padding != 0, widths);
  for (long q = from; q < to; q++) {
    const float *dy = (const float *)in->p[0] + q * s.OH * s.OW;
    float *dx = (float *)in->p[1] + q * s.H * s.W;
    const long rows = NAME(valid)(in->p[2], q, s.H);
    memset(dx, 0, (size_t)(s.H * s.W) * 4);
    for (long o = 0; o < s.OH; o++, dy += s.OW) {
      WINDOW_ROWS(s, o, rows);
      const vf height = BC((float)(in->pool.count_padding ? s.kh : h1 - h0));
      EACH(w, 0, s.OW, STORE(share + w, LOAD(dy + w) / (height * LOAD(widths + w))););
      for (long h = h0; h < h1; h++)
        for (long b = 0; b < s.kw; b++) {
          WINDOW_COLUMNS(s, b);
          float *d = dx + h * s.W + off;
          EACH(w, w0, w1, NAME(strided_add)(d + w * s.sw, s.sw, LOAD(share + w), n_););
        }
    }
  }
}

// y[plane] = the largest element. p: x, y.
static void NAME(plane_max)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long n = in->plane.size;
  for (long q = from; q < to; q++) {
    const float *x = (const float *)in->p[0] + q * n;
    float l[LANES], m = -__builtin_inff();
    for (int v = 0; v < LANES; v++) l[v] = m;
    long j = 0;
    for (; j + LANES <= n; j += LANES)
      for (int v = 0; v < LANES; v += VL) ST(l + v, NAME(larger)(LD(x + j + v), LD(l + v)));
    for (; j < n; j++) l[j % LANES] = x[j] > l[j % LANES] || x[j] != x[j] ? x[j] : l[j % LANES];
    for (int v = 0; v < LANES; v++) m = l[v] > m || l[v] != l[v] ? l[v] : m;
    ((float *)in->p[1])[q] = m;
  }
}

// dx = dy at the first of the largest elements, else 0. i as plane_max; p: x, y,
// dy, dx.
static void NAME(plane_max_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long n = in->plane.size;
  for (long q = from; q < to; q++) {
    const float *x = (const float *)in->p[0] + q * n, y = ((const float *)in->p[1])[q];
    float *dx = (float *)in->p[3] + q * n;
    memset(dx, 0, (size_t)n * 4);
    for (long j = 0; j < n; j++)
      if (x[j] == y) {
        dx[j] = ((const float *)in->p[2])[q];
        break;
      }
  }
}

// dx = s dy[plane]. i as plane_max; f: s; p: dy, dx.
static void NAME(plane_fill)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long n = in->plane.size;
  for (long q = from; q < to; q++) {
    float *dx = (float *)in->p[1] + q * n;
    const vf v = BC(((const float *)in->p[0])[q] * in->plane.s);
    EACH(j, 0, n, STORE(dx + j, v););
  }
}
