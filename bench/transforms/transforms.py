"""Holds the transforms of pipe against those of scikit-learn, through the program.

    bench/data/peers.sh /tmp/peers
    /tmp/peers/bin/python bench/transforms/transforms.py            the values
    /tmp/peers/bin/python bench/transforms/transforms.py --cost     what a value costs, too

A pipeline reads a random column from a CSV file, learns a chain of transforms from one
file and applies it to that and to another one. scikit-learn does the same. Values must
be equal to 1e-6 of themselves and of 1 (features are float32), those of a power to
2e-6. Where scikit-learn has an error, pipe has one, too, or the case is in KNOWN.

Training rows of target_encode are left out, for they hang on folds that are drawn at
random; the fixture of data/feature has them for the same folds.

To add a transform add a line to CASES: what pipe calls it, what scikit-learn does, and
the columns that it is for. --only EXPRESSION takes those whose name matches it;
columns that are crossed match `cross`.

The cost is the CPU time of a run that fits and applies, less that of one that takes the
column as it is, for each value; beside it that of numpy or scikit-learn for the same,
which takes the logarithms of eight values at a time where the processor can, with last
bits that differ from one processor to the other.
"""

import argparse
import csv
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from typing import Any, Callable

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction import FeatureHasher
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (FunctionTransformer, KBinsDiscretizer, MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder,
                                   PolynomialFeatures, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler, TargetEncoder)

warnings.simplefilter("ignore")
NAN = math.nan


@dataclass
class Case:
    chain: str  # as it is written in a pipeline
    make: Callable[[], Any]  # a transformer of scikit-learn
    only: str = "numbers"  # the columns that it is for
    tolerance: float = 1e-6
    fast: Callable[[Any], Any] = None  # what numpy needs to fit and apply, where it can
    target: bool = False  # it learns from the target, too
    crossed: bool = False  # training rows are encoded by folds, which each program draws for itself

    def written(self):
        return self.chain if self.chain.startswith("{") else f"[{self.chain}]"


def function(f):
    return lambda: FunctionTransformer(f)


def imputed(strategy, *behind, **settings):
    return lambda: make_pipeline(SimpleImputer(strategy=strategy, **settings), *[make() for make in behind])


def texts(strategy, encoder):
    return lambda: make_pipeline(SimpleImputer(strategy=strategy, missing_values=None, fill_value="none"), encoder())


class Frequency(TransformerMixin, BaseEstimator):
    def fit(self, x, y=None):
        values, counts = np.unique([str(v) for v in x[:, 0]], return_counts=True)
        self.shares = dict(zip(values, counts / len(x)))
        return self

    def transform(self, x):
        return np.array([[self.shares.get(str(v), 0)] for v in x[:, 0]])


def hashed(buckets, signed):
    hasher = FeatureHasher(buckets, input_type="string", alternate_sign=signed)
    return function(lambda x: hasher.transform([[] if v is None else [v] for v in x[:, 0]]).toarray())


def standard(x):
    return (x - x.mean()) / x.std()


def min_max(x):
    low = x.min()
    return (x - low) / (x.max() - low)


def robust(x):
    a, b, c = np.percentile(x, [25, 50, 75])
    return (x - b) / (c - a)


one_hot = lambda **settings: lambda: OneHotEncoder(sparse_output=False, **settings)
bins = lambda **settings: lambda: KBinsDiscretizer(subsample=None, **settings)
ranks = lambda **settings: lambda: QuantileTransformer(subsample=None, **settings)

