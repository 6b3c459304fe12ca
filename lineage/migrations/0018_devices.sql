-- What worked on a stage in place of the CPU.
CREATE TABLE devices (
  execution_id INTEGER PRIMARY KEY REFERENCES executions (id) ON DELETE CASCADE,
  device       TEXT NOT NULL,            -- in words; its numeric class is the engine in key_parts
  varies       INTEGER NOT NULL CHECK (varies IN (0, 1)), -- 1: two runs give different bits
  begun_on     TEXT                      -- the device of another class that did the first part; NULL if there is none
) STRICT;

DROP VIEW executions_view;
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
