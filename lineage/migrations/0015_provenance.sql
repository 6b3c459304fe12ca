-- Which version of the project a run was made from. Both are NULL if it is not
-- known: the pipeline is not in a working tree of Git, or Git is not there.
ALTER TABLE runs ADD COLUMN git_commit TEXT;   -- that was checked out
ALTER TABLE runs ADD COLUMN git_clean INTEGER CHECK (git_clean IN (0, 1)); -- 0: files were changed or new; NULL also if no stage ran

-- Which program the command of a stage was, outside of its files. It is no part
-- of the key.
CREATE TABLE programs (
  execution_id INTEGER NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
  path         TEXT NOT NULL,            -- where it was found
  hash         TEXT NOT NULL,            -- of its bytes
  PRIMARY KEY (execution_id, path)
) STRICT, WITHOUT ROWID;

-- Stages that a run had beside those of its pipeline: they measured the model
-- with a label, since a gate compares with it.
CREATE TABLE rival_stages (
  run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  stage  TEXT NOT NULL,
  label  TEXT NOT NULL,
  PRIMARY KEY (run_id, stage)
) STRICT, WITHOUT ROWID;

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
       r.scheduled_at, l.file, l.spec_hash, v.pipe_version, v.hostname, r.error, r.imported_at, r.imported_from, r.git_commit, r.git_clean
FROM runs r
JOIN pipelines l ON l.id = r.pipeline_id
JOIN environments v ON v.id = r.environment_id;
