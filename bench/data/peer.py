# Reads a file as one of the peers does: peer.py PEER TASK FILE [OUT]
#
#   ipc     from the file to an Arrow IPC file that is not compressed
#   all     the same, with types from all rows
#   memory  from the bytes, or the cached file where a peer reads no bytes, to columns; the least of three
#   equal   OUT is compared with FILE, both Arrow IPC files
#   make    OUT is a Parquet file of FILE with some columns in types as narrow as others have them
#
# FILE is CSV, or Parquet if its name ends so.
#
# It prints wall and CPU seconds of the task without the imports, and the peak of memory, as JSON.
import json
import resource
import sys
import time


def polars(task, path, out):
    import polars as pl
    rows = None if task == "all" else 100
    if task == "memory":
        with open(path, "rb") as f:
            data = f.read()
        return 3, lambda: pl.read_csv(data, try_parse_dates=True, infer_schema_length=rows)
    if path.endswith(".parquet"):
        return 1, lambda: pl.read_parquet(path).write_ipc(out)
    return 1, lambda: pl.read_csv(path, try_parse_dates=True, infer_schema_length=rows).write_ipc(out)


def pyarrow(task, path, out):
    import pyarrow as pa
    import pyarrow.csv
    options = pa.csv.ParseOptions(newlines_in_values=True)
    if task == "memory":
        with open(path, "rb") as f:
            data = pa.py_buffer(f.read())
        return 3, lambda: pa.csv.read_csv(pa.BufferReader(data), parse_options=options)

    def run():
        if path.endswith(".parquet"):
            import pyarrow.parquet
            table = pa.parquet.read_table(path)
        else:
            table = pa.csv.read_csv(path, parse_options=options)
        with pa.ipc.new_file(out, table.schema) as w:
            w.write_table(table)
    return 1, run


def duckdb(task, path, out):
    import duckdb
    import pyarrow as pa
    sample = ", sample_size=-1" if task == "all" else ""
    con = duckdb.connect()

    def read():
        if path.endswith(".parquet"):
            return con.sql(f"SELECT * FROM read_parquet('{path}')")
        return con.sql(f"SELECT * FROM read_csv('{path}'{sample})")

    def run():
        reader = read().to_arrow_reader(1 << 16)
        with pa.ipc.new_file(out, reader.schema) as w:
            for batch in reader:
                w.write_batch(batch)
    if task == "memory":
        return 3, lambda: read().to_arrow_table()
    return 1, run


def equal(path, out):
    import pyarrow as pa
    import pyarrow.compute as pc
    want = pa.ipc.open_file(pa.memory_map(path)).read_all()
    got = pa.ipc.open_file(pa.memory_map(out)).read_all()
    if want.column_names != got.column_names:
        return f"columns {got.column_names[:20]}, want {want.column_names[:20]}"
    if want.num_rows != got.num_rows:
        return f"{got.num_rows} rows, want {want.num_rows}"
    for name in want.column_names:
        w, g = want.column(name), got.column(name)
        if pa.types.is_dictionary(g.type):
            g = pa.chunked_array([c.dictionary.cast(w.type).take(c.indices) for c in g.chunks])
        kind = lambda t: "text" if pa.types.is_large_string(t) or pa.types.is_string(t) or pa.types.is_string_view(t) else t.id
        if kind(w.type) != kind(g.type):
            return f"column {name} is {g.type}, want {w.type}"
        if w.type != g.type:
            g = g.cast(w.type)
        if w.null_count != g.null_count:
            return f"column {name}: {g.null_count} nulls, want {w.null_count}"
        same = pc.all(pc.equal(w, g)).as_py()
        if same is False:
            return f"column {name} has other values"
    return ""


def make(path, out):
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet
    table = pa.csv.read_csv(path)
    for name, narrow in {"i1": pa.int16(), "i2": pa.int16(), "i3": pa.int32(), "f1": pa.float32(), "f2": pa.float32()}.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, table.column(name).cast(narrow))
    table = table.set_column(table.column_names.index("s1"), "s1", table.column("s1").dictionary_encode())
    pa.parquet.write_table(table, out)


def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) << 10
    return 0


def main():
    peer, task, path = sys.argv[1:4]
    out = sys.argv[4] if len(sys.argv) > 4 else None
    if task == "equal":
        print(json.dumps({"differs": equal(path, out)}))
        return
    if task == "make":
        make(path, out)
        print("{}")
        return
    times, run = {"polars": polars, "pyarrow": pyarrow, "duckdb": duckdb}[peer](task, path, out)
    best = None
    for _ in range(times):
        used, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        run()
        wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        if best is None or wall < best["wall"]:
            best = {"wall": wall, "cpu": cpu}
    best["peak"] = peak()
    print(json.dumps(best))


main()
