"""Writes oracle.json: what scikit-learn 1.5 says about awkward samples.

    python3 -m venv venv && venv/bin/pip install 'scikit-learn==1.5.*'
    venv/bin/python oracle.py > oracle.json

Metrics that scikit-learn 1.5 lacks (ece, mce, smape, multiclass brier) are
written out in numpy from their definitions. null means undefined.
"""

import json
import sys
import warnings

import numpy as np
from sklearn import metrics as m

warnings.filterwarnings("ignore")
EPS32 = float(np.finfo(np.float32).eps)


def clip(p):
    return np.clip(p, EPS32, 1 - EPS32)


def calibration(y, prob, bins=15):
    conf, pred = prob.max(axis=1), prob.argmax(axis=1)
    edges = [b / bins for b in range(bins + 1)]
    ece = mce = 0.0
    for lo, hi in zip(edges, edges[1:]):
        inside = (conf > lo) & (conf <= hi) if lo > 0 else (conf <= hi)
        if inside.any():
            gap = abs((pred[inside] == y[inside]).mean() - conf[inside].mean())
            ece += gap * inside.mean()
            mce = max(mce, gap)
    return ece, mce


def finite(f):
    try:
        v = float(f())
    except ValueError:
        return None
    return v if np.isfinite(v) else None


def classes(name, k, y, prob, w=None):
    """w are whole counts: scikit-learn sees each row that many times."""
    y, prob = np.asarray(y), np.asarray(prob, dtype=float)
    case = {"name": name, "classes": k, "actual": y.tolist(), "prob": prob.tolist()}
    if w is not None:
        case["count"] = list(w)
        y, prob = np.repeat(y, w), np.repeat(prob, w, axis=0)
    pred, labels = prob.argmax(axis=1), list(range(k))
    e = {
        "accuracy": m.accuracy_score(y, pred),
        "balanced_accuracy": m.balanced_accuracy_score(y, pred),
        "mcc": m.matthews_corrcoef(y, pred),
        "kappa": finite(lambda: m.cohen_kappa_score(y, pred)),
    }
    for avg in ("macro", "weighted", "micro"):
        p, r, f, _ = m.precision_recall_fscore_support(y, pred, average=avg, zero_division=0)
        e |= {f"{avg}_precision": p, f"{avg}_recall": r, f"{avg}_f1": f}
    p, r, f, _ = m.precision_recall_fscore_support(y, pred, labels=labels, zero_division=0)
    for c in labels:
        e |= {f"precision[{c}]": p[c], f"recall[{c}]": r[c], f"f1[{c}]": f[c]}
    ece, mce = calibration(y, prob)
    e |= {"ece": ece, "mce": mce}
    e["log_loss"] = m.log_loss(y, clip(prob) if k > 2 else clip(prob[:, 1]), labels=labels)
    if k > 2:
        # log_loss renormalises a clipped row; the definition here does not.
        e["log_loss"] = float(np.mean(-np.log(clip(prob[np.arange(len(y)), y]))))
    if k == 2:
        e |= {
            "precision": p[1], "recall": r[1], "f1": f[1],
            "roc_auc": finite(lambda: m.roc_auc_score(y, prob[:, 1])),
            "average_precision": m.average_precision_score(y, prob[:, 1]),
            "brier": m.brier_score_loss(y, prob[:, 1], pos_label=1),
        }
    else:
        onehot = np.eye(k)[y]
        e["roc_auc"] = finite(lambda: m.roc_auc_score(y, prob, multi_class="ovr", labels=labels))
        e["average_precision"] = m.average_precision_score(onehot, prob)
        e["brier"] = ((prob - onehot) ** 2).sum(axis=1).mean()
        for top in (2, 3, 5):
            e[f"top_{top}_accuracy"] = (
                m.top_k_accuracy_score(y, prob, k=top, labels=labels) if top < k else None
            )
    case["expect"] = {n: None if v is None else float(v) for n, v in e.items()}
    return case


def values(name, y, pred, w=None):
    y, pred = np.asarray(y, dtype=float), np.asarray(pred, dtype=float)
    case = {"name": name, "actual": y.tolist(), "predicted": pred.tolist()}
    if w is not None:
        case["count"] = list(w)
        y, pred = np.repeat(y, w), np.repeat(pred, w)
    both = np.abs(y) + np.abs(pred)
    e = {
        "mae": m.mean_absolute_error(y, pred),
        "mse": m.mean_squared_error(y, pred),
        "rmse": m.root_mean_squared_error(y, pred),
        "median_ae": m.median_absolute_error(y, pred),
        "r2": finite(lambda: m.r2_score(y, pred)),
        "mape": m.mean_absolute_percentage_error(y, pred),
        "smape": np.mean(np.where(both == 0, 0, 200 * np.abs(y - pred) / np.where(both == 0, 1, both))),
        "max_error": m.max_error(y, pred),
    }
    case["expect"] = {n: None if v is None else float(v) for n, v in e.items()}
    return case


