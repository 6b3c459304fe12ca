-- Internal: runs that need not be looked at stage by stage when nothing has
-- changed since. A memo holds as long as its run.
CREATE TABLE run_memos (
  fingerprint    TEXT PRIMARY KEY,       -- hash of all that a run is given: text, flags, program, machine
  run_id         TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  last_execution INTEGER NOT NULL,       -- executions up to here were seen when its stages were looked up
  used_at        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX run_memos_by_run ON run_memos (run_id);

-- Apart from run_memos, whose rows change with each use.
CREATE TABLE run_memo_lists (
  fingerprint TEXT PRIMARY KEY REFERENCES run_memos (fingerprint) ON DELETE CASCADE,
  files       TEXT NOT NULL,             -- JSON list of the external files: path, hash
  objects     BLOB NOT NULL              -- of each object 32 bytes of hash and 8 bytes of size, big endian
) STRICT;
