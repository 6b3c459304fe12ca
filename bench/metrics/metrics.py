"""Holds metrics against those of scikit-learn and NumPy, through the program.

    bench/data/peers.sh /tmp/peers
    /tmp/peers/bin/python bench/metrics/metrics.py                    random samples
    /tmp/peers/bin/python bench/metrics/metrics.py --rows 1000000     and a large one of each kind

Of each kind of task a pipeline reads a random table, trains two small networks, and measures them on
random tables: with weights and without, of scores that tie, of one row, with classes that do not
occur, without some targets, with numbers around 1e9. What was predicted is given to the functions of
data/metric/testdata/weighted.py, which made the fixture of data/metric. Forecasts of random series are
measured by what is written out here in NumPy. Values must be equal to 1e-9 of themselves and of 1.
A difference to the other network must be that of the two values. Where the program differs from
scikit-learn by intent, docs/metrics.md says so, and the functions there follow it.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "data", "metric", "testdata"))
import weighted as oracle  # noqa: E402

TABLES = 4  # that are measured with one training

CLASSES = """accuracy balanced_accuracy macro_precision macro_recall macro_f1 weighted_precision weighted_recall weighted_f1
micro_precision micro_recall micro_f1 roc_auc average_precision log_loss brier ece mce mcc kappa""".split()
MULTI = ["weighted_roc_auc", "weighted_average_precision", "top_2_accuracy", "top_3_accuracy", "top_5_accuracy"]
TWO = """precision recall f1 precision_at_recall_50 precision_at_recall_80 precision_at_recall_90
recall_at_precision_50 recall_at_precision_80 recall_at_precision_90""".split()
NUMBERS = "rmse mae mse median_ae r2 mape smape max_error".split()
SEVERAL = NUMBERS[:-1]
LABELS = """accuracy hamming_loss macro_precision macro_recall macro_f1 weighted_precision weighted_recall weighted_f1 micro_precision
micro_recall micro_f1 log_loss brier label_ranking_average_precision roc_auc average_precision weighted_roc_auc weighted_average_precision""".split()


class Task:
    """A kind of task with what is random in it."""

    def __init__(self, r, kind):
        self.kind, self.weighted, self.missing = kind, r.random() < 0.6, r.random() < 0.3
        self.offset = [0, 1e9, -1e6][r.integers(3)]
        self.k = int(r.integers(2, 7))
        if kind == "classes":
            self.targets, self.target = ["y"], "target: y"
            self.metrics = CLASSES + (TWO if self.k == 2 else [m for m in MULTI if not m.startswith("top") or int(m[4]) < self.k])
        elif kind == "numbers":
            self.targets, self.target, self.metrics = ["y"], "target: y", NUMBERS
        elif kind == "several":
            self.targets, self.target, self.metrics = ["y", "z"], "targets: [y, z]", SEVERAL
        else:
            self.targets, self.metrics = ["l", "m", "o"], LABELS
            self.target = "targets: [" + ", ".join(f"{{column: {t}, positive: yes}}" for t in self.targets) + "]"

    def table(self, r, n, train):
        a, b = np.round(r.normal(size=n), 1), np.round(r.normal(size=n), 1)  # so that scores tie
        columns = {"a": a, "b": b}
        if self.weighted:
            w = oracle.weights(r, n)
            if w.sum() == 0:
                w[0] = 1
            columns["w"] = w
        for i, name in enumerate(self.targets):
            s = a * (i + 1) + r.normal(size=n)
            if self.kind == "classes":
                y = np.clip(np.round(s + self.k / 2), 0, self.k - 1).astype(int)
                if train:
                    y[: self.k] = np.arange(self.k)
                else:
                    y = np.minimum(y, r.integers(0, self.k, 1))  # classes above have no rows
                y = [f"c{v}" for v in y]
            elif self.kind == "labels":
                y = ["yes" if v > 0 else "no" for v in s]
                if train:
                    y[:2] = ["yes", "no"]
                elif r.random() < 0.1:
                    y = ["no"] * n
            else:
                y = list(s * 3 + b + self.offset)
                if not train and r.random() < 0.1:
                    y = [y[0]] * n
            if self.missing and not train:
                y = ["" if i > 0 and r.random() < 0.2 else v for i, v in enumerate(y)]
            columns[name] = y
        return columns

    def pipeline(self, n, tables):
        number = "float64" if self.kind in ("numbers", "several") else "string"
        types = ", ".join(["a: float64, b: float64"] + (["w: float64"] if self.weighted else []) + [f"{t}: {number}" for t in self.targets])
        lines = ["pipeline: p", "seed: 1", "stages:"]
        names = ["train"] + [f"test{i}" for i in range(tables)]
        for name in names:
            lines.append(f"  load_{name}: {{uses: ingest, with: {{path: {name}.csv, columns: {{{types}}}}}}}")
        inputs = ", ".join(f"{name}: load_{name}" for name in names)
        keep = ", keep: [w]" if self.weighted else ""
        lines.append(f"  features: {{uses: preprocess, inputs: {{{inputs}}}, with: {{{self.target}, features: {{a: {{}}, b: {{}}}}{keep}}}}}")
        for model, rate in ("other", 0.01), ("model", 0.05):
            lines.append(f"  {model}: {{uses: train, inputs: {{train: features.train}}, with: {{network: [], epochs: 3, batch_size: {max(32, n // 100)}, optimizer: {{adam: {rate}}}}}}}")
        weight = ", sample_weight: w" if self.weighted else ""
        for i in range(tables):
            use = f"with: {{explain: false, metrics: [{', '.join(self.metrics)}]{weight}}}"
            lines.append(f"  against{i}: {{uses: evaluate, inputs: {{model: other, data: features.test{i}}}, {use}}}")
            lines.append(f"  score{i}: {{uses: evaluate, inputs: {{model: model, data: features.test{i}, against: against{i}.predictions}}, {use}}}")
        return "\n".join(lines) + "\n"

    def expected(self, said):
        """The values of predictions that were written, and how many rows count."""
        names = {t: t and "." + t for t in self.targets} if len(self.targets) > 1 else {"y": ""}
        known = np.array([all(said["actual" + s][i] != "" for s in names.values()) for i in range(len(next(iter(said.values()))))])
        numbers = lambda name: np.array(said[name], dtype=float)[known]
        texts = lambda name: np.array(said[name])[known]
        w = numbers("w") if self.weighted else np.ones(known.sum())
        w = w / 2.0 ** np.floor(np.log2(w.max()))  # exact; scikit-learn takes the sum of very small ones for 0
        if self.kind == "classes":
            classes = [f"c{i}" for i in range(self.k)]
            y = np.array([classes.index(c) for c in texts("actual")])
            want = oracle.classes("", self.k, y, np.stack([numbers("p_" + c) for c in classes], axis=1), w)
            for i, c in enumerate(classes):
                for name in "precision", "recall", "f1", "roc_auc", "average_precision":
                    want[f"{name}[{c}]"] = want.pop(f"{name}[{i}]")
            return want, w
        if self.kind == "labels":
            y = np.stack([texts("actual" + s) == "yes" for s in names.values()], axis=1).astype(int)
            return oracle.labels(y, np.stack([numbers("p" + s) for s in names.values()], axis=1), w), w
        each = []
        for s in names.values():
            y, p = texts("actual" + s).astype(float), numbers("predicted" + s)
            values = oracle.values(y, p, w)
            if (w > 0).sum() > 1 and np.ptp(y[w > 0]) == 0:  # of which the mean of scikit-learn is not the value itself
                values["r2"] = float((y == p)[w > 0].all())
            each.append(values)
        return {m: None if any(e[m] is None for e in each) else np.mean([e[m] for e in each]) for m in each[0]}, w


def write(where, name, columns):
    with open(os.path.join(where, name), "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(columns)
        out.writerows(zip(*[c.tolist() if isinstance(c, np.ndarray) else c for c in columns.values()]))


def read(where, name):
    with open(os.path.join(where, name), newline="") as f:
        rows = csv.reader(f)
        names = next(rows)
        return dict(zip(names, map(list, zip(*rows))))


def call(pipe, where, *args):
    done = subprocess.run([pipe, *args], cwd=where, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"pipe {' '.join(args)}: {done.stdout}{done.stderr}\n{open(os.path.join(where, 'p.yaml')).read()}")


def outputs(pipe, where, stage, table):
    call(pipe, where, "get", f"p/{stage}.metrics", "-o", stage + ".json")
    call(pipe, where, "get", f"p/{stage}.{table}", "-o", stage + ".csv")
    with open(os.path.join(where, stage + ".json")) as f:
        return json.load(f), read(where, stage + ".csv")


class Report:
    seen, bad = 0, 0

    def hold(self, what, a, b, scale=1):
        self.seen += 1
        if (a is None) != (b is None) or a is not None and not abs(a - b) <= 1e-9 * max(scale, abs(b)):
            self.say(f"{what} is {a}, not {b}")

    def say(self, text):
        self.bad += 1
        print(text, flush=True)


def rows(pipe, r, kind, sizes, report):
    task = Task(r, kind)
    with tempfile.TemporaryDirectory() as where:
        write(where, "train.csv", task.table(r, max(300, min(sizes)), True))
        for i, n in enumerate(sizes):
            write(where, f"test{i}.csv", task.table(r, n, False))
        with open(os.path.join(where, "p.yaml"), "w") as f:
            f.write(task.pipeline(max(sizes), len(sizes)))
        call(pipe, where, "run", "p.yaml")
        for i, n in enumerate(sizes):
            name = f"{kind} of {n} rows{', weighted' * task.weighted}"
            other, _ = outputs(pipe, where, f"against{i}", "predictions")
            document, said = outputs(pipe, where, f"score{i}", "predictions")
            want, w = task.expected(said)
            data = document["datasets"][0]
            got = {m["name"]: m["value"] for m in data["metrics"]}
            before = {m["name"]: m["value"] for m in other["datasets"][0]["metrics"]}
            if set(task.metrics) - set(got):
                report.say(f"{name}: there are no {set(task.metrics) - set(got)}")
            for m, v in got.items():
                if m in want:
                    report.hold(f"{name}: {m}", v, want[m])
            for c in data.get("per_class") or []:
                for m in "precision", "recall", "f1", "roc_auc", "average_precision":
                    report.hold(f"{name}: {m}[{c['class']}]", c.get(m), want.get(f"{m}[{c['class']}]"))
            for d in document["against"]:
                both = got[d["name"]] is not None and before[d["name"]] is not None
                report.hold(f"{name}: other {d['name']}", d["other"], before[d["name"]])
                report.hold(f"{name}: difference of {d['name']}", d["difference"], got[d["name"]] - before[d["name"]] if both else None, abs(got[d["name"]] or 1))
                if d.get("interval") and not d["interval"]["low"] <= d["interval"]["high"]:
                    report.say(f"{name}: difference of {d['name']} has the interval {d['interval']}")


def series(pipe, r, n, report):
    """Forecasts of random series, of which some have gaps, trends, and large offsets."""
    m, h, levels = int(r.choice([1, 3, 7])), int(r.integers(1, 9)), sorted(r.choice([0.5, 0.8, 0.9, 0.95], 2, replace=False))
    test, every = max(2 * h, n // 4), int(r.integers(1, 4))
    columns, whole = {"t": [], "s": [], "y": []}, {}
    for name in "ab"[: r.integers(1, 3)]:
        y = [0, 1e9, -1e6][r.integers(3)] + np.cumsum(r.normal(size=n)) + 5 * np.sin(2 * np.pi * np.arange(n) / max(2, m))
        y = np.round(y, 3)
        if r.random() < 0.4:
            y[(r.random(n) < 0.05) & (np.arange(n) > 0) & (np.arange(n) < n - 1)] = np.nan
        whole[name] = y
        columns["t"] += range(n)
        columns["s"] += [name] * n
        columns["y"] += ["" if np.isnan(v) else repr(float(v)) for v in y]
    text = f"""pipeline: p
