"""Expected values of the transforms, by scikit-learn.

    python3 -m venv venv && venv/bin/pip install 'scikit-learn==1.5.2' numpy pandas
    venv/bin/python oracle.py > oracle.json

Each case has a training column, a column to apply the transform to, and what
comes out: for every row the list of features. None is a missing value.
"""

import json
import math
import sys

import numpy as np
import sklearn
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (MaxAbsScaler, MinMaxScaler, OneHotEncoder,
                                   OrdinalEncoder, RobustScaler, StandardScaler)

NAN = math.nan

SCALERS = {
    "none": None,
    "standard": StandardScaler,
    "min_max": MinMaxScaler,
    "max_abs": MaxAbsScaler,
    "robust": RobustScaler,
}

rng = np.random.RandomState(0)

NUMBERS = {
    "small": [1, 2, 3, 4, 100],
    "even count": [4, 1, 3, 2],
    "ties": [5, 1, 1, 5, 3, 5, 1],
    "negative": [-7.5, 0.25, -0.5, 12, 3.75, -7.5],
    "constant": [3.7] * 9,
    "constant tenth": [0.1] * 99,
    "constant large": [1e9 + 0.1] * 33,
    "zeros": [0.0] * 6,
    "near constant": [1e8, 1e8 + 1.4901161193847656e-8 * 2, 1e8, 1e8],
    "just not constant": [1.0, 1.0 + 1e-9, 1.0, 1.0],
    "range below ten eps": [0.0, 1e-16, 5e-16, 1e-15],
    "tiny": [1e-12, 3e-12, 2e-12, 7e-12],
    "large offset": [1e6 + v for v in (0.5, 1.25, -3, 8, 2, 2)],
    "iqr zero": [1, 2, 2, 2, 2, 2, 9],
    "single": [42.5],
    "two": [-1.5, 8.0],
    "random": [float(v) for v in np.round(rng.lognormal(size=101), 6)],
    "missing": [1.5, NAN, 4, NAN, 2, 2.5, 4],
    "mostly missing": [NAN, NAN, 3, NAN, NAN, 8, NAN, NAN],
    "missing constant": [2.2, NAN, 2.2, NAN, NAN],
    "mode tie missing": [9, 9, NAN, 4, 4, 7, NAN],
}

IMPUTERS = {
    "": None,
    "mean": dict(strategy="mean"),
    "median": dict(strategy="median"),
    "most_frequent": dict(strategy="most_frequent"),
    "constant": dict(strategy="constant", fill_value=2.75),
}


def plain(x):
    """JSON has no NaN."""
    return None if x is None or (isinstance(x, float) and math.isnan(x)) else x


def numbers():
    for name, train in NUMBERS.items():
        gaps = any(math.isnan(v) for v in train)
        probe = [v for v in train if not math.isnan(v)][:5] + [-3.5, 0.0, 1e3]
        for imputer, options in IMPUTERS.items():
            if gaps and not options and name != "missing":
                continue
            for scaler, make in SCALERS.items():
                steps = []
                if options:
                    steps.append(SimpleImputer(**options))
                if make:
                    steps.append(make())
                x = np.array(train, dtype=float).reshape(-1, 1)
                rows = probe + ([NAN] if options else [])
                y = np.array(rows, dtype=float).reshape(-1, 1)
                if steps:
                    y = make_pipeline(*steps).fit(x).transform(y)
                yield dict(
                    name=f"{name}/{imputer or 'no impute'}/{scaler}",
                    impute=imputer, scale=scaler,
                    train=[plain(v) for v in train], rows=[plain(v) for v in rows],
                    want=[[float(v) for v in row] for row in y])


TEXTS = {
    "islands": ["Biscoe", "Dream", "Torgersen", "Biscoe", "Dream", "Biscoe"],
    "two": ["male", "female", "female", "male", "male"],
    "one": ["only", "only"],
    "unsorted": ["b", "B", "a", "Z", "ä", "é", "z", "10", "9", ""],
    "counts": ["a"] * 5 + ["b"] * 2 + ["c"] * 20 + ["d"] * 10 + ["e"] * 2 + ["f"],
    "ties": ["d", "c", "b", "a", "d", "c", "b", "a", "e"],
    "missing": ["x", None, "y", "x", None, "z"],
    "missing often": [None, None, None, "y", "y", "x"],
    "mode tie": ["q", "p", "q", "p", None],
}

OPTIONS = [
    dict(),
    dict(unseen="ignore"),
    dict(drop="first"),
    dict(drop="if_binary"),
    dict(drop="first", unseen="ignore"),
    dict(min_frequency=2),
    dict(min_frequency=3, unseen="infrequent"),
    dict(min_frequency=0.2, unseen="infrequent"),
    dict(max_categories=1, unseen="infrequent"),
    dict(max_categories=2),
    dict(max_categories=3, unseen="infrequent"),
    dict(max_categories=3, unseen="ignore"),
    dict(max_categories=6, unseen="infrequent"),
    dict(max_categories=3, min_frequency=3, unseen="infrequent"),
    dict(max_categories=3, drop="first", unseen="infrequent"),
    dict(max_categories=2, drop="if_binary", unseen="infrequent"),
]


def one_hot(options):
    unseen = {"infrequent": "infrequent_if_exist"}
    return OneHotEncoder(
        sparse_output=False,
        handle_unknown=unseen.get(options.get("unseen"), options.get("unseen", "error")),
        **{k: v for k, v in options.items() if k != "unseen"})


def ordinal(options):
    kwargs = {k: v for k, v in options.items() if k != "unseen"}
    if options.get("unseen") == "ignore":
        kwargs.update(handle_unknown="use_encoded_value", unknown_value=-1)
    return OrdinalEncoder(**kwargs)


def texts():
    for name, train in TEXTS.items():
        gaps = None in train
        for imputer in ["", "most_frequent", "constant"]:
            for options in OPTIONS:
                for encoding, make in [("one_hot", one_hot), ("ordinal", ordinal)]:
                    if encoding == "ordinal" and (
                            "drop" in options or options.get("unseen") == "infrequent" or gaps and not imputer):
                        continue  # scikit-learn has no such thing, or keeps NaN
                    if imputer and not gaps:
                        continue  # covered by the column itself
                    steps = []
                    if imputer:
                        steps.append(SimpleImputer(strategy=imputer, missing_values=None, fill_value="unknown"))
                    steps.append(make(options))
                    rows = sorted({v for v in train if v is not None}) + ([None] if gaps else [])
                    if options.get("unseen", "error") != "error":
                        rows = rows + ["never seen"]
                    column = lambda values: np.array(values, dtype=object).reshape(-1, 1)
                    got = make_pipeline(*steps).fit(column(train)).transform(column(rows))
                    yield dict(
                        name=f"{name}/{imputer or 'no impute'}/{encoding}/"
                             + (",".join(f"{k}={v}" for k, v in options.items()) or "plain"),
                        impute=imputer, encode=encoding, **options,
                        train=train, rows=rows,
                        want=[[float(v) for v in row] for row in got])


def main():
    out = dict(sklearn=sklearn.__version__, numbers=list(numbers()), texts=list(texts()))
    cases = lambda group: ",\n".join("  " + json.dumps(c, ensure_ascii=False) for c in group)
    sys.stdout.write('{"sklearn": %s, "numbers": [\n%s\n], "texts": [\n%s\n]}\n' % (
        json.dumps(out["sklearn"]), cases(out["numbers"]), cases(out["texts"])))


main()
