-- Times are UTC text with milliseconds: 2026-11-23T03:15:00.000Z.
-- Hashes and keys are 64 lower-case hexadecimal digits.

-- Every version of every pipeline file that was run.
CREATE TABLE pipelines (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  file       TEXT NOT NULL,
  spec_hash  TEXT NOT NULL,              -- hash of spec, an artifact of the store
  spec       TEXT NOT NULL,              -- the text of the pipeline file
  created_at TEXT NOT NULL,
  UNIQUE (name, file, spec_hash)
) STRICT;

-- Where runs happened; equal environments share a row.
CREATE TABLE environments (
  id           INTEGER PRIMARY KEY,
  hash         TEXT NOT NULL UNIQUE,     -- of all other columns
  pipe_version TEXT NOT NULL,
  go_version   TEXT NOT NULL,
  os           TEXT NOT NULL,
  arch         TEXT NOT NULL,
  cpus         INTEGER NOT NULL,
  hostname     TEXT NOT NULL,
  details      TEXT NOT NULL             -- JSON object of further facts
) STRICT;

CREATE TABLE runs (
  seq            INTEGER PRIMARY KEY,    -- order in which the runs began
  id             TEXT NOT NULL UNIQUE,   -- 20261123T031500-3f9a2c
  pipeline       TEXT NOT NULL,          -- name, as in pipelines.name
  pipeline_id    INTEGER NOT NULL REFERENCES pipelines (id),
  environment_id INTEGER NOT NULL REFERENCES environments (id),
  status         TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'gate_failed', 'interrupted')),
  trigger        TEXT NOT NULL,          -- manual, schedule, ...
  scheduled_at   TEXT,                   -- the tick that a scheduled run is for
  seed           TEXT NOT NULL,          -- unsigned 64-bit number in decimal
  stages         INTEGER NOT NULL,       -- in the plan
  started_at     TEXT NOT NULL,
  finished_at    TEXT,
  error          TEXT,
  -- The lease: who runs it, and when that process last said so.
  hostname       TEXT NOT NULL,
  boot_id        TEXT NOT NULL,
  pid            INTEGER NOT NULL,
  pid_start      INTEGER NOT NULL,       -- start of the process in clock ticks since boot; 0 if unknown
  pid_namespace  TEXT NOT NULL,
  heartbeat_at   TEXT NOT NULL,
  CHECK ((status = 'running') = (finished_at IS NULL))
) STRICT;
CREATE INDEX runs_by_pipeline ON runs (pipeline, seq);
CREATE INDEX runs_by_pipeline_id ON runs (pipeline_id);
CREATE INDEX runs_running ON runs (seq) WHERE status = 'running';

CREATE TABLE params (
  run_id TEXT NOT NULL REFERENCES runs (id),
  name   TEXT NOT NULL,
  value  TEXT NOT NULL,                  -- JSON
  source TEXT NOT NULL,                  -- where the value comes from: file, set, ...
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

-- One row for each attempt at a stage in a run. A cached execution only points
-- at the one that did the work: its key, configuration, inputs, outputs,
-- metrics and curves are those of cached_from. The views follow it.
CREATE TABLE executions (
  id           INTEGER PRIMARY KEY,
  run_id       TEXT NOT NULL REFERENCES runs (id),
  stage        TEXT NOT NULL,
  attempt      INTEGER NOT NULL CHECK (attempt >= 1),
  kind         TEXT NOT NULL,
  kind_version INTEGER NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'cached', 'failed', 'gate_failed', 'skipped', 'interrupted')),
  cached_from  INTEGER REFERENCES executions (id),
  key          TEXT,                     -- what the stage would make; NULL if cached or unknown
  config       TEXT,                     -- canonical JSON; NULL if cached
  reason       TEXT NOT NULL,            -- why it ran, or why not
  started_at   TEXT NOT NULL,
  finished_at  TEXT,
  error        TEXT,
  UNIQUE (run_id, stage, attempt),
  CHECK ((status = 'running') = (finished_at IS NULL)),
  CHECK ((status = 'cached') = (cached_from IS NOT NULL))
) STRICT;
CREATE INDEX executions_by_key ON executions (key) WHERE status = 'succeeded';
CREATE INDEX executions_by_origin ON executions (cached_from) WHERE cached_from IS NOT NULL;
CREATE INDEX executions_running ON executions (run_id) WHERE status = 'running';

