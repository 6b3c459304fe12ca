# Makes lists*.parquet: python lists.py, with pyarrow 26.0.1.
import pyarrow as pa, pyarrow.parquet as pq
n = 700
t = pa.table({
    "emb": pa.array([[i / 4, -i / 8, 0.5] for i in range(n)], pa.list_(pa.float32())),
    "fixed": pa.array([[i, i + 1] for i in range(n)], pa.list_(pa.int64(), 2)),
    "tok": pa.array([list(range(i % 7)) for i in range(n)], pa.list_(pa.int64())),
    "u8": pa.array([[i % 256] * (1 + i % 3) for i in range(n)], pa.large_list(pa.uint8())),
    "wide": pa.array([[i / 10] * 2 for i in range(n)], pa.list_(pa.float64())),
    "need": pa.array([[1] * (i % 2) for i in range(n)], pa.list_(pa.field("item", pa.int32(), False))),
    "text": pa.array([["a"]] * n),
    "gap": pa.array([[1] if i != 350 else None for i in range(n)], pa.list_(pa.int32())),
    "hole": pa.array([[1, None] if i == 350 else [1, 2] for i in range(n)], pa.list_(pa.int32())),
    "big": pa.array([[1 << 40] if i == 350 else [1] for i in range(n)], pa.list_(pa.int64())),
    "n": pa.array(range(n), pa.int32()),
})
t = t.cast(pa.schema([pa.field("need", f.type, False) if f.name == "need" else f for f in t.schema]))
pq.write_table(t, "lists.parquet", row_group_size=300, data_page_size=128, write_batch_size=64, compression="zstd", use_dictionary=["u8", "tok"])
pq.write_table(t, "lists-v2.parquet", row_group_size=700, data_page_version="2.0", data_page_size=200, write_batch_size=50, compression="snappy", use_dictionary=False, use_compliant_nested_type=False)
pq.write_table(t.select(["tok", "emb"]).slice(0, 4), "small/lists.parquet", compression="none", write_statistics=False, store_schema=False)
