"""Expected scores of features, by scikit-learn.

    python3 -m venv venv && venv/bin/pip install 'scikit-learn==1.9.1'
    venv/bin/python selection.py > selection.json

Columns of eighths, which float32 holds, with a number and three classes to predict.
mutual_information is that of bins of equal shares, not that of neighbours.
"""

import json
import sys

import numpy as np
from sklearn.feature_selection import SelectKBest, VarianceThreshold, f_classif, f_regression
from sklearn.metrics import mutual_info_score

rng = np.random.default_rng(4)
n = 90
eighths = lambda x: np.round(x * 8) / 8
y = eighths(rng.normal(size=n) * 3)
x = np.stack([eighths(y + rng.normal(size=n)), eighths(rng.normal(size=n)), eighths(y * y / 2), np.full(n, 2.5), eighths(-y + 4 * rng.normal(size=n)),
              rng.integers(0, 2, n).astype(float), eighths(rng.normal(size=n) / 10)], axis=1)
x = np.column_stack([x, -2 * x[:, 0] + 1])  # a copy of the first
classes = np.array(["a", "b", "c"])[np.digitize(y, [-2, 2])]


def bins(v):
    s = np.sort(v)
    edges = np.unique([s[n * i // 16] for i in range(1, 16)])
    return np.searchsorted(edges, v, side="right")


finite = lambda scores: [None if s != s else min(float(s), float(np.finfo(float).max)) for s in scores]
kept = lambda selector, *y: [int(i) for i in selector.fit(x, *y).get_support(indices=True)]
json.dump({
    "columns": x.T.tolist(), "number": y.tolist(), "classes": classes.tolist(),
    "variance": {str(v): kept(VarianceThreshold(v)) for v in [0, 0.01, 0.9]},
    "f_number": finite(f_regression(x, y)[0]), "f_classes": finite(f_classif(x, classes)[0]),
    "best_number": kept(SelectKBest(f_regression, k=3), y), "best_classes": kept(SelectKBest(f_classif, k=2), classes),
    "mutual_number": [float(mutual_info_score(bins(c), bins(y))) for c in x.T],
    "mutual_classes": [float(mutual_info_score(bins(c), classes)) for c in x.T],
    "correlation": np.nan_to_num(np.corrcoef(x.T)).tolist(),
}, sys.stdout, indent=None)
sys.stdout.write("\n")
