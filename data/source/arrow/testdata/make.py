"""Writes the files of this folder: one table, as different programs write Arrow.

Needs pyarrow, polars and pandas.
"""

import os

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc

os.chdir(os.path.dirname(os.path.abspath(__file__)))
n = 7
table = pa.table({
    "n": pa.array([None if i == 2 else i for i in range(n)], pa.int16()),
    "nested": pa.array([{"a": [i], "b": {"c": str(i)}} for i in range(n)]),
    "s": pa.array(["", "a", None, "ä", "NA", "x", "y"]),
    "labels": pa.array([["p", "q"][i % 2] for i in range(n)]).dictionary_encode(),
    "pair": pa.array([{"k": v} for v in pa.array(["u", "v"] * 3 + ["u"]).dictionary_encode().to_pylist()]),
    "raw": pa.array([b"\x00%d" % i for i in range(n)]),
    "f": pa.array([i / 4 for i in range(n)], pa.float32()),
})


def file(name, schema, batches, codec=None):
    make = ipc.new_stream if name.endswith("arrows") else ipc.new_file
    with make(name, schema, options=ipc.IpcWriteOptions(compression=codec)) as w:
        for b in batches:
            w.write_batch(b)


file("plain.arrow", table.schema, table.to_batches(max_chunksize=3))
file("zstd.arrow", table.schema, table.to_batches(), "zstd")
file("lz4.arrows", table.schema, table.to_batches(max_chunksize=2), "lz4")
feather.write_feather(table.drop_columns(["nested", "pair"]), "pandas.feather")
pl.from_arrow(table).with_columns(pl.col("labels").cast(pl.String)).write_ipc("polars.ipc")
file("small.arrow", table.select(["n", "s"]).schema, table.select(["n", "s"]).to_batches())
