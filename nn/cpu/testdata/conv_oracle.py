#!/usr/bin/env python3
"""Writes conv_oracle.json: convolutions and poolings with their gradients, from PyTorch.

    python3 conv_oracle.py > conv_oracle.json
"""
import json
import torch
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
cases = []


def values(t):
    return [float("%.7g" % v) for v in t.detach().flatten().tolist()]


def case(op, x, run, w=None, b=None, sequence=False, **how):
    """Runs an operator; sequences are (n, c, t) in PyTorch and (n, t, c) here."""
    swap = (lambda t: t.transpose(1, 2)) if sequence else (lambda t: t)
    x = x.float().double()  # numbers that float32 has
    given = [x] + [t.float().double() for t in (w, b) if t is not None]
    for t in given:
        t.requires_grad_(True)
    y = run(*given)
    dy = torch.randn_like(y).float().double()
    y.backward(dy)
    c = dict(op=op, shape=list(swap(x).shape), x=values(swap(x)), y=values(swap(y) if y.dim() == x.dim() else y),
             dy=values(swap(dy) if y.dim() == x.dim() else dy), dx=values(swap(x.grad)), **how)
    if w is not None:
        c.update(wshape=list(w.shape), w=values(given[1]), dw=values(given[1].grad), b=values(given[2]), db=values(given[2].grad))
    cases.append(c)


def pad4(x, t, b, l, r):
    return F.pad(x, (l, r, t, b))


R = torch.randn
case("conv2d", R(2, 3, 5, 6), lambda x, w, b: F.relu(F.conv2d(x, w, b, padding=1)), R(4, 3, 3, 3), R(4), relu=True,
     groups=1, stride=[1, 1], dilation=[1, 1], padding=[1, 1, 1, 1])
case("conv2d", R(2, 4, 8, 7), lambda x, w, b: F.conv2d(pad4(x, 2, 1, 0, 3), w, b, stride=(2, 3), dilation=(2, 1), groups=2),
     R(6, 2, 3, 2), R(6), groups=2, stride=[2, 3], dilation=[2, 1], padding=[2, 1, 0, 3])
case("conv2d", R(1, 3, 6, 6), lambda x, w, b: F.conv2d(x, w, b, stride=2), R(2, 3, 1, 1), R(2), groups=1, stride=[2, 2],
     dilation=[1, 1], padding=[0, 0, 0, 0])
case("conv1d", R(2, 3, 9), lambda x, w, b: F.conv1d(F.pad(x, (2, 1)), w, b, stride=2, dilation=2), R(4, 3, 3), R(4), sequence=True,
     groups=1, stride=[2, 1], dilation=[2, 1], padding=[2, 1, 0, 0])
case("conv1d", R(2, 4, 6), lambda x, w, b: F.conv1d(x, w, b, padding=1, groups=2), R(6, 2, 3), R(6), sequence=True,
     groups=2, stride=[1, 1], dilation=[1, 1], padding=[1, 1, 0, 0])
ties = lambda *s: (R(*s) * 2).round()
case("max2d", ties(2, 2, 6, 8), lambda x: F.max_pool2d(x, 2), window=[2, 2], stride=[2, 2], padding=[0, 0, 0, 0])
case("max2d", ties(1, 2, 7, 6), lambda x: F.max_pool2d(x, (3, 2), stride=(2, 1), padding=(1, 1)), window=[3, 2], stride=[2, 1],
     padding=[1, 1, 1, 1])
case("avg2d", R(1, 2, 7, 6), lambda x: F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False), window=[3, 3], stride=[2, 2],
     padding=[1, 1, 1, 1])
case("avg2d", R(1, 2, 7, 6), lambda x: F.avg_pool2d(x, 3, stride=2, padding=1), window=[3, 3], stride=[2, 2], padding=[1, 1, 1, 1],
     count=True)
case("max1d", ties(2, 3, 7), lambda x: F.max_pool1d(x, 3, stride=2, padding=1), sequence=True, window=[3, 1], stride=[2, 1],
     padding=[1, 1, 0, 0])
case("avg1d", R(2, 3, 7), lambda x: F.avg_pool1d(x, 3, stride=2, padding=1, count_include_pad=False), sequence=True, window=[3, 1],
     stride=[2, 1], padding=[1, 1, 0, 0])
case("globalmax", ties(2, 3, 4, 5), lambda x: F.adaptive_max_pool2d(x, 1).flatten(1))
case("globalavg", R(2, 3, 4, 5), lambda x: x.mean((2, 3)))
print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")
