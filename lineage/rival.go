package lineage

import (
	"context"
	"database/sql"
	"encoding/json"

	"pipe/artifacts"
)

// Contested is the model that a gate of a run is going to compare with, zero if
// it compares with none: nothing has the label, or the gate will decide nothing
// because something was decided before. The stage of the gate has been recorded.
func (d *DB) Contested(ctx context.Context, runID string, g Gate) (model artifacts.ID, err error) {
	if g.Rival == "" {
		return model, nil
	}
	err = d.update(ctx, relaxed, "look for a rival in", func(t *tx) error {
		ev, _, done, err := t.undecided(runID, g)
		if done != nil || err != nil {
			return err
		}
		held, err := t.holder(ev.Pipeline, g.Rival)
		if err == nil && held != nil && held.Model != ev.Model {
			model = held.Model
		}
		return err
	})
	return model, err
}

// AddRivalStages says that stages of a run are beside those of its pipeline: they
// measure the model that has a label.
func (d *DB) AddRivalStages(ctx context.Context, runID, label string, stages []string) error {
	return d.update(ctx, relaxed, "add stages to a run in", func(t *tx) error {
		for _, stage := range stages {
			if _, err := t.exec("INSERT INTO rival_stages (run_id, stage, label) VALUES (?, ?, ?)", runID, stage, label); err != nil {
				return err
			}
		}
		return nil
	})
}

// RecordClean says whether no file of the project was changed or new when a run
// began.
func (d *DB) RecordClean(ctx context.Context, runID string, git Git) error {
	return d.update(ctx, relaxed, "record the state of the project in", func(t *tx) error {
		_, err := t.exec("UPDATE runs SET git_commit = coalesce(git_commit, ?), git_clean = ? WHERE id = ?", nullable(git.Commit), git.Clean, runID)
		return err
	})
}

// A Background is what a model was made together with, and for.
type Background struct {
	Siblings map[string]artifacts.ID // what the stage that made it made besides, by port
	Fitted   map[string]artifacts.ID // the fitted transforms behind its training data, by the stage that fitted them
}

// Background looks up where a model came from. Of several executions that made
// the same model it is that of the first.
func (d *DB) Background(ctx context.Context, model artifacts.ID) (b Background, err error) {
	defer func() { err = wrapRef("look up where a model is from in", d.path, err) }()
	b = Background{Siblings: map[string]artifacts.ID{}, Fitted: map[string]artifacts.ID{}}
	g, err := d.Upstream(ctx, Ref{Artifact: model})
	if err != nil {
		return b, err
	}
	var ids []int64
	for _, e := range g.Executions {
		ids = append(ids, e.ID)
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return b, err
	}
	err = d.each(ctx, func(rows *sql.Rows) error {
		var stage, port, typ, hash string
		var maker bool
		if err := rows.Scan(&stage, &port, &typ, &hash, &maker); err != nil {
			return err
		}
		id, err := artifacts.ParseID(hash)
		if maker {
			b.Siblings[port] = id
		}
		if typ == "transform" {
			b.Fitted[stage] = id
		}
		return err
	}, `SELECT e.stage, o.port, o.type, a.hash,
			EXISTS (SELECT 1 FROM execution_outputs m JOIN artifacts n ON n.id = m.artifact_id WHERE m.execution_id = e.id AND n.hash = ?2)
		FROM execution_outputs o JOIN executions e ON e.id = o.execution_id JOIN artifacts a ON a.id = o.artifact_id
		WHERE e.id IN (SELECT value FROM json_each(?1)) ORDER BY e.id, o.port`, string(list), model.String())
	return b, err
}
