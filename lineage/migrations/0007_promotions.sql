-- What happened to models becomes a record that explains itself: it names
-- models and runs by texts that mean the same in every store, and stays when
-- pipe gc deletes a model that was refused.
CREATE TABLE model_events_new (
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
) STRICT;
INSERT INTO model_events_new (id, time, pipeline, label, event, model, decided_by, actor, metrics, measured_on, checks, note)
SELECT v.id, v.time, m.pipeline, v.label, v.event, a.hash, 'user', '', '{}', '{}', '[]', v.note
FROM model_events v JOIN models m ON m.id = v.model_id JOIN artifacts a ON a.id = m.artifact_id;
DROP TABLE model_events;
ALTER TABLE model_events_new RENAME TO model_events;
CREATE INDEX model_events_by_label ON model_events (pipeline, label, id);
CREATE INDEX model_events_by_model ON model_events (model, id);

-- Append-only. A row that replaces another deletes it without asking a trigger
-- for deletions, so the third one is needed.
CREATE TRIGGER model_events_stay BEFORE DELETE ON model_events
BEGIN SELECT raise(ABORT, 'model_events is append-only: rows are never deleted'); END;
CREATE TRIGGER model_events_do_not_change BEFORE UPDATE ON model_events
BEGIN SELECT raise(ABORT, 'model_events is append-only: rows are never changed'); END;
CREATE TRIGGER model_events_are_not_replaced BEFORE INSERT ON model_events
WHEN EXISTS (SELECT 1 FROM model_events WHERE id = new.id)
BEGIN SELECT raise(ABORT, 'model_events is append-only: rows are never replaced'); END;

-- For people: which model had which label, from when until when. Time travel:
-- WHERE since <= T AND (until IS NULL OR until > T).
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

-- For people: the models that are in production now.
CREATE VIEW in_production AS
SELECT pipeline, model, since, run_id, decided_by, actor, reason, metrics, previous
FROM promotions_view
WHERE label = 'production' AND until IS NULL;

-- For people: every model with its labels and with what was measured of it
-- last, by a stage that reads one model and gives metrics.
CREATE VIEW models_view AS
SELECT a.hash AS model, m.pipeline, m.stage, e.run_id, m.created_at, a.size,
       (SELECT group_concat(CASE WHEN p.pipeline = m.pipeline THEN '' ELSE p.pipeline || '@' END || p.label, ', ' ORDER BY p.pipeline, p.label)
        FROM promotions_view p WHERE p.model = a.hash AND p.until IS NULL) AS labels,
       x.id AS measured_in, x.stage AS measured_by,
       (SELECT json_group_object(t.name, t.value) FROM metrics t WHERE t.execution_id = x.id) AS metrics
FROM models m
JOIN artifacts a ON a.id = m.artifact_id
JOIN executions e ON e.id = m.execution_id
LEFT JOIN executions x ON x.id = (
  SELECT max(i.execution_id) FROM execution_inputs i JOIN executions s ON s.id = i.execution_id
  WHERE i.artifact_id = m.artifact_id AND i.type = 'model' AND s.status IN ('succeeded', 'gate_failed')
    AND EXISTS (SELECT 1 FROM metrics t WHERE t.execution_id = s.id));
