"""Writes the files of this folder: one table, as different programs write it.

Needs pyarrow, polars, duckdb and fastparquet. values.csv is what the table holds,
as pipe writes it.
"""

import datetime as dt
import decimal
import os
import uuid

import duckdb
import fastparquet
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

N = 45
os.chdir(os.path.dirname(os.path.abspath(__file__)))


def with_gaps(values, every):
    return [None if i % every == 2 else v for i, v in enumerate(values)]


def signed(bits, i):
    return [0, 1, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))][i % 5]


def unsigned(bits, i):
    return [0, 1, 2**bits - 1, 7][i % 4]


day = dt.date(1970, 1, 1)
start = dt.datetime(1999, 12, 31, 23, 59, 59)
columns = {
    "id": (pa.int64(), list(range(N))),
    "i8": (pa.int8(), with_gaps([signed(8, i) for i in range(N)], 5)),
    "i16": (pa.int16(), with_gaps([signed(16, i) for i in range(N)], 7)),
    "i32": (pa.int32(), with_gaps([signed(32, i) for i in range(N)], 11)),
    "i64": (pa.int64(), with_gaps([signed(64, i) for i in range(N)], 3)),
    "u8": (pa.uint8(), with_gaps([unsigned(8, i) for i in range(N)], 5)),
    "u16": (pa.uint16(), with_gaps([unsigned(16, i) for i in range(N)], 7)),
    "u32": (pa.uint32(), with_gaps([unsigned(32, i) for i in range(N)], 11)),
    "u64": (pa.uint64(), with_gaps([unsigned(64, i) for i in range(N)], 3)),
    "f32": (pa.float32(), with_gaps([float(np.float32(i / 8 - 1)) for i in range(N)], 4)),
    "f64": (pa.float64(), with_gaps([i / 7 for i in range(N)], 6)),
    "b": (pa.bool_(), with_gaps([i % 3 == 0 for i in range(N)], 9)),
    "day": (pa.date32(), with_gaps([day + dt.timedelta(days=700 * i - 3000) for i in range(N)], 8)),
    "us": (pa.timestamp("us", "UTC"), with_gaps([start + dt.timedelta(days=i, microseconds=i) for i in range(N)], 5)),
    "time": (pa.time64("us"), with_gaps([dt.time(i % 24, i, 59 - i, 1000 * i + i) for i in range(N)], 7)),
    "s": (pa.string(), with_gaps([["", "a", "ä€😀", "NA", 'x, "y"', "same prefix %d" % i][i % 6] for i in range(N)], 10)),
    "cat": (pa.string(), with_gaps([["red", "green", "blue"][i * i % 3] for i in range(N)], 4)),
    "small": (pa.decimal128(9, 2), with_gaps([decimal.Decimal(i * 101 - 2000) / 100 for i in range(N)], 5)),
    "large": (pa.decimal128(30, 5), with_gaps([(decimal.Decimal(i - 20) * 10**18 + 12345) / 10**5 for i in range(N)], 5)),
    "whole": (pa.decimal128(12, 0), with_gaps([decimal.Decimal(i * 10**9 - 5) for i in range(N)], 5)),
    "none": (pa.string(), [None] * N),
}


def text(kind, v):
    if v is None:
        return ""
    if kind == pa.bool_():
        return "true" if v else "false"
    if pa.types.is_timestamp(kind):
        t = v.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".")
        return t + "Z"
    if pa.types.is_time(kind):
        return v.strftime("%H:%M:%S.%f").rstrip("0").rstrip(".")
    if pa.types.is_floating(kind):
        r = repr(float(np.float32(v))) if kind == pa.float64() else str(np.float32(v))
        r = repr(v) if kind == pa.float64() else r
        return r.removesuffix(".0")
    if pa.types.is_decimal(kind):
        if kind.precision <= 15:
            return repr(float(v)).removesuffix(".0")
        return f"{v:.{kind.scale}f}"
    s = str(v)
    if any(c in s for c in ',"\n'):
        s = '"' + s.replace('"', '""') + '"'
    return s


with open("values.csv", "w") as f:
    f.write(",".join(columns) + "\n")
    for i in range(N):
        row = []
        for k, (kind, v) in columns.items():
            t = text(kind, v[i])
            if pa.types.is_string(kind) and v[i] == "":
                t = '""'
            row.append(t)
        f.write(",".join(row) + "\n")