CASES = [
    Case("scale: standard", StandardScaler, "complete", fast=standard),
    Case("scale: min_max", MinMaxScaler, "complete", fast=min_max),
    Case("scale: max_abs", MaxAbsScaler, "complete", fast=lambda x: x / np.abs(x).max()),
    Case("scale: robust", RobustScaler, "complete", fast=robust),
    Case("scale: {method: robust, unit_variance: true}", lambda: RobustScaler(unit_variance=True), "complete"),
    Case("scale: quantile", ranks(), "complete", fast=lambda x: ranks()().fit_transform(x[:, None])),
    Case("scale: {method: quantile, n_quantiles: 20, output: normal}", ranks(n_quantiles=20, output_distribution="normal"), "complete"),
    Case("scale: power", PowerTransformer, "complete", 2e-6, fast=lambda x: PowerTransformer().fit_transform(x[:, None])),
    Case("scale: {method: power, family: box_cox}", lambda: PowerTransformer(method="box-cox"), "positive", 2e-6),
    Case("impute: mean", imputed("mean"), fast=lambda x: np.where(np.isnan(x), np.nanmean(x), x)),
    Case("impute: median", imputed("median"), fast=lambda x: np.where(np.isnan(x), np.nanmedian(x), x)),
    Case("impute: most_frequent", imputed("most_frequent")),
    Case("impute: {constant: 2.5}", imputed("constant", fill_value=2.5)),
    Case("indicator, impute: median", lambda: FeatureUnion([("value", SimpleImputer(strategy="median")), ("gap", MissingIndicator(features="all"))])),
    Case("impute: mean, scale: standard", imputed("mean", StandardScaler)),
    Case("impute: median, scale: robust", imputed("median", RobustScaler)),
    Case("impute: median, scale: quantile", imputed("median", ranks())),
    Case("impute: median, scale: power", imputed("median", PowerTransformer), tolerance=2e-6),
    Case("impute: median, bin: 4", imputed("median", bins(n_bins=4, encode="onehot-dense"))),
    Case("bin: {count: 7, output: ordinal}", bins(n_bins=7, encode="ordinal"), "complete"),
    Case("bin: {count: 7, by: uniform, output: ordinal}", bins(n_bins=7, encode="ordinal", strategy="uniform"), "complete",
         fast=lambda x: np.searchsorted(np.linspace(x.min(), x.max(), 8)[1:-1], x, side="right")),
    Case("clip: {min: -1, max: 2}", function(lambda x: np.clip(x, -1, 2)), "complete", fast=lambda x: np.clip(x, -1, 2)),
    Case("round: 2", function(lambda x: np.round(x, 2)), "complete", fast=lambda x: np.round(x, 2)),
    Case("log1p", function(np.log1p), "positive", fast=np.log1p),
    Case("log", function(np.log), "positive", fast=np.log),
    Case("log: 10", function(np.log10), "positive", fast=np.log10),
    Case("sqrt", function(np.sqrt), "positive", fast=np.sqrt),
    Case("pow: 2", function(np.square), "complete", fast=np.square),
    Case("pow: 1.5", function(lambda x: np.power(x, 1.5)), "positive", fast=lambda x: np.power(x, 1.5)),
    Case("impute: most_frequent, one_hot", texts("most_frequent", one_hot(handle_unknown="ignore")), "texts"),
    Case("impute: {constant: none}, one_hot", texts("constant", one_hot(handle_unknown="ignore")), "texts"),
    Case("one_hot", one_hot(handle_unknown="ignore"), "texts"),
    Case("one_hot: {min_frequency: 3, unseen: infrequent}", one_hot(handle_unknown="infrequent_if_exist", min_frequency=3), "texts"),
    Case("one_hot: {max_categories: 3, unseen: infrequent}", one_hot(handle_unknown="infrequent_if_exist", max_categories=3), "texts"),
    Case("one_hot: {drop: first}", one_hot(handle_unknown="ignore", drop="first"), "texts"),
    Case("impute: most_frequent, ordinal: {unseen: ignore}",
         texts("most_frequent", lambda: OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)), "texts"),
    Case("frequency", Frequency, "texts"),
    Case("hash: 8", hashed(8, False), "texts"),
    Case("hash: {buckets: 5, signed: true}", hashed(5, True), "texts"),
    Case("target_encode: {scale: none}", lambda: TargetEncoder(target_type="continuous"), "texts", target=True, crossed=True),
    Case("target_encode: {smooth: 2.5, scale: none}", lambda: TargetEncoder(target_type="continuous", smooth=2.5), "texts", target=True, crossed=True),
]

