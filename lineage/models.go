package lineage

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"pipe/artifacts"
)

// A Model is a trained model.
type Model struct {
	ID        artifacts.ID
	Execution int64 // that made it first
	RunID     string
	Pipeline  string
	Stage     string
	Port      string
	Size      int64
	Created   time.Time
}

// Models lists the models of a pipeline, or of all if it is empty, the newest
// first.
func (d *DB) Models(ctx context.Context, pipeline string) (_ []Model, err error) {
	defer func() { err = wrap("list models in", d.path, err) }()
	return collect(ctx, d.r, func(rows *sql.Rows) (Model, error) {
		var m Model
		var hash, created string
		if err := rows.Scan(&hash, &m.Execution, &m.RunID, &m.Pipeline, &m.Stage, &m.Port, &m.Size, &created); err != nil {
			return m, err
		}
		var err error
		if m.ID, err = artifacts.ParseID(hash); err != nil {
			return m, err
		}
		return m, setTime(&m.Created, created)
	}, `SELECT a.hash, m.execution_id, e.run_id, m.pipeline, m.stage, m.port, coalesce(a.size, 0), m.created_at
		FROM models m JOIN artifacts a ON a.id = m.artifact_id JOIN executions e ON e.id = m.execution_id
		WHERE ?1 = '' OR m.pipeline = ?1 ORDER BY m.id DESC`, pipeline)
}

// A Standing is a model that has, or had, a label for a time.
type Standing struct {
	ModelEvent           // by which it got the label
	Until      time.Time // when it lost it; zero if it still has it
}

// Labels lists which model had which label at a time, by pipeline and label.
// The zero time is now.
func (d *DB) Labels(ctx context.Context, at time.Time) (_ []Standing, err error) {
	defer func() { err = wrap("list labels in", d.path, err) }()
	where, args := "p.until IS NULL", []any{}
	if !at.IsZero() {
		where, args = "p.since <= ?1 AND (p.until IS NULL OR p.until > ?1)", []any{formatTime(at)}
	}
	return d.standings(ctx, where, args...)
}

func (d *DB) standings(ctx context.Context, where string, args ...any) ([]Standing, error) {
	type period struct {
		event int64
		until string
	}
	periods, err := collect(ctx, d.r, func(rows *sql.Rows) (p period, err error) {
		err = rows.Scan(&p.event, &p.until)
		return p, err
	}, "SELECT p.event_id, coalesce(p.until, '') FROM promotions_view p WHERE "+where+" ORDER BY p.pipeline, p.label, p.event_id", args...)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(periods))
	for i, p := range periods {
		ids[i] = p.event
	}
	events, err := collect(ctx, d.r, scanModelEvent, modelEventColumns+"WHERE id IN (SELECT value FROM json_each(?))", idList(ids))
	if err != nil {
		return nil, err
	}
	byID := map[int64]ModelEvent{}
	for _, ev := range events {
		byID[ev.ID] = ev
	}
	list := make([]Standing, len(periods))
	for i, p := range periods {
		list[i].ModelEvent = byID[p.event]
		if err := setTime(&list[i].Until, p.until); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// An EventFilter chooses decisions about models; zero fields choose all.
type EventFilter struct {
	Pipeline string
	Label    string
	Model    artifacts.ID
}

// ModelEvents lists decisions about models, the oldest first. What was decided
// elsewhere is at its time among them.
func (d *DB) ModelEvents(ctx context.Context, f EventFilter) (_ []ModelEvent, err error) {
	defer func() { err = wrap("list the history of models in", d.path, err) }()
	where, args := []string{"true"}, []any{}
	if f.Pipeline != "" {
		where, args = append(where, "pipeline = ?"), append(args, f.Pipeline)
	}
	if f.Label != "" {
		where, args = append(where, "label = ?"), append(args, f.Label)
	}
	if !f.Model.IsZero() {
		where, args = append(where, "model = ?"), append(args, f.Model.String())
	}
	return collect(ctx, d.r, scanModelEvent, modelEventColumns+"WHERE "+strings.Join(where, " AND ")+" ORDER BY time, id", args...)
}

// A Measurement is the newest that a stage has measured of a model.
type Measurement struct {
	Measured
	Config json.RawMessage // of the stage
}

// LastMeasured gives for each model what was measured of it last.
func (d *DB) LastMeasured(ctx context.Context) (_ map[artifacts.ID]Measurement, err error) {
	defer func() { err = wrap("read metrics of models from", d.path, err) }()
	found := map[artifacts.ID]Measurement{}
	err = d.each(ctx, func(rows *sql.Rows) error {
		var hash, metrics, classes, config string
		var m Measurement
		if err := rows.Scan(&hash, &m.Pipeline, &m.RunID, &m.Stage, &metrics, &classes, &config); err != nil {
			return err
		}
		if config != "" {
			m.Config = json.RawMessage(config)
		}
		if err := errors.Join(json.Unmarshal([]byte(metrics), &m.Metrics), json.Unmarshal([]byte(classes), &m.Classes)); err != nil {
			return err
		}
		id, err := artifacts.ParseID(hash)
		found[id] = m
		return err
	}, `SELECT v.model, r.pipeline, e.run_id, e.stage, v.metrics,
		(SELECT json_group_object(t.name, t.class) FROM metrics t WHERE t.execution_id = v.measured_in AND t.class IS NOT NULL), coalesce(e.config, '')
		FROM models_view v JOIN executions e ON e.id = v.measured_in JOIN runs r ON r.id = e.run_id`)
	return found, err
}

// modelByLabel finds what PIPELINE@LABEL means: the model that has the label,
// and the run in which it got it or, if that is forgotten, that made it.
func (d *DB) modelByLabel(ctx context.Context, ref string) (Ref, error) {
	pipeline, label, _ := strings.Cut(ref, "@")
	var model, runID string
	err := d.r.QueryRowContext(ctx, `SELECT p.model, coalesce((SELECT r.id FROM runs r WHERE r.id = p.run_id), e.run_id)
		FROM promotions_view p JOIN artifacts a ON a.hash = p.model JOIN models m ON m.artifact_id = a.id JOIN executions e ON e.id = m.execution_id
		WHERE p.pipeline = ? AND p.label = ? AND p.until IS NULL`, pipeline, label).Scan(&model, &runID)
	if errors.Is(err, sql.ErrNoRows) {
		held, err := collect(ctx, d.r, scanText,
			"SELECT pipeline || '@' || label FROM promotions_view WHERE until IS NULL ORDER BY pipeline, label LIMIT ?", maxCandidates)
		if err != nil {
			return Ref{}, err
		}
		return Ref{}, noHolder(ref, held)
	}
	if err != nil {
		return Ref{}, err
	}
	id, err := artifacts.ParseID(model)
	return Ref{Artifact: id, RunID: runID}, err
}
