"""Writes weighted.json: what scikit-learn 1.9 says about random samples whose rows have weights.

    python3 -m venv venv && venv/bin/pip install 'scikit-learn==1.9.*'
    venv/bin/python weighted.py > weighted.json

More of them, and larger ones, are compared in the same way:

    venv/bin/python weighted.py 300 2000 7 > /tmp/more.json      # samples, rows, seed
    PIPE_ORACLE=/tmp/more.json go test ./data/metric -run TestWeightedOracle

null means undefined. What scikit-learn has no function for (ece, mce, smape, brier of several
classes) is written out in numpy from its definition.
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


def calibration(y, prob, w, bins=15):
    conf, right = prob.max(axis=1), prob.argmax(axis=1) == y
    edges = [b / bins for b in range(bins + 1)]
    ece = mce = 0.0
    for lo, hi in zip(edges, edges[1:]):
        inside = (conf > lo) & (conf <= hi) if lo > 0 else (conf <= hi)
        if w[inside].sum() > 0:
            gap = abs(np.average(right[inside], weights=w[inside]) - np.average(conf[inside], weights=w[inside]))
            ece += gap * w[inside].sum() / w.sum()
            mce = max(mce, gap)
    return ece, mce


def finite(f):
    try:
        v = float(f())
    except (ValueError, ZeroDivisionError):
        return None
    return v if np.isfinite(v) else None


def classes(name, k, y, prob, w):
    pred, labels = prob.argmax(axis=1), list(range(k))
    if w.sum() == 0:
        names = "accuracy balanced_accuracy mcc kappa macro_f1 log_loss brier roc_auc average_precision ece".split()
        return {n: None for n in names}
    e = {
        "accuracy": m.accuracy_score(y, pred, sample_weight=w),
        "balanced_accuracy": m.balanced_accuracy_score(y, pred, sample_weight=w),
        "mcc": m.matthews_corrcoef(y, pred, sample_weight=w),
        "kappa": finite(lambda: m.cohen_kappa_score(y, pred, sample_weight=w)),
    }
    for avg in ("macro", "weighted", "micro"):
        p, r, f, _ = m.precision_recall_fscore_support(y, pred, average=avg, zero_division=0, sample_weight=w)
        e |= {f"{avg}_precision": p, f"{avg}_recall": r, f"{avg}_f1": f}
    p, r, f, _ = m.precision_recall_fscore_support(y, pred, labels=labels, zero_division=0, sample_weight=w)
    onehot = np.eye(k)[y]
    for c in labels:
        e |= {f"precision[{c}]": p[c], f"recall[{c}]": r[c], f"f1[{c}]": f[c]}
        e[f"roc_auc[{c}]"] = finite(lambda: m.roc_auc_score(y == c, prob[:, c], sample_weight=w))
        e[f"average_precision[{c}]"] = finite(lambda: m.average_precision_score(y == c, prob[:, c], sample_weight=w))
    e["ece"], e["mce"] = calibration(y, prob, w)
    # log_loss renormalises a clipped row of several classes; the definition here does not.
    e["log_loss"] = float(np.average(-np.log(clip(prob[np.arange(len(y)), y])), weights=w))
    if k == 2:
        e |= {
            "log_loss": m.log_loss(y, clip(prob[:, 1]), labels=labels, sample_weight=w),
            "precision": p[1], "recall": r[1], "f1": f[1], "roc_auc": e["roc_auc[1]"], "average_precision": e["average_precision[1]"],
            "brier": m.brier_score_loss(y, prob[:, 1], pos_label=1, sample_weight=w),
        }
        if w[y == 1].sum() > 0:
            precision, recall, _ = m.precision_recall_curve(y, prob[:, 1], sample_weight=w)
            for at in 50, 80, 90:
                e[f"precision_at_recall_{at}"] = precision[recall >= at / 100].max()
                e[f"recall_at_precision_{at}"] = recall[precision >= at / 100].max()
        return e
    e["brier"] = np.average(((prob - onehot) ** 2).sum(axis=1), weights=w)
    auc = [e[f"roc_auc[{c}]"] for c in labels]
    e["roc_auc"] = None if None in auc else m.roc_auc_score(y, prob, multi_class="ovr", labels=labels, sample_weight=w)
    present = [c for c in labels if w[y == c].sum() > 0]
    if len(present) > 1:
        e["weighted_roc_auc"] = m.roc_auc_score(y, prob, multi_class="ovr", average="weighted", labels=labels, sample_weight=w)
        if len(set(y)) < k:  # which it calls undefined as a whole
            e["weighted_roc_auc"] = np.average([auc[c] for c in present], weights=[w[y == c].sum() for c in present])
    e["average_precision"] = m.average_precision_score(onehot, prob, sample_weight=w)
    e["weighted_average_precision"] = m.average_precision_score(onehot, prob, average="weighted", sample_weight=w)
    for top in (2, 3, 5):
        e[f"top_{top}_accuracy"] = m.top_k_accuracy_score(y, prob, k=top, labels=labels, sample_weight=w) if top < k else None
    return e


def values(y, p, w):
    both = np.abs(y) + np.abs(p)
    if w.sum() == 0:
        return {n: None for n in "mae mse rmse median_ae r2 mape smape max_error".split()}
    return {
        "mae": m.mean_absolute_error(y, p, sample_weight=w),
        "mse": m.mean_squared_error(y, p, sample_weight=w),
        "rmse": m.root_mean_squared_error(y, p, sample_weight=w),
        "median_ae": m.median_absolute_error(y, p, sample_weight=w),
        "r2": finite(lambda: m.r2_score(y, p, sample_weight=w)),
        "mape": m.mean_absolute_percentage_error(y, p, sample_weight=w),
        "smape": np.average(np.where(both == 0, 0, 200 * np.abs(y - p) / np.where(both == 0, 1, both)), weights=w),
        "max_error": m.max_error(y[w > 0], p[w > 0]),
    }


def labels(y, prob, w):
    d = (prob > 0.5).astype(int)
    n = y.shape[1]
    e = {
        "accuracy": m.accuracy_score(y, d, sample_weight=w),
        "hamming_loss": m.hamming_loss(y, d, sample_weight=w),
        "log_loss": np.mean([m.log_loss(y[:, j], clip(prob[:, j]), labels=[0, 1], sample_weight=w) for j in range(n)]),
        "brier": np.mean([m.brier_score_loss(y[:, j], prob[:, j], pos_label=1, sample_weight=w) for j in range(n)]),
        "label_ranking_average_precision": m.label_ranking_average_precision_score(y, prob, sample_weight=w),
    }
    for kind in "macro", "micro", "weighted":
        for name, f in ("precision", m.precision_score), ("recall", m.recall_score), ("f1", m.f1_score):
            e[f"{kind}_{name}"] = f(y, d, average=kind, zero_division=0, sample_weight=w)
    weight = (y * w[:, None]).sum(axis=0)
    if (weight > 0).all() and (weight < w.sum()).all():
        for prefix, average in ("", "macro"), ("weighted_", "weighted"):
            e[prefix + "roc_auc"] = m.roc_auc_score(y, prob, average=average, sample_weight=w)
            e[prefix + "average_precision"] = m.average_precision_score(y, prob, average=average, sample_weight=w)
    return e


def weights(r, n):
    w = [
        lambda: r.random(n),
        lambda: r.integers(0, 4, n).astype(float),
        lambda: np.where(r.random(n) < 0.6, 0.0, r.exponential(size=n)),
        lambda: r.random(n) * 10.0 ** r.integers(-8, 9, n),
        lambda: np.ones(n),
        lambda: r.random(n) * 1e9 + 1e9,
        lambda: np.zeros(n) if r.random() < 0.2 else np.full(n, 3.0),
    ]
    return w[r.integers(len(w))]()


def sample(r, i, most):
    n = int(r.integers(1, most + 1))
    w = weights(r, n)
    case = {"name": f"{i}", "weight": w.tolist()}
    kind = i % 3
    if kind == 0:
        k = int(r.integers(2, 7))
        y = r.integers(0, max(1, k - int(r.integers(0, 2))), n)  # perhaps the last class is absent
        if r.random() < 0.2:
            w[y == 0] = 0  # or one weighs nothing
            case["weight"] = w.tolist()
        prob = r.dirichlet(np.ones(k), n)
        if r.random() < 0.5:
            prob = np.floor(prob * 8) / 8  # ties
            prob[:, 0] += 1 - prob.sum(axis=1)
        case |= {"classes": k, "actual": y.tolist(), "prob": prob.tolist(), "expect": classes(case["name"], k, y, prob, w)}
    elif kind == 1:
        offset = [0, 0, 1e9, -1e6][r.integers(4)]
        y, p = offset + r.normal(size=n), offset + r.normal(size=n)
        if r.random() < 0.3:
            y, p = np.round(y), np.round(p)
        case |= {"actual": y.tolist(), "predicted": p.tolist(), "expect": values(y, p, w)}
    else:
        k = int(r.integers(2, 5))
        n = max(n, 2)
        w = np.maximum(weights(r, n), 1e-3)
        y = (r.random((n, k)) < 0.4).astype(int)
        prob = np.clip(np.round(0.25 + 0.5 * y + r.normal(size=(n, k)) * 0.25, 1), 0, 1)
        case |= {"labels": y.tolist(), "prob": prob.tolist(), "weight": w.tolist(), "expect": labels(y, prob, w)}
    case["expect"] = {a: None if v is None else float(v) for a, v in case["expect"].items()}
    return case


def main():
    count, most, seed = (list(map(int, sys.argv[1:])) + [60, 25, 1][len(sys.argv) - 1 :])[:3]
    r = np.random.default_rng(seed)
    json.dump([sample(r, i, most) for i in range(count)], sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
