"""What pyarrow, DuckDB and pandas make of the files of the corpus, as peers.json.

    uv venv /tmp/peers && VIRTUAL_ENV=/tmp/peers uv pip install pyarrow duckdb pandas
    /tmp/peers/bin/python peers.py

Every value is read as text, since the corpus is about the structure of files:
which records there are, of which fields. They get the settings of the index where
they have them; what they do not have they do without. None is an error.
"""

import csv
import json
import os

import duckdb
import pandas
import pyarrow
import pyarrow.csv

here = os.path.dirname(os.path.abspath(__file__))
ENCODINGS = {"utf-16": "utf-16-le", "latin-1": "latin-1", "shift_jis": "shift_jis", "windows-1252": "cp1252"}


def text(v):
    return "" if v is None else str(v)


def with_pyarrow(path, s):
    if "comment" in s or s.get("rows") == "pad":
        raise LookupError("no such setting")
    parse = {"newlines_in_values": True}
    if "delimiter" in s:
        parse["delimiter"] = s["delimiter"]
    if "quote" in s:
        parse["quote_char"] = s["quote"] or False
    if "escape" in s:
        parse["escape_char"] = s["escape"]
    if s.get("rows") == "skip":
        parse["invalid_row_handler"] = lambda row: "skip"
    read = {"use_threads": False, "skip_rows": s.get("skip", 0)}
    if "encoding" in s:
        read["encoding"] = ENCODINGS[s["encoding"]]
    if s.get("header") is False:
        read["autogenerate_column_names"] = True
    parse, read = pyarrow.csv.ParseOptions(**parse), pyarrow.csv.ReadOptions(**read)
    names = pyarrow.csv.open_csv(path, read_options=read, parse_options=parse).schema.names
    convert = pyarrow.csv.ConvertOptions(column_types={n: pyarrow.string() for n in names}, strings_can_be_null=False)
    t = pyarrow.csv.read_csv(path, read_options=read, parse_options=parse, convert_options=convert)
    return t.column_names, list(zip(*[c.to_pylist() for c in t.columns]))


def with_duckdb(path, s):
    options = {"all_varchar": True}
    if "delimiter" in s:
        options["delim"] = s["delimiter"]
    if "quote" in s:
        options["quote"] = s["quote"]
    if "escape" in s:
        options["escape"] = s["escape"]
    if "comment" in s:
        options["comment"] = s["comment"]
    if "skip" in s:
        options["skip"] = s["skip"]
    if s.get("rows") == "skip":
        options["ignore_errors"] = True
    if s.get("rows") == "pad":
        options["null_padding"] = True
    if s.get("quotes") == "lenient":
        options["strict_mode"] = False
    if "encoding" in s:
        options["encoding"] = s["encoding"]
    options["header"] = s.get("header", True)
    args = ", ".join(f"{k} = {json.dumps(v) if not isinstance(v, str) else chr(39) + v.replace(chr(39), chr(39) * 2) + chr(39)}" for k, v in options.items())
    con = duckdb.connect()
    con.execute("SET threads = 1")
    r = con.execute(f"SELECT * FROM read_csv('{path}', {args})")
    return [c[0] for c in r.description], r.fetchall()


def with_pandas(path, s):
    options = {"dtype": str, "keep_default_na": False, "na_filter": False}
    if "delimiter" in s:
        options["sep"] = s["delimiter"]
    if s.get("quote") == "":
        options["quoting"] = csv.QUOTE_NONE
    elif "quote" in s:
        options["quotechar"] = s["quote"]
    if "escape" in s:
        options["escapechar"] = s["escape"]
    if "comment" in s:
        options["comment"] = s["comment"]
    if "skip" in s:
        options["skiprows"] = s["skip"]
    if s.get("rows") == "skip":
        options["on_bad_lines"] = "skip"
    if "encoding" in s:
        options["encoding"] = ENCODINGS[s["encoding"]]
    if s.get("header") is False:
        options["header"] = None
    t = pandas.read_csv(path, **options)
    if not isinstance(t.index, pandas.RangeIndex):
        t = t.reset_index()
    return [str(c) for c in t.columns], t.fillna("").values.tolist()


def main():
    with open(os.path.join(here, "index.json"), encoding="utf-8") as f:
        index = json.load(f)
    peers = {"pyarrow": with_pyarrow, "DuckDB": with_duckdb, "pandas": with_pandas}
    answers = []
    for case in index:
        answer = {}
        for name, read in peers.items():
            try:
                columns, rows = read(os.path.join(here, case["file"]), case["settings"])
                answer[name] = {"columns": columns, "rows": [[text(v) for v in row] for row in rows]}
            except LookupError as e:
                answer[name] = {"none": str(e)}
            except Exception:
                answer[name] = None
        answers.append(answer)
    out = {"versions": {"pyarrow": pyarrow.__version__, "DuckDB": duckdb.__version__, "pandas": pandas.__version__}, "answers": answers}
    lines = ",\n".join(json.dumps(a, ensure_ascii=False) for a in answers)
    with open(os.path.join(here, "peers.json"), "w", encoding="utf-8") as f:
        f.write('{"versions": %s, "answers": [\n%s\n]}\n' % (json.dumps(out["versions"]), lines))


main()
