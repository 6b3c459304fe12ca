// Optimisers: one pass over a range of the parameters, which lie one behind the
// other, as do their gradients and each number that is kept for them. What
// changes from step to step is in memory and not in the instructions:
//
//	h[0] rate   the learning rate (of Adam, divided by 1 - beta1^t)
//	h[1] root   of Adam: 1 / sqrt(1 - beta2^t)
//	h[2] decay  of parameters, by themselves: learning rate times weight decay
//	h[3] l2     weight decay that is added to the gradient: l2 p
//	h[4] l1     the same, of the loss l1 |p|: l1 sign(p)
//	h[5] scale  of the gradient
//	h[6] limit  of the magnitude of each gradient; may be infinite
//
// A gradient becomes clamp(scale g + l1 sign(p), limit) + l2 p, in this order.
// rate of an instruction multiplies the rate and the decay of its range, decay
// all that pulls parameters to 0: it is 0 for biases, if those are left alone.
// p[3], if given, is a factor of the gradient that another instruction found.

// STEP runs body for vectors of a range, with w the parameters, after decay, and
// d the gradient. The body says what w becomes.
#define STEP(in, task, body)                                                                                           \
  SPAN(in, task);                                                                                                      \
  float *params = (in)->p[0];                                                                                          \
  const float *grad = (in)->p[1], *h = (in)->p[2], *factor = (in)->p[3];                                                  \
  const float rate_ = (in)->update.rate, decay_ = (in)->update.decay;                                                  \
  const vf zero = BC(0.0f), rate = BC(h[0] * rate_), decay = BC(-(h[2] * rate_ * decay_));                             \
  const vf l2 = BC(h[3] * decay_), l1 = BC(h[4] * decay_), limit = BC(h[6]), scale = BC(factor ? h[5] * *factor : h[5]); \
  if (h[4] * decay_ != 0 || h[6] < __builtin_inff()) STEP_LOOP(1, body);                                                 \
  else STEP_LOOP(0, body);                                                                                             \
  (void)zero
#define STEP_LOOP(shaped, body)                                                                                        \
  EACH(j, from, to, {                                                                                                  \
    vf w = LOAD(params + j);                                                                                           \
    vf d = LOAD(grad + j) * scale;                                                                                     \
    if (shaped) {                                                                                                      \
      d = FMA(l1, NAME(sign)(w), d);                                                                                   \
      d = SEL(d > limit, limit, SEL(d < -limit, -limit, d));                                                           \
    }                                                                                                                  \
    d = FMA(l2, w, d);                                                                                                 \
    w = FMA(decay, w, w);                                                                                              \
    body                                                                                                               \
    STORE(params + j, FLUSH(w));                                                                                              \
  })

// -1, 0 or 1.
SI vf NAME(sign)(vf x) {
  const vf zero = BC(0.0f);
  return (vf)(((vi)(x > zero) & (vi)BC(1.0f)) | ((vi)(x < zero) & (vi)BC(-1.0f)));
}

// Gradient descent: b = momentum b + d, w -= rate b; with Nesterov's momentum
// d + momentum b in place of b. p: params, grad, h, factor, b (0 if there is no
// momentum).
static void NAME(sgd)(const instr *in, long task, void *scratch) {
  float *velocity = in->p[4];
  const vf momentum = BC(in->sgd.momentum);
  if (!velocity) {
    STEP(in, task, w = w - rate * d;);
  } else if (in->sgd.nesterov) {
    STEP(in, task, vf b = FLUSH(FMA(momentum, LOAD(velocity + j), d)); STORE(velocity + j, b); w = w - rate * FMA(momentum, b, d););
  } else {
    STEP(in, task, vf b = FLUSH(FMA(momentum, LOAD(velocity + j), d)); STORE(velocity + j, b); w = w - rate * b;);
  }
}

// Adam and AdamW: m = beta1 m + (1-beta1) d, v = beta2 v + (1-beta2) d^2,
// w -= rate m / (sqrt(v) root + epsilon). p: params, grad, h, factor, m, v.
static void NAME(adam)(const instr *in, long task, void *scratch) {
  const moments_args *arg = &in->moments;
  float *first = in->p[4], *second = in->p[5];
  const vf b1 = BC(arg->beta1), c1 = BC(arg->rest1), b2 = BC(arg->beta2), c2 = BC(arg->rest2), epsilon = BC(arg->epsilon);
  const vf root = BC(((const float *)in->p[2])[1]);
  STEP(in, task, {
    const vf q = FLUSH_ROOT(d);
    vf m = FLUSH(FMA(b1, LOAD(first + j), c1 * d));
    vf v = FLUSH(FMA(b2, LOAD(second + j), c2 * q * q));
    STORE(first + j, m);
    STORE(second + j, v);
    w = w - rate * m / FMA(VSQRT(v), root, epsilon);
  });
}