# Where the two differ, and why: (expression for the chain, for the column, reason).
KNOWN = [
    (r"power", r"offset|huge|tiny", "far from 0 PowerTransformer loses digits, and its search ends at bounds; pipe finds the exponent to eleven digits"),
    (r"box_cox", r"one row|two|constant", "scipy has no exponent for one value, and finds it to six digits for two; pipe keeps the one"),
    (r"bin", r"tiny", "KBinsDiscretizer removes bins of 1e-8, and fails if none is left; pipe makes one"),
    (r"pow: 2", r"huge", "the square is no float32"),
    (r"target_encode", r"one text", "one row has no five folds; pipe gives it the mean of all rows, which is its own"),
    (r"drop: first", r"one", "no feature is left, which is an error in pipe"),
]


def columns(rng):
    """Named columns, for training and later, with what they are good for."""
    later = lambda x: np.concatenate([x[:20], rng.permutation(x)[:20], x[:5] * 1.5])
    normal = rng.normal(3, 2, 200)
    skewed = rng.lognormal(size=300)
    number = {
        "normal": normal, "skewed": skewed, "left": -rng.exponential(size=150), "uniform": rng.uniform(size=1234),
        "whole": rng.integers(0, 12, 200).astype(float), "constant": np.full(50, 0.1), "zeros": np.zeros(30),
        "offset 1e9": 1e9 + rng.normal(size=100), "offset constant": np.full(40, 1e9 + 0.1), "huge": rng.normal(size=60) * 1e30,
        "tiny": rng.lognormal(size=60) * 1e-15, "one row": np.array([4.25]), "two": np.array([1.5, 8.0]),
        "mostly one value": np.concatenate([np.full(90, 2.0), rng.normal(size=10)]),
        "heavy tails": rng.standard_cauchy(size=200),
    }
    gaps = lambda x, share: np.where(rng.uniform(size=len(x)) < share, NAN, x)
    number |= {"gaps": gaps(normal, 0.2), "many gaps": gaps(skewed, 0.9), "constant with gaps": gaps(np.full(50, 3.5), 0.3),
               "all but one missing": np.array([NAN, NAN, 7.0, NAN])}
    for name, train in number.items():
        uses = {"numbers"}
        if not np.isnan(train).any():
            uses.add("complete")
            if (train > 0).all():
                uses.add("positive")
        yield name, train, later(train), uses
        if name in ("normal", "gaps"):
            yield name + ", nothing later", train, train[:0], uses
    words = np.array(["a", "b", "Z", "ä", "10", "9", "a b", 'q"', "x,y"], dtype=object)
    text = {"words": words[rng.integers(0, 9, 120)], "one word": np.array(["only"] * 5, dtype=object),
            "rare words": np.array(["a"] * 30 + ["b"] * 9 + ["c", "d", "e", "e", "f"], dtype=object), "one text": np.array(["a"], dtype=object)}
    text["words with gaps"] = np.where(rng.uniform(size=120) < 0.2, None, text["words"])
    for name, train in text.items():
        yield name, train, np.concatenate([train[:9], np.array(["never seen"], dtype=object)]), {"texts"}


def write(path, values, target):
    with open(path, "w", newline="") as f:
        w = csv.writer(f)
        w.writerow(["row", "x", "y"])
        for i, v in enumerate(values):
            gap = v is None or v != v
            w.writerow([i, "" if gap else v if isinstance(v, str) else repr(float(v)), repr(float(target(i)))])


