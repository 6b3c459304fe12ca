"""Writes categories.json: what scikit-learn makes of categories.

    uv venv v; uv pip install -p v scikit-learn==1.9.*; v/bin/python categories.py > categories.json
"""

import json

import numpy as np
from sklearn.feature_extraction import FeatureHasher
from sklearn.model_selection import PredefinedSplit
from sklearn.preprocessing import TargetEncoder

# The folds of the first 60 rows by seed 7 in the column x, which TestFolds holds still.
folds = [0, 1, 4, 3, 2, 2, 1, 3, 0, 4, 3, 1, 4, 2, 0, 1, 3, 0, 2, 4, 3, 4, 0, 2, 1, 1, 3, 2, 0, 4,
         3, 4, 0, 2, 1, 1, 0, 2, 4, 3, 1, 2, 3, 0, 4, 0, 4, 2, 3, 1, 0, 2, 1, 3, 4, 2, 3, 0, 1, 4]
rng = np.random.default_rng(3)


def categories(n, names, gaps):
    values = [names[int(i)] for i in (rng.random(n) ** 2 * len(names))]
    return [None if gaps and rng.random() < gaps else v for v in values]


cases = []
for name, targets in {
    "binary": lambda n: [("no", "yes")[int(rng.random() < 0.3)] for _ in range(n)],
    "rare": lambda n: ["no"] * (n - 1) + ["yes"],
    "multiclass": lambda n: [("a", "b", "c")[int(i)] for i in rng.integers(0, 3, n)],
    "regression": lambda n: [float(x) for x in np.round(rng.normal(5, 3, n), 3)],
    "far": lambda n: [float(1e9 + x) for x in np.round(rng.normal(0, 3, n), 3)],
    "constant": lambda n: [2.5] * n,
}.items():
    for names, gaps in [("abcdefgh", 0), ("abcdefghijklmnop", 0.2), ("a", 0)]:
        for smooth in ["auto", 0, 3.5]:
            n = len(folds)
            train, y = categories(n, names, gaps), targets(n)
            rows = sorted(set(train), key=str) + ["?"]
            column = lambda values: np.array([[np.nan if v is None else v] for v in values], dtype=object)
            kind = "multiclass" if name == "multiclass" else "binary" if isinstance(y[0], str) else "continuous"
            encoder = TargetEncoder(smooth=smooth, target_type=kind, cv=PredefinedSplit(folds))
            crossed = encoder.fit_transform(column(train), np.array(y))
            cases.append({
                "name": name, "smooth": str(smooth), "train": train, "y": y, "rows": rows,
                "crossed": crossed.tolist(), "want": encoder.transform(column(rows)).tolist(),
            })

texts = ["", "a", "ab", "abc", "abcd", "Torgersen", "N14228", "New York", "Zürich", "東京", "x" * 1000]
hashed = []
for buckets in [2, 8, 1000]:
    for signed in [False, True]:
        want = FeatureHasher(buckets, input_type="string", alternate_sign=signed).transform([[t] for t in texts])
        hashed.append({"buckets": buckets, "signed": signed, "want": [
            [int(row.indices[0]), float(row.data[0])] for row in want]})


def lines(items):
    return ",\n".join("  " + json.dumps(item, ensure_ascii=False) for item in items)


print('{"folds": %s,\n "targets": [\n%s\n ],\n "texts": %s,\n "hashed": [\n%s\n ]}' %
      (json.dumps(folds), lines(cases), json.dumps(texts, ensure_ascii=False), lines(hashed)))
