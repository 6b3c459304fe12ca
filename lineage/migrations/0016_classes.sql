-- Which class a metric is about: the positive one of two, or the one that its name
-- has in brackets. NULL if it is about all, or nobody has said, as of values that
-- were recorded before.
ALTER TABLE metrics ADD COLUMN class TEXT;

-- JSON object: the classes that the metrics of the decision are about.
ALTER TABLE model_events ADD COLUMN classes TEXT NOT NULL DEFAULT '{}';

DROP VIEW metrics_view;
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

-- For people: the best model of each pipeline by each metric with a goal that
-- a stage has measured of a model; of equal ones the first. The f1 of one class
-- is not compared with that of another.
DROP VIEW best_models;
CREATE VIEW best_models AS
WITH
measured AS (
  SELECT r.pipeline, e.stage, m.name AS metric, m.value, e.status, i.artifact_id, e.run_id, r.seq, r.started_at, m.goal, m.class
  FROM metrics m
  JOIN execution_inputs i ON i.execution_id = m.execution_id AND i.type = 'model'
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