decimal.getcontext().prec = 60
table = pa.table({k: pa.array(v, t) for k, (t, v) in columns.items()})
for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    pq.write_table(table, f"pyarrow-{codec}.parquet", compression=codec, row_group_size=20, data_page_size=100, write_page_checksum=True)
pq.write_table(table, "pyarrow-v1-plain.parquet", version="1.0", use_dictionary=False, compression="snappy", store_schema=False)
pq.write_table(table, "pyarrow-page-v2.parquet", data_page_version="2.0", compression="zstd", data_page_size=200, write_batch_size=8)
delta = {}
for k, (t, _) in columns.items():
    if pa.types.is_integer(t) or pa.types.is_date(t) or pa.types.is_timestamp(t) or pa.types.is_time(t):
        delta[k] = "DELTA_BINARY_PACKED"
    elif pa.types.is_floating(t):
        delta[k] = "BYTE_STREAM_SPLIT"
    elif k == "s":
        delta[k] = "DELTA_BYTE_ARRAY"
    elif k == "cat":
        delta[k] = "DELTA_LENGTH_BYTE_ARRAY"
    elif k == "b":
        delta[k] = "RLE"
    elif k in ("small", "large"):
        delta[k] = "BYTE_STREAM_SPLIT"
for version in ["1.0", "2.0"]:
    pq.write_table(table, f"pyarrow-delta-{version}.parquet", use_dictionary=False, column_encoding=delta, data_page_version=version, compression="none")
pq.write_table(table, "pyarrow-integer-decimals.parquet", store_decimal_as_integer=True)

pl.from_arrow(table).write_parquet("polars.parquet", row_group_size=17)
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
con.register("t", table)
con.execute("COPY t TO 'duckdb.parquet' (FORMAT parquet)")
con.execute("COPY t TO 'duckdb-v2.parquet' (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd)")

# Types that not every program has.
other = pa.table({
    "ms": pa.array(with_gaps([start + dt.timedelta(hours=i) for i in range(N)], 5), pa.timestamp("ms")),
    "ns": pa.array([i * 10**9 + i for i in range(N)], pa.timestamp("ns")),
    "time32": pa.array([dt.time(i % 24, i, 0, i * 1000) for i in range(N)], pa.time32("ms")),
    "half": pa.array(np.arange(N, dtype=np.float16) / 4),
    "bytes": pa.array([b"text %d" % i for i in range(N)], pa.binary()),
    "list": pa.array([[i, i + 1] for i in range(N)], pa.list_(pa.int64())),
    "struct": pa.array([{"a": i, "b": str(i)} for i in range(N)]),
    "fixed": pa.array([b"%04d" % i for i in range(N)], pa.binary(4)),
    "last": pa.array(range(N), pa.int32()),
})
pq.write_table(other, "other.parquet", compression="zstd")
pq.write_table(other.select(["ns", "last"]), "int96.parquet", use_deprecated_int96_timestamps=True, compression="zstd")
con.execute("COPY (SELECT i AS n, md5_number_lower(i::VARCHAR)::VARCHAR AS t, "
            "('00000000-0000-0000-0000-' || lpad(i::VARCHAR, 12, '0'))::UUID AS u FROM range(5) r(i)) TO 'uuid.parquet' (FORMAT parquet)")
fastparquet.write("fastparquet.parquet", pd.DataFrame({
    "n": np.arange(5), "f": np.arange(5) / 2, "s": ["a", "", "c", None, "e"], "t": pd.date_range("2024-01-01", periods=5)}))

# What fuzzing begins with.
os.makedirs("small", exist_ok=True)
few = pa.table({"n": pa.array([1, None, 300], pa.int16()), "s": ["a", None, "b"], "f": [0.5, 1.5, 2.5]})
pq.write_table(few, "small/plain.parquet", use_dictionary=False, compression="none", write_statistics=False, store_schema=False)
pq.write_table(few, "small/dictionary.parquet", compression="snappy", write_statistics=False, store_schema=False)
pq.write_table(few, "small/delta.parquet", use_dictionary=False, compression="zstd", write_statistics=False, store_schema=False, data_page_version="2.0",
               column_encoding={"n": "DELTA_BINARY_PACKED", "s": "DELTA_BYTE_ARRAY", "f": "BYTE_STREAM_SPLIT"})
pq.write_table(few.select(["s"]), "small/gzip.parquet", use_dictionary=False, compression="gzip", write_statistics=False, store_schema=False,
               column_encoding={"s": "DELTA_LENGTH_BYTE_ARRAY"})
pq.write_table(pa.table({"d": pa.array([decimal.Decimal("1.5"), None], pa.decimal128(20, 2)), "b": [True, None]}), "small/lz4.parquet",
               compression="lz4", write_statistics=False, store_schema=False)
