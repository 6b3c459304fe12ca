"""Expected values of what is filled in by group, by pandas.

    python3 -m venv venv && venv/bin/pip install pandas
    venv/bin/python groups.py > groups.json

Each case has a column, the groups of its rows, and the column with each missing value
replaced by that of its group, and where that has none by that of the whole column.
"""

import json
import sys

import numpy as np
import pandas as pd

rng = np.random.RandomState(0)
how = {
    "mean": lambda s: s.mean(),
    "median": lambda s: s.median(),
    "most_frequent": lambda s: s.mode().iloc[0] if s.notna().any() else None,
}
cases = []
for name, n, groups, offset in [("few", 60, 3, 0), ("many", 400, 90, 0), ("one", 20, 1, 0), ("offset", 80, 5, 1e9), ("single rows", 40, 200, 0)]:
    for strategy, f in how.items():
        x = pd.Series(np.round(rng.normal(size=n), 1) + offset)
        x[rng.uniform(size=n) < 0.3] = None
        by = pd.Series([f"g{g}" for g in rng.randint(0, groups, n)], dtype=object)
        by[rng.uniform(size=n) < 0.1] = None
        filled = x.fillna(x.groupby(by).transform(f).astype(float)).fillna(f(x))
        cases.append(dict(name=f"{strategy} of {name}", strategy=strategy, values=[None if v != v else v for v in x], by=[b if isinstance(b, str) else None for b in by], want=filled.tolist()))
        if strategy == "most_frequent":
            t = x.map(lambda v: None if v != v else f"t{int(abs(v) * 3)}").astype(object)
            t = t.where(t.notna(), None)
            known = t.groupby(by).agg(lambda s: s.mode().iloc[0] if s.notna().any() else None)
            want = [v if v is not None else (known.get(b) if b is not None and isinstance(known.get(b), str) else t.mode().iloc[0]) for v, b in zip(t, [b if isinstance(b, str) else None for b in by])]
            cases.append(dict(name=f"categories of {name}", strategy=strategy, values=t.tolist(), by=[b if isinstance(b, str) else None for b in by], want=want))
json.dump(cases, sys.stdout)
