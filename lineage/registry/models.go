// Package registry has the models of the lineage: which there are, what was measured
// of them, which one has a label, and how gates and people decide about that.
package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
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
func Models(ctx context.Context, d *lineage.DB, pipeline string) (_ []Model, err error) {
	defer func() { err = d.Error("list models in", err) }()
	return lineage.Collect(ctx, d.Reader(), scanModel, `SELECT a.hash, m.execution_id, e.run_id, m.pipeline, m.stage, m.port, coalesce(a.size, 0), m.created_at
		FROM models m JOIN artifacts a ON a.id = m.artifact_id JOIN executions e ON e.id = m.execution_id
		WHERE ?1 = '' OR m.pipeline = ?1 ORDER BY m.id DESC`, pipeline)
}

func scanModel(rows *sql.Rows) (Model, error) {
	var m Model
	var hash, created string
	if err := rows.Scan(&hash, &m.Execution, &m.RunID, &m.Pipeline, &m.Stage, &m.Port, &m.Size, &created); err != nil {
		return m, err
	}
	var err error
	if m.ID, err = artifacts.ParseID(hash); err != nil {
		return m, err
	}
	return m, lineage.SetTime(&m.Created, created)
}

// LatestRun is a model as the latest run has it that made it, or took it from the cache, nil if
// none is known. Without an ID it is any model: of the latest run that has one, the last.
func LatestRun(ctx context.Context, d *lineage.DB, id artifacts.ID) (_ *Model, err error) {
	defer func() { err = d.Error("find the latest run of a model in", err) }()
	hash := ""
	if !id.IsZero() {
		hash = id.String()
	}
	list, err := lineage.Collect(ctx, d.Reader(), scanModel, `SELECT a.hash, e.id, r.id, r.pipeline, e.stage, o.port, coalesce(a.size, 0), m.created_at
		FROM runs r JOIN executions e ON e.run_id = r.id AND e.status IN ('succeeded', 'cached')
		JOIN execution_outputs o ON o.execution_id = coalesce(e.cached_from, e.id)
		JOIN artifacts a ON a.id = o.artifact_id JOIN models m ON m.artifact_id = a.id
		WHERE ?1 = '' OR a.hash = ?1 ORDER BY r.seq DESC, e.id DESC LIMIT 1`, hash)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// A Standing is a model that has, or had, a label for a time.
type Standing struct {
	Event           // by which it got the label
	Until time.Time // when it lost it; zero if it still has it
}

// Labels lists which model had which label at a time, by pipeline and label.
// The zero time is now.
func Labels(ctx context.Context, d *lineage.DB, at time.Time) (_ []Standing, err error) {
	defer func() { err = d.Error("list labels in", err) }()
	where, args := "p.until IS NULL", []any{}
	if !at.IsZero() {
		where, args = "p.since <= ?1 AND (p.until IS NULL OR p.until > ?1)", []any{lineage.FormatTime(at)}
	}
	return standings(ctx, d, where, args...)
}

func standings(ctx context.Context, d *lineage.DB, where string, args ...any) ([]Standing, error) {
	type period struct {
		event int64
		until string
	}
	periods, err := lineage.Collect(ctx, d.Reader(), func(rows *sql.Rows) (p period, err error) {
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
	events, err := lineage.Collect(ctx, d.Reader(), scanModelEvent, modelEventColumns+"WHERE id IN (SELECT value FROM json_each(?))", lineage.JSONList(ids))
	if err != nil {
		return nil, err
	}
	byID := map[int64]Event{}
	for _, ev := range events {
		byID[ev.ID] = ev
	}
	list := make([]Standing, len(periods))
	for i, p := range periods {
		list[i].Event = byID[p.event]
		if err := lineage.SetTime(&list[i].Until, p.until); err != nil {
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

// Events lists decisions about models, the oldest first. What was decided
// elsewhere is at its time among them.
func Events(ctx context.Context, d *lineage.DB, f EventFilter) (_ []Event, err error) {
	defer func() { err = d.Error("list the history of models in", err) }()
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
	return lineage.Collect(ctx, d.Reader(), scanModelEvent, modelEventColumns+"WHERE "+strings.Join(where, " AND ")+" ORDER BY time, id", args...)
}

// A Measurement is the newest that a stage has measured of a model.
type Measurement struct {
	Measured
	Config json.RawMessage // of the stage
}

// LastMeasured gives for each model what was measured of it last.
func LastMeasured(ctx context.Context, d *lineage.DB) (_ map[artifacts.ID]Measurement, err error) {
	defer func() { err = d.Error("read metrics of models from", err) }()
	found := map[artifacts.ID]Measurement{}
	err = d.Each(ctx, func(rows *sql.Rows) error {
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
