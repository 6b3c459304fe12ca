"""PyTorch's side of bench/training: the network of a case, one command a line.

python torch_peer.py DIR     DIR holds case.json and the arrays that it names

losses N   trains N steps from the initial weights and prints the loss before each
time N     trains N steps and prints the seconds
threads N  sets the number of threads
"""
import json
import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

where = sys.argv[1]
case = json.load(open(where + "/case.json"))


def array(entry):
    data = np.fromfile(f"{where}/{entry['file']}", dtype=np.float32)
    return torch.from_numpy(data.reshape(entry["shape"]))


class Mlp(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def load(self, p):
        for i, layer in enumerate(self.layers):
            name = f"layers.{i}" if i + 1 < len(self.layers) else "output"
            layer.weight.copy_(p[name + ".weight"].T)
            layer.bias.copy_(p[name + ".bias"])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        return self.layers[-1](x)


class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 32, 3, padding=1), nn.Conv2d(32, 64, 3, padding=1)
        self.c, self.d = nn.Linear(64 * 7 * 7, 128), nn.Linear(128, 10)

    def load(self, p):
        for layer, name in ((self.a, "layers.1"), (self.b, "layers.3"), (self.c, "layers.6"), (self.d, "output")):
            w = p[name + ".weight"]
            layer.weight.copy_(w if w.dim() == 4 else w.T)
            layer.bias.copy_(p[name + ".bias"])

    def forward(self, x):
        x = x.reshape(-1, 1, 28, 28)
        x = F.max_pool2d(F.relu(self.a(x)), 2)
        x = F.max_pool2d(F.relu(self.b(x)), 2)
        return self.d(F.relu(self.c(x.flatten(1))))


class Lstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.LSTM(16, 128, batch_first=True), nn.Linear(128, 10)

    def load(self, p):
        r = self.rnn
        r.weight_ih_l0.copy_(p["layers.1.0.forward.weight_input"].T)
        r.weight_hh_l0.copy_(p["layers.1.0.forward.weight_hidden"].T)
        r.bias_ih_l0.copy_(p["layers.1.0.forward.bias_input"])
        r.bias_hh_l0.copy_(p["layers.1.0.forward.bias_hidden"])
        self.out.weight.copy_(p["output.weight"].T)
        self.out.bias.copy_(p["output.bias"])

    def forward(self, x):
        y, _ = self.rnn(x.reshape(-1, 48, 16))
        return self.out(y[:, -1])


class Block(nn.Module):
    def __init__(self, d, heads, ff):
        super().__init__()
        self.heads = heads
        self.n1, self.n2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
        self.up, self.down = nn.Linear(d, ff), nn.Linear(ff, d)

    def forward(self, x):
        h = self.n1(x)
        n, t, d = h.shape
        q, k, v = (f(h).view(n, t, self.heads, -1).transpose(1, 2) for f in (self.q, self.k, self.v))
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, t, d)
        x = x + self.o(a)
        return x + self.down(F.gelu(self.up(self.n2(x))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5000, 128)
        self.blocks = nn.ModuleList(Block(128, 4, 512) for _ in range(2))
        self.norm, self.out = nn.LayerNorm(128), nn.Linear(128, 3)
        t, d = torch.arange(64.0)[:, None], torch.arange(0, 128, 2.0)
        angle = t * torch.exp(-math.log(10000.0) * d / 128)
        self.register_buffer("position", torch.stack((angle.sin(), angle.cos()), 2).reshape(64, 128))

    def load(self, p):
        self.embed.weight.copy_(p["layers.0.weight"])
        for i, b in enumerate(self.blocks):
            attention, forward = f"layers.2.{2 * i}.", f"layers.2.{2 * i + 1}."
            for layer, key in ((b.q, "1.query"), (b.k, "1.key"), (b.v, "1.value"), (b.o, "1.out")):
                layer.weight.copy_(p[attention + key + ".weight"].T)
                layer.bias.copy_(p[attention + key + ".bias"])
            for layer, key in ((b.up, "1"), (b.down, "3")):
                layer.weight.copy_(p[forward + key + ".weight"].T)
                layer.bias.copy_(p[forward + key + ".bias"])
            for layer, key in ((b.n1, attention + "0"), (b.n2, forward + "0")):
                layer.weight.copy_(p[key + ".scale"])
                layer.bias.copy_(p[key + ".shift"])
        self.norm.weight.copy_(p["layers.2.4.scale"])
        self.norm.bias.copy_(p["layers.2.4.shift"])
        self.out.weight.copy_(p["output.weight"].T)
        self.out.bias.copy_(p["output.bias"])

    def forward(self, x):
        x = self.embed(x.long()) + self.position
        for b in self.blocks:
            x = b(x)
        return self.out(self.norm(x).mean(1))


models = {"mlp": lambda: Mlp([784, 512, 512, 10]), "tiny": lambda: Mlp([16, 64, 64, 1]),
          "cnn": Cnn, "lstm": Lstm, "transformer": Transformer}
x, y = array(case["x"]), array(case["y"])
batch = case["batch"]
regression = case["task"] == "regression"
batches = [(x[i:i + batch], y[i:i + batch] if regression else y[i:i + batch].long()) for i in range(0, len(x), batch)]


def fresh():
    model = models[case["name"]]()
    with torch.no_grad():
        model.load({p["name"]: array(p) for p in case["params"]})
    return model, torch.optim.Adam(model.parameters(), lr=case["learning_rate"])


def step(model, adam, i):
    bx, by = batches[i % len(batches)]
    adam.zero_grad(set_to_none=True)
    z = model(bx)
    loss = F.mse_loss(z[:, 0], by) if regression else F.cross_entropy(z, by)
    loss.backward()
    adam.step()
    return loss


model, adam = fresh()
print("ready torch", torch.__version__, torch.backends.cpu.get_cpu_capability(), flush=True)
for line in sys.stdin:
    command, n = line.split()[0], int(line.split()[1])
    if command == "threads":
        torch.set_num_threads(n)
        print("ok", flush=True)
    elif command == "losses":
        m, a = fresh()
        print(*(repr(float(step(m, a, i))) for i in range(n)), flush=True)
    elif command == "time":
        begun = time.perf_counter()
        for i in range(n):
            step(model, adam, i)
        print(time.perf_counter() - begun, flush=True)
