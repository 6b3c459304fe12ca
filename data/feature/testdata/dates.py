"""Writes dates.json: the parts of times as pandas and NumPy have them.

    uv venv v; uv pip install -p v pandas numpy; v/bin/python dates.py > dates.json
"""

import json

import numpy as np
import pandas as pd

texts = ["1970-01-01T00:00:00", "1969-12-31T23:59:59.999999", "2000-02-29T12:30:15.5", "1900-02-28T06:00:00", "2013-07-04T23:59:59",
         "2024-12-30T00:00:01", "2025-01-01T18:45:00", "2020-12-31T07:08:09", "2021-01-03T03:04:05", "2016-01-01T00:30:00",
         "1700-03-01T11:11:11.111111", "2250-10-31T20:00:00.000001"]
rng = np.random.default_rng(7)
texts += [str(np.datetime64("1800-01-01T00:00:00.000000") + np.timedelta64(int(s), "us")) for s in rng.integers(0, 300 * 365 * 86400 * 10**6, 60)]

t = pd.Series(pd.to_datetime(texts, format="ISO8601")).astype("datetime64[us]")
iso, day = t.dt.isocalendar(), t.dt.normalize()
parts = {
    "elapsed": ((t - pd.Timestamp("2000-01-01")) / pd.Timedelta("1D"), None, 0),
    "year": (t.dt.year, None, 0),
    "quarter": (t.dt.quarter, 4, 1),
    "month": (t.dt.month, 12, 1),
    "week": (iso.week, pd.to_datetime(iso.year.astype(str) + "-12-28").dt.isocalendar().week, 1),
    "day": (t.dt.day, t.dt.days_in_month, 1),
    "weekday": (t.dt.day_of_week + 1, 7, 1),
    "day_of_year": (t.dt.day_of_year, 365 + t.dt.is_leap_year, 1),
    "is_weekend": (t.dt.day_of_week >= 5, None, 0),
    "time_of_day": ((t - day) / pd.Timedelta("1D"), 1, 0),
    "hour": (t.dt.hour, 24, 0),
    "minute": (t.dt.minute, 60, 0),
    "second": (t.dt.second, 60, 0),
}
want = {}
for name, (value, period, first) in parts.items():
    x = np.asarray(value, dtype=float)
    want[name] = x.tolist()
    scaled = (x - x.mean()) / (x.std() or 1)
    if name != "is_weekend":
        want[name + "/standard"] = scaled.tolist()
        want[name + "/min_max"] = ((x - x.min()) / (x.max() - x.min())).tolist()
    if period is not None:
        angle = 2 * np.pi * (x - first) / np.asarray(period, dtype=float)
        want[name + "/cyclic"] = np.stack([np.sin(angle), np.cos(angle)], 1).ravel().tolist()
lines = (f"  {json.dumps(name)}: {json.dumps([round(x, 12) for x in values])}" for name, values in want.items())
print('{"times": %s,\n "want": {\n%s\n }}' % (json.dumps(texts), ",\n".join(lines)))
