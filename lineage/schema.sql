-- Made by a test from the migrations: go test ./lineage -run NewestSchema -update

CREATE TABLE pipelines (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL,
  file       TEXT NOT NULL,
  spec_hash  TEXT NOT NULL,              -- hash of spec, an artifact of the store
  spec       TEXT NOT NULL,              -- the text of the pipeline file
  created_at TEXT NOT NULL,
  UNIQUE (name, file, spec_hash)
) STRICT;

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
  status         TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'gate_failed', 'interrupted', 'cancelled')),
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
  heartbeat_at   TEXT NOT NULL, rerun_of TEXT REFERENCES runs (id), imported_at TEXT, imported_from TEXT, repeats TEXT REFERENCES runs (id), git_commit TEXT, git_clean INTEGER CHECK (git_clean IN (0, 1)),
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

CREATE TABLE executions (
  id           INTEGER PRIMARY KEY,
  run_id       TEXT NOT NULL REFERENCES runs (id),
  stage        TEXT NOT NULL,
  attempt      INTEGER NOT NULL CHECK (attempt >= 1),
  kind         TEXT NOT NULL,
  kind_version INTEGER NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'cached', 'failed', 'gate_failed', 'skipped', 'interrupted', 'cancelled')),
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

CREATE TABLE metrics (
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  name         TEXT NOT NULL,
  value        REAL NOT NULL, goal TEXT CHECK (goal IN ('up', 'down')), class TEXT,
  PRIMARY KEY (execution_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE metric_points (
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  name         TEXT NOT NULL,
  step         INTEGER NOT NULL,
  value        REAL NOT NULL,
  PRIMARY KEY (execution_id, name, step)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE schedules (
  id         INTEGER PRIMARY KEY,
  pipeline   TEXT NOT NULL,
  file       TEXT NOT NULL UNIQUE,
  cron       TEXT NOT NULL,
  timezone   TEXT NOT NULL,
  watermark  TEXT NOT NULL,              -- ticks up to here are decided
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
, source TEXT, paused_at TEXT) STRICT;

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

CREATE TABLE file_hashes (
  path      TEXT PRIMARY KEY,
  size      INTEGER NOT NULL,
  mtime_ns  INTEGER NOT NULL,
  ctime_ns  INTEGER NOT NULL,
  inode     INTEGER NOT NULL,
  hash      TEXT NOT NULL,
  hashed_ns INTEGER NOT NULL             -- when the reading of the file began
) STRICT, WITHOUT ROWID;

CREATE VIEW artifact_ancestry AS
SELECT a.hash, o.port, o.type, p.hash AS parent, i.port AS parent_port, i.type AS parent_type, i.path AS parent_path,
       e.id AS execution_id, e.stage, e.kind, e.run_id
FROM execution_outputs o
JOIN artifacts a ON a.id = o.artifact_id
JOIN executions e ON e.id = o.execution_id
JOIN execution_inputs i ON i.execution_id = o.execution_id
JOIN artifacts p ON p.id = i.artifact_id;

CREATE TABLE column_edges (
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  in_port      TEXT NOT NULL,
  in_column    TEXT NOT NULL,
  out_port     TEXT NOT NULL,
  out_column   TEXT NOT NULL,
  PRIMARY KEY (execution_id, in_port, in_column, out_port, out_column)
) STRICT, WITHOUT ROWID;

CREATE VIEW column_steps AS
SELECT a.hash, c.out_port AS port, o.type, c.out_column AS "column",
       p.hash AS parent, c.in_port AS parent_port, i.type AS parent_type, c.in_column AS parent_column, i.path AS parent_path,
       e.id AS execution_id, e.stage, e.kind, e.run_id
FROM column_edges c
JOIN executions e ON e.id = c.execution_id
JOIN execution_outputs o ON o.execution_id = c.execution_id AND o.port = c.out_port
JOIN artifacts a ON a.id = o.artifact_id
JOIN execution_inputs i ON i.execution_id = c.execution_id AND i.port = c.in_port
JOIN artifacts p ON p.id = i.artifact_id;

CREATE VIEW column_lineage AS
WITH RECURSIVE reached (path, source_id, source_column, execution_id, port, "column") AS (
  SELECT i.path, i.artifact_id, c.in_column, c.execution_id, c.out_port, c.out_column
  FROM column_edges c JOIN execution_inputs i ON i.execution_id = c.execution_id AND i.port = c.in_port
  WHERE i.path IS NOT NULL OR i.type = 'file'
  UNION
  SELECT r.path, r.source_id, r.source_column, c.execution_id, c.out_port, c.out_column
  FROM reached r
  CROSS JOIN execution_inputs i ON i.made_by = r.execution_id AND i.from_port = r.port
  CROSS JOIN column_edges c ON c.execution_id = i.execution_id AND c.in_port = i.port AND c.in_column = r."column"
)
SELECT s.hash AS source, r.path AS source_path, r.source_column,
       a.hash, o.type, r."column", e.run_id, n.pipeline, e.stage, r.port, r.execution_id
FROM reached r
JOIN artifacts s ON s.id = r.source_id
JOIN executions e ON e.id = r.execution_id
JOIN runs n ON n.id = e.run_id
JOIN execution_outputs o ON o.execution_id = r.execution_id AND o.port = r.port
JOIN artifacts a ON a.id = o.artifact_id;

CREATE VIEW latest_runs AS
SELECT r.pipeline, r.id, r.status, r.trigger, r.started_at, r.finished_at,
       (SELECT max(s.finished_at) FROM runs s WHERE s.pipeline = r.pipeline AND s.status = 'succeeded') AS last_success,
       r.error
FROM runs r
WHERE r.seq = (SELECT max(s.seq) FROM runs s WHERE s.pipeline = r.pipeline);

CREATE VIEW storage_view AS
SELECT pipeline, type, count(*) AS artifacts, sum(size) AS bytes, max(created_at) AS newest
FROM (
  SELECT DISTINCT r.pipeline, o.type, a.id, a.size, a.created_at
  FROM execution_outputs o
  JOIN executions e ON e.id = o.execution_id
  JOIN runs r ON r.id = e.run_id
  JOIN artifacts a ON a.id = o.artifact_id
)
GROUP BY pipeline, type;

CREATE INDEX runs_by_rerun ON runs (rerun_of) WHERE rerun_of IS NOT NULL;

CREATE TABLE doomed_executions (
  execution_id INTEGER PRIMARY KEY REFERENCES executions (id),
  newest_run   INTEGER NOT NULL          -- runs.seq: runs up to this one may be using it
) STRICT;

CREATE TABLE forgotten_runs (
  run_id       TEXT PRIMARY KEY REFERENCES runs (id),
  forgotten_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run_memos (
  fingerprint    TEXT PRIMARY KEY,       -- hash of all that a run is given: text, flags, program, machine
  run_id         TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  last_execution INTEGER NOT NULL,       -- executions up to here were seen when its stages were looked up
  used_at        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX run_memos_by_run ON run_memos (run_id);

CREATE TABLE run_memo_lists (
  fingerprint TEXT PRIMARY KEY REFERENCES run_memos (fingerprint) ON DELETE CASCADE,
  files       TEXT NOT NULL,             -- JSON list of the external files: path, hash
  objects     BLOB NOT NULL              -- of each object 32 bytes of hash and 8 bytes of size, big endian
, warnings TEXT NOT NULL DEFAULT '[]') STRICT;

CREATE TABLE "model_events" (
  id            INTEGER PRIMARY KEY CHECK (id >= 1),
  time          TEXT NOT NULL,
  pipeline      TEXT NOT NULL,           -- whose label it is
  label         TEXT NOT NULL,           -- production, ...
  event         TEXT NOT NULL,           -- promoted; refused: a gate was not met; retired: no model has the label now
  model         TEXT NOT NULL,           -- its hash; of retired the model that had the label
  previous      TEXT,                    -- the model that had the label before
  decided_by    TEXT NOT NULL CHECK (decided_by IN ('user', 'gate')),
  actor         TEXT NOT NULL,           -- login name of the user; empty for a gate
  run_id        TEXT,                    -- the run whose gate it was, or in which the user named the model
  stage         TEXT,                    -- the stage that had measured the model
  gate          TEXT,                    -- JSON: what the gate asks for; NULL for a user
  metrics       TEXT NOT NULL,           -- JSON object: what that stage had measured
  measured_on   TEXT NOT NULL,           -- JSON object: its other inputs, hashes by port
  checks        TEXT NOT NULL,           -- JSON list: the conditions of the gate, and what came of them
  note          TEXT NOT NULL,           -- the reason, for people
  imported_at   TEXT,                    -- when it came with pipe import; then it says what was decided elsewhere
  imported_from TEXT
, classes TEXT NOT NULL DEFAULT '{}') STRICT;

CREATE INDEX model_events_by_label ON model_events (pipeline, label, id);

CREATE INDEX model_events_by_model ON model_events (model, id);

CREATE TRIGGER model_events_stay BEFORE DELETE ON model_events
BEGIN SELECT raise(ABORT, 'model_events is append-only: rows are never deleted'); END;

CREATE TRIGGER model_events_do_not_change BEFORE UPDATE ON model_events
BEGIN SELECT raise(ABORT, 'model_events is append-only: rows are never changed'); END;

CREATE TRIGGER model_events_are_not_replaced BEFORE INSERT ON model_events
WHEN EXISTS (SELECT 1 FROM model_events WHERE id = new.id)
BEGIN SELECT raise(ABORT, 'model_events is append-only: rows are never replaced'); END;

CREATE VIEW promotions_view AS
SELECT pipeline, label, model, since, until, run_id, decided_by, actor, reason, metrics, previous, event_id
FROM (
  SELECT v.pipeline, v.label, v.event, v.model, v.time AS since,
         lead(v.time) OVER (PARTITION BY v.pipeline, v.label ORDER BY v.id) AS until,
         v.run_id, v.decided_by, v.actor, v.note AS reason, v.metrics, v.previous, v.id AS event_id
  FROM model_events v
  WHERE v.event IN ('promoted', 'retired') AND v.imported_at IS NULL
)
WHERE event = 'promoted';

CREATE VIEW in_production AS
SELECT pipeline, model, since, run_id, decided_by, actor, reason, metrics, previous
FROM promotions_view
WHERE label = 'production' AND until IS NULL;

CREATE INDEX runs_by_repeated ON runs (repeats) WHERE repeats IS NOT NULL;

CREATE VIEW outputs_view AS
SELECT e.run_id, r.pipeline, e.stage, p.port, p.type, a.hash, a.size, e.status,
       e.id AS execution_id, p.execution_id AS origin_id
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN execution_outputs p ON p.execution_id = coalesce(e.cached_from, e.id)
JOIN artifacts a ON a.id = p.artifact_id
UNION ALL
SELECT r.id, r.pipeline, e.stage, p.port, p.type, a.hash, a.size, 'cached', e.id, p.execution_id
FROM runs r
JOIN executions e ON e.run_id = r.repeats AND e.status IN ('succeeded', 'cached')
JOIN execution_outputs p ON p.execution_id = coalesce(e.cached_from, e.id)
JOIN artifacts a ON a.id = p.artifact_id;

CREATE VIEW inputs_view AS
SELECT e.run_id, r.pipeline, e.stage, p.port, p.type, a.hash, a.size, p.path, p.from_stage, p.from_port,
       e.id AS execution_id, p.execution_id AS origin_id
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN execution_inputs p ON p.execution_id = coalesce(e.cached_from, e.id)
JOIN artifacts a ON a.id = p.artifact_id
UNION ALL
SELECT r.id, r.pipeline, e.stage, p.port, p.type, a.hash, a.size, p.path, p.from_stage, p.from_port, e.id, p.execution_id
FROM runs r
JOIN executions e ON e.run_id = r.repeats AND e.status IN ('succeeded', 'cached')
JOIN execution_inputs p ON p.execution_id = coalesce(e.cached_from, e.id)
JOIN artifacts a ON a.id = p.artifact_id;

CREATE VIEW stage_times AS
SELECT pipeline, stage, kind,
       sum(status = 'succeeded') AS ran,
       sum(status = 'cached') AS cached,
       round(avg(CASE WHEN status = 'succeeded' THEN julianday(finished_at) - julianday(started_at) END) * 86400, 3) AS mean_seconds,
       round(max(CASE WHEN status = 'succeeded' THEN julianday(finished_at) - julianday(started_at) END) * 86400, 3) AS max_seconds
FROM (
  SELECT r.pipeline, e.stage, e.kind, e.status, e.started_at, e.finished_at
  FROM executions e JOIN runs r ON r.id = e.run_id
  UNION ALL
  SELECT r.pipeline, e.stage, e.kind, 'cached', NULL, NULL
  FROM runs r JOIN executions e ON e.run_id = r.repeats AND e.status IN ('succeeded', 'cached')
)
GROUP BY pipeline, stage, kind;

CREATE TABLE "schedule_ticks" (
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

CREATE INDEX schedule_ticks_open ON schedule_ticks (schedule_id, scheduled_at) WHERE finished_at IS NULL;

CREATE INDEX schedule_ticks_by_run ON schedule_ticks (run_id) WHERE run_id IS NOT NULL;

CREATE VIEW failures_view AS
SELECT e.finished_at, r.pipeline, e.run_id, e.stage, e.kind, e.attempt, e.status, e.error
FROM executions e JOIN runs r ON r.id = e.run_id
WHERE e.status IN ('failed', 'gate_failed', 'interrupted');

CREATE TABLE warnings (
  execution_id INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
  position     INTEGER NOT NULL,
  message      TEXT NOT NULL,
  PRIMARY KEY (execution_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE programs (
  execution_id INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
  path         TEXT NOT NULL,            -- where it was found
  hash         TEXT NOT NULL,            -- of its bytes
  PRIMARY KEY (execution_id, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE rival_stages (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  stage  TEXT NOT NULL,
  label  TEXT NOT NULL,
  PRIMARY KEY (run_id, stage)
) STRICT, WITHOUT ROWID;

CREATE VIEW runs_view AS
SELECT r.id, r.pipeline, r.status, r.trigger, r.started_at, r.finished_at,
       round((julianday(r.finished_at) - julianday(r.started_at)) * 86400, 3) AS seconds,
       r.stages,
       (SELECT count(*) FROM executions e WHERE e.run_id = r.id AND e.status = 'succeeded') AS ran,
       CASE WHEN r.repeats IS NOT NULL THEN r.stages
            ELSE (SELECT count(*) FROM executions e WHERE e.run_id = r.id AND e.status = 'cached') END AS cached,
       r.seed,
       (SELECT json_group_object(p.name, json(p.value)) FROM params p WHERE p.run_id = r.id) AS params,
       r.scheduled_at, l.file, l.spec_hash, v.pipe_version, v.hostname, r.error, r.imported_at, r.imported_from, r.git_commit, r.git_clean
FROM runs r
JOIN pipelines l ON l.id = r.pipeline_id
JOIN environments v ON v.id = r.environment_id;

CREATE VIEW metrics_view AS
SELECT e.run_id, r.pipeline, e.stage, m.name, m.value, e.status, r.started_at AS run_started_at, m.goal, m.class
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN metrics m ON m.execution_id = coalesce(e.cached_from, e.id)
UNION ALL
SELECT r.id, r.pipeline, e.stage, m.name, m.value, 'cached', r.started_at, m.goal, m.class
FROM runs r
JOIN executions e ON e.run_id = r.repeats AND e.status IN ('succeeded', 'cached')
JOIN metrics m ON m.execution_id = coalesce(e.cached_from, e.id);

CREATE TABLE devices (
  execution_id INTEGER PRIMARY KEY REFERENCES executions (id) ON DELETE CASCADE,
  device       TEXT NOT NULL,            -- in words; its numeric class is the engine in key_parts
  varies       INTEGER NOT NULL CHECK (varies IN (0, 1)), -- 1: two runs give different bits
  begun_on     TEXT                      -- the device of another class that did the first part; NULL if there is none
) STRICT;

CREATE VIEW executions_view AS
SELECT e.id, e.run_id, r.pipeline, e.stage, e.attempt, e.kind, e.kind_version, e.status, e.reason,
       e.started_at, e.finished_at,
       round((julianday(e.finished_at) - julianday(e.started_at)) * 86400, 3) AS seconds,
       o.id AS origin_id, o.run_id AS origin_run_id, o.key, o.config, s.seed, e.error, d.device
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN executions o ON o.id = coalesce(e.cached_from, e.id)
LEFT JOIN seeds s ON s.execution_id = o.id
LEFT JOIN devices d ON d.execution_id = o.id
UNION ALL
SELECT e.id, r.id, r.pipeline, e.stage, 1, e.kind, e.kind_version, 'cached', 'nothing has changed since run ' || r.repeats,
       r.started_at, r.finished_at, 0.0, o.id, o.run_id, o.key, o.config, s.seed, NULL, d.device
FROM runs r
JOIN executions e ON e.run_id = r.repeats AND e.status IN ('succeeded', 'cached')
JOIN executions o ON o.id = coalesce(e.cached_from, e.id)
LEFT JOIN seeds s ON s.execution_id = o.id
LEFT JOIN devices d ON d.execution_id = o.id;

CREATE VIEW measuring AS
SELECT i.execution_id, i.artifact_id FROM execution_inputs i
WHERE i.type = 'model' AND i.port NOT LIKE '%[%'
UNION ALL
SELECT o.execution_id, o.artifact_id FROM execution_outputs o
WHERE o.type = 'model'
  AND EXISTS (SELECT 1 FROM execution_outputs m WHERE m.execution_id = o.execution_id AND m.type = 'metrics')
  AND NOT EXISTS (SELECT 1 FROM execution_inputs i WHERE i.execution_id = o.execution_id AND i.type = 'model');

CREATE VIEW models_view AS
SELECT a.hash AS model, m.pipeline, m.stage, e.run_id, m.created_at, a.size,
       (SELECT group_concat(label, ', ') FROM (
          SELECT CASE WHEN p.pipeline = m.pipeline THEN '' ELSE p.pipeline || '@' END || p.label AS label
          FROM promotions_view p WHERE p.model = a.hash AND p.until IS NULL ORDER BY p.pipeline, p.label)) AS labels,
       x.id AS measured_in, x.stage AS measured_by,
       (SELECT json_group_object(t.name, t.value) FROM metrics t WHERE t.execution_id = x.id) AS metrics
FROM models m
JOIN artifacts a ON a.id = m.artifact_id
JOIN executions e ON e.id = m.execution_id
LEFT JOIN executions x ON x.id = (
  SELECT i.execution_id FROM measuring i JOIN executions s ON s.id = i.execution_id
  JOIN metrics t ON t.execution_id = s.id
  WHERE i.artifact_id = m.artifact_id AND s.status IN ('succeeded', 'gate_failed')
  GROUP BY i.execution_id ORDER BY max(t.goal IS NOT NULL) DESC, i.execution_id DESC LIMIT 1);

CREATE VIEW best_models AS
WITH
measured AS (
  SELECT r.pipeline, e.stage, m.name AS metric, m.value, e.status, i.artifact_id, e.run_id, r.seq, r.started_at, m.goal, m.class
  FROM metrics m
  JOIN measuring i ON i.execution_id = m.execution_id
  JOIN executions e ON e.id = m.execution_id
  JOIN runs r ON r.id = e.run_id
  WHERE e.status IN ('succeeded', 'gate_failed') AND m.goal IS NOT NULL
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY pipeline, stage, metric, goal, class ORDER BY CASE goal WHEN 'down' THEN value ELSE -value END, seq) AS place
  FROM measured
)
SELECT k.pipeline, k.stage, k.metric, k.value, CASE k.goal WHEN 'down' THEN 'lower' ELSE 'higher' END AS better,
       a.hash AS model, k.status, k.run_id, k.started_at, k.class
FROM ranked k JOIN artifacts a ON a.id = k.artifact_id
WHERE k.place = 1;
