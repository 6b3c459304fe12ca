"""Holds metrics of rows with weights against those of scikit-learn, through the program.

    bench/data/peers.sh /tmp/peers
    /tmp/peers/bin/python bench/metrics/weighted.py                    random samples
    /tmp/peers/bin/python bench/metrics/weighted.py --rows 1000000     and a large one of each kind

A pipeline reads a random table, trains a small network and measures it with `sample_weight`.
What it predicted is given to scikit-learn, by the functions of data/metric/testdata/weighted.py
that made the fixture of data/metric. Values must be equal to 1e-9 of themselves and of 1.
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

PIPELINE = """pipeline: p
seed: 1
stages:
  load: {{uses: ingest, with: {{path: rows.csv, columns: {{{types}}}}}}}
  features: {{uses: preprocess, inputs: {{train: load}}, with: {{{target}, features: {{a: {{}}, b: {{}}}}, keep: [w]}}}}
  model: {{uses: train, inputs: {{train: features.train}}, with: {{network: [], epochs: 3, batch_size: {batch}, optimizer: {{adam: 0.05}}}}}}
  score: {{uses: evaluate, inputs: {{model: model, data: features.train}}, with: {{sample_weight: w, metrics: [{metrics}]}}}}
"""

CLASSES = """accuracy balanced_accuracy macro_precision macro_recall macro_f1 weighted_precision weighted_recall weighted_f1
micro_precision micro_recall micro_f1 roc_auc average_precision log_loss brier ece mce mcc kappa""".split()
MULTI = ["weighted_roc_auc", "weighted_average_precision", "top_2_accuracy"]
NUMBERS = "rmse mae mse median_ae r2 mape smape max_error".split()
LABELS = """accuracy hamming_loss macro_precision macro_recall macro_f1 weighted_precision weighted_recall weighted_f1 micro_precision
micro_recall micro_f1 log_loss brier label_ranking_average_precision roc_auc average_precision weighted_roc_auc weighted_average_precision""".split()


def draw(r, kind, n):
    """Columns of a table, and what the pipeline says of them."""
    a, b = np.round(r.normal(size=n), 1), np.round(r.normal(size=n), 1)  # so that scores tie
    w = oracle.weights(r, n)
    if w.sum() == 0:
        w[0] = 1
    columns, target, types = {"a": a, "b": b, "w": w}, "target: y", "a: float64, b: float64, w: float64"
    if kind == "classes":
        k = int(r.integers(2, 5))
        y = np.clip(np.round(a + r.normal(size=n) + k / 2), 0, k - 1).astype(int)
        y[:k] = np.arange(k)  # each is there, if only in a row that may weigh nothing
        columns["y"] = [f"c{v}" for v in y]
        types += ", y: string"
        metrics = CLASSES + (["precision", "recall", "f1"] if k == 2 else MULTI[: 3 if k > 2 else 2])
    elif kind == "numbers":
        columns["y"] = a * 3 + b + r.normal(size=n) + [0, 1e9, -1e6][r.integers(3)]
        types += ", y: float64"
        metrics = NUMBERS
    else:
        for name in "l", "m", "o":
            columns[name] = ["yes" if v > 0 else "no" for v in a + r.normal(size=n)]
            columns[name][:2] = ["yes", "no"]
            types += f", {name}: string"
        target, metrics = "targets: [{column: l, positive: yes}, {column: m, positive: yes}, {column: o, positive: yes}]", LABELS
    return columns, PIPELINE.format(target=target, types=types, metrics=", ".join(metrics), batch=max(32, n // 100))


def run(pipe, where, columns, text):
    with open(os.path.join(where, "rows.csv"), "w", newline="") as f:
        out = csv.writer(f)
        out.writerow(columns)
        out.writerows(zip(*[c.tolist() if isinstance(c, np.ndarray) else c for c in columns.values()]))
    with open(os.path.join(where, "p.yaml"), "w") as f:
        f.write(text)
    for args in ["run", "p.yaml"], ["get", "p/score.metrics", "-o", "m.json"], ["get", "p/score.predictions", "-o", "said.csv"]:
        done = subprocess.run([pipe, *args], cwd=where, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"pipe {' '.join(args)}: {done.stdout}{done.stderr}\n{text}")
    with open(os.path.join(where, "said.csv"), newline="") as f:
        rows = csv.reader(f)
        names = next(rows)
        said = dict(zip(names, map(list, zip(*rows))))
    with open(os.path.join(where, "m.json")) as f:
        return json.load(f), said


def compare(kind, document, said):
    w = np.array(said["w"], dtype=float)
    numbers = lambda name: np.array(said[name], dtype=float)
    if kind == "numbers":
        want = oracle.values(numbers("actual"), numbers("predicted"), w)
    elif kind == "classes":
        names = document["classes"]
        y = np.array([names.index(c) for c in said["actual"]])
        prob = np.stack([numbers("p_" + c) for c in names], axis=1)
        want = oracle.classes("", len(names), y, prob, w)
    else:
        y = np.stack([np.array(said["actual." + c]) == "yes" for c in "lmo"], axis=1).astype(int)
        want = oracle.labels(y, np.stack([numbers("p." + c) for c in "lmo"], axis=1), w)
    wrong, seen = [], 0
    for m in document["datasets"][0]["metrics"]:
        if m["name"] not in want:
            continue
        a, b = m["value"], want[m["name"]]
        seen += 1
        if (a is None) != (b is None) or a is not None and abs(a - b) > 1e-9 * max(1, abs(b)):
            wrong.append(f"{m['name']} is {a}, not {b}")
    for c in document["datasets"][0].get("per_class") or []:
        j = document["classes"].index(c["class"])
        for name in "precision", "recall", "f1", "roc_auc", "average_precision":
            a, b = c.get(name), want[f"{name}[{j}]"]
            seen += 1
            if name == "average_precision" and a == 0 and b is None:
                continue
            if (a is None) != (b is None) or a is not None and abs(a - b) > 1e-9 * max(1, abs(b)):
                wrong.append(f"{name}[{c['class']}] is {a}, not {b}")
    return wrong, seen


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pipe", default="pipe")
    p.add_argument("--samples", type=int, default=30)
    p.add_argument("--rows", type=int, default=0, help="of one more sample of each kind")
    p.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    args = p.parse_args()
    r = np.random.default_rng(args.seed)
    kinds = ["classes", "numbers", "labels"]
    sizes = [(k, int(r.integers(8, 400))) for k in kinds for _ in range(args.samples // 3)] + [(k, args.rows) for k in kinds if args.rows]
    bad = total = 0
    for kind, n in sizes:
        columns, text = draw(r, kind, n)
        with tempfile.TemporaryDirectory() as where:
            wrong, seen = compare(kind, *run(args.pipe, where, columns, text))
        total += seen
        for line in wrong:
            bad += 1
            print(f"{kind} of {n} rows: {line}")
    print(f"seed {args.seed}: {total} values of {len(sizes)} samples, {bad} differ")
    sys.exit(bad > 0)


main()
