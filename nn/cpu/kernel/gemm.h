// Matrix products C = A B (+ C), (+ bias), through an activation. Operands are
// first packed into panels of MR rows of A and NR columns of B; then each
// element of C is one chain of FMAs over k = 0, 1, ..., begun with 0 or with C.
// Its bits depend neither on the tile nor on the blocks.
#define NR (NV * VL)
#define KC 256 // steps of k between loads and stores of a tile of C

// Packs rows of a matrix into panels of W rows, k by k: dst[panel][k][w] =
// src[(panel*W + w)*rs + k*ks]; rows behind the last are 0. The columns of a
// matrix B are packed as the rows of its transpose.
// p: src, dst.
SI void NAME(pack_panel)(float *dst, const float *src, long rows, long k, long rs, long ks, const long W) {
  if (rs == 1 && rows == W) {
    for (long q = 0; q < k; q++, src += ks, dst += W)
      for (long w = 0; w < W; w += VL) { // W is no multiple of VL for A
        if (w + VL <= W) ST(dst + w, LD(src + w));
        else for (long v = w; v < W; v++) dst[v] = src[v];
      }
    return;
  }
  for (long q0 = 0; q0 < k; q0 += 16) { // each line of src is read once
    const long q1 = q0 + 16 < k ? q0 + 16 : k;
    for (long w = 0; w < rows; w++)
      for (long q = q0; q < q1; q++) dst[q * W + w] = src[w * rs + q * ks];
    for (long w = rows; w < W; w++)
      for (long q = q0; q < q1; q++) dst[q * W + w] = 0;
  }
}
static void NAME(pack)(const instr *in, long task, void *scratch) {
  const pack_args *arg = &in->pack;
  const long rows = arg->rows, k = arg->k, rs = arg->row_stride, ks = arg->k_stride, per = arg->per;
  const long batch = task / arg->batch_tasks, first = task % arg->batch_tasks * per, W = arg->columns ? NR : MR;
  const float *src = (const float *)in->p[0] + batch * arg->batch_stride;
  float *dst = (float *)in->p[1] + batch * arg->out_stride;
  for (long panel = first; panel < first + per && panel * W < rows; panel++) {
    const long left = rows - panel * W;
    if (arg->columns) NAME(pack_panel)(dst + panel * NR * k, src + panel * NR * rs, left < NR ? left : NR, k, rs, ks, NR);
    else NAME(pack_panel)(dst + panel * MR * k, src + panel * MR * rs, left < MR ? left : MR, k, rs, ks, MR);
  }
}

// A tile: c(MR, NR) = a(k, MR)ᵀ b(k, NR), begun with 0 (begin) or with c.
SI void NAME(tile)(long k, const float *a, const float *b, float *c, long ldc, int begin) {
  vf acc[MR][NV];
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < NV; j++) acc[i][j] = begin ? BC(0.0f) : LD(c + i * ldc + j * VL);
  for (; k > 0; k--, a += MR, b += NR) {
    vf bv[NV];
    for (int j = 0; j < NV; j++) bv[j] = LD(b + j * VL);
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++) {
      vf av = BC(a[i]);
      for (int j = 0; j < NV; j++) acc[i][j] = FMA(av, bv[j], acc[i][j]);
    }
  }
  for (int i = 0; i < MR; i++)
    for (int j = 0; j < NV; j++) ST(c + i * ldc + j * VL, acc[i][j]);
}

// Adds the bias and applies the activation to n elements of a row of C.
SI void NAME(finish)(float *c, const float *bias, long n, float rowbias, int act, vf alpha) {
  SWITCH_ACT(act, A, EACH(j, 0, n, {
               vf v = LOAD(c + j);
               if (bias) v += LOAD(bias + j);
               else v += BC(rowbias);
               STORE(c + j, NAME(act)(v, A, alpha));
             }););
}

// p: packed A, packed B, C, bias.
static void NAME(gemm)(const instr *in, long task, void *scratch) {
  const gemm_args *arg = &in->gemm;
  const long M = arg->m, N = arg->n, K = arg->k, ldc = arg->row_stride, ga = arg->panels_a, gb = arg->panels_b;
  const long batch = task / arg->batch_tasks, t = task % arg->batch_tasks;
  const float *A = (const float *)in->p[0] + batch * arg->stride_a, *B = (const float *)in->p[1] + batch * arg->stride_b;
  float *C = (float *)in->p[2] + batch * arg->stride_c;
  const float *bias = in->p[3];
  const long na = (M + MR - 1) / MR, nb = (N + NR - 1) / NR, blocks = (nb + gb - 1) / gb;
  const long a0 = t / blocks * ga, b0 = t % blocks * gb;
  const long a1 = a0 + ga < na ? a0 + ga : na, b1 = b0 + gb < nb ? b0 + gb : nb;
  float edge[MR * NR] __attribute__((aligned(64)));
  for (long k0 = 0; k0 < K; k0 += KC) {
    const long k = K - k0 < KC ? K - k0 : KC;
    const int begin = k0 == 0 && !arg->add;
    for (long pb = b0; pb < b1; pb++)
      for (long pa = a0; pa < a1; pa++) {
        const float *a = A + pa * MR * K + k0 * MR, *b = B + pb * NR * K + k0 * NR;
        float *c = C + pa * MR * ldc + pb * NR;
        const long m = M - pa * MR < MR ? M - pa * MR : MR, n = N - pb * NR < NR ? N - pb * NR : NR;
        if (m == MR && n == NR) {
          NAME(tile)(k, a, b, c, ldc, begin);
          continue;
        }
        if (!begin)
          for (long i = 0; i < m; i++) memcpy(edge + i * NR, c + i * ldc, (size_t)n * 4);
        NAME(tile)(k, a, b, edge, NR, begin);
        for (long i = 0; i < m; i++) memcpy(c + i * ldc, edge + i * NR, (size_t)n * 4);
      }
  }
  if (K == 0 && !arg->add)
    for (long i = a0 * MR; i < M && i < a1 * MR; i++)
      for (long j = b0 * NR; j < N && j < b1 * NR; j++) C[i * ldc + j] = 0;
  if (arg->act == ACT_LINEAR && !arg->bias) return;
  const long n0 = b0 * NR, n1 = b1 * NR < N ? b1 * NR : N;
  vf alpha = BC(arg->alpha);
  for (long i = a0 * MR; i < M && i < a1 * MR; i++) {
    float *c = C + i * ldc + n0;
    if (arg->bias == 1) NAME(finish)(c, bias + n0, n1 - n0, 0, (int)arg->act, alpha);
    else NAME(finish)(c, 0, n1 - n0, arg->bias == 2 ? bias[i] : -0.0f, (int)arg->act, alpha);
  }
}
