"""Expected values of chains of numbers, by scikit-learn.

    python3 -m venv venv && venv/bin/pip install 'scikit-learn==1.9.1'
    venv/bin/python steps.py > steps.json

Each case has a chain as it is written, a training column, a column to apply it to,
and what comes out: for every row the list of features, null where it is missing.
"""

import json
import math
import sys
import warnings

import numpy as np
import sklearn
from sklearn.preprocessing import KBinsDiscretizer, PowerTransformer, QuantileTransformer, RobustScaler

warnings.simplefilter("ignore")
NAN = math.nan
rng = np.random.RandomState(0)
rounded = lambda values: [float(v) for v in np.round(values, 6)]

NUMBERS = {
    "small": [1, 2, 3, 4, 100],
    "ties": [5, 1, 1, 5, 3, 5, 1],
    "mostly one": [2] * 30 + [1, 3, 4],
    "negative": [-7.5, 0.25, -0.5, 12, 3.75, -7.5],
    "all negative": [-1, -2, -4, -4.5, -20],
    "constant": [3.7] * 9,
    "zeros": [0.0] * 6,
    "tiny": [1e-12, 3e-12, 2e-12, 7e-12],
    "offset": [1e9 + v for v in (0.5, 1.25, -3, 8, 2, 2)],
    "single": [42.5],
    "two": [1.5, 8.0],
    "skewed": rounded(rng.lognormal(size=101)),
    "very skewed": rounded(rng.lognormal(sigma=3, size=57)),
    "normal": rounded(rng.normal(3, 2, size=64)),
    "left": rounded(-rng.exponential(size=80)),
    "even": rounded(rng.uniform(size=1500)),
    "missing": [1.5, NAN, 4, NAN, 2, 2.5, 4, 9],
}


def steps(train):
    # Chains, with what scikit-learn calls them.
    yield ["scale: {method: quantile, n_quantiles: 7}", QuantileTransformer(n_quantiles=7, subsample=None)]
    yield ["scale: quantile", QuantileTransformer(subsample=None)]
    yield ["scale: {method: quantile, output: normal}", QuantileTransformer(output_distribution="normal", subsample=None)]
    yield ["scale: {method: quantile, output: normal, n_quantiles: 10}", QuantileTransformer(n_quantiles=10, output_distribution="normal", subsample=None)]
    yield ["scale: power", PowerTransformer()]
    # Far from 0 PowerTransformer loses all digits of box_cox, and of two values it
    # finds the exponent to six digits.
    if 0 < min(x for x in train if x == x) < 1e6 and len(set(train)) > 2:
        yield ["scale: {method: power, family: box_cox}", PowerTransformer(method="box-cox")]
    yield ["scale: {method: robust, unit_variance: true}", RobustScaler(unit_variance=True)]
    if any(x != x for x in train):
        return
    for n in [2, 5, 12]:
        for ours, theirs in [("quantile", dict(strategy="quantile")), ("uniform", dict(strategy="uniform"))]:
            yield [f"bin: {{count: {n}, by: {ours}, output: ordinal}}", KBinsDiscretizer(n_bins=n, encode="ordinal", subsample=None, **theirs)]
    yield ["bin: {count: 4}", KBinsDiscretizer(n_bins=4, encode="onehot-dense", strategy="quantile", subsample=None)]


def cases():
    for name, train in NUMBERS.items():
        there = [x for x in train if x == x]
        for chain, transformer in steps(train):
            x = np.array(train, dtype=float).reshape(-1, 1)
            low, high = min(there), max(there)
            rows = sorted(set(there))[:40] + [(low + high) / 2]
            if "box_cox" not in chain and high - low < 1e6:
                rows += [low - 0.25 * (high - low) - (high == low)]
            rows += [high + 0.25 * (high - low) + (high == low)]
            if any(v != v for v in train):
                rows.append(NAN)
            try:
                got = transformer.fit(x).transform(np.array(rows, dtype=float).reshape(-1, 1))
            except IndexError:
                continue  # KBinsDiscretizer has removed all bins
            plain = lambda v: None if v != v else float(v)
            yield dict(name=f"{name}/{chain}", chain=chain, train=[plain(v) for v in train], rows=[plain(v) for v in rows],
                       want=[[plain(v) for v in row] for row in got])


sys.stdout.write('{"sklearn": %s, "cases": [\n%s\n]}\n' % (
    json.dumps(sklearn.__version__), ",\n".join("  " + json.dumps(c) for c in cases())))
