"""Makes pillow.json: what Pillow makes of pictures. Run with Pillow 13.0.0 and NumPy."""
import json
import numpy as np
import PIL
from PIL import Image

rng = np.random.default_rng(1)
sizes = [(1, 1), (2, 3), (8, 8), (7, 13), (17, 14)]
cases = []
for h, w in sizes:
    a = rng.integers(0, 256, (h, w), dtype=np.uint8)
    f = rng.standard_normal((h, w)).astype(np.float32)
    for to in [(1, 1), (3, 2), (8, 8), (5, 11), (14, 17)]:
        size = (to[1], to[0])
        cases.append({
            "from": [h, w], "to": list(to), "levels": a.flatten().tolist(), "floats": f.flatten().tolist(),
            "bilinear": np.asarray(Image.fromarray(a).resize(size, Image.Resampling.BILINEAR)).flatten().tolist(),
            "nearest": np.asarray(Image.fromarray(a).resize(size, Image.Resampling.NEAREST)).flatten().tolist(),
            "bilinear_floats": np.asarray(Image.fromarray(f).resize(size, Image.Resampling.BILINEAR)).flatten().tolist(),
        })
colors = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
gray = np.asarray(Image.fromarray(colors).convert("L"))
middles = [[n, m, int(round((n - m) / 2.0))] for n in range(1, 12) for m in range(1, n + 1)]
with open("pillow.json", "w") as out:
    json.dump({"pillow": PIL.__version__, "resize": cases, "colors": colors.transpose(2, 0, 1).flatten().tolist(),
               "gray": gray.flatten().tolist(), "middles": middles}, out, separators=(",", ":"))
