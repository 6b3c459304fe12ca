# Reads the CSV files that the packages of this environment bring along, as pyarrow and
# DuckDB do: peer.py [FOLDER...], for each file a line of JSON. Values are read as text, since
# this is about the structure of files; of each column the hash of its values is printed.
import hashlib
import json
import os
import site
import sys

import duckdb
import pyarrow
import pyarrow.csv

PACKAGES = ["vega_datasets", "palmerpenguins", "statsmodels", "sklearn", "seaborn", "matplotlib", "numpy"]


def described(names, columns):
    rows = len(columns[0]) if columns else 0
    hashes = []
    for values in columns:
        h = hashlib.sha256()
        for v in values:
            b = ("" if v is None else v).encode("utf-8", "surrogateescape")
            h.update(len(b).to_bytes(8, "little"))
            h.update(b)
        hashes.append(h.hexdigest())
    return {"columns": len(names), "rows": rows, "hashes": hashes}


def with_pyarrow(path):
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True, delimiter="\t" if path.endswith(".tsv") else ",")
    read = pyarrow.csv.ReadOptions(use_threads=False, block_size=64 << 20)
    names = pyarrow.csv.open_csv(path, read_options=read, parse_options=parse).schema.names
    # Names may be there twice, and types are given by name.
    read.column_names, read.skip_rows = [str(i) for i in range(len(names))], 1
    convert = pyarrow.csv.ConvertOptions(column_types={n: pyarrow.string() for n in read.column_names}, strings_can_be_null=False)
    table = pyarrow.csv.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)
    return described(names, [c.to_pylist() for c in table.columns])


def with_duckdb(path):
    con = duckdb.connect()
    con.execute("SET threads = 1")
    r = con.execute("SELECT * FROM read_csv(?, all_varchar = true, header = true)", [path])
    names = [c[0] for c in r.description]
    rows = r.fetchall()
    return described(names, [list(c) for c in zip(*rows)] if rows else [[] for _ in names])


def main():
    folders = sys.argv[1:]
    if not folders:
        folders = [os.path.join(d, p) for d in site.getsitepackages() for p in PACKAGES]
    paths = [os.path.join(d, f) for folder in folders for d, _, files in os.walk(folder) for f in files if f.endswith((".csv", ".tsv"))]
    for path in sorted(paths):
        out = {"path": path}
        for name, read in (("pyarrow", with_pyarrow), ("DuckDB", with_duckdb)):
            try:
                out[name] = read(path)
            except Exception as e:
                out[name] = {"error": str(e).strip().split("\n")[0][:200]}
        print(json.dumps(out), flush=True)


main()
