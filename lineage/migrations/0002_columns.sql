-- Which columns an output column was made of, as the stage said when it ran.
-- Features and target of a data set, a transform or a model count as columns.
CREATE TABLE column_edges (
  execution_id INTEGER NOT NULL REFERENCES executions (id),
  in_port      TEXT NOT NULL,
  in_column    TEXT NOT NULL,
  out_port     TEXT NOT NULL,
  out_column   TEXT NOT NULL,
  PRIMARY KEY (execution_id, in_port, in_column, out_port, out_column)
) STRICT, WITHOUT ROWID;

-- For people: one step of the lineage of columns.
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

-- For people: which column of which file is in which column of what was made
-- of it, over any number of steps. The first argument of a CROSS JOIN is the
-- outer loop: from what is reached to what is next, through an index.
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

-- For people: the best model of each pipeline by each metric that a stage has
-- measured of a model; of equal ones the first.
CREATE VIEW best_models AS
WITH
smaller (name) AS (VALUES ('loss'), ('log_loss'), ('brier'), ('ece'), ('mce'), ('rmse'), ('mae'), ('mse'), ('median_ae'), ('mape'), ('smape'), ('max_error')),
measured AS (
  SELECT r.pipeline, e.stage, m.name AS metric, m.value, e.status, i.artifact_id, e.run_id, r.seq, r.started_at,
         EXISTS (SELECT 1 FROM smaller s WHERE m.name = s.name OR m.name LIKE '%.' || s.name) AS lower
  FROM metrics m
  JOIN execution_inputs i ON i.execution_id = m.execution_id AND i.type = 'model'
  JOIN executions e ON e.id = m.execution_id
  JOIN runs r ON r.id = e.run_id
  WHERE e.status IN ('succeeded', 'gate_failed')
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY pipeline, stage, metric ORDER BY CASE WHEN lower THEN value ELSE -value END, seq) AS place
  FROM measured
)
SELECT k.pipeline, k.stage, k.metric, k.value, CASE WHEN k.lower THEN 'lower' ELSE 'higher' END AS better,
       a.hash AS model, k.status, k.run_id, k.started_at
FROM ranked k JOIN artifacts a ON a.id = k.artifact_id
WHERE k.place = 1;

-- For people: the newest run of each pipeline, and when one last succeeded.
CREATE VIEW latest_runs AS
SELECT r.pipeline, r.id, r.status, r.trigger, r.started_at, r.finished_at,
       (SELECT max(s.finished_at) FROM runs s WHERE s.pipeline = r.pipeline AND s.status = 'succeeded') AS last_success,
       r.error
FROM runs r
WHERE r.seq = (SELECT max(s.seq) FROM runs s WHERE s.pipeline = r.pipeline);

-- For people: what went wrong.
CREATE VIEW failures_view AS
SELECT e.finished_at, r.pipeline, e.run_id, e.stage, e.kind, e.attempt, e.status, e.error
FROM executions e JOIN runs r ON r.id = e.run_id
WHERE e.status IN ('failed', 'gate_failed', 'interrupted');

-- For people: where the time goes, and what the cache saves.
CREATE VIEW stage_times AS
SELECT r.pipeline, e.stage, e.kind,
       sum(e.status = 'succeeded') AS ran,
       sum(e.status = 'cached') AS cached,
       round(avg(CASE WHEN e.status = 'succeeded' THEN julianday(e.finished_at) - julianday(e.started_at) END) * 86400, 3) AS mean_seconds,
       round(max(CASE WHEN e.status = 'succeeded' THEN julianday(e.finished_at) - julianday(e.started_at) END) * 86400, 3) AS max_seconds
FROM executions e JOIN runs r ON r.id = e.run_id
GROUP BY r.pipeline, e.stage, e.kind;

-- For people: who made how many bytes. An artifact counts once for each
-- pipeline and type.
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
