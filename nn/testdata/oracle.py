"""Writes oracle.json: small networks trained by PyTorch for ten steps.

    python3 oracle.py > oracle.json

Made with PyTorch 2.15.0. Weights are kept in pipe's
layout, (inputs, outputs), and transposed for PyTorch.
"""
import json
import math
import torch
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_num_threads(1)

ACTIVATIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda x: torch.softmax(x, -1),
    "linear": lambda x: x,
}

CASES = [
    dict(name="multiclass, adam", task="multiclass", outputs=3, loss="cross_entropy",
         layers=[(8, "relu"), (5, "tanh")], optimizer=("adam", dict(lr=0.02, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01))),
    dict(name="multiclass, weighted rows, adamw", task="multiclass", outputs=4, loss="cross_entropy", weighted=True,
         layers=[(6, "sigmoid")], optimizer=("adamw", dict(lr=0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1))),
    dict(name="binary, sgd with nesterov", task="binary", outputs=1, loss="cross_entropy",
         layers=[(7, "tanh")], optimizer=("sgd", dict(lr=0.5, momentum=0.9, nesterov=True, weight_decay=0.001))),
    dict(name="binary, weighted rows, sgd with momentum", task="binary", outputs=1, loss="cross_entropy", weighted=True,
         layers=[(7, "relu"), (3, "linear")], optimizer=("sgd", dict(lr=0.1, momentum=0.5, nesterov=False, weight_decay=0.0))),
    dict(name="regression, mse, plain sgd", task="regression", outputs=1, loss="mse",
         layers=[(6, "tanh")], optimizer=("sgd", dict(lr=0.05, momentum=0.0, nesterov=False, weight_decay=0.0))),
    # A large epsilon: the signs of this loss add up to gradients of about 1e-9, which Adam would blow up.
    dict(name="regression, mae, adam", task="regression", outputs=1, loss="mae",
         layers=[(6, "relu")], optimizer=("adam", dict(lr=0.01, betas=(0.9, 0.999), eps=1e-3, weight_decay=0.0))),
    dict(name="regression, huber, adamw, clipped", task="regression", outputs=1, loss="huber", clip=0.1,
         layers=[(6, "tanh"), (4, "relu")], optimizer=("adamw", dict(lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01))),
    dict(name="linear regression", task="regression", outputs=1, loss="mse",
         layers=[], optimizer=("sgd", dict(lr=0.1, momentum=0.9, nesterov=False, weight_decay=0.01))),
    dict(name="multiclass, gates by softmax, sgd", task="multiclass", outputs=3, loss="cross_entropy",
         layers=[(8, "tanh"), (6, "softmax")], optimizer=("sgd", dict(lr=0.5, momentum=0.9, nesterov=False, weight_decay=0.0))),
]


def losses(case, z, y):
    if case["task"] == "multiclass":
        return F.cross_entropy(z, y.long(), reduction="none")
    z = z[:, 0]
    if case["task"] == "binary":
        return F.binary_cross_entropy_with_logits(z, y, reduction="none")
    return {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss}[case["loss"]](z, y, reduction="none")


def run(case):
    rows, inputs = 12, 4
    x = torch.randn(rows, inputs)
    if case["task"] == "regression":
        y = 2 * torch.randn(rows)
    else:
        y = torch.randint(0, max(case["outputs"], 2), (rows,)).float()
    w = torch.rand(rows) + 0.5 if case.get("weighted") else torch.ones(rows)
    width, params, acts = inputs, [], []
    for units, act in case["layers"] + [(case["outputs"], "linear")]:
        params.append((torch.randn(width, units) / math.sqrt(width)).requires_grad_())
        params.append((torch.randn(units) * 0.1).requires_grad_())
        acts.append(act)
        width = units
    flat = lambda ts: [t.detach().flatten().tolist() for t in ts]
    out = dict(name=case["name"], task=case["task"], loss=case["loss"], outputs=case["outputs"],
               layers=[dict(units=u, activation=a) for u, a in case["layers"]],
               optimizer=case["optimizer"][0], settings=case["optimizer"][1], clip=case.get("clip", 0),
               rows=rows, inputs=inputs, x=x.flatten().tolist(), y=y.tolist(), weight=w.tolist(), params=flat(params))
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[case["optimizer"][0]]
    optimizer = kind(params, **case["optimizer"][1])
    curve = []
    for step in range(10):
        optimizer.zero_grad()
        h = x
        for i, act in enumerate(acts):
            h = ACTIVATIONS[act](h @ params[2 * i] + params[2 * i + 1])
        loss = (w * losses(case, h, y)).sum() / w.sum()
        loss.backward()
        curve.append(loss.item())
        if step == 0:
            out["gradients"] = flat([p.grad for p in params])
        if case.get("clip"):
            torch.nn.utils.clip_grad_norm_(params, case["clip"])
        optimizer.step()
    out["losses"], out["trained"] = curve, flat(params)
    return out


def rounded(v):
    """Nine digits tell every float32 from every other."""
    if isinstance(v, float):
        return float("%.9g" % v)
    if isinstance(v, (list, tuple)):
        return [rounded(e) for e in v]
    if isinstance(v, dict):
        return {k: rounded(e) for k, e in v.items()}
    return v


print("[")
print(",\n".join(json.dumps(rounded(run(c))) for c in CASES))
print("]")
