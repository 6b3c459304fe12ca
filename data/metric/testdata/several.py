# Writes several.json: metrics of several targets by scikit-learn 1.9.
import json
import numpy as np
import sklearn
from sklearn import metrics as m

r = np.random.default_rng(5)
n = 60
y = r.normal(size=(n, 3)) * [1, 50, 0.01] + [3, 1000, 0]
p = y + r.normal(size=(n, 3)) * [0.5, 30, 0.02]
c = (r.random((n, 3)) < [0.5, 0.2, 0.7]).astype(int)
q = np.clip(np.round(0.25 + 0.5 * c + r.normal(size=(n, 3)) * 0.25, 2), 0.01, 0.99)
d = (q > 0.5).astype(int)

def numbers(y, p):
    return {"rmse": m.root_mean_squared_error(y, p), "mae": m.mean_absolute_error(y, p), "mse": m.mean_squared_error(y, p),
            "r2": m.r2_score(y, p), "mape": m.mean_absolute_percentage_error(y, p), "median_ae": m.median_absolute_error(y, p)}

labels = {"accuracy": m.accuracy_score(c, d), "hamming_loss": m.hamming_loss(c, d), "roc_auc": m.roc_auc_score(c, q),
          "average_precision": m.average_precision_score(c, q),
          "log_loss": np.mean([m.log_loss(c[:, j], q[:, j]) for j in range(3)]),
          "brier": np.mean([m.brier_score_loss(c[:, j], q[:, j]) for j in range(3)])}
for kind in "macro", "micro", "weighted":
    for name, f in ("precision", m.precision_score), ("recall", m.recall_score), ("f1", m.f1_score):
        labels[f"{kind}_{name}"] = f(c, d, average=kind, zero_division=0)
one = {"precision": m.precision_score(c[:, 1], d[:, 1]), "recall": m.recall_score(c[:, 1], d[:, 1]), "f1": m.f1_score(c[:, 1], d[:, 1]),
       "roc_auc": m.roc_auc_score(c[:, 1], q[:, 1]), "log_loss": m.log_loss(c[:, 1], q[:, 1])}
with open("several.json", "w") as f:
    json.dump({"version": sklearn.__version__, "actual": y.tolist(), "predicted": p.tolist(), "labels": c.tolist(), "probabilities": q.tolist(),
               "numbers": numbers(y, p), "classes": labels, "number": numbers(y[:, 1], p[:, 1]), "class1": one}, f)
    f.write("\n")
