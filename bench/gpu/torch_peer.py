"""PyTorch's side of bench/gpu, driven by lines of JSON: see worker.go.

python torch_peer.py eager|compile

Adam is fused. In bfloat16 the network runs under autocast, parameters and moments
are float32. What is compiled is the network with its loss, with CUDA graphs.
"""
import gc
import json
import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

mode = sys.argv[1]
dev = "cuda" if torch.cuda.is_available() else "cpu"


def say(**k):
    print(json.dumps(k, allow_nan=False), flush=True)


def sync():
    if dev == "cuda":
        torch.cuda.synchronize()


class Net(torch.nn.Module):
    """The network of a case. Matrices lie as PyTorch's own layers have them."""

    def __init__(self, case, array, low):
        super().__init__()
        self.case, self.low, self.names = case, low, {}
        for i, p in enumerate(case["params"]):
            v = torch.from_numpy(array(p))
            if p["name"].endswith((".running_mean", ".running_variance")):
                self.register_buffer(f"b{i}", v.to(dev))
                self.names[p["name"]] = f"b{i}"
                continue
            table = case["kind"] == "transformer" and p["name"] == "layers.0.weight"
            if v.dim() == 2 and not table:
                v = v.T
            self.register_parameter(f"p{i}", torch.nn.Parameter(v.contiguous().to(dev)))
            self.names[p["name"]] = f"p{i}"
        if case["kind"] in ("lstm", "gru"):
            self.recurrent()
        if case["kind"] == "transformer":
            self.width = self.at("layers.0.weight").shape[1]
            steps = case["inputs"]
            t, k = torch.arange(float(steps))[:, None], torch.arange(0, self.width, 2.0)
            angle = t * torch.exp(-math.log(10000.0) * k / self.width)
            self.register_buffer("position", torch.stack((angle.sin(), angle.cos()), 2).reshape(steps, self.width).to(dev))

    def recurrent(self):
        """Moves the parameters into PyTorch's layer, which calls cuDNN."""
        wide = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[self.case["kind"]]
        prefix = "layers.1.0.forward."
        w = self.at(prefix + "weight_input")
        self.rnn = wide(w.shape[1], self.at(prefix + "weight_hidden").shape[1], batch_first=True, device=dev)
        with torch.no_grad():
            for ours, theirs in ("weight_input", "weight_ih_l0"), ("weight_hidden", "weight_hh_l0"), ("bias_input", "bias_ih_l0"), ("bias_hidden", "bias_hh_l0"):
                getattr(self.rnn, theirs).copy_(self.at(prefix + ours))
                delattr(self, self.names.pop(prefix + ours))

    def at(self, name):
        return getattr(self, self.names[name])

    def has(self, name):
        return name in self.names

    def dense(self, n, x):
        return F.linear(x, self.at(n + ".weight"), self.at(n + ".bias"))

    def forward(self, x, y):
        """The loss."""
        kind = {"gru": "lstm"}.get(self.case["kind"], self.case["kind"])
        with torch.autocast(dev, torch.bfloat16, enabled=self.low):
            z = getattr(self, kind)(x)
        return F.cross_entropy(z.float(), y)

    def mlp(self, x):
        i = 0
        while self.has(f"layers.{i}.weight"):
            x = F.relu(self.dense(f"layers.{i}", x))
            i += 1
        return self.dense("output", x)

    def conv(self, n, x, stride=1):
        w = self.at(n + ".weight")
        return F.conv2d(x, w, self.at(n + ".bias") if self.has(n + ".bias") else None, stride, w.shape[-1] // 2)

    def cnn(self, x):
        x = F.max_pool2d(F.relu(self.conv("layers.1", x)), 2)
        x = F.max_pool2d(F.relu(self.conv("layers.3", x)), 2)
        return self.dense("output", F.relu(self.dense("layers.6", x.flatten(1))))

    def lstm(self, x):
        y, _ = self.rnn(x)
        return self.dense("output", y[:, -1])

    def norm(self, n, x):
        return F.layer_norm(x, (self.width,), self.at(n + ".scale"), self.at(n + ".shift"))

    def transformer(self, x):
        x = F.embedding(x, self.at("layers.0.weight")) + self.position
        n, t, d = x.shape
        for i in range(self.case["blocks"]):
            a, f = f"layers.2.{2 * i}.", f"layers.2.{2 * i + 1}."
            h = self.norm(a + "0", x)
            q, k, v = (self.dense(a + s, h).view(n, t, self.case["heads"], -1).transpose(1, 2) for s in ("1.query", "1.key", "1.value"))
            h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, d)
            x = x + self.dense(a + "1.out", h)
            x = x + self.dense(f + "3", F.gelu(self.dense(f + "1", self.norm(f + "0", x))))
        return self.dense("output", self.norm(f"layers.2.{2 * self.case['blocks']}", x).mean(1))

    def batch_norm(self, n, x):
        return F.batch_norm(x, self.at(n + ".running_mean"), self.at(n + ".running_variance"), self.at(n + ".scale"), self.at(n + ".shift"), True, 0.1, 1e-5)

    def resnet(self, x):
        x = F.relu(self.batch_norm("layers.2", self.conv("layers.1", x)))
        at = 4
        while self.has(f"layers.{at}.0.weight"):
            n = f"layers.{at}"
            stride = 2 if self.has(n + ".projection.weight") else 1
            y = F.relu(self.batch_norm(n + ".1", self.conv(n + ".0", x, stride)))
            y = self.batch_norm(n + ".4", self.conv(n + ".3", y))
            if stride == 2:
                x = self.conv(n + ".projection", x, stride)
            x = F.relu(x + y)
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

        x, y = torch.from_numpy(array(case["x"])), torch.from_numpy(array(case["y"])).long().to(dev)
        if case["kind"] == "transformer":
            x = x.long()
        elif "image" in case:
            x = x.reshape(-1, *case["image"])
        elif "steps" in case:
            x = x.reshape(len(x), case["steps"], -1)
        x = x.to(dev)
        self.net = Net(case, array, self.precision == "bfloat16")
        if case["kind"] == "resnet":
            x = x.contiguous(memory_format=torch.channels_last)
            self.net = self.net.to(memory_format=torch.channels_last)
        n = case["batch"]
        self.batches = [(x[i:i + n], y[i:i + n]) for i in range(0, len(x), n)]
        self.run = torch.compile(self.net, mode="reduce-overhead") if mode == "compile" else self.net
        self.adam = torch.optim.Adam(self.net.parameters(), lr=case["rate"], fused=dev == "cuda")
        self.taken = 0

    def exact(self):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = self.precision == "tf32"

    def step(self):
        x, y = self.batches[self.taken % len(self.batches)]
        self.taken += 1
        if mode == "compile":
            torch.compiler.cudagraph_mark_step_begin()
        self.adam.zero_grad(set_to_none=True)
        loss = self.run(x, y)
        loss.backward()
        self.adam.step()
        return loss


