-- Executions that pipe gc has decided to delete. They are no longer found in
-- the cache. Their rows go once every run that may have found them before has
-- ended, and if nothing has come to refer to them meanwhile.
CREATE TABLE doomed_executions (
  execution_id INTEGER PRIMARY KEY REFERENCES executions (id),
  newest_run   INTEGER NOT NULL          -- runs.seq: runs up to this one may be using it
) STRICT;

-- Runs of which only those executions are left whose artifacts are in use.
CREATE TABLE forgotten_runs (
  run_id       TEXT PRIMARY KEY REFERENCES runs (id),
  forgotten_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
