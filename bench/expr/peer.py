"""What NumPy takes for the expressions of bench/expr: CPU time, least of some rounds."""
import json
import sys
import time

import numpy as np

n, rounds = int(sys.argv[1]), int(sys.argv[2])
k = np.arange(n)
x, y = k % 977 + 0.5, 1 + (k % 13) / 7
i, j = k.astype(np.int64), k % 101 + 1
d = (k % 20000).astype("datetime64[D]")
tasks = {
    "x + y": lambda: x + y,
    "x / y ** 2": lambda: x / y**2,
    "(x - y) * 2 + x * y": lambda: (x - y) * 2 + x * y,
    "i + j": lambda: i + j,
    "i * j": lambda: i * j,
    "i % j": lambda: i % j,
    "x > 100 and y < 2": lambda: (x > 100) & (y < 2),
    "if(x > 100, y, 0)": lambda: np.where(x > 100, y, 0),
    "log(x)": lambda: np.log(x),
    "month(d)": lambda: d.astype("datetime64[M]").astype(np.int64) % 12 + 1,
}
for name, run in tasks.items():
    least = None
    for _ in range(rounds):
        began = time.process_time()
        out = run()
        took = time.process_time() - began
        least = took if least is None else min(least, took)
    print(json.dumps({"name": name, "ns": least / n * 1e9, "sum": float(out.sum(dtype=np.float64))}))
