-- A run of many stages in which nothing has changed is one row: it repeats an
-- earlier run, each stage of which it found in the cache. It has no executions
-- of its own; the views show those of the run that it repeats, as cached.
ALTER TABLE runs ADD COLUMN repeats TEXT REFERENCES runs (id);
CREATE INDEX runs_by_repeated ON runs (repeats) WHERE repeats IS NOT NULL;

DROP VIEW runs_view;
CREATE VIEW runs_view AS
SELECT r.id, r.pipeline, r.status, r.trigger, r.started_at, r.finished_at,
       round((julianday(r.finished_at) - julianday(r.started_at)) * 86400, 3) AS seconds,
       r.stages,
       (SELECT count(*) FROM executions e WHERE e.run_id = r.id AND e.status = 'succeeded') AS ran,
       CASE WHEN r.repeats IS NOT NULL THEN r.stages
            ELSE (SELECT count(*) FROM executions e WHERE e.run_id = r.id AND e.status = 'cached') END AS cached,
       r.seed,
       (SELECT json_group_object(p.name, json(p.value)) FROM params p WHERE p.run_id = r.id) AS params,
       r.scheduled_at, l.file, l.spec_hash, v.pipe_version, v.hostname, r.error, r.imported_at, r.imported_from
FROM runs r
JOIN pipelines l ON l.id = r.pipeline_id
JOIN environments v ON v.id = r.environment_id;

DROP VIEW executions_view;
CREATE VIEW executions_view AS
SELECT e.id, e.run_id, r.pipeline, e.stage, e.attempt, e.kind, e.kind_version, e.status, e.reason,
       e.started_at, e.finished_at,
       round((julianday(e.finished_at) - julianday(e.started_at)) * 86400, 3) AS seconds,
       o.id AS origin_id, o.run_id AS origin_run_id, o.key, o.config, s.seed, e.error
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN executions o ON o.id = coalesce(e.cached_from, e.id)
LEFT JOIN seeds s ON s.execution_id = o.id
UNION ALL
SELECT e.id, r.id, r.pipeline, e.stage, 1, e.kind, e.kind_version, 'cached', 'nothing has changed since run ' || r.repeats,
       r.started_at, r.finished_at, 0.0, o.id, o.run_id, o.key, o.config, s.seed, NULL
FROM runs r
JOIN executions e ON e.run_id = r.repeats AND e.status IN ('succeeded', 'cached')
JOIN executions o ON o.id = coalesce(e.cached_from, e.id)
LEFT JOIN seeds s ON s.execution_id = o.id;

DROP VIEW outputs_view;
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

DROP VIEW inputs_view;
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

DROP VIEW metrics_view;
CREATE VIEW metrics_view AS
SELECT e.run_id, r.pipeline, e.stage, m.name, m.value, e.status, r.started_at AS run_started_at
FROM executions e
JOIN runs r ON r.id = e.run_id
JOIN metrics m ON m.execution_id = coalesce(e.cached_from, e.id)
UNION ALL
SELECT r.id, r.pipeline, e.stage, m.name, m.value, 'cached', r.started_at
FROM runs r
JOIN executions e ON e.run_id = r.repeats AND e.status IN ('succeeded', 'cached')
JOIN metrics m ON m.execution_id = coalesce(e.cached_from, e.id);

DROP VIEW stage_times;
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
