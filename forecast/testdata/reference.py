"""Reference values of exponential smoothing, Theta and ridge regression, of statsmodels 0.15 and scikit-learn 1.9.

    python3 reference.py > reference.txt

Each line is a name and numbers. Series are computed, so that both sides have the same: series(n, m, kind) below.
"""
import warnings

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_pinball_loss
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel

warnings.filterwarnings("ignore")


def noise(n, seed):
    """A generator that is written alike in each language: x' = x * 69069 + 1 modulo 2**32."""
    out, x = [], seed
    for _ in range(n):
        x = (x * 69069 + 1) % 2**32
        out.append(x / 2**32 - 0.5)
    return np.array(out)


def series(n, m, kind):
    t = np.arange(n)
    y = 50 + 4 * noise(n, n + m)
    if "t" in kind:
        y = y + 0.3 * t
    if "s" in kind:
        y = y + 6 * ((t % m) / m - 0.5)
    if "w" in kind:
        y = y + np.cumsum(noise(n, 7 * n + m))
    return y


def line(name, *numbers):
    print(name, *(repr(float(x)) for x in numbers))


for n, m, kind in [(60, 1, "w"), (60, 1, "tw"), (96, 4, "ts"), (150, 12, "tsw"), (151, 7, "sw"), (400, 24, "ts")]:
    y = series(n, m, kind)
    for trend in "none", "additive", "damped":
        for seasonal in ("none", "additive") if m > 1 else ("none",):
            best = None
            model = ETSModel(y, error="add", trend=None if trend == "none" else "add", damped_trend=trend == "damped",
                             seasonal="add" if seasonal == "additive" else None, seasonal_periods=m if seasonal == "additive" else None,
                             initialization_method="heuristic")
            for alpha in 0.1, 0.5, 0.9:  # the best of several starts: one alone may end in a poor place
                start = model._start_params.copy() if hasattr(model, "_start_params") else np.array(model.start_params)
                start[0] = alpha
                r = model.fit(start_params=start, disp=False, maxiter=2000)
                if best is None or r.sse < best.sse:
                    best = r
            line(f"ets {n} {m} {kind} {trend} {seasonal}", best.sse, *best.forecast(9))
    if m > 1:
        for method in "add", "mul":
            r = ThetaModel(pd.Series(y), period=m, method=method).fit()
            line(f"theta {n} {m} {kind} {method}", *r.forecast(9))
    else:
        line(f"theta {n} {m} {kind} none", *ThetaModel(pd.Series(y), deseasonalize=False).fit().forecast(9))
    if n > 80:
        p, h = 24, 9
        rows = np.stack([y[i:i + p] for i in range(n - p - h + 1)])
        ahead = np.stack([y[i + p:i + p + h] for i in range(n - p - h + 1)])
        mean = rows.mean(1, keepdims=True)
        scale = np.sqrt(((rows - mean) ** 2).mean())
        r = Ridge(2.0).fit((rows - mean) / scale, (ahead - mean) / scale)
        w = y[-p:]
        line(f"ridge {n} {m} {kind} 2", *(r.predict((w - w.mean())[None] / scale)[0] * scale + w.mean()))

for i in range(20):
    n = 1 + 7 * i
    a, f = noise(n, 3 * i + 1), noise(n, 5 * i + 2)
    if i % 3 == 1:
        a, f = np.round(4 * a) / 4, np.round(4 * f) / 4  # ties
    if i % 3 == 2:
        a, f = a + 1e6, f + 1e6  # far from 0
    for q in 0.05, 0.5, 0.9:
        line(f"pinball {i} {q}", mean_pinball_loss(a, f, alpha=q))
