# Writes oracle.tsv: expressions of constants, and what NumPy or DuckDB give for
# them. Run it with numpy and duckdb installed.
import duckdb
import numpy as np

out = []
values = [0.1, 0.5, 1.0, 1.5, 2.0, 3.7, 10.0, 1e-9, 123.456, 1e6, -0.25, -1.0, -2.5, -7.0]


def number(x):
    return repr(float(x))


def add(expression, value):
    value = float(value)
    out.append((expression, "missing" if not np.isfinite(value) else number(value)))


with np.errstate(all="ignore"):
    for name, f in dict(sqrt=np.sqrt, exp=np.exp, log=np.log, log1p=np.log1p, log2=np.log2, log10=np.log10, sin=np.sin, cos=np.cos,
                        tan=np.tan, asin=np.arcsin, acos=np.arccos, atan=np.arctan, floor=np.floor, ceil=np.ceil, trunc=np.trunc,
                        sign=np.sign, abs=np.abs, round=np.round, radians=np.radians, degrees=np.degrees).items():
        for x in values:
            add(f"{name}({number(x)})", f(np.float64(x)))
    for x in values:
        for y in values:
            a, b = np.float64(x), np.float64(y)
            add(f"{number(x)} % {number(y)}", np.mod(a, b))
            add(f"{number(x)} // {number(y)}", np.floor_divide(a, b))
            add(f"({number(x)}) ** {number(y)}", np.power(a, b))
            add(f"atan2({number(x)}, {number(y)})", np.arctan2(a, b))
    for x in [7, -7, 0, 9, -9, 9223372036854775807]:
        for y in [2, -2, 3, -3, 1, -1]:
            add(f"{x} % {y}", int(np.mod(np.int64(x), np.int64(y))))
            out[-1] = (f"{x} % {y}", str(np.mod(np.int64(x), np.int64(y))))
            out.append((f"{x} // {y}", str(np.floor_divide(np.int64(x), np.int64(y)))))
    for x in [1234.5678, -0.125, 2.5, 3.5, -2.5, 1e300]:
        for d in range(-3, 5):
            add(f"round({number(x)}, {d})", np.round(np.float64(x), d))

sql = duckdb.connect()


def ask(query):
    return sql.execute("select " + query).fetchone()[0]


dates = ["1970-01-01", "1969-12-31", "2024-02-29", "2023-12-31", "2021-01-03", "2020-12-28", "1900-03-01", "2000-02-29", "1582-10-15", "0001-01-01", "9999-12-31"]
for d in dates:
    for name, duck in dict(year="year", month="month", day="day", quarter="quarter", week="week", weekday="isodow", day_of_year="dayofyear").items():
        out.append((f"{name}(date('{d}'))", str(ask(f"{duck}(date '{d}')"))))
    for unit in ["year", "quarter", "month", "week", "day"]:
        if d != "0001-01-01":
            out.append((f"date_trunc('{unit}', date('{d}'))", str(ask(f"date_trunc('{unit}', date '{d}')::date"))))
        for e in dates if unit != "week" else []:  # of which DuckDB counts sevens of days, and not Mondays
            out.append((f"date_diff('{unit}', date('{d}'), date('{e}'))", str(ask(f"date_diff('{unit}', date '{d}', date '{e}')"))))
    for unit, n in [("month", 1), ("month", -1), ("year", 1), ("quarter", 3), ("week", -2), ("day", 400)]:
        if d not in ("0001-01-01", "9999-12-31"):
            interval = {"quarter": f"to_months({3 * n})"}.get(unit, f"to_{unit}s({n})")
            out.append((f"date_add('{unit}', {n}, date('{d}'))", str(ask(f"(date '{d}' + {interval})::date"))))
for t in ["1970-01-01 00:00:00", "1969-12-31 23:59:59.999999", "2024-02-29 12:34:56.789"]:
    for unit in ["hour", "minute", "second"]:
        out.append((f"{unit}(timestamp('{t}'))", str(ask(f"{unit}(timestamp '{t}')"))))
        out.append((f"date_diff('{unit}', timestamp('{t}'), timestamp('2000-01-01 00:00:00'))", str(ask(f"date_diff('{unit}', timestamp '{t}', timestamp '2000-01-01')"))))
    out.append((f"epoch(timestamp('{t}'))", number(ask(f"epoch(timestamp '{t}')"))))
for a in ["true", "false", "bool(missing)"]:
    for b in ["true", "false", "bool(missing)"]:
        for op in ["and", "or", "==", "!="]:
            got = ask(f"{a.replace('bool(missing)', 'null::bool')} {op.replace('==', '=')} {b.replace('bool(missing)', 'null::bool')}")
            out.append((f"{a} {op} {b}", "missing" if got is None else str(got).lower()))

with open("oracle.tsv", "w") as f:
    for expression, value in out:
        f.write(f"{expression}\t{value}\n")
print(len(out), "expressions")
