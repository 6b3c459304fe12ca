-- The same view for the sqlite3 programs of before 2023 too: they do not know
-- an ORDER BY in an aggregate, and then refuse to read the whole database.
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
  SELECT max(i.execution_id) FROM execution_inputs i JOIN executions s ON s.id = i.execution_id
  WHERE i.artifact_id = m.artifact_id AND i.type = 'model' AND s.status IN ('succeeded', 'gate_failed')
    AND EXISTS (SELECT 1 FROM metrics t WHERE t.execution_id = s.id));