class Pipe:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def call(self, *args, check=True):
        p = subprocess.run([self.program, *args], cwd=self.folder, capture_output=True, text=True)
        if check and p.returncode:
            sys.exit(f"pipe {' '.join(args)}: {p.stderr}")
        return p

    def pipeline(self, chains, kind, parts=("train", "later"), empty=False):
        lines = ["pipeline: p", "seed: 1", "stages:"]
        for part in parts:
            name = "all" if empty and part == "later" else part
            lines.append(f"  {name}: {{uses: ingest, with: {{path: {part}.csv, columns: {{x: {kind}, y: float64}}}}}}")
        if empty:
            lines.append("  later: {uses: filter, inputs: {table: all}, with: {where: row < 0}}")
        for i, case in enumerate(chains):
            y = ", target: y" if case.target else ""
            inputs = ", ".join(f"{part}: {part}" for part in parts)
            lines.append(f"  f{i}: {{uses: preprocess, inputs: {{{inputs}}}, with: {{features: {{x: {case.written()}}}{y}}}}}")
        with open(os.path.join(self.folder, "p.yaml"), "w") as f:
            f.write("\n".join(lines) + "\n")

    def values(self, artifact):
        path = os.path.join(self.folder, "out.arrow")
        if os.path.exists(path):
            os.remove(path)
        if self.call("get", "p/" + artifact, "-o", path, check=False).returncode:
            return None
        with pa.memory_map(path) as f:
            table = pa.ipc.open_file(f).read_all()
            if table.num_rows == 0:
                return np.zeros((0, 0))
            return np.concatenate([c.flatten().to_numpy() for c in table.column(0).chunks]).reshape(table.num_rows, -1).astype(float)


def expected(case, train, later, target):
    transformer = case.make()
    try:
        y = [target(i) for i in range(len(train))]
        made = [transformer.fit_transform(train, y) if case.target else transformer.fit(train).transform(train)]
        made.append(transformer.transform(later) if len(later) else np.zeros((0, 0)))
    except Exception as e:  # whatever it is that it cannot do
        return str(e).split("\n")[0]
    return [np.asarray(m, dtype=float) for m in made]


def difference(got, want, tolerance):
    if got.shape != want.shape and got.size + want.size:
        return f"{got.shape[1]} features, want {want.shape[1]}"
    bound = tolerance * np.maximum(1, np.abs(want))
    if not got.size or (np.abs(got - want) <= bound).all():
        return ""
    worst = np.nanargmax(np.abs(got - want) / np.maximum(1, np.abs(want)))
    return f"{got.flat[worst]:.9g}, want {want.flat[worst]:.9g}"


def compare(pipe, cases, rng):
    bad = 0
    counts = {case.chain: [0, 0, 0] for case in cases}  # equal, known, refused by both
    target = lambda i: (i * 7919) % 13
    for name, train, later, uses in columns(rng):
        chains = [case for case in cases if case.only in uses]
        if not chains:
            continue
        write(os.path.join(pipe.folder, "train.csv"), train, target)
        write(os.path.join(pipe.folder, "later.csv"), later if len(later) else train, target)
        pipe.pipeline(chains, "string" if "texts" in uses else "float64", empty=not len(later))
        out = pipe.call("run", "p.yaml", "--keep-going", check=False)
        if out.returncode > 1:
            sys.exit(out.stderr)
        for i, case in enumerate(chains):
            known = next((why for chain, column, why in KNOWN if re.search(chain, case.chain) and re.search(column, name)), None)
            want = expected(case, train.reshape(-1, 1), later.reshape(-1, 1), target)
            got = [pipe.values(f"f{i}.{part}") for part in ("train", "later")]
            if isinstance(want, str):
                why = "" if got[0] is None else "scikit-learn: " + want
            elif any(g is None for g in got):
                why = "pipe fails: " + " ".join(re.findall(rf"f{i}[ :].*|error:.*", out.stderr)[:2])[:200]
            else:
                why = next(filter(None, (difference(g, w, case.tolerance) for g, w in list(zip(got, want))[case.crossed:])), "")
            if not why:
                counts[case.chain][2 if isinstance(want, str) else 0] += 1
            elif known is not None:
                counts[case.chain][1] += 1
            else:
                bad += 1
                print(f"DIFFERS  {case.chain:60} {name}: {why}")
    for chain, (equal, known, refused) in counts.items():
        print(f"{chain:60} {equal:3} equal" + f", {known} differ as known" * bool(known) + f", {refused} refused by both" * bool(refused))
    return bad


