"""Gradient boosting of scikit-learn, HistGradientBoosting, on the tables that bench/trees takes.

    python peer.py DATA.csv.gz... --out DIR

For each table and each of five splits 75/25 it writes the rows as numbers (categories as
codes, with a first line that says which columns those are) into DIR for the program in
this folder, trains, and prints seconds and metrics of the test rows. Each training has two
threads and runs all of its rounds.
"""
import argparse
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, mean_absolute_error, roc_auc_score
from sklearn.model_selection import train_test_split


def tables(path):
    name = os.path.basename(path)
    d = pd.read_csv(path)
    if name.startswith("adult"):
        y = (d.pop("income") == ">50K").astype(int)
        return "adult", "classes", d, y, 100
    if name.startswith("diamonds"):
        return "diamonds", "number", d, d.pop("price"), 300
    if name.startswith("flights"):
        d = d.dropna(subset=["arr_delay"])
        y = (d.pop("arr_delay") > 15).astype(int)
        d = d.drop(columns=[c for c in ["dep_time", "dep_delay", "arr_time", "air_time", "time_hour", "tailnum", "flight", "year"] if c in d])
        return "flights", "classes", d, y, 200
    sys.exit("what is " + path + "?")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("data", nargs="+")
    p.add_argument("--out", required=True)
    a = p.parse_args()
    for path in a.data:
        name, kind, d, y, rounds = tables(path)
        cats = [c for c in d if not pd.api.types.is_numeric_dtype(d[c])]
        for c in cats:
            d[c] = d[c].astype("category").cat.codes.replace(-1, np.nan)
        x = d.to_numpy(np.float32)
        marks = [c in cats for c in d]
        for seed in range(5):
            i, j = train_test_split(np.arange(len(y)), test_size=.25, random_state=seed, stratify=y if kind == "classes" else None)
            yy = y.to_numpy(np.float64)
            for part, rows in (("train", i), ("test", j)):
                with open(f"{a.out}/{name}.{seed}.{part}.bin", "wb") as f:
                    np.array([len(rows), x.shape[1], rounds, kind == "classes"], np.int64).tofile(f)
                    np.array(marks, np.uint8).tofile(f)
                    x[rows].tofile(f)
                    yy[rows].tofile(f)
            make = HistGradientBoostingClassifier if kind == "classes" else HistGradientBoostingRegressor
            m = make(max_iter=rounds, early_stopping=False, categorical_features=marks, random_state=seed)
            t = time.perf_counter()
            m.fit(x[i], yy[i])
            s = time.perf_counter() - t
            if kind == "classes":
                q = m.predict_proba(x[j])[:, 1]
                print(f"{name} {seed} {s:.2f} s  auc {roc_auc_score(yy[j], q):.4f}  log_loss {log_loss(yy[j], q):.4f}", flush=True)
            else:
                q = m.predict(x[j])
                print(f"{name} {seed} {s:.2f} s  mae {mean_absolute_error(yy[j], q):.2f}  rmse {np.sqrt(np.mean((yy[j] - q) ** 2)):.2f}", flush=True)


main()
