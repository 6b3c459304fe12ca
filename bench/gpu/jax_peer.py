"""JAX's side of bench/gpu, driven by lines of JSON: see worker.go. A step is one
function under jit, which gets its parameters and moments as donated buffers."""
import gc
import json
import math
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np


def say(**k):
    print(json.dumps(k, allow_nan=False), flush=True)


class Net:
    def __init__(self, case):
        self.case = case

    def __call__(self, p, x):
        self.p = p
        return getattr(self, self.case["kind"])(x)

    def dense(self, n, x):
        return x @ self.p[n + ".weight"] + self.p[n + ".bias"]

    def mlp(self, x):
        i = 0
        while f"layers.{i}.weight" in self.p:
            x = jax.nn.relu(self.dense(f"layers.{i}", x))
            i += 1
        return self.dense("output", x)

    def conv(self, n, x, stride=1):
        w = self.p[n + ".weight"]
        k = w.shape[-1] // 2
        y = jax.lax.conv_general_dilated(x, w, (stride, stride), [(k, k)] * 2, dimension_numbers=("NCHW", "OIHW", "NCHW"))
        return y + self.p[n + ".bias"][:, None, None] if n + ".bias" in self.p else y

    def cnn(self, x):
        def pool(x):
            return jax.lax.reduce_window(x, np.array(-np.inf, x.dtype), jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

        x = pool(jax.nn.relu(self.conv("layers.1", x)))
        x = pool(jax.nn.relu(self.conv("layers.3", x)))
        return self.dense("output", jax.nn.relu(self.dense("layers.6", x.reshape(x.shape[0], -1))))

    def run(self, x, cell, zero):
        """All steps, unrolled: faster than a loop."""
        n = "layers.1.0.forward."
        xs = jnp.swapaxes(x @ self.p[n + "weight_input"] + self.p[n + "bias_input"], 0, 1)
        (h, *_), _ = jax.lax.scan(cell, zero, xs, unroll=xs.shape[0])
        return self.dense("output", h)

    def lstm(self, x):
        n = "layers.1.0.forward."
        w, b = self.p[n + "weight_hidden"], self.p[n + "bias_hidden"]
        sigmoid = jax.nn.sigmoid

        def cell(state, z):
            h, m = state
            i, f, g, o = jnp.split(z + h @ w + b, 4, axis=1)
            m = sigmoid(f) * m + sigmoid(i) * jnp.tanh(g)
            return (sigmoid(o) * jnp.tanh(m), m), None

        zero = jnp.zeros((x.shape[0], w.shape[0]), x.dtype)
        return self.run(x, cell, (zero, zero))

    def gru(self, x):
        n = "layers.1.0.forward."
        w, b = self.p[n + "weight_hidden"], self.p[n + "bias_hidden"]

        def cell(state, x):
            h, = state
            xr, xz, xn = jnp.split(x, 3, axis=1)
            hr, hz, hn = jnp.split(h @ w + b, 3, axis=1)
            r, z = jax.nn.sigmoid(xr + hr), jax.nn.sigmoid(xz + hz)
            return ((1 - z) * jnp.tanh(xn + r * hn) + z * h,), None

        return self.run(x, cell, (jnp.zeros((x.shape[0], w.shape[0]), x.dtype),))

    def norm(self, n, x):
        y = x.astype(jnp.float32)
        m = y.mean(-1, keepdims=True)
        v = ((y - m) ** 2).mean(-1, keepdims=True)
        y = (y - m) * jax.lax.rsqrt(v + 1e-5) * self.p[n + ".scale"].astype(jnp.float32) + self.p[n + ".shift"].astype(jnp.float32)
        return y.astype(x.dtype)

    def attention(self, q, k, v):
        """Of (n, t, heads, d)."""
        if q.dtype == jnp.bfloat16 and jax.default_backend() == "gpu":
            return jax.nn.dot_product_attention(q, k, v, implementation="cudnn")
        q, k, v = (a.transpose(0, 2, 1, 3) for a in (q, k, v))
        s = (q @ k.transpose(0, 1, 3, 2)).astype(jnp.float32) / math.sqrt(q.shape[-1])
        return (jax.nn.softmax(s, -1).astype(v.dtype) @ v).transpose(0, 2, 1, 3)

    def transformer(self, x):
        table = self.p["layers.0.weight"]
        d, steps = table.shape[1], x.shape[1]
        t, k = np.arange(float(steps))[:, None], np.arange(0, d, 2.0)
        angle = t * np.exp(-math.log(10000.0) * k / d)
        x = table[x] + np.stack((np.sin(angle), np.cos(angle)), 2).reshape(steps, d).astype(table.dtype)
        n = x.shape[0]
        for i in range(self.case["blocks"]):
            a, f = f"layers.2.{2 * i}.", f"layers.2.{2 * i + 1}."
            h = self.norm(a + "0", x)
            q, k, v = (self.dense(a + s, h).reshape(n, steps, self.case["heads"], -1) for s in ("1.query", "1.key", "1.value"))
            x = x + self.dense(a + "1.out", self.attention(q, k, v).reshape(n, steps, d))
            x = x + self.dense(f + "3", jax.nn.gelu(self.dense(f + "1", self.norm(f + "0", x)), approximate=False))
        return self.dense("output", self.norm(f"layers.2.{2 * self.case['blocks']}", x).mean(1))

    def batch_norm(self, n, x):
        """With the statistics of the batch. JAX keeps no running ones: pipe and PyTorch do."""
        y = x.astype(jnp.float32)
        m = y.mean((0, 2, 3), keepdims=True)
        v = ((y - m) ** 2).mean((0, 2, 3), keepdims=True)
        scale, shift = (self.p[n + s].astype(jnp.float32)[:, None, None] for s in (".scale", ".shift"))
        return ((y - m) * jax.lax.rsqrt(v + 1e-5) * scale + shift).astype(x.dtype)

    def resnet(self, x):
        x = jax.nn.relu(self.batch_norm("layers.2", self.conv("layers.1", x)))
        at = 4
        while f"layers.{at}.0.weight" in self.p:
            n = f"layers.{at}"
            stride = 2 if n + ".projection.weight" in self.p else 1
            y = jax.nn.relu(self.batch_norm(n + ".1", self.conv(n + ".0", x, stride)))
            y = self.batch_norm(n + ".4", self.conv(n + ".3", y))
            if stride == 2:
                x = self.conv(n + ".projection", x, stride)
            x = jax.nn.relu(x + y)
            at += 2
        return self.dense("output", x.mean((2, 3)))


class Training:
    def __init__(self, q):
        where = f"{q['folder']}/{q['case']}"
        case = json.load(open(where + "/case.json"))
        self.precision = q["precision"]
        self.exact()

        def array(a):
            return np.fromfile(f"{where}/{a['file']}", dtype=np.float32).reshape(a["shape"])

        x, y = array(case["x"]), array(case["y"]).astype(np.int32)
        if case["kind"] == "transformer":
            x = x.astype(np.int32)
        elif "image" in case:
            x = x.reshape(-1, *case["image"])
        elif "steps" in case:
            x = x.reshape(len(x), case["steps"], -1)
        n = case["batch"]
        self.batches = [(jax.device_put(x[i:i + n]), jax.device_put(y[i:i + n])) for i in range(0, len(x), n)]
        names = [a["name"] for a in case["params"] if not a["name"].endswith((".running_mean", ".running_variance"))]
        p = [jax.device_put(array(a)) for a in case["params"] if a["name"] in names]
        net, low, rate = Net(case), jnp.bfloat16 if self.precision == "bfloat16" else jnp.float32, case["rate"]

        def loss(p, x, y):
            p = {n: a.astype(low) for n, a in zip(names, p)}
            z = net(p, x.astype(low) if x.dtype == jnp.float32 else x).astype(jnp.float32)
            return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean()

        def step(state, x, y):
            t, p, m, v = state
            value, g = jax.value_and_grad(loss)(p, x, y)
            t = t + 1
            m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
            v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g)]
            a, b = rate / (1 - 0.9**t), 1 / (1 - 0.999**t)
            p = [w - a * x / (jnp.sqrt(y * b) + 1e-8) for w, x, y in zip(p, m, v)]
            return (t, p, m, v), value

        self.state = jnp.zeros((), jnp.float32), p, [jnp.zeros_like(a) for a in p], [jnp.zeros_like(a) for a in p]
        self.jitted = jax.jit(step, donate_argnums=0)
        self.taken = 0

    def exact(self):
        jax.config.update("jax_default_matmul_precision", "highest" if self.precision == "float32" else "default")

    def step(self):
        self.state, value = self.jitted(self.state, *self.batches[self.taken % len(self.batches)])
        self.taken += 1
        return value


live = {}


def load(q):
    begun = time.perf_counter()
    t = Training(q)
    losses = [float(t.step()) for _ in range(q["steps"])]
    live[q["case"], q["precision"]] = t
    stats = jax.devices()[0].memory_stats() or {}
    say(seconds=time.perf_counter() - begun, losses=losses, peak=stats.get("peak_bytes_in_use", 0))


def measure(q):
    t = live[q["case"], q["precision"]]
    t.exact()
    begun = time.perf_counter()
    for _ in range(q["steps"]):
        value = t.step()
    float(value)
    say(seconds=time.perf_counter() - begun)


def free(q):
    live.clear()
    jax.clear_caches()
    gc.collect()
    say()


say(program="jax", device=jax.devices()[0].device_kind, about={"jax": jax.__version__})
for line in sys.stdin:
    q = json.loads(line)
    try:
        {"load": load, "time": measure, "free": free}[q["do"]](q)
    except Exception as e:
        say(error=f"{type(e).__name__}: {e}"[-600:])