# What is crossed, what scikit-learn does of all columns, and in which order it has the features.
CROSSES = [
    ("polynomial: [a, b, c]", lambda: PolynomialFeatures(2, include_bias=False)),
    ("polynomial: {columns: [a, b, c], degree: 4}", lambda: PolynomialFeatures(4, include_bias=False)),
    ("polynomial: {columns: ['*'], degree: 3, interaction_only: true}", lambda: PolynomialFeatures(3, interaction_only=True, include_bias=False)),
    ("interaction: [a, b, c]", lambda: FunctionTransformer(lambda x: np.column_stack([x, x.prod(axis=1)]))),
]


def compare_crosses(pipe, rng):
    """Columns that are crossed, behind a scale, and behind an imputation; pairs of categories; what is filled in by group, as by pandas."""
    bad = 0
    n = 400
    for kind, first in [("{scale: standard}", StandardScaler()), ("[impute: median, scale: min_max]", make_pipeline(SimpleImputer(strategy="median"), MinMaxScaler()))]:
        x = np.column_stack([rng.normal(size=n), rng.lognormal(size=n), rng.integers(0, 9, n)])
        if "impute" in kind:
            x[rng.uniform(size=x.shape) < 0.1] = NAN
        with open(os.path.join(pipe.folder, "crossed.csv"), "w") as f:
            f.write("a,b,c\n" + "\n".join(",".join("" if v != v else repr(v) for v in row) for row in x.tolist()) + "\n")
        lines = ["pipeline: p", "stages:", "  load: {uses: ingest, with: {path: crossed.csv}}"]
        for i, (cross, _) in enumerate(CROSSES):
            lines.append(f"  f{i}: {{uses: preprocess, inputs: {{train: load}}, with: {{features: {{a: {kind}, b: {kind}, c: {kind}}}, cross: [{cross}]}}}}")
        with open(os.path.join(pipe.folder, "p.yaml"), "w") as f:
            f.write("\n".join(lines) + "\n")
        pipe.call("run", "p.yaml")
        scaled = first.fit_transform(x)
        for i, (cross, make) in enumerate(CROSSES):
            why = difference(pipe.values(f"f{i}.train"), make().fit_transform(scaled), 1e-6)
            bad += bool(why)
            print(f"{'DIFFERS ' * bool(why)}{cross + ' of ' + kind:100} {why or 'equal'}")
    values = pd.Series(np.where(rng.uniform(size=n) < 0.3, NAN, np.round(rng.normal(size=n), 1)))
    by = pd.Series(rng.choice(["g", "h", "i", None], n))
    pd.DataFrame({"x": values, "g": by}).to_csv(os.path.join(pipe.folder, "crossed.csv"), index=False)
    filled = {"mean": pd.Series.mean, "median": pd.Series.median, "most_frequent": lambda s: s.mode().iloc[0]}
    with open(os.path.join(pipe.folder, "p.yaml"), "w") as f:
        f.write("pipeline: p\nstages:\n  load: {uses: ingest, with: {path: crossed.csv}}\n")
        for how in filled:
            f.write(f"  {how}: {{uses: preprocess, inputs: {{train: load}}, with: {{features: {{x: [impute: {{{how}: {{by: g}}}}]}}}}}}\n")
    pipe.call("run", "p.yaml")
    for how, f in filled.items():
        want = values.fillna(values.groupby(by).transform(f)).fillna(f(values))
        why = difference(pipe.values(how + ".train"), want.to_numpy()[:, None], 1e-6)
        bad += bool(why)
        print(f"{'DIFFERS ' * bool(why)}{f'impute: {how} by group':100} {why or 'equal'}")
    words = np.array(["p", "q", "r*s", "t"])
    pairs = words[rng.integers(0, 4, (n, 2))]
    with open(os.path.join(pipe.folder, "crossed.csv"), "w") as f:
        f.write("a,b\n" + "\n".join(",".join(row) for row in pairs) + "\n")
    with open(os.path.join(pipe.folder, "p.yaml"), "w") as f:
        f.write("pipeline: p\nstages:\n  load: {uses: ingest, with: {path: crossed.csv}}\n"
                "  f0: {uses: preprocess, inputs: {train: load}, with: {features: {a: {}, b: {}}, cross: [interaction: [a, b]]}}\n")
    pipe.call("run", "p.yaml")
    joined = np.array([["\\*".join(a.split("*")) + "*" + "\\*".join(b.split("*"))] for a, b in pairs])
    want = np.concatenate([one_hot()().fit_transform(pairs), one_hot()().fit_transform(joined)], axis=1)
    why = difference(pipe.values("f0.train"), want, 0)
    print(f"{'DIFFERS ' * bool(why)}{'interaction of categories':100} {why or 'equal'}")
    return bad + bool(why)


