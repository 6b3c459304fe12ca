"""Writes reference.json: what scikit-learn 1.9 says of standardised features.

    python reference.py > reference.json
"""
import json
import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

draw = np.random.default_rng(1)
cases = []


def case(name, x, y, task, weights=None, sparse=None):
    x = x.astype(np.float32).astype(float)
    z = StandardScaler().fit_transform(x)
    if sparse is not None:
        z = np.hstack([z, sparse])
    if task == "regression":
        m = Ridge(alpha=1.0, solver="svd").fit(z, y, weights)
        said = m.predict(z)[:, None]
    else:
        m = LogisticRegression(C=1.0, tol=1e-10, max_iter=100000).fit(z, y, weights)
        said = m.predict_proba(z)
        if task == "binary":
            said = said[:, 1:]

    def short(a, digits=9):
        return None if a is None else [[float(f"%.{digits}g" % v) for v in row] for row in a]

    cases.append({
        "name": name, "task": task, "x": short(x), "y": [float(v) for v in y], "said": short(said, 8),
        "weights": None if weights is None else weights.tolist(), "sparse": short(sparse),
    })


x = draw.normal(size=(60, 4)) * [1, 1000, 0.01, 3] + [0, 5, 1, -3]
x[:, 3] = x[:, 0] + 1e-3 * draw.normal(size=60)
case("number", x, x[:, 1] / 100 + x[:, 0] + draw.normal(size=60), "regression")
case("far", x, 1e6 + x[:, 0], "regression")
case("two classes", x, (x[:, 0] + draw.normal(size=60) > 0).astype(int), "binary")
case("divided", x, (x[:, 0] > 0).astype(int), "binary")
y = np.digitize(x[:, 0] + 0.5 * draw.normal(size=60), [-0.5, 0.8])
case("three classes", x, y, "multiclass")
w = draw.integers(0, 4, size=60).astype(float)
w *= 60 / w.sum()
case("weights", x, x[:, 1] / 100 + draw.normal(size=60), "regression", w)
case("weights of classes", x, y, "multiclass", w)
s = draw.random((60, 7)) * (draw.random((60, 7)) < 0.3)
s = s.astype(np.float32).astype(float)
case("sparse", x, (s[:, 2] + 0.3 * draw.normal(size=60) > 0.1).astype(int), "binary", None, s)
x2 = x.copy()
x2[:, 2] = 7  # says nothing
case("constant", x2, y, "multiclass")
print("[" + ",\n".join(json.dumps(c) for c in cases) + "]")