seed: 1
stages:
  load: {{uses: ingest, with: {{path: rows.csv, columns: {{t: int64, s: string, y: float64}}}}}}
  score:
    uses: forecast
    inputs: {{table: load}}
    with: {{time: t, step: 1, by: s, target: y, season: {m}, horizon: {h}, gaps: missing, intervals: {list(map(float, levels))},
      test: {{steps: {test}, every: {every}}}, model: ridge, baselines: [naive, seasonal_naive, drift]}}
"""
    with tempfile.TemporaryDirectory() as where:
        write(where, "rows.csv", columns)
        with open(os.path.join(where, "p.yaml"), "w") as f:
            f.write(text)
        call(pipe, where, "run", "p.yaml")
        document, said = outputs(pipe, where, "score", "forecasts")
    number = lambda name: np.array([float(v) if v else np.nan for v in said[name]])
    method, of = np.array(said["method"]), np.array(said["s"])
    y, p = number("actual"), number("predicted")
    for one in sorted(set(method)):
        sums = {}
        for name, v in whole.items():
            at = (method == one) & (of == name) & ~np.isnan(y)
            past = v[: n - test]
            with np.errstate(invalid="ignore"):
                off = past[m:] - past[:-m]
            off, e = off[~np.isnan(off)], y[at] - p[at]
            both = np.abs(y[at]) + np.abs(p[at])
            values = {"mae": np.mean(np.abs(e)), "rmse": np.sqrt(np.mean(e**2)), "mase": np.mean(np.abs(e)) / np.mean(np.abs(off)),
                      "rmsse": np.sqrt(np.mean(e**2) / np.mean(off**2)), "smape": np.mean(np.where(both > 0, 200 * np.abs(e) / np.where(both > 0, both, 1), 0))}
            for level in levels:
                suffix = f"_{round(100 * level)}"
                low, high = number("lower" + suffix)[at], number("upper" + suffix)[at]
                there = ~np.isnan(low) & ~np.isnan(high)
                if not there.any():
                    continue
                a, low, high = y[at][there], low[there], high[there]
                values["coverage" + suffix] = np.mean((a >= low) & (a <= high))
                values["width" + suffix] = np.mean(high - low)
                values["pinball" + suffix] = (oracle.m.mean_pinball_loss(a, low, alpha=(1 - level) / 2) + oracle.m.mean_pinball_loss(a, high, alpha=(1 + level) / 2)) / 2
            for key, value in values.items():
                sums.setdefault(key, []).append(value)
        prefix = "" if one == document["model"] else one + "."
        for key, list_ in sums.items():
            report.hold(f"series of {n} steps: {prefix}{key}", document["metrics"].get(prefix + key), np.mean(list_))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pipe", default="pipe")
    p.add_argument("--samples", type=int, default=60)
    p.add_argument("--rows", type=int, default=0, help="of one more sample of each kind")
    p.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    p.add_argument("--kinds", default="classes,numbers,several,labels,series")
    args = p.parse_args()
    r = np.random.default_rng(args.seed)
    report, kinds, count = Report(), args.kinds.split(","), 0
    for kind in kinds:
        for _ in range(max(1, args.samples // len(kinds) // TABLES)):
            if kind == "series":
                for _ in range(TABLES):
                    series(args.pipe, r, int(r.integers(60, 300)), report)
            else:
                rows(args.pipe, r, kind, [int(r.choice([1, 2, r.integers(3, 20), r.integers(20, 400)], p=[0.1, 0.1, 0.4, 0.4])) for _ in range(TABLES)], report)
            count += TABLES
        if args.rows:
            series(args.pipe, r, args.rows // 100, report) if kind == "series" else rows(args.pipe, r, kind, [args.rows], report)
            count += 1
    print(f"seed {args.seed}: {report.seen} values of {count} samples, {report.bad} differ")
    sys.exit(report.bad > 0)


main()
