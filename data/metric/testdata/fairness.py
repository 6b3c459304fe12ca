"""Writes fairness.json: what fairlearn 0.15 says of groups.

    python3 -m venv venv && venv/bin/pip install fairlearn==0.15.0 'scikit-learn==1.9.*'
    venv/bin/python fairness.py > fairness.json

A group of no positive rows (or of no others) has a rate of 0 in fairlearn, and none here, so there are none such.
"""

import json
import warnings

import numpy as np
from fairlearn import metrics as f

warnings.filterwarnings("ignore")
rng = np.random.default_rng(7)
cases = []
for n, k, weighted in (40, 2, False), (200, 3, False), (200, 5, True), (1000, 4, True), (1000, 2, False), (60, 2, True):
    while True:
        group = rng.choice(k, n, p=rng.dirichlet(np.full(k, 4.0)))
        y = np.where(rng.random(n) < .3 + .1 * (group % 2), 1, 0)
        if len({*zip(group, y)}) == 2 * k:
            break
    p = np.round(np.clip(.3 * y + .1 * (group % 3) + .5 * rng.random(n), 0, 1), 2)
    w = np.round(rng.random(n) + .1, 2) if weighted else np.ones(n)
    taken = (p > .5).astype(int)
    frame = lambda of: f.MetricFrame(metrics=of, y_true=y, y_pred=taken, sensitive_features=group, sample_params={"sample_weight": w})
    case = {"actual": y.tolist(), "prob": p.tolist(), "group": group.tolist(), "weights": w.tolist() if weighted else None}
    e = {}
    for name, of in ("selection_rate", f.selection_rate), ("recall", f.true_positive_rate), ("false_positive_rate", f.false_positive_rate):
        m = frame(of)
        e |= {f"{name}.difference": m.difference(), f"{name}.ratio": m.ratio(), f"{name}.min": m.group_min(), f"{name}.max": m.group_max()}
    args = dict(y_true=y, y_pred=taken, sensitive_features=group, sample_weight=w)
    assert e["selection_rate.difference"] == f.demographic_parity_difference(**args)
    assert e["selection_rate.ratio"] == f.demographic_parity_ratio(**args)
    e |= {"equalized_odds.difference": f.equalized_odds_difference(**args), "equalized_odds.ratio": f.equalized_odds_ratio(**args)}
    case["expect"] = {a: float(b) for a, b in e.items() if np.isfinite(b)}
    cases.append(case)
print(json.dumps(cases))
