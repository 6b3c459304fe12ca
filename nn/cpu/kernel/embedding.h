// Embeddings, positions, lengths of sequences, and pooling over time. Ids and
// lengths are numbers that hold integers; whatever they hold, nothing outside
// of an operand is touched.

// The row of a table of v rows that an id stands for, the nearest one if it is
// none; a NaN is 0.
SI long NAME(row_of)(float id, long v) { return id >= (float)(v - 1) ? v - 1 : id > 0.0f ? (long)id : 0; }

// out(k, d) = scale table[ids]. p: ids, table, out.
static void NAME(embed)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long d = in->embed.d;
  const float *ids = in->p[0];
  const vf scale = BC(in->embed.scale);
  for (long k = from; k < to; k++) {
    const float *row = (const float *)in->p[1] + NAME(row_of)(ids[k], in->embed.rows) * d;
    float *out = (float *)in->p[2] + k * d;
    EACH(j, 0, d, STORE(out + j, LOAD(row + j) * scale););
  }
}

// A counting sort of ids: order lists the positions by id, and those of one id
// in their order; start(v + 1) is where the positions of each id begin. Both
// are int32. One task. p: ids, order, start.
static void NAME(embed_sort)(const instr *in, long task, void *scratch) {
  const long k = in->embed_sort.ids, v = in->embed_sort.rows;
  const float *ids = in->p[0];
  int32_t *order = in->p[1], *start = in->p[2];
  memset(start, 0, (size_t)(v + 1) * 4);
  for (long i = 0; i < k; i++) start[NAME(row_of)(ids[i], v) + 1]++;
  for (long i = 0; i < v; i++) start[i + 1] += start[i];
  for (long i = 0; i < k; i++) order[start[NAME(row_of)(ids[i], v)]++] = (int32_t)i;
  memmove(start + 1, start, (size_t)v * 4); // each begin is now the end of its id
  start[0] = 0;
}

// dtable(v, d) = scale times the sum of the rows of dy whose id it is, in their
// order; 0 for the padding id. p: order, start, dy, dtable.
static void NAME(embed_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long d = in->embed_grad.d;
  const int32_t *order = in->p[0], *start = in->p[1];
  const float *dy = in->p[2];
  const vf scale = BC(in->embed_grad.scale);
  for (long v = from; v < to; v++) {
    float *out = (float *)in->p[3] + v * d;
    const long a = start[v], b = v == in->embed_grad.padding ? a : start[v + 1];
    if (a == b) {
      memset(out, 0, (size_t)d * 4);
      continue;
    }
    EACH(j, 0, d, {
      vf s = BC(0.0f);
      for (long k = a; k < b; k++) s += LOAD(dy + order[k] * d + j);
      STORE(out + j, s * scale);
    });
  }
}

// out(n, k) = x(n, k) + row(k) for each n. p: x, row, out (may be x).
static void NAME(add_rows)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long k = in->rows.k;
  const float *row = in->p[1];
  for (long n = from; n < to; n++) {
    const float *x = (const float *)in->p[0] + n * k;
    float *out = (float *)in->p[2] + n * k;
    EACH(j, 0, k, STORE(out + j, LOAD(x + j) + LOAD(row + j)););
  }
}

// out(n) = the number of steps up to the last id that is not the padding id.
// p: ids(n, t), out.
static void NAME(id_lengths)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  for (long n = from; n < to; n++) {
    const float *ids = (const float *)in->p[0] + n * in->id_lengths.t;
    long t = in->id_lengths.t;
    while (t > 0 && ids[t - 1] == in->id_lengths.padding) t--;
    ((float *)in->p[1])[n] = (float)t;
  }
}

// out(n, t) = 1 for the valid steps of the examples that exist, else 0. p:
// lengths (optional), weight(n) (optional), out.
static void NAME(step_mask)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long t = in->rows.k;
  const float *weight = in->p[1];
  for (long n = from; n < to; n++) {
    const long len = ROW_EXISTS(n) ? NAME(row_length)(in->p[0], n, t) : 0;
    float *out = (float *)in->p[2] + n * t;
    for (long k = 0; k < t; k++) out[k] = k < len ? 1.0f : 0.0f;
  }
}

// y(n, d) from the valid steps of x(n, t, d): their mean, the last or, element
// by element, the largest (the first of equals), whose step goes to at(n, d); 0
// where there is none. p: x, y, lengths (optional), at (for the largest).
enum { TIME_MEAN, TIME_LAST, TIME_MAX };
static void NAME(time_pool)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long t = in->time_pool.t, d = in->time_pool.d;
  for (long n = from; n < to; n++) {
    const float *x = (const float *)in->p[0] + n * t * d;
    float *y = (float *)in->p[1] + n * d, *at = in->p[3];
    const long len = NAME(row_length)(in->p[2], n, t);
    if (in->time_pool.kind == TIME_MEAN) {
      const vf by = BC((float)(len > 0 ? len : 1));
      EACH(j, 0, d, {
        vf s = BC(0.0f);
        for (long k = 0; k < len; k++) s += LOAD(x + k * d + j);
        STORE(y + j, s / by);
      });
    } else if (in->time_pool.kind == TIME_LAST) {
      if (len > 0) memcpy(y, x + (len - 1) * d, (size_t)d * 4);
      else memset(y, 0, (size_t)d * 4);
    } else {
      at += n * d;
      EACH(j, 0, d, {
        vf top = len > 0 ? LOAD(x + j) : BC(0.0f);
        vf step = BC(len > 0 ? 0.0f : -1.0f);
        for (long k = 1; k < len; k++) {
          vf v = LOAD(x + k * d + j);
          vi more = v > top;
          top = SEL(more, v, top);
          step = SEL(more, BC((float)k), step);
        }
        STORE(y + j, top);
        STORE(at + j, step);
      });
    }
  }
}

// p: dy, dx, lengths (optional), at (for the largest).
static void NAME(time_pool_grad)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const long t = in->time_pool.t, d = in->time_pool.d;
  for (long n = from; n < to; n++) {
    const float *dy = (const float *)in->p[0] + n * d, *at = in->p[3];
    float *dx = (float *)in->p[1] + n * t * d;
    const long len = NAME(row_length)(in->p[2], n, t);
    memset(dx + len * d, 0, (size_t)((t - len) * d) * 4);
    if (in->time_pool.kind == TIME_MEAN) {
      const vf by = BC((float)(len > 0 ? len : 1));
      for (long k = 0; k < len; k++) EACH(j, 0, d, STORE(dx + k * d + j, LOAD(dy + j) / by););
    } else if (in->time_pool.kind == TIME_LAST) {
      for (long k = 0; k < len - 1; k++) memset(dx + k * d, 0, (size_t)d * 4);
      if (len > 0) memcpy(dx + (len - 1) * d, dy, (size_t)d * 4);
    } else {
      at += n * d;
      for (long k = 0; k < len; k++)
        EACH(j, 0, d, STORE(dx + k * d + j, SEL(LOAD(at + j) == BC((float)k), LOAD(dy + j), BC(0.0f))););
    }
  }
}
