"""Makes rnn_oracle.json: values and gradients of recurrent networks by PyTorch
(float64, written as float32), for TestRecurrentLikePyTorch.

    pip install torch && python rnn_oracle.py > rnn_oracle.json
"""
import json
import sys

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)


def flat(t):
    return [float("%.9g" % v) for v in t.detach().to(torch.float32).flatten().tolist()]


def exact(t):
    """Rounds to what the JSON can hold, so that both sides begin with the same numbers."""
    return t.to(torch.float32).to(torch.float64)


cases = []
for cell in "LSTM", "GRU":
    for layers, bidirectional, lengths in (1, False, None), (1, False, [2, 4, 1]), (2, True, None), (2, True, [3, 1, 4]):
        n, t, d, h = 3, 4, 2, 3
        net = getattr(torch.nn, cell)(d, h, layers, batch_first=True, bidirectional=bidirectional)
        with torch.no_grad():
            for p in net.parameters():
                p.copy_(exact(p))
        x = exact(torch.randn(n, t, d)).requires_grad_()
        if lengths:
            packed = pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
            y, state = net(packed)
            y, _ = pad_packed_sequence(y, batch_first=True, total_length=t)
        else:
            y, state = net(x)
        hidden = state[0] if cell == "LSTM" else state
        directions = 2 if bidirectional else 1
        last = hidden[-directions:].transpose(0, 1).reshape(n, directions * h)
        w, v = exact(torch.randn_like(y)), exact(torch.randn_like(last))
        loss = ((y * w).sum() + (last * v).sum()) ** 2
        loss.backward()
        cases.append({
            "Cell": cell, "Bidirectional": bidirectional, "Lengths": lengths or [], "N": n, "T": t, "D": d, "H": h, "Layers": layers,
            "X": flat(x), "Params": {k: flat(p) for k, p in net.named_parameters()},
            "Grads": {k: flat(p.grad) for k, p in net.named_parameters()},
            "Weights": flat(w), "LastWeights": flat(v), "Y": flat(y), "Last": flat(last), "DX": flat(x.grad), "Loss": flat(loss)[0],
        })
json.dump(cases, sys.stdout, separators=(",", ":"))
print()
