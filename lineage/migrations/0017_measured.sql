-- What was measured of a model last: what says how good it is goes before other
-- figures, such as how many rows it has scored since.
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
  SELECT i.execution_id FROM execution_inputs i JOIN executions s ON s.id = i.execution_id
  JOIN metrics t ON t.execution_id = s.id
  WHERE i.artifact_id = m.artifact_id AND i.type = 'model' AND s.status IN ('succeeded', 'gate_failed')
  GROUP BY i.execution_id ORDER BY max(t.goal IS NOT NULL) DESC, i.execution_id DESC LIMIT 1);
