# Makes the features of a train and a test part as one of the peers does:
#
#   prepare.py PEER TABLE TRAIN TEST             the table is divided, 4 to 1
#   prepare.py PEER TRAIN TEST TRAIN TEST        parts and their features are compared, all made by pipe
#
# All are Arrow IPC files. Ten numbers have the median in place of what is missing and are standardised, and a text of
# 30 categories is encoded one hot. What that needs is learned from the train part. Features are float32, as rows: a
# column of lists, which is what training reads. "polars-columns" leaves them as columns, which is what Polars is fast at.
#
# All read and divide the whole table. It prints wall and CPU seconds without the imports, and the peak of
# memory, as JSON.
import json
import resource
import sys
import time

NUMBERS = ["i1", "i2", "i3", "i4", "f1", "f2", "f3", "f4", "f5", "f6"]
TEXT = "s1"


class Sklearn:
    def __init__(self):
        import numpy as np
        import pandas
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler
        self.transformer = ColumnTransformer([
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), NUMBERS),
            ("text", OneHotEncoder(sparse_output=False, dtype=np.float32), [TEXT])])

    def read(self, path):
        import pyarrow as pa
        with pa.memory_map(path) as f:
            return pa.ipc.open_file(f).read_all().to_pandas()

    def split(self, table):
        from sklearn.model_selection import train_test_split
        return train_test_split(table, test_size=0.2, random_state=1)

    def features(self, train, test):
        return self.transformer.fit_transform(train).astype("float32"), self.transformer.transform(test).astype("float32")

    def write(self, features, path):
        write_rows(features, path)

    def rows(self, features):
        return features


class PolarsColumns:
    def read(self, path):
        import polars as pl
        return pl.read_ipc(path)

    def split(self, table):
        import numpy as np
        rows = np.zeros(table.height, bool)
        rows[np.random.default_rng(1).permutation(table.height)[:table.height * 4 // 5]] = True
        return table.filter(rows), table.filter(~rows)

    def features(self, train, test):
        import polars as pl
        median = train.select(pl.col(NUMBERS).median()).row(0)
        filled = [pl.col(c).fill_null(m).cast(pl.Float64) for c, m in zip(NUMBERS, median)]
        learned = train.lazy().select(filled).select(pl.all().mean().name.suffix(".mean"), pl.all().std(ddof=0).name.suffix(".std")).collect()
        categories = train[TEXT].unique().sort()
        made = [((x - learned[c + ".mean"][0]) / learned[c + ".std"][0]).cast(pl.Float32) for c, x in zip(NUMBERS, filled)]
        made += [(pl.col(TEXT) == c).cast(pl.Float32).alias(c) for c in categories]
        return train.select(made), test.select(made)

    def write(self, features, path):
        features.write_ipc(path)

    def rows(self, features):
        return features.to_numpy(order="c")


class Polars(PolarsColumns):
    def write(self, features, path):
        write_rows(self.rows(features), path)


def write_rows(rows, path):
    import pyarrow as pa
    lists = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])
    table = pa.table({"features": lists})
    with pa.ipc.new_file(path, table.schema) as w:
        w.write_table(table)


def equal(peer, train, test, *want):
    import numpy as np
    import pyarrow as pa
    for part, made, path in zip(["train", "test"], peer.features(peer.read(train), peer.read(test)), want):
        table = pa.ipc.open_file(pa.memory_map(path)).read_all()
        ours = np.concatenate([c.flatten().to_numpy() for c in table.column(0).chunks]).reshape(table.num_rows, -1)
        theirs = peer.rows(made)
        if ours.shape != theirs.shape:
            return f"{part} has the shape {theirs.shape}, want {ours.shape}"
        if not np.allclose(ours, theirs, rtol=1e-6, atol=1e-6):
            return f"{part} differs by up to {np.abs(ours - theirs).max()}"
    return ""


def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) << 10
    return 0


def main():
    peer = {"sklearn": Sklearn, "polars": Polars, "polars-columns": PolarsColumns}[sys.argv[1]]()
    if len(sys.argv) > 5:
        print(json.dumps({"differs": equal(peer, *sys.argv[2:])}))
        return
    import pyarrow  # noqa: F401, no part of the time
    path, *outs = sys.argv[2:]
    if isinstance(peer, PolarsColumns):
        import polars  # noqa: F401
    used, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    for features, out in zip(peer.features(*peer.split(peer.read(path))), outs):
        peer.write(features, out)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"wall": wall, "cpu": after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, "peak": peak()}))


main()