// RMSprop: s = alpha s + (1-alpha) d^2, and u = d / (sqrt(s) + epsilon); centred:
// a = alpha a + (1-alpha) d and s - a^2 under the root. w -= rate u, or with
// momentum b = momentum b + u, w -= rate b. p: params, grad, h, factor, s, a (0
// if not centred), b (0 if there is no momentum).
static void NAME(rmsprop)(const instr *in, long task, void *scratch) {
  float *square = in->p[4], *mean = in->p[5], *velocity = in->p[6];
  const vf alpha = BC(in->rmsprop.alpha), rest = BC(in->rmsprop.rest), epsilon = BC(in->rmsprop.epsilon), momentum = BC(in->rmsprop.momentum);
  STEP(in, task, {
    const vf q = FLUSH_ROOT(d);
    vf s = FLUSH(FMA(alpha, LOAD(square + j), rest * q * q));
    STORE(square + j, s);
    if (mean) {
      vf a = FLUSH(FMA(alpha, LOAD(mean + j), rest * d));
      STORE(mean + j, a);
      s = FMA(-a, a, s);
      s = SEL(s < zero, zero, s); // rounding
    }
    vf u = d / (VSQRT(s) + epsilon);
    if (velocity) {
      u = FLUSH(FMA(momentum, LOAD(velocity + j), u));
      STORE(velocity + j, u);
    }
    w = w - rate * u;
  });
}

// Adagrad: s = s + d^2, w -= rate d / (sqrt(s) + epsilon). p: params, grad, h,
// factor, s.
static void NAME(adagrad)(const instr *in, long task, void *scratch) {
  float *sum = in->p[4];
  const vf epsilon = BC(in->adagrad.epsilon);
  STEP(in, task, {
    const vf q = FLUSH_ROOT(d);
    vf s = FMA(q, q, LOAD(sum + j));
    STORE(sum + j, s);
    w = w - rate * d / (VSQRT(s) + epsilon);
  });
}

// Lion: w -= rate sign(beta1 m + (1-beta1) d), m = beta2 m + (1-beta2) d.
// p: params, grad, h, factor, m.
static void NAME(lion)(const instr *in, long task, void *scratch) {
  float *first = in->p[4];
  const vf b1 = BC(in->moments.beta1), c1 = BC(in->moments.rest1), b2 = BC(in->moments.beta2), c2 = BC(in->moments.rest2);
  STEP(in, task, {
    vf m = LOAD(first + j);
    vf u = FMA(b1, m, c1 * d);
    STORE(first + j, FLUSH(FMA(b2, m, c2 * d)));
    w = w - rate * NAME(sign)(u);
  });
}

// grad = clamp(scale grad + l1 sign(params), limit), where the norm is to be
// taken of that: h of the optimiser has then no scale, l1 and limit. p: params,
// grad, h.
static void NAME(regularize)(const instr *in, long task, void *scratch) {
  SPAN(in, task);
  const float *params = in->p[0], *h = in->p[2];
  float *grad = in->p[1];
  const vf l1 = BC(h[4] * in->update.decay), limit = BC(h[6]), scale = BC(h[5]);
  EACH(j, from, to, {
    vf d = FMA(l1, NAME(sign)(LOAD(params + j)), LOAD(grad + j) * scale);
    STORE(grad + j, SEL(d > limit, limit, SEL(d < -limit, -limit, d)));
  });
}

// out(2) = the norm s sqrt(sum of parts) and the factor min(1, max / (norm +
// 1e-6)) that brings it down to max, as PyTorch's clip_grad_norm_; the factor is
// 1 if max is 0. parts are what sumsq gave. p: parts, out, s (0: 1).
static void NAME(clip_norm)(const instr *in, long task, void *scratch) {
  const float *parts = in->p[0], *s = in->p[2];
  float *out = in->p[1], sum = 0;
  for (long j = 0; j < in->clip_norm.parts; j++) sum += parts[j];
  const float norm = (s ? *s : 1.0f) * __builtin_sqrtf(sum), c = in->clip_norm.max / (norm + 1e-6f);
  out[0] = norm, out[1] = in->clip_norm.max == 0 || c >= 1 ? 1 : c;
}
