-- What has measured a model: stages that take it, but as one of several cases, of which all
-- together are compared; and the stage that made it, where that measures what it makes, as one that
-- forecasts does: it has a document of metrics beside the model, and takes no model.
CREATE VIEW measuring AS
SELECT i.execution_id, i.artifact_id FROM execution_inputs i
WHERE i.type = 'model' AND i.port NOT LIKE '%[%'
UNION ALL
SELECT o.execution_id, o.artifact_id FROM execution_outputs o
WHERE o.type = 'model'
  AND EXISTS (SELECT 1 FROM execution_outputs m WHERE m.execution_id = o.execution_id AND m.type = 'metrics')
  AND NOT EXISTS (SELECT 1 FROM execution_inputs i WHERE i.execution_id = o.execution_id AND i.type = 'model');

DROP VIEW models_view;
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

DROP VIEW best_models;
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
