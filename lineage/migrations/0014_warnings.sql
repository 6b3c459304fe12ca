-- What a stage warned of, in order. Where its result is taken from the cache, it
-- is said again.
CREATE TABLE warnings (
  execution_id INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
  position     INTEGER NOT NULL,
  message      TEXT NOT NULL,
  PRIMARY KEY (execution_id, position)
) STRICT, WITHOUT ROWID;

-- JSON list of the warnings of all stages: stage, message.
ALTER TABLE run_memo_lists ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]';
