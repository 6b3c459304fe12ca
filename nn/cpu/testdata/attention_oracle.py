"""Makes attention_oracle.json: values and gradients of normalisation, attention,
embedding and pooling by PyTorch (float64, written as float32), for
TestLikePyTorch.

    pip install torch && python attention_oracle.py > attention_oracle.json
"""
import json
import sys

import torch
import torch.nn.functional as F

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
cases = []


def exact(t):
    """Rounds to what the JSON can hold, so that both sides begin with the same numbers."""
    return t.to(torch.float32).to(torch.float64)


def data(t):
    flat = t.detach().to(torch.float32).flatten().tolist()
    return {"Shape": list(t.shape), "Data": [float("%.9g" % v) for v in flat]}


def case(name, f, params, inputs=(), after=()):
    """f(params, inputs) gives y; the loss is the sum of (y + w)^2. after are the
    inputs that f changes."""
    params = [exact(p).requires_grad_() for p in params]
    inputs = [exact(i) for i in inputs]
    before = [i.clone() for i in inputs]
    y = f(*params, *inputs)
    w = exact(torch.randn_like(y))
    ((y + w) ** 2).sum().backward()
    cases.append({"Name": name, "Params": [data(p) for p in params], "Inputs": [data(i) for i in before], "W": data(w), "Y": data(y),
                  "Grads": [data(p.grad) for p in params], "After": [data(inputs[i]) for i in after]})


def rand(*shape):
    return torch.randn(*shape)


def mask(lengths, t):
    return torch.arange(t)[None] < lengths[:, None]


case("layer_norm", lambda x, g, b: F.layer_norm(x, (5,), g, b, 1e-5), [rand(2, 3, 5), rand(5), rand(5)])
case("rms_norm", lambda x, g: F.rms_norm(x, (5,), g, 1e-5), [rand(4, 5), rand(5)])
case("group_norm", lambda x, g, b: F.group_norm(x, 2, g, b, 1e-5), [rand(2, 4, 3, 2), rand(4), rand(4)])
case("group_norm", lambda x, g, b: F.group_norm(x.transpose(1, 2), 2, g, b, 1e-5).transpose(1, 2), [rand(2, 3, 4), rand(4), rand(4)])
for training in True, False:
    norm = lambda x, g, b, m, v: F.batch_norm(x, m, v, g, b, training, 0.1, 1e-5)
    name = "batch_norm" + ("" if training else "_evaluation")
    case(name, norm, [rand(6, 3), rand(3), rand(3)], [rand(3), rand(3) ** 2], after=[0, 1])
    case(name, norm, [rand(3, 2, 4, 3), rand(2), rand(2)], [rand(2), rand(2) ** 2], after=[0, 1])


def masked_batch_norm(x, g, b, m, v, lengths, weight):
    keep = mask(lengths * (weight != 0), x.shape[1])
    y = torch.zeros_like(x)
    y[keep] = F.batch_norm(x[keep], m, v, g, b, True, 0.1, 1e-5)
    return y


case("batch_norm_masked", masked_batch_norm, [rand(4, 3, 2), rand(2), rand(2)],
     [rand(2), rand(2) ** 2, torch.tensor([3.0, 1, 2, 3]), torch.tensor([1.0, 1, 2, 0])], after=[0, 1])
case("softmax", lambda x: F.softmax(x, -1), [rand(2, 3, 4)])


def heads(x, h):
    return x.reshape(x.shape[0], x.shape[1], h, -1).transpose(1, 2)


def attention(causal):
    def f(q, k, v, lengths):
        keep = mask(lengths, k.shape[1])[:, None, None, :]
        if causal:
            keep = keep & torch.ones(q.shape[1], k.shape[1], dtype=torch.bool).tril()
        y = F.scaled_dot_product_attention(heads(q, 2), heads(k, 2), heads(v, 2), attn_mask=keep)
        return y.transpose(1, 2).reshape(q.shape)
    return f


case("attention", attention(False), [rand(2, 3, 4), rand(2, 5, 4), rand(2, 5, 4)], [torch.tensor([5.0, 2])])
case("attention_causal", attention(True), [rand(2, 4, 6), rand(2, 4, 6), rand(2, 4, 6)], [torch.tensor([4.0, 3])])
ids = torch.tensor([[1.0, 3, 3, 0], [2, 0, 3, 1]])
case("embedding", lambda table, i: 2 * F.embedding(i.long(), table, padding_idx=0), [rand(4, 3)], [ids])
case("mean", lambda x, l: torch.stack([x[n, : int(k)].mean(0) for n, k in enumerate(l)]), [rand(2, 4, 3)], [torch.tensor([4.0, 2])])
case("last", lambda x, l: torch.stack([x[n, int(k) - 1] for n, k in enumerate(l)]), [rand(2, 4, 3)], [torch.tensor([4.0, 2])])
case("max", lambda x, l: torch.stack([x[n, : int(k)].max(0).values for n, k in enumerate(l)]), [rand(2, 4, 3)], [torch.tensor([4.0, 2])])
json.dump(cases, sys.stdout, separators=(",", ":"))
print()
