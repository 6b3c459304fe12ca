"""JAX's side of bench/training: as torch_peer.py, compiled with jit. The number
of threads is that of the process: the caller starts one for each."""
import json
import math
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

where = sys.argv[1]
case = json.load(open(where + "/case.json"))


def array(entry):
    return jnp.asarray(np.fromfile(f"{where}/{entry['file']}", dtype=np.float32).reshape(entry["shape"]))


def dense(p, name, x):
    return x @ p[name + ".weight"] + p[name + ".bias"]


def mlp(p, x):
    for i in range(2):
        x = jax.nn.relu(dense(p, f"layers.{i}", x))
    return dense(p, "output", x)


def conv(p, name, x):
    y = jax.lax.conv_general_dilated(x, p[name + ".weight"], (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW"))
    return jax.nn.relu(y + p[name + ".bias"][:, None, None])


def pool(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def cnn(p, x):
    x = x.reshape(-1, 1, 28, 28)
    x = pool(conv(p, "layers.1", x))
    x = pool(conv(p, "layers.3", x))
    return dense(p, "output", jax.nn.relu(dense(p, "layers.6", x.reshape(x.shape[0], -1))))


def lstm(p, x):
    x = x.reshape(-1, 48, 16)
    xs = jnp.swapaxes(x @ p["layers.1.0.forward.weight_input"] + p["layers.1.0.forward.bias_input"] + p["layers.1.0.forward.bias_hidden"], 0, 1)

    def cell(state, z):
        h, c = state
        i, f, g, o = jnp.split(z + h @ p["layers.1.0.forward.weight_hidden"], 4, axis=1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), None

    zero = jnp.zeros((x.shape[0], 128))
    (h, _), _ = jax.lax.scan(cell, (zero, zero), xs)
    return dense(p, "output", h)


def norm(p, name, x):
    m = x.mean(-1, keepdims=True)
    v = ((x - m) ** 2).mean(-1, keepdims=True)
    return (x - m) * jax.lax.rsqrt(v + 1e-5) * p[name + ".scale"] + p[name + ".shift"]


def transformer(p, x):
    t, d = np.arange(64.0)[:, None], np.arange(0, 128, 2.0)
    angle = t * np.exp(-math.log(10000.0) * d / 128)
    position = np.stack((np.sin(angle), np.cos(angle)), 2).reshape(64, 128).astype(np.float32)
    x = p["layers.0.weight"][x.astype(jnp.int32)] + position
    n = x.shape[0]
    for i in range(2):
        attention, forward = f"layers.2.{2 * i}.", f"layers.2.{2 * i + 1}."
        h = norm(p, attention + "0", x)
        q, k, v = (dense(p, attention + s, h).reshape(n, 64, 4, 32).transpose(0, 2, 1, 3) for s in ("1.query", "1.key", "1.value"))
        a = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / math.sqrt(32), -1) @ v
        x = x + dense(p, attention + "1.out", a.transpose(0, 2, 1, 3).reshape(n, 64, 128))
        h = jax.nn.gelu(dense(p, forward + "1", norm(p, forward + "0", x)), approximate=False)
        x = x + dense(p, forward + "3", h)
    x = norm(p, "layers.2.4", x)
    return dense(p, "output", x.mean(1))


model = {"mlp": mlp, "tiny": mlp, "cnn": cnn, "lstm": lstm, "transformer": transformer}[case["name"]]
x, y = array(case["x"]), array(case["y"])
batch, lr = case["batch"], case["learning_rate"]
regression = case["task"] == "regression"
batches = [(x[i:i + batch], y[i:i + batch]) for i in range(0, len(x), batch)]


def loss(p, bx, by):
    z = model(p, bx)
    if regression:
        return ((z[:, 0] - by) ** 2).mean()
    return -jnp.take_along_axis(jax.nn.log_softmax(z), by.astype(jnp.int32)[:, None], 1).mean()


@jax.jit
def step(state, bx, by):
    p, m, v, t = state
    value, g = jax.value_and_grad(loss)(p, bx, by)
    t = t + 1
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
    p = jax.tree.map(lambda w, a, b: w - lr / (1 - 0.9**t) * a / (jnp.sqrt(b / (1 - 0.999**t)) + 1e-8), p, m, v)
    return (p, m, v, t), value


def fresh():
    p = {e["name"]: array(e) for e in case["params"]}
    zero = jax.tree.map(jnp.zeros_like, p)
    return p, zero, zero, jnp.zeros((), jnp.float32)


state = fresh()
step(state, *batches[0])[1].block_until_ready()
print("ready jax", jax.__version__, "jit", flush=True)
for line in sys.stdin:
    command, n = line.split()[0], int(line.split()[1])
    if command == "threads":
        print("ok", flush=True)
    elif command == "losses":
        s, values = fresh(), []
        for i in range(n):
            s, value = step(s, *batches[i % len(batches)])
            values.append(float(value))
        print(*map(repr, values), flush=True)
    elif command == "time":
        begun = time.perf_counter()
        for i in range(n):
            state, value = step(state, *batches[i % len(batches)])
        value.block_until_ready()
        print(time.perf_counter() - begun, flush=True)
