"""Writes people.db and small.db: tables, views and values as other programs leave them."""

import os
import sqlite3

os.chdir(os.path.dirname(os.path.abspath(__file__)))
if os.path.exists("people.db"):
    os.remove("people.db")
con = sqlite3.connect("people.db")
con.execute("PRAGMA page_size = 1024")
con.execute(
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, height REAL, born DATE, seen TIMESTAMP, member BOOLEAN, 'odd \"name' INT, photo BLOB, code TEXT)"
)
rows = [
    (3, "Ada", 1.65, "1815-12-10", "2024-01-02 03:04:05", 1, 10, b"\x00\x01", "007"),
    (1, "Bob", 2.0, "1990-01-02", "2024-01-02 03:04:05.5", 0, None, None, "NA"),
    (2, "", None, None, None, None, -9223372036854775808, b"", ""),
]
con.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
con.execute("CREATE INDEX by_name ON people (name)")
con.execute("CREATE TABLE mixed (a INTEGER, b, c)")
con.executemany("INSERT INTO mixed VALUES (?, ?, ?)", [(i, i / 2, "x%d" % i) for i in range(200)] + [("word", 1, "y")])
con.execute("CREATE TABLE keyed (k TEXT PRIMARY KEY, v INT) WITHOUT ROWID")
con.executemany("INSERT INTO keyed VALUES (?, ?)", [("b", 2), ("a", 1)])
con.execute("CREATE TABLE empty (a)")
con.execute("CREATE VIEW tall AS SELECT name, height FROM people WHERE height > 1.7")
con.execute("CREATE VIEW blobs AS SELECT CAST(x'ff' AS TEXT) AS t")
con.commit()
con.execute("VACUUM")
con.close()

# What fuzzing begins with.
if os.path.exists("small.db"):
    os.remove("small.db")
con = sqlite3.connect("small.db")
con.execute("PRAGMA page_size = 512")
con.execute("CREATE TABLE t (a INT, b TEXT)")
con.executemany("INSERT INTO t VALUES (?, ?)", [(1, "x"), (None, 2.5), (3, "y" * 600)])
con.commit()
con.execute("VACUUM")
con.close()
