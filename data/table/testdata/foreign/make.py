"""Writes the fixtures of data/table/testdata/foreign; see README.md there."""
import datetime, decimal, sys
import pandas as pd, polars as pl, pyarrow as pa, pyarrow.feather as feather
out = sys.argv[1]
D = decimal.Decimal
us = datetime.timedelta(microseconds=1)
when = [datetime.datetime(2024, 2, 29, 12, 30, 15, 123456), None, datetime.datetime(1969, 12, 31, 23, 59, 59, 999999)]

def file(name, table, **options):
    with pa.OSFile(f"{out}/{name}", "wb") as f:
        with pa.ipc.new_file(f, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as w:
            w.write_table(table, max_chunksize=2)

types = pa.table({
    "int8": pa.array([-128, None, 127], pa.int8()),
    "int16": pa.array([-32768, None, 32767], pa.int16()),
    "int32": pa.array([-2**31, None, 2**31 - 1], pa.int32()),
    "int64": pa.array([-2**63, None, 2**63 - 1], pa.int64()),
    "uint8": pa.array([0, None, 255], pa.uint8()),
    "uint16": pa.array([0, None, 65535], pa.uint16()),
    "uint32": pa.array([0, None, 2**32 - 1], pa.uint32()),
    "uint64": pa.array([0, None, 2**63 - 1], pa.uint64()),
    "float16": pa.array([0.5, None, -2.0], pa.float16()),
    "float32": pa.array([0.1, None, 16777216.0], pa.float32()),
    "float64": pa.array([0.1, None, 1e-320], pa.float64()),
    "bool": pa.array([True, None, False]),
    "utf8": pa.array(["ä", None, ""]),
    "large_utf8": pa.array(["ä", None, "a,b\n"], pa.large_string()),
    "utf8_view": pa.array(["ä", None, "a text that is longer than twelve bytes"], pa.string_view()),
    "dictionary": pa.array(["ja", None, "ja"]).dictionary_encode(),
    "dictionary of int16": pa.DictionaryArray.from_arrays(pa.array([1, None, 0], pa.int8()), pa.array([300, -300], pa.int16())),
    "null": pa.nulls(3),
    "date32": pa.array([datetime.date(2024, 2, 29), None, datetime.date(1, 1, 1)]),
    "date64": pa.array([datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)], pa.date64()),
    "timestamp[s]": pa.array([1, None, -1], pa.timestamp("s")),
    "timestamp[ms, UTC]": pa.array([1, None, -1], pa.timestamp("ms", "UTC")),
    "timestamp[us]": pa.array(when, pa.timestamp("us")),
    "timestamp[us, Berlin]": pa.array(when, pa.timestamp("us", "Europe/Berlin")),
    "timestamp[ns]": pa.array([1500, None, -1000], pa.timestamp("ns")),
    "time32[s]": pa.array([3661, None, 0], pa.time32("s")),
    "time64[ns]": pa.array([3661_000_000_001, None, 86399_500_000_000], pa.time64("ns")),
    "decimal128(5, 2)": pa.array([D("1.10"), None, D("-999.99")], pa.decimal128(5, 2)),
    "decimal128(9, 0)": pa.array([D("123456789"), None, D("-1")], pa.decimal128(9, 0)),
    "decimal256(40, 20)": pa.array([D("1.00000000000000000001"), None, D("-0.5")], pa.decimal256(40, 20)),
    "vector": pa.FixedSizeListArray.from_arrays(pa.array([1, 2, 3, 4, 5, 6], pa.float32()), 2),
})
file("types.arrow", types)
file("lz4.arrow", types, compression="lz4")
file("zstd.arrow", types, compression="zstd")
with pa.OSFile(f"{out}/stream.arrows", "wb") as f:
    with pa.ipc.new_stream(f, types.schema) as w:
        w.write_table(types, max_chunksize=2)
# A stream that replaces its dictionary, and adds to it.
with pa.OSFile(f"{out}/dictionaries.arrows", "wb") as f:
    s = pa.schema([("d", pa.dictionary(pa.int8(), pa.string()))])
    with pa.ipc.new_stream(f, s, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)) as w:
        for words, at in [(["a", "b"], [0, 1]), (["a", "b", "c"], [2, 0]), (["x"], [0, None])]:
            w.write_batch(pa.record_batch([pa.DictionaryArray.from_arrays(pa.array(at, pa.int8()), pa.array(words))], schema=s))
df = pd.DataFrame({
    "word": ["a", None, "c"], "n": [1, 2, 3], "x": [0.5, float("nan"), -1.0], "ok": [True, False, True],
    "kind": pd.Categorical(["low", "high", None]), "at": pd.to_datetime(["2024-02-29 12:00:00.5", None, "1960-01-01"], format="ISO8601"),
    "whole": pd.array([1, None, 3], dtype="Int32"),
})
file("pandas.arrow", pa.Table.from_pandas(df[df.n != 2]))
df.to_feather(f"{out}/pandas.feather")
pl.DataFrame({
    "word": ["a", None, "a text that is longer than twelve bytes"], "n": [1, 2, 3], "x": [0.5, None, -1.0], "ok": [True, None, False],
    "kind": pl.Series(["low", "high", None], dtype=pl.Categorical), "level": pl.Series(["b", "a", None], dtype=pl.Enum(["a", "b"])),
    "day": [datetime.date(2024, 2, 29), None, datetime.date(1960, 1, 1)], "at": when, "clock": [datetime.time(1, 2, 3), None, datetime.time(0, 0)],
    "price": pl.Series([D("1.10"), None, D("2.5")], dtype=pl.Decimal(10, 2)), "none": [None, None, None],
}).write_ipc(f"{out}/polars.arrow")
