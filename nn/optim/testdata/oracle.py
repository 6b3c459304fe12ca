"""Writes oracle.json: ten steps of each optimiser and the values of each
schedule, by PyTorch.

    python3 oracle.py > oracle.json

Made with PyTorch 2.15. Lion, which PyTorch does not have, is written out as in
the authors' lion_pytorch.py (github.com/google/automl).
"""
import json
import torch

torch.manual_seed(0)
torch.set_num_threads(1)
STEPS, SIZES = 10, [11, 6]  # weight decay and L1 apply to the first parameter only


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr, betas, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                p.mul_(1 - group["lr"] * group["weight_decay"])
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                p.add_((m * b1 + p.grad * (1 - b1)).sign(), alpha=-group["lr"])
                m.mul_(b2).add_(p.grad, alpha=1 - b2)


KINDS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "rmsprop": torch.optim.RMSprop,
         "adagrad": torch.optim.Adagrad, "lion": Lion}
# kind, settings of PyTorch, settings of ours, weight decay, l1, clip value, clip norm
OPTIMIZERS = [
    ("sgd", dict(lr=0.1), dict(LearningRate=0.1), 0, 0, 0, 0),
    ("sgd", dict(lr=0.1, momentum=0.9), dict(LearningRate=0.1, Momentum=0.9), 0.01, 0, 0, 0),
    ("sgd", dict(lr=0.1, momentum=0.9, nesterov=True), dict(LearningRate=0.1, Momentum=0.9, Nesterov=True), 0.01, 0, 0, 0),
    ("sgd", dict(lr=0.1, momentum=0.5), dict(LearningRate=0.1, Momentum=0.5), 0.1, 0.02, 0, 0),
    ("sgd", dict(lr=0.1), dict(LearningRate=0.1), 0, 0, 0.5, 0),
    ("sgd", dict(lr=0.1), dict(LearningRate=0.1), 0.1, 0, 0, 1),
    ("sgd", dict(lr=0.1), dict(LearningRate=0.1), 0.1, 0.05, 0.6, 1),
    ("adam", dict(lr=0.02), dict(LearningRate=0.02, Beta1=0.9, Beta2=0.999, Epsilon=1e-8), 0, 0, 0, 0),
    ("adam", dict(lr=0.02, betas=(0.8, 0.95), eps=1e-3), dict(LearningRate=0.02, Beta1=0.8, Beta2=0.95, Epsilon=1e-3), 0.1, 0, 0, 1),
    ("adamw", dict(lr=0.02, betas=(0.8, 0.95), eps=1e-6), dict(LearningRate=0.02, Beta1=0.8, Beta2=0.95, Epsilon=1e-6), 0.1, 0, 0, 0),
    ("rmsprop", dict(lr=0.02), dict(LearningRate=0.02, Alpha=0.99, Epsilon=1e-8), 0, 0, 0, 0),
    ("rmsprop", dict(lr=0.02, alpha=0.9, momentum=0.8, centered=True, eps=1e-2),
     dict(LearningRate=0.02, Alpha=0.9, Momentum=0.8, Centered=True, Epsilon=1e-2), 0.1, 0, 0, 0),
    ("adagrad", dict(lr=0.1), dict(LearningRate=0.1, Epsilon=1e-10), 0, 0, 0, 0),
    ("adagrad", dict(lr=0.1, initial_accumulator_value=0.1), dict(LearningRate=0.1, Initial=0.1, Epsilon=1e-10), 0.1, 0, 0, 0),
    ("lion", dict(lr=0.02, betas=(0.9, 0.99)), dict(LearningRate=0.02, Beta1=0.9, Beta2=0.99), 0, 0, 0, 0),
    ("lion", dict(lr=0.02, betas=(0.8, 0.9)), dict(LearningRate=0.02, Beta1=0.8, Beta2=0.9), 0.1, 0, 0, 0),
]
nine = lambda ts: [float("%.9g" % v) for t in ts for v in t.detach().flatten().tolist()]
optimizers = []
for kind, theirs, ours, decay, l1, value, norm in OPTIMIZERS:
    params = [torch.randn(n).requires_grad_() for n in SIZES]
    begin, grads, norms = nine(params), [], []
    opt = KINDS[kind]([dict(params=params[:1], weight_decay=decay), dict(params=params[1:], weight_decay=0)], **theirs)
    for _ in range(STEPS):
        for p in params:
            p.grad = torch.randn_like(p)
        grads.append(nine([p.grad for p in params]))
        params[0].grad += l1 * params[0].detach().sign()
        if value:
            torch.nn.utils.clip_grad_value_(params, value)
        if norm:
            norms.append(float("%.9g" % torch.nn.utils.clip_grad_norm_(params, norm)))
        opt.step()
    ours = dict(ours)
    if decay:
        ours["WeightDecay"] = decay
    optimizers.append(dict(kind=kind, settings=ours, l1=l1, clip_value=value, clip_norm=norm, begin=begin, grads=grads, norms=norms, end=nine(params)))


def values(make, per_epoch, steps, epochs):
    p = torch.zeros(1, requires_grad=True)
    opt = torch.optim.SGD([p], lr=1.0)
    s = make(opt)
    out = []
    for _ in range(epochs):
        for _ in range(steps):
            out.append(opt.param_groups[0]["lr"])
            opt.step()
            if not per_epoch:
                s.step()
        if per_epoch:
            s.step()
    return out


S = torch.optim.lr_scheduler
STEPS_, EPOCHS = 3, 7
warm = lambda opt: S.LinearLR(opt, start_factor=1 / 6, end_factor=1, total_iters=5)  # 1.5 epochs are 5 steps
schedules = {
    "constant": values(lambda o: S.ConstantLR(o, factor=1), False, STEPS_, EPOCHS),
    "constant, warm-up": values(warm, False, STEPS_, EPOCHS),
    "step": values(lambda o: S.StepLR(o, step_size=2, gamma=0.3), True, STEPS_, EPOCHS),
    "exponential": values(lambda o: S.ExponentialLR(o, gamma=0.7), True, STEPS_, EPOCHS),
    "cosine": values(lambda o: S.CosineAnnealingLR(o, T_max=20, eta_min=0.1), False, STEPS_, EPOCHS),
    "cosine, warm-up": values(lambda o: S.SequentialLR(o, [warm(o), S.CosineAnnealingLR(o, T_max=15)], milestones=[5]), False, STEPS_, EPOCHS),
}
# A step after the last one is an error of this schedule.
opt = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
s = S.OneCycleLR(opt, max_lr=1.0, total_steps=21, cycle_momentum=False)
out = [opt.param_groups[0]["lr"]]
for _ in range(20):
    opt.step()
    s.step()
    out.append(opt.param_groups[0]["lr"])
schedules["one_cycle"] = out

curve = [5, 4, 4.5, 4, 3.95, 3.99, 3.7, 3.8, 3.9, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 3, 3]
opt = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
s = S.ReduceLROnPlateau(opt, factor=0.3, patience=2, threshold=0.1, threshold_mode="abs", min_lr=0.01)
plateau = []
for v in curve:
    s.step(v)
    plateau.append(opt.param_groups[0]["lr"])

print("{" + ",\n".join([
    '"optimizers": [\n' + ",\n".join(json.dumps(o) for o in optimizers) + "]",
    '"schedules": {\n' + ",\n".join(json.dumps(k) + ": " + json.dumps(v) for k, v in schedules.items()) + "}",
    '"curve": ' + json.dumps(curve), '"plateau": ' + json.dumps(plateau)]) + "}")
