-- A schedule can be paused, and keeps the last version of its file that could
-- be read: that one goes on running while the file is broken.
ALTER TABLE schedules ADD COLUMN source TEXT;
ALTER TABLE schedules ADD COLUMN paused_at TEXT;

-- A tick can be asked for by a person; until a process takes it on it is
-- waiting. The table is made anew, since a CHECK cannot be changed.
CREATE TABLE new_ticks (
  id            INTEGER PRIMARY KEY,
  schedule_id   INTEGER NOT NULL REFERENCES schedules (id),
  scheduled_at  TEXT NOT NULL,
  trigger       TEXT NOT NULL CHECK (trigger IN ('schedule', 'run', 'retry', 'backfill')), -- why it is there
  state         TEXT NOT NULL CHECK (state IN ('waiting', 'claimed', 'running', 'done', 'failed', 'skipped', 'missed')),
  run_id        TEXT REFERENCES runs (id),
  reason        TEXT NOT NULL,
  claimed_at    TEXT NOT NULL,          -- or asked for, while it is waiting
  finished_at   TEXT,
  takeovers     INTEGER NOT NULL,       -- how often another process took it over from a dead one
  hostname      TEXT NOT NULL,
  boot_id       TEXT NOT NULL,
  pid           INTEGER NOT NULL,
  pid_start     INTEGER NOT NULL,
  pid_namespace TEXT NOT NULL,
  heartbeat_at  TEXT NOT NULL,
  UNIQUE (schedule_id, scheduled_at),
  CHECK ((state IN ('waiting', 'claimed', 'running')) = (finished_at IS NULL))
) STRICT;
INSERT INTO new_ticks SELECT id, schedule_id, scheduled_at, 'schedule', state, run_id, reason, claimed_at, finished_at, takeovers,
  hostname, boot_id, pid, pid_start, pid_namespace, heartbeat_at FROM schedule_ticks;
DROP TABLE schedule_ticks;
ALTER TABLE new_ticks RENAME TO schedule_ticks;
CREATE INDEX schedule_ticks_open ON schedule_ticks (schedule_id, scheduled_at) WHERE finished_at IS NULL;
CREATE INDEX schedule_ticks_by_run ON schedule_ticks (run_id) WHERE run_id IS NOT NULL;
