-- Runs that came with `pipe import`: when, and from which file.
ALTER TABLE runs ADD COLUMN imported_at TEXT;
ALTER TABLE runs ADD COLUMN imported_from TEXT;

DROP VIEW runs_view;
CREATE VIEW runs_view AS
SELECT r.id, r.pipeline, r.status, r.trigger, r.started_at, r.finished_at,
       round((julianday(r.finished_at) - julianday(r.started_at)) * 86400, 3) AS seconds,
       r.stages,
       (SELECT count(*) FROM executions e WHERE e.run_id = r.id AND e.status = 'succeeded') AS ran,
       (SELECT count(*) FROM executions e WHERE e.run_id = r.id AND e.status = 'cached') AS cached,
       r.seed,
       (SELECT json_group_object(p.name, json(p.value)) FROM params p WHERE p.run_id = r.id) AS params,
       r.scheduled_at, l.file, l.spec_hash, v.pipe_version, v.hostname, r.error, r.imported_at, r.imported_from
FROM runs r
JOIN pipelines l ON l.id = r.pipeline_id
JOIN environments v ON v.id = r.environment_id;
