"""Expected exponents of powers of a target, and what its scale stands for, by scikit-learn.

    python3 -m venv venv && venv/bin/pip install 'scikit-learn==1.9.1'
    venv/bin/python powers.py > powers.json
"""

import json
import sys

import numpy as np
from sklearn.preprocessing import PowerTransformer

rng = np.random.RandomState(0)
targets = {
    "skewed": rng.lognormal(3, 1, 80), "normal": rng.normal(3, 2, 90), "left": 50 - rng.exponential(4, 70), "counts": rng.poisson(4, 100) + 1.0,
    "both signs": rng.standard_t(4, 60), "negative": -rng.lognormal(1, 0.5, 50),
}
cases = []
for name, y in targets.items():
    y = np.round(y, 4)
    for family, method in [("yeo_johnson", "yeo-johnson"), ("box_cox", "box-cox")]:
        if family == "box_cox" and y.min() <= 0:
            continue
        t = PowerTransformer(method).fit(y[:, None])
        z = np.linspace(-1.5, 1.5, 7)
        inverse = t.inverse_transform(z[:, None])[:, 0]
        cases.append(dict(name=f"{family} of {name}", kind=family, y=y.tolist(), exponent=float(t.lambdas_[0]), z=z.tolist(),
                          want=[None if v != v else v for v in inverse.tolist()], scaled=t.transform(y[:, None])[:, 0].tolist()))
json.dump(cases, sys.stdout)
