package registry

import (
	"context"
	"database/sql"
	"encoding/json"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/walk"
)

// Contested is the model that a gate of a run is going to compare with, zero if
// it compares with none: nothing has the label, or the gate will decide nothing
// because something was decided before. The stage of the gate has been recorded.
func Contested(ctx context.Context, d *lineage.DB, runID string, g Gate) (model artifacts.ID, err error) {
	if g.Rival == "" {
		return model, nil
	}
	err = d.Update(ctx, lineage.Relaxed, "look for a rival in", func(t *lineage.Tx) error {
		ev, _, done, err := undecided(t, runID, g)
		if done != nil || err != nil {
			return err
		}
		held, err := holder(t, ev.Pipeline, g.Rival)
		if err == nil && held != nil && held.Model != ev.Model {
			model = held.Model
		}
		return err
	})
	return model, err
}

// AddRivalStages says that stages of a run are beside those of its pipeline: they
// measure the model that has a label.
func AddRivalStages(ctx context.Context, d *lineage.DB, runID, label string, stages []string) error {
	return d.Update(ctx, lineage.Relaxed, "add stages to a run in", func(t *lineage.Tx) error {
		for _, stage := range stages {
			if _, err := t.Exec("INSERT INTO rival_stages (run_id, stage, label) VALUES (?, ?, ?)", runID, stage, label); err != nil {
				return err
			}
		}
		return nil
	})
}

// A Background is what a model was made together with, and for.
type Background struct {
	Siblings map[string]artifacts.ID // what the stage that made it made besides, by port
	Fitted   map[string]artifacts.ID // the fitted transforms behind its training data, by the stage that fitted them
}

// BackgroundOf looks up where a model came from. Of several executions that made
// the same model it is that of the first.
func BackgroundOf(ctx context.Context, d *lineage.DB, model artifacts.ID) (b Background, err error) {
	defer func() { err = d.RefError("look up where a model is from in", err) }()
	b = Background{Siblings: map[string]artifacts.ID{}, Fitted: map[string]artifacts.ID{}}
	g, err := walk.Upstream(ctx, d, lineage.Ref{Artifact: model})
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
	err = d.Each(ctx, func(rows *sql.Rows) error {
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
