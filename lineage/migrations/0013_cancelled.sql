-- A run that another one made pointless (overlap: cancel_running) is cancelled:
-- nothing went wrong in it. SQLite cannot alter a CHECK, and allows to edit its
-- text in this way (sqlite.org/lang_altertable.html, section 7).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '''gate_failed'', ''interrupted'')', '''gate_failed'', ''interrupted'', ''cancelled'')')
WHERE type = 'table' AND name = 'runs';
UPDATE sqlite_schema SET sql = replace(sql, '''skipped'', ''interrupted'')', '''skipped'', ''interrupted'', ''cancelled'')')
WHERE type = 'table' AND name = 'executions';
PRAGMA writable_schema = RESET;

-- The same view, made again: that tells other connections that the schema has
-- changed. Cancelled stages are none of what went wrong.
DROP VIEW failures_view;
CREATE VIEW failures_view AS
SELECT e.finished_at, r.pipeline, e.run_id, e.stage, e.kind, e.attempt, e.status, e.error
FROM executions e JOIN runs r ON r.id = e.run_id
WHERE e.status IN ('failed', 'gate_failed', 'interrupted');
