"""Expected values of columns that are crossed, by scikit-learn.

    python3 -m venv venv && venv/bin/pip install 'scikit-learn==1.9.1'
    venv/bin/python crosses.py > crosses.json

Each case has columns, what is done to each before, a polynomial, what is done to its
products, and all features of all rows. A combination of categories is one category of
OneHotEncoder.
"""

import json
import sys

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, PolynomialFeatures, StandardScaler

rng = np.random.RandomState(0)
none = FunctionTransformer()
cases = []
for name, columns in {
    "two": rng.normal(size=(9, 2)),
    "three": np.round(rng.lognormal(size=(12, 3)), 3),
    "one": rng.uniform(-2, 2, size=(5, 1)),
    "one row": np.array([[2.5, -3]]),
    "offset": 1e9 + np.round(rng.normal(size=(10, 2)), 2),
    "constant": np.array([[3.7, 1.5], [3.7, 2.5], [3.7, -1]]),
}.items():
    for degree, only in [(2, False), (3, False), (5, False), (2, True), (3, True)]:
        if only and columns.shape[1] == 1:
            continue
        if degree > 3 and name in ("offset", "three"):
            continue
        for before, scaler in [("none", none), ("standard", StandardScaler()), ("min_max", MinMaxScaler())]:
            for behind, last in [("none", none), ("standard", StandardScaler())]:
                first = make_pipeline(scaler)
                x = first.fit_transform(columns)
                n = x.shape[1]
                powers = PolynomialFeatures(degree, interaction_only=only, include_bias=False).fit(x)
                made = powers.transform(x)[:, n:]
                made = last.fit_transform(made)
                names = [s.replace("x0", "a").replace("x1", "b").replace("x2", "c").replace(" ", "*") for s in powers.get_feature_names_out()[n:]]
                cases.append(dict(name=f"{name}, {degree} of {before}, {behind}", columns=columns.T.tolist(), degree=degree, only=only, before=before,
                                  behind=behind, features=names, want=made.tolist()))
texts = np.array([["u", "v", "w", "v*"][i] for i in rng.randint(0, 4, 40)]), np.array([["p", "q*p", "q"][i] for i in rng.randint(0, 3, 40)])
pairs = np.array([[f"{a}|{b}"] for a, b in zip(*texts)])
encoder = OneHotEncoder(sparse_output=False, min_frequency=3).fit(pairs)
combined = dict(columns=[t.tolist() for t in texts], want=encoder.transform(pairs).sum(axis=0).tolist())
json.dump(dict(cases=cases, combined=combined), sys.stdout)