-- The components of executions.key, in the order in which they were hashed.
CREATE TABLE key_parts (
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  position     INTEGER NOT NULL,
  name         TEXT NOT NULL,
  value        TEXT NOT NULL,
  PRIMARY KEY (execution_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
  id         INTEGER PRIMARY KEY,        -- within this database only
  hash       TEXT NOT NULL UNIQUE,       -- SHA-256 of the bytes, its name everywhere
  size       INTEGER,                    -- bytes; NULL if unknown
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE execution_outputs (
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  port         TEXT NOT NULL,
  type         TEXT NOT NULL,
  artifact_id  INTEGER NOT NULL REFERENCES artifacts (id),
  PRIMARY KEY (execution_id, port)
) STRICT, WITHOUT ROWID;
CREATE INDEX execution_outputs_by_artifact ON execution_outputs (artifact_id);

CREATE TABLE execution_inputs (
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  port         TEXT NOT NULL,
  type         TEXT NOT NULL,
  artifact_id  INTEGER NOT NULL REFERENCES artifacts (id),
  from_stage   TEXT,                     -- stage and port in the same run that it came from
  from_port    TEXT,
  made_by      INTEGER REFERENCES executions (id), -- the execution that did the work of from_stage
  path         TEXT,                     -- of an external file, as written in the pipeline
  PRIMARY KEY (execution_id, port)
) STRICT, WITHOUT ROWID;
CREATE INDEX execution_inputs_by_artifact ON execution_inputs (artifact_id);
CREATE INDEX execution_inputs_by_maker ON execution_inputs (made_by) WHERE made_by IS NOT NULL;

CREATE TABLE seeds (
  execution_id INTEGER PRIMARY KEY REFERENCES executions (id),
  seed         TEXT NOT NULL             -- unsigned 64-bit number in decimal
) STRICT;

-- Final values, one for each name.
CREATE TABLE metrics (
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  name         TEXT NOT NULL,
  value        REAL NOT NULL,
  PRIMARY KEY (execution_id, name)
) STRICT, WITHOUT ROWID;

-- Curves.
CREATE TABLE metric_points (
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  name         TEXT NOT NULL,
  step         INTEGER NOT NULL,
  value        REAL NOT NULL,
  PRIMARY KEY (execution_id, name, step)
) STRICT, WITHOUT ROWID;

-- Every model that was ever trained, by the execution that made it first.
CREATE TABLE models (
  id           INTEGER PRIMARY KEY,
  artifact_id  INTEGER NOT NULL UNIQUE REFERENCES artifacts (id),
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  port         TEXT NOT NULL,
  pipeline     TEXT NOT NULL,
  stage        TEXT NOT NULL,
  created_at   TEXT NOT NULL
) STRICT;
CREATE INDEX models_by_pipeline ON models (pipeline, id);
CREATE INDEX models_by_execution ON models (execution_id);

-- What happened to a model since: append-only.
CREATE TABLE model_events (
  id       INTEGER PRIMARY KEY,
  model_id INTEGER NOT NULL REFERENCES models (id),
  time     TEXT NOT NULL,
  event    TEXT NOT NULL,                -- promoted, retired, ...
  label    TEXT NOT NULL,                -- the alias or stage it is about
  note     TEXT NOT NULL
) STRICT;
CREATE INDEX model_events_by_model ON model_events (model_id, id);

CREATE TABLE schedules (
  id         INTEGER PRIMARY KEY,
  pipeline   TEXT NOT NULL,
  file       TEXT NOT NULL UNIQUE,
  cron       TEXT NOT NULL,
  timezone   TEXT NOT NULL,
  watermark  TEXT NOT NULL,              -- ticks up to here are decided
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE schedule_ticks (
  id            INTEGER PRIMARY KEY,
  schedule_id   INTEGER NOT NULL REFERENCES schedules (id),
  scheduled_at  TEXT NOT NULL,
  state         TEXT NOT NULL CHECK (state IN ('claimed', 'running', 'done', 'failed', 'skipped', 'missed')),
  run_id        TEXT REFERENCES runs (id),
  reason        TEXT NOT NULL,
  claimed_at    TEXT NOT NULL,
  finished_at   TEXT,
  takeovers     INTEGER NOT NULL,        -- how often another process took it over from a dead one
  hostname      TEXT NOT NULL,
  boot_id       TEXT NOT NULL,
  pid           INTEGER NOT NULL,
  pid_start     INTEGER NOT NULL,
  pid_namespace TEXT NOT NULL,
  heartbeat_at  TEXT NOT NULL,
  UNIQUE (schedule_id, scheduled_at),
  CHECK ((state IN ('claimed', 'running')) = (finished_at IS NULL))
) STRICT;
CREATE INDEX schedule_ticks_open ON schedule_ticks (schedule_id, scheduled_at) WHERE finished_at IS NULL;
CREATE INDEX schedule_ticks_by_run ON schedule_ticks (run_id) WHERE run_id IS NOT NULL;

-- What changed state and when: append-only. Executions that never changed
-- state (cached, skipped) have a row in executions only.
CREATE TABLE events (
  id      INTEGER PRIMARY KEY,
  time    TEXT NOT NULL,
  run_id  TEXT NOT NULL REFERENCES runs (id),
  stage   TEXT,                          -- NULL: the run as a whole
  attempt INTEGER,
  state   TEXT NOT NULL,
  message TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_run ON events (run_id, id);

-- Internal: spares reading files that have not been touched.
CREATE TABLE file_hashes (
  path      TEXT PRIMARY KEY,
  size      INTEGER NOT NULL,
  mtime_ns  INTEGER NOT NULL,
  ctime_ns  INTEGER NOT NULL,
  inode     INTEGER NOT NULL,
  hash      TEXT NOT NULL,
  hashed_ns INTEGER NOT NULL             -- when the reading of the file began
) STRICT, WITHOUT ROWID;

-- For people: a run on one line.
CREATE VIEW runs_view AS
SELECT r.id, r.pipeline, r.status, r.trigger, r.started_at, r.finished_at,
       round((julianday(r.finished_at) - julianday(r.started_at)) * 86400, 3) AS seconds,
       r.stages,
       (SELECT count(*) FROM executions e WHERE e.run_id = r.id AND e.status = 'succeeded') AS ran,
       (SELECT count(*) FROM executions e WHERE e.run_id = r.id AND e.status = 'cached') AS cached,
       r.seed,
       (SELECT json_group_object(p.name, json(p.value)) FROM params p WHERE p.run_id = r.id) AS params,
       r.scheduled_at, l.file, l.spec_hash, v.pipe_version, v.hostname, r.error
FROM runs r
JOIN pipelines l ON l.id = r.pipeline_id
JOIN environments v ON v.id = r.environment_id;

-- For people: what happened to each stage. origin_id is the execution that did
-- the work, in this run or, if cached, in an earlier one.
CREATE VIEW executions_view AS
SELECT e.id, e.run_id, r.pipeline, e.stage, e.attempt, e.kind, e.kind_version, e.status, e.reason,
       e.started_at, e.finished_at,
       round((julianday(e.finished_at) - julianday(e.started_at)) * 86400, 3) AS seconds,
       o.id AS origin_id, o.run_id AS origin_run_id, o.key, o.config, s.seed, e.error
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN executions o ON o.id = coalesce(e.cached_from, e.id)
LEFT JOIN seeds s ON s.execution_id = o.id;

-- For people: what each stage of each run gave, also if it was cached.
CREATE VIEW outputs_view AS
SELECT e.run_id, r.pipeline, e.stage, p.port, p.type, a.hash, a.size, e.status,
       e.id AS execution_id, p.execution_id AS origin_id
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN execution_outputs p ON p.execution_id = coalesce(e.cached_from, e.id)
JOIN artifacts a ON a.id = p.artifact_id;

-- For people: what each stage of each run read, also if it was cached.
CREATE VIEW inputs_view AS
SELECT e.run_id, r.pipeline, e.stage, p.port, p.type, a.hash, a.size, p.path, p.from_stage, p.from_port,
       e.id AS execution_id, p.execution_id AS origin_id
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN execution_inputs p ON p.execution_id = coalesce(e.cached_from, e.id)
JOIN artifacts a ON a.id = p.artifact_id;

-- For people: the final metrics of each stage of each run, also if cached.
CREATE VIEW metrics_view AS
SELECT e.run_id, r.pipeline, e.stage, m.name, m.value, e.status, r.started_at AS run_started_at
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN metrics m ON m.execution_id = coalesce(e.cached_from, e.id);

-- For people: one step of ancestry. The execution read parent to make hash.
CREATE VIEW artifact_ancestry AS
SELECT a.hash, o.port, o.type, p.hash AS parent, i.port AS parent_port, i.type AS parent_type, i.path AS parent_path,
       e.id AS execution_id, e.stage, e.kind, e.run_id
FROM execution_outputs o
JOIN artifacts a ON a.id = o.artifact_id
JOIN executions e ON e.id = o.execution_id
JOIN execution_inputs i ON i.execution_id = o.execution_id
JOIN artifacts p ON p.id = i.artifact_id;
