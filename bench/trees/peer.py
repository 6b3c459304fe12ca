"""Gradient boosting of scikit-learn, HistGradientBoosting, and of LightGBM, on the tables that bench/trees takes.

    pip install scikit-learn==1.9.* lightgbm pandas
    python peer.py DATA... --out DIR [--seeds 5]

For each table and each seed it writes the rows as numbers into DIR for the program in this folder (categories as codes,
what is missing as NaN, with a first line that says which columns are of categories), trains both, and prints seconds of the clock and of the processors, and metrics of the
test rows. Splits are 75/25; flights are divided by time, so that their seeds differ only in what the libraries draw. Each training has two threads (OMP_NUM_THREADS) and
runs all of its rounds, with the settings that are the defaults of all three: 31 leaves, 20 rows in each, learning rate 0.1, 255 bins.
"""
import argparse
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait do not count as work
THREADS = int(os.environ["OMP_NUM_THREADS"])
import lightgbm
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import log_loss, mean_absolute_error, roc_auc_score
from sklearn.model_selection import train_test_split

ROUNDS = 100


def tables(path):
    """name, whether of classes, features, target, rows of train (None: at random)"""
    name = os.path.basename(path)
    d = pd.read_csv(path)
    if name.startswith("adult"):
        return "adult", True, d, (d.pop("income") == ">50K").astype(int), None
    if name.startswith("diamonds"):
        return "diamonds", False, d, np.log(d.pop("price")), None
    if name.startswith("islp_default"):
        return "default", True, d, (d.pop("default") == "Yes").astype(int), None
    if name.startswith("flights"):
        d = d[d.arr_delay.notna()]
        y = (d.arr_delay >= 15).astype(int)
        day = pd.to_datetime(dict(year=2013, month=d.month, day=d.day)).dt.day_of_week
        d = pd.DataFrame(dict(month=d.month, day=day, hour=d.sched_dep_time // 100, carrier=d.carrier, origin=d.origin, dest=d.dest, distance=d.distance))
        return "flights", True, d, y, d.month.to_numpy() <= 9
    sys.exit("what is " + path + "?")


def said(name, who, seed, spent, classes, y, q):
    wall, cpu = spent
    if classes:
        print(f"{name} {seed} {who:8} {wall:.2f} s  cpu {cpu:.2f} s  roc_auc {roc_auc_score(y, q):.4f}  log_loss {log_loss(y, q):.4f}", flush=True)
        return
    y, q = np.exp(y), np.exp(q)
    print(f"{name} {seed} {who:8} {wall:.2f} s  cpu {cpu:.2f} s  mae {mean_absolute_error(y, q):.2f}  rmse {np.sqrt(np.mean((y - q) ** 2)):.2f}", flush=True)


def timed(do):
    wall, cpu = time.perf_counter(), time.process_time()
    out = do()
    return out, (time.perf_counter() - wall, time.process_time() - cpu)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("data", nargs="+")
    p.add_argument("--out", required=True)
    p.add_argument("--seeds", type=int, default=5)
    a = p.parse_args()
    for path in a.data:
        name, classes, d, y, split = tables(path)
        cats = [c for c in d if not pd.api.types.is_numeric_dtype(d[c])]
        for c in cats:
            d[c] = d[c].astype("category").cat.codes.replace(-1, np.nan)
        x = d.to_numpy(np.float32)
        marks = [c in cats for c in d]
        y = y.to_numpy(np.float64)
        for seed in range(a.seeds):
            if split is None:
                i, j = train_test_split(np.arange(len(y)), test_size=.25, random_state=seed, stratify=y if classes else None)
            else:
                i, j = np.flatnonzero(split), np.flatnonzero(~split)
            for part, rows in (("train", i), ("test", j)):
                with open(f"{a.out}/{name}.{seed}.{part}.bin", "wb") as f:
                    np.array([len(rows), x.shape[1], ROUNDS, classes], np.int64).tofile(f)
                    np.array(marks, np.uint8).tofile(f)
                    x[rows].tofile(f)
                    y[rows].tofile(f)
            make = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
            m = make(max_iter=ROUNDS, early_stopping=False, categorical_features=marks, random_state=seed)
            _, spent = timed(lambda: m.fit(x[i], y[i]))
            said(name, "hist", seed, spent, classes, y[j], m.predict_proba(x[j])[:, 1] if classes else m.predict(x[j]))
            settings = dict(objective="binary" if classes else "regression", num_threads=THREADS, seed=seed, verbose=-1)
            at = [k for k, is_cat in enumerate(marks) if is_cat]
            b, spent = timed(lambda: lightgbm.train(settings, lightgbm.Dataset(x[i], y[i], categorical_feature=at), ROUNDS))
            said(name, "lightgbm", seed, spent, classes, y[j], b.predict(x[j]))


main()