def used():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def cost(pipe, cases, rows, rounds):
    rng = np.random.default_rng(1)
    x = rng.lognormal(size=rows)
    with open(os.path.join(pipe.folder, "train.csv"), "w") as f:
        f.write("x,y\n" + "\n".join(f"{v!r},0" for v in x.tolist()) + "\n")
    timed = [Case("{scale: none}", None)] + [c for c in cases if c.fast]
    pipe.pipeline(timed, "float64", parts=("train",))
    pipe.call("run", "p.yaml", "train")
    best = [math.inf] * len(timed)
    peer = [math.inf] * len(timed)
    for _ in range(rounds):
        for i, case in enumerate(timed):
            before = used()
            pipe.call("run", "p.yaml", f"f{i}", "--force", f"f{i}")
            best[i] = min(best[i], used() - before)
            if case.fast:
                before = time.process_time()
                case.fast(x)
                peer[i] = min(peer[i], time.process_time() - before)
    print(f"\n{'nanoseconds of CPU a value':60} {'pipe':>8} {'peer':>8}")
    for i, case in enumerate(timed):
        if i:
            ours, theirs = (best[i] - best[0]) / rows * 1e9, peer[i] / rows * 1e9
            print(f"{case.chain:60} {ours:8.1f} {theirs:8.1f} {ours / theirs:8.2f}x")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--pipe", help="the program; it is built if it is not given")
    p.add_argument("--only", default="", help="chains that match this expression")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--cost", action="store_true", help="measure what a value costs, too")
    p.add_argument("--rows", type=int, default=1_000_000)
    p.add_argument("--rounds", type=int, default=3)
    o = p.parse_args()
    cases = [c for c in CASES if re.search(o.only, c.chain)]
    with tempfile.TemporaryDirectory() as folder:
        if not o.pipe:
            o.pipe = os.path.join(folder, "pipe")
            subprocess.run(["go", "build", "-o", o.pipe, "./cmd/pipe"], check=True)
        pipe = Pipe(os.path.abspath(o.pipe), folder)
        bad = compare(pipe, cases, np.random.default_rng(o.seed))
        if re.search(o.only, "cross"):
            bad += compare_crosses(pipe, np.random.default_rng(o.seed))
        if o.cost:
            cost(pipe, cases, o.rows, o.rounds)
    if bad:
        sys.exit(f"{bad} cases differ")


main()
