-- A rerun repeats an earlier run from what was recorded of it.
ALTER TABLE runs ADD COLUMN rerun_of TEXT REFERENCES runs (id);
CREATE INDEX runs_by_rerun ON runs (rerun_of) WHERE rerun_of IS NOT NULL;