def simplex(rng, n, k, decimals=None):
    p = rng.dirichlet(np.ones(k), n)
    if decimals is not None:
        p = np.floor(p * 10**decimals) / 10**decimals
        p[:, 0] += 1 - p.sum(axis=1)
        p = np.clip(p, 0, 1)
    return p


def two(p):
    p = np.asarray(p, dtype=float)
    return np.stack([1 - p, p], axis=1)


def main():
    rng = np.random.default_rng(7)
    f32 = lambda p: np.asarray(p, dtype=np.float32).astype(float)
    out = [
        classes("documented ranking example", 2, [0, 0, 1, 1], two([.1, .4, .35, .8])),
        classes("documented brier example", 2, [0, 1, 1, 0], two([.1, .9, .8, .3])),
        classes("documented log loss example", 2, [1, 0, 0, 1], [[.1, .9], [.9, .1], [.8, .2], [.35, .65]]),
        classes("all scores tie", 2, [0, 1, 1, 0, 1], two([.5] * 5)),
        classes("certain and wrong", 2, [0, 1, 1, 0], two([1, 0, 1, 0])),
        classes("perfect", 2, [0, 1, 1, 0], two([0, 1, 1, 0])),
        classes("only negatives", 2, [0, 0, 0], two([.2, .7, .1])),
        classes("only positives", 2, [1, 1, 1], two([.2, .7, .9])),
        classes("one row", 2, [1], two([.75])),
        classes("never predicts positive", 2, [0, 1, 0, 1, 0], two([.1, .2, .3, .4, .45])),
        classes("imbalanced float32", 2, (rng.random(400) < .03).astype(int), two(f32(rng.beta(1, 12, 400)))),
        classes("many ties", 2, rng.integers(0, 2, 200), two(np.round(rng.random(200), 1))),
        classes("on the edges of bins", 2, rng.integers(0, 2, 62), two(np.concatenate([np.arange(31) / 30, np.arange(31) / 30]))),
        classes("counted rows", 2, rng.integers(0, 2, 40), two(np.round(rng.random(40), 1)), rng.integers(0, 4, 40).tolist()),
        classes("three classes", 3, rng.integers(0, 3, 100), simplex(rng, 100, 3)),
        classes("three classes with ties", 3, rng.integers(0, 3, 100), simplex(rng, 100, 3, 1)),
        classes("a class that is absent", 4, rng.integers(0, 3, 60), simplex(rng, 60, 4, 2)),
        classes("a class absent and never predicted", 3, [0, 1, 0, 1], [[.8, .2, 0], [.1, .9, 0], [.3, .7, 0], [.4, .6, 0]]),
        classes("one class only", 3, [1, 1, 1], [[.1, .8, .1], [.2, .5, .3], [0, 1, 0]]),
        classes("seven classes", 7, rng.integers(0, 7, 300), f32(simplex(rng, 300, 7))),
        classes("uniform", 6, rng.integers(0, 6, 30), np.full((30, 6), 1 / 6)),
        classes("counted rows of four", 4, rng.integers(0, 4, 80), simplex(rng, 80, 4, 1), rng.integers(0, 3, 80).tolist()),
        values("documented example", [3, -.5, 2, 7], [2.5, 0, 2, 8]),
        values("perfect", [1, 2, 3], [1, 2, 3]),
        values("constant and missed", [3, 3, 3], [3, 3, 4]),
        values("constant and met", [3, 3, 3], [3, 3, 3]),
        values("one row", [2], [2.5]),
        values("zeros", [0, 0, 1, 2], [0, .5, 1, 3]),
        values("far from zero", 1e9 + rng.normal(size=50), 1e9 + rng.normal(size=50)),
        values("wild scales", rng.normal(size=60) * 10.0 ** rng.integers(-6, 7, 60), rng.normal(size=60)),
        values("noisy line", np.arange(101) * .1, np.arange(101) * .1 + rng.normal(size=101)),
        values("counted rows", rng.normal(size=30), rng.normal(size=30), rng.integers(0, 4, 30).tolist()),
    ]
    json.dump(out, sys.stdout, indent=None, separators=(",", ":"))
    sys.stdout.write("\n")


main()