live = {}


def load(q):
    if dev == "cuda":
        torch.cuda.reset_peak_memory_stats()
    begun = time.perf_counter()
    t = Training(q)
    losses = [t.step().item() for _ in range(q["steps"])]
    live[q["case"], q["precision"]] = t
    took = time.perf_counter() - begun
    for _ in range(3):
        t.step()
    sync()
    say(seconds=took, losses=losses, peak=torch.cuda.max_memory_allocated() if dev == "cuda" else 0)


def measure(q):
    t = live[q["case"], q["precision"]]
    t.exact()
    sync()
    begun = time.perf_counter()
    for _ in range(q["steps"]):
        loss = t.step()
    loss.item()
    sync()
    say(seconds=time.perf_counter() - begun)


def free(q):
    live.clear()
    torch.compiler.reset()
    gc.collect()
    if dev == "cuda":
        torch.cuda.empty_cache()
    say()


name = torch.cuda.get_device_name() if dev == "cuda" else torch.backends.cpu.get_cpu_capability()
about = {"torch": torch.__version__}
if dev == "cuda":
    about["cudnn"] = str(torch.backends.cudnn.version())
say(program=f"torch {mode}", device=name, about=about)
for line in sys.stdin:
    q = json.loads(line)
    try:
        {"load": load, "time": measure, "free": free}[q["do"]](q)
    except Exception as e:
        say(error=f"{type(e).__name__}: {e}"[-600:])
