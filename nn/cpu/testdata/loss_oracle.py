"""Writes loss_oracle.json: losses and their gradients by PyTorch.

    python3 loss_oracle.py > loss_oracle.json

Made with PyTorch 2.15. The focal losses are torchvision's sigmoid_focal_loss,
and (1-p)^gamma times the cross entropy, differentiated by PyTorch.
"""
import json
import torch
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_num_threads(1)


def sigmoid_focal(z, y, gamma, alpha, smoothing=0.0):
    t = y * (1 - smoothing) + smoothing / 2
    p = torch.sigmoid(z)
    ce = F.binary_cross_entropy_with_logits(z, t, reduction="none")
    loss = ce * (1 - (p * t + (1 - p) * (1 - t))) ** gamma
    return (alpha * t + (1 - alpha) * (1 - t)) * loss if alpha else loss


def softmax_focal(z, y, gamma):
    ce = F.cross_entropy(z, y, reduction="none")
    return (1 - torch.exp(-ce)) ** gamma * ce


def pinball(z, y, q):
    return torch.where(y >= z, q * (y - z), (1 - q) * (z - y))


BINARY = {"smoothing": 0, "gamma": 0, "alpha": 0}
CASES = [
    ("mse", 1, {}, lambda z, y: F.mse_loss(z, y, reduction="none")),
    ("mse", 3, {}, lambda z, y: F.mse_loss(z, y, reduction="none")),
    ("mae", 1, {}, lambda z, y: F.l1_loss(z, y, reduction="none")),
    ("huber", 1, {}, lambda z, y: F.huber_loss(z, y, reduction="none")),
    ("huber", 2, {"delta": 0.4}, lambda z, y: F.huber_loss(z, y, reduction="none", delta=0.4)),
    ("pinball", 1, {"quantile": 0.9}, lambda z, y: pinball(z, y, 0.9)),
    ("poisson", 1, {}, lambda z, y: F.poisson_nll_loss(z, y, log_input=True, full=False, reduction="none")),
    ("sigmoid_cross_entropy", 1, {}, lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none")),
    ("sigmoid_cross_entropy", 4, {}, lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none")),
    ("sigmoid_cross_entropy", 1, {"smoothing": 0.2}, lambda z, y: sigmoid_focal(z, y, 0, 0, 0.2)),
    ("sigmoid_cross_entropy", 1, {"gamma": 2, "alpha": 0.25}, lambda z, y: sigmoid_focal(z, y, 2, 0.25)),
    ("sigmoid_cross_entropy", 1, {"gamma": 0.5}, lambda z, y: sigmoid_focal(z, y, 0.5, 0)),
    ("sigmoid_cross_entropy", 1, {"alpha": 0.3}, lambda z, y: sigmoid_focal(z, y, 0, 0.3)),
    ("softmax_cross_entropy", 3, {}, lambda z, y: F.cross_entropy(z, y, reduction="none")),
    ("softmax_cross_entropy", 21, {"smoothing": 0.1}, lambda z, y: F.cross_entropy(z, y, reduction="none", label_smoothing=0.1)),
    ("softmax_cross_entropy", 5, {"gamma": 2}, lambda z, y: softmax_focal(z, y, 2)),
    ("softmax_cross_entropy", 5, {"gamma": 0.5}, lambda z, y: softmax_focal(z, y, 0.5)),
]

out = []
for name, k, params, loss in CASES:
    m = 7
    z = (2 * torch.randn(m, k)).requires_grad_()
    w = torch.rand(m) + 0.5
    w[3] = 0
    if name.startswith("softmax"):
        y = torch.randint(0, k, (m,))
    elif name.startswith("sigmoid"):
        y = torch.randint(0, 2, (m, k)).float()
    elif name == "poisson":
        y = torch.randint(0, 6, (m, k)).float()
    else:
        y = torch.randn(m, k)
    rows = loss(z, y)
    if rows.dim() == 2:
        rows = rows.mean(1)
    value = (w * rows).sum() / w.sum()
    value.backward()
    nine = lambda t: [float("%.9g" % v) for v in t.detach().flatten().tolist()]
    out.append(json.dumps(dict(loss=name, params=params, m=m, k=k, z=nine(z), y=nine(y), w=nine(w), rows=nine(rows),
                               value=nine(value)[0], grad=nine(z.grad))))
print("[\n" + ",\n".join(out) + "\n]")
