// Random numbers by counter: Philox4x32-10, as in package random.

// One block: counter (c0, c1, step) and key give four numbers.
SI void NAME(philox)(uint32_t c0, uint32_t c1, uint64_t step, uint64_t key, uint32_t out[4]) {
  uint32_t a = c0, b = c1, c = (uint32_t)step, d = (uint32_t)(step >> 32);
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int r = 0; r < 10; r++) {
    const uint64_t p = (uint64_t)0xD2511F53u * a, q = (uint64_t)0xCD9E8D57u * c;
    a = (uint32_t)(q >> 32) ^ b ^ k0;
    b = (uint32_t)q;
    c = (uint32_t)(p >> 32) ^ d ^ k1;
    d = (uint32_t)p;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = a, out[1] = b, out[2] = c, out[3] = d;
}

// philox for VL counters at once: x[0], x[1] are c0, c1 and become, with x[2] and
// x[3], the four numbers of each. MULEVEN gives the 64-bit products of the even
// lanes; a file for one instruction set may define it.
typedef uint64_t vl __attribute__((vector_size(VL * 4), aligned(4), may_alias));
#if !defined(MULEVEN)
#define MULEVEN(a, b) (((vl)(a) & 0xffffffffu) * ((vl)(b) & 0xffffffffu))
#endif
SI void NAME(mulwide)(vi a, vi m, vi *hi, vi *lo) {
  const vl low = {0}, even = (vl)MULEVEN(a, m), odd = (vl)MULEVEN((vl)a >> 32, m), mask = low + 0xffffffffu;
  *hi = (vi)((even >> 32) | (odd & ~mask));
  *lo = (vi)((even & mask) | (odd << 32));
}
SI void NAME(philox_lanes)(vi x[4], uint64_t step, uint64_t key) {
  x[2] = BCI((int32_t)step), x[3] = BCI((int32_t)(step >> 32));
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  for (int r = 0; r < 10; r++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
    vi hp, lp, hq, lq;
    NAME(mulwide)(x[0], BCI((int32_t)0xD2511F53u), &hp, &lp);
    NAME(mulwide)(x[2], BCI((int32_t)0xCD9E8D57u), &hq, &lq);
    x[0] = hq ^ x[1] ^ BCI((int32_t)k0);
    x[1] = lq;
    x[2] = hp ^ x[3] ^ BCI((int32_t)k1);
    x[3] = lp;
  }
}

// The numbers of elements j, ..., j + 4 VL - 1 of a stream; j is a multiple of 4.
SI void NAME(stream)(long j, uint64_t step, uint64_t key, float out[4 * VL]) {
  uint32_t low[VL], high[VL];
  for (int i = 0; i < VL; i++) low[i] = (uint32_t)(j / 4 + i), high[i] = (uint32_t)((uint64_t)(j / 4 + i) >> 32);
  vi x[4];
  memcpy(&x[0], low, sizeof low), memcpy(&x[1], high, sizeof high);
  NAME(philox_lanes)(x, step, key);
  float words[4 * VL];
  for (int w = 0; w < 4; w++) ST(words + w * VL, (vf)x[w]);
  NAME(transpose)(out, 4, words, VL, 4, VL);
}

// out = x / (1-rate) where the number of the group of an element is at least
// rate 2^32, else 0. A group is so many elements in a row (1: each element by
// itself; a whole plane: spatial dropout), below that threshold.
// p: x, out (may be x), step (uint64).
static void NAME(dropout)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *x = in->p[0];
  float *out = in->p[1];
  const uint64_t step = *(const uint64_t *)in->p[2], key = (uint64_t)in->dropout.key;
  const long group = in->dropout.group;
  const uint32_t below = (uint32_t)in->dropout.below;
  const float scale = in->dropout.scale;
  if (group == 1) {
    const vi least = BCI((int32_t)(below ^ 0x80000000u));
    float numbers[4 * VL];
    for (long begin = from; begin < to; begin += 4 * VL) {
      const long end = begin + 4 * VL < to ? begin + 4 * VL : to;
      NAME(stream)(begin, step, key, numbers);
      EACH(j, begin, end, {
        const vi drop = ((vi)LD(numbers + (j - begin)) ^ BCI(INT32_MIN)) < least;
        STORE(out + j, (vf)((vi)(LOAD(x + j) * BC(scale)) & ~drop));
      });
    }
    return;
  }
  uint32_t r[4];
  for (long g = from / group; g * group < to; g++) {
    if (g % 4 == 0 || g * group == from) NAME(philox)((uint32_t)(g >> 2), (uint32_t)((uint64_t)g >> 34), step, key, r);
    const int32_t keep = -(int32_t)(r[g % 4] >= below);
    for (long j = g * group; j < (g + 1) * group && j < to; j++) {
      float v = x[j] * scale;
      int32_t bits;
      memcpy(&bits, &v, 4);
      bits &= keep;
      memcpy(out + j, &bits, 4);
    }
  }
}
