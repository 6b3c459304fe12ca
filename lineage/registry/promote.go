package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
)

// What can happen to a model.
const (
	EventPromoted = "promoted" // it has a label from now on
	EventRefused  = "refused"  // a gate was not met
	EventRetired  = "retired"  // its label is given to no model
)

// Who decides about a model.
const (
	ByUser = "user"
	ByGate = "gate"
)

// A Event is a decision about a model. Its fields are those of the table
// model_events.
type Event struct {
	ID         int64
	Time       time.Time
	Pipeline   string // whose label it is
	Label      string
	Event      string
	Model      artifacts.ID
	Previous   artifacts.ID // that had the label before; zero if none had it
	DecidedBy  string
	Actor      string             // login name of the user
	RunID      string             // whose gate it was, or in which the user named the model
	Stage      string             // that had measured the model
	Gate       string             // JSON: what the gate asks for
	Metrics    map[string]float64 // that the stage had measured
	Classes    map[string]string  // that metrics are about, of those that are about one
	MeasuredOn map[string]string  // its other inputs: hashes by port
	Checks     []Check
	Note       string // the reason, for people

	Imported     time.Time // when it came with Import; zero if it was decided here
	ImportedFrom string
}

// A Check is a condition of a gate with what came of it.
type Check struct {
	Metric    string   `json:"metric"`
	Condition string   `json:"condition"`            // ">= 0.95", "better than production"
	Value     *float64 `json:"value"`                // nil: it was not measured
	Limit     *float64 `json:"limit,omitempty"`      // what it was compared with; nil if there was nothing
	OtherData bool     `json:"other_data,omitempty"` // the limit was measured on other data
	Met       bool     `json:"met"`

	// Gain is the 95% interval of how much better it is, of a gate that compares row by row.
	Gain *[2]float64 `json:"gain,omitempty"`
}

// A Promotion is the wish of a user that a model gets a label.
type Promotion struct {
	Model    artifacts.ID
	Pipeline string
	Label    string
	RunID    string // in which the user named the model
	Actor    string
	Reason   string
}

// A Decision says what came of a gate or of a promotion.
type Decision struct {
	Outcome Outcome
	Event   Event // that it made, or the earlier one that stands
}

// An Outcome is how a decision ended.
type Outcome string

const (
	Promoted Outcome = "promoted"
	Refused  Outcome = "refused"
	Holds    Outcome = "unchanged" // the model has the label already
	Stands   Outcome = "stands"    // what was decided about the model before
)

// Promote gives a label to a model, and takes it from the one that has it. It
// changes nothing if the model has it already.
func Promote(ctx context.Context, d *lineage.DB, p Promotion) (_ Decision, err error) {
	var done Decision
	err = d.Update(ctx, lineage.Durable, "promote a model in", func(t *lineage.Tx) error {
		held, err := holder(t, p.Pipeline, p.Label)
		if err != nil {
			return err
		}
		if held != nil && held.Model == p.Model {
			done = Decision{Holds, *held}
			return nil
		}
		ev := Event{Pipeline: p.Pipeline, Label: p.Label, Event: EventPromoted, Model: p.Model, DecidedBy: ByUser,
			Actor: p.Actor, RunID: p.RunID, Note: p.Reason}
		if held != nil {
			ev.Previous = held.Model
		}
		known, err := measurements(t, p.Model, p.Pipeline, "")
		if err != nil {
			return err
		}
		if len(known) > 0 {
			ev.Stage, ev.Metrics, ev.Classes, ev.MeasuredOn = known[0].Stage, known[0].Metrics, known[0].Classes, known[0].On
		}
		done = Decision{Promoted, ev}
		return appendModelEvent(t, &done.Event, d.Now())
	})
	return done, d.RefError("promote a model in", err)
}

// Retire takes a label from the model that has it. The error is a *RefError if
// none has it.
func Retire(ctx context.Context, d *lineage.DB, pipeline, label, actor, reason string) (ev Event, err error) {
	err = d.Update(ctx, lineage.Durable, "retire a model in", func(t *lineage.Tx) error {
		held, err := holder(t, pipeline, label)
		if err != nil {
			return err
		}
		if held == nil {
			return noHolder(t, pipeline+"@"+label)
		}
		ev = Event{Pipeline: pipeline, Label: label, Event: EventRetired, Model: held.Model, Previous: held.Model,
			DecidedBy: ByUser, Actor: actor, RunID: held.RunID, Note: reason}
		return appendModelEvent(t, &ev, d.Now())
	})
	return ev, d.RefError("retire a model in", err)
}

// noHolder says which labels there are.
func noHolder(t *lineage.Tx, ref string) error {
	held, err := t.Texts("SELECT pipeline || '@' || label FROM promotions_view WHERE until IS NULL ORDER BY pipeline, label LIMIT ?", lineage.MaxCandidates)
	if err != nil {
		return err
	}
	return lineage.NoHolder(ref, held)
}

// appendModelEvent adds a row. Decisions that were made here are in the order
// of their IDs, so their times never go back, whatever the clock does.
func appendModelEvent(t *lineage.Tx, ev *Event, now time.Time) error {
	var known bool
	err := t.Row("SELECT EXISTS (SELECT 1 FROM models m JOIN artifacts a ON a.id = m.artifact_id WHERE a.hash = ?)", ev.Model.String()).Scan(&known)
	if err != nil {
		return err
	}
	if !known {
		return &lineage.RefError{Ref: ev.Model.Short(), Msg: "is not a model that was made here"}
	}
	at := lineage.FormatTime(now)
	var last string
	if err := t.Row("SELECT coalesce(max(time), '') FROM model_events WHERE imported_at IS NULL").Scan(&last); err != nil {
		return err
	}
	at = max(at, last)
	if err := lineage.SetTime(&ev.Time, at); err != nil {
		return err
	}
	previous := ""
	if !ev.Previous.IsZero() {
		previous = ev.Previous.String()
	}
	res, err := t.ExecContext(t.Ctx, `INSERT INTO model_events (time, pipeline, label, event, model, previous, decided_by, actor, run_id, stage, gate,
			metrics, classes, measured_on, checks, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		at, ev.Pipeline, ev.Label, ev.Event, ev.Model.String(), lineage.Nullable(previous), ev.DecidedBy, ev.Actor, lineage.Nullable(ev.RunID), lineage.Nullable(ev.Stage),
		lineage.Nullable(ev.Gate), jsonObject(ev.Metrics), jsonObject(ev.Classes), jsonObject(ev.MeasuredOn), lineage.JSONList(append([]Check{}, ev.Checks...)), ev.Note)
	if err != nil {
		return err
	}
	ev.ID, err = res.LastInsertId()
	return err
}

// jsonObject is a map as JSON, with sorted keys; {} if it is nil.
func jsonObject[T any](m map[string]T) string {
	if m == nil {
		return "{}"
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // texts and finite numbers cannot fail
	}
	return string(text)
}

// holder is the promotion of the model that has a label now; nil if none has.
func holder(t *lineage.Tx, pipeline, label string) (*Event, error) {
	list, err := modelEvents(t, `WHERE id = (SELECT max(id) FROM model_events WHERE pipeline = ? AND label = ?
		AND event IN ('promoted', 'retired') AND imported_at IS NULL) AND event = 'promoted'`, pipeline, label)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

func modelEvents(t *lineage.Tx, where string, args ...any) ([]Event, error) {
	return lineage.Collect(t.Ctx, t, scanModelEvent, modelEventColumns+where, args...)
}

const modelEventColumns = `SELECT id, time, pipeline, label, event, model, coalesce(previous, ''), decided_by, actor, coalesce(run_id, ''),
	coalesce(stage, ''), coalesce(gate, ''), metrics, classes, measured_on, checks, note, coalesce(imported_at, ''), coalesce(imported_from, '') FROM model_events `

func scanModelEvent(rows *sql.Rows) (ev Event, err error) {
	var at, model, previous, metrics, classes, on, checks, imported string
	err = rows.Scan(&ev.ID, &at, &ev.Pipeline, &ev.Label, &ev.Event, &model, &previous, &ev.DecidedBy, &ev.Actor, &ev.RunID,
		&ev.Stage, &ev.Gate, &metrics, &classes, &on, &checks, &ev.Note, &imported, &ev.ImportedFrom)
	if err != nil {
		return ev, err
	}
	if ev.Model, err = artifacts.ParseID(model); err != nil {
		return ev, fmt.Errorf("model event %d: %w", ev.ID, err)
	}
	if previous != "" {
		if ev.Previous, err = artifacts.ParseID(previous); err != nil {
			return ev, fmt.Errorf("model event %d: %w", ev.ID, err)
		}
	}
	for _, part := range []struct {
		text string
		to   any
	}{{metrics, &ev.Metrics}, {classes, &ev.Classes}, {on, &ev.MeasuredOn}, {checks, &ev.Checks}} {
		if err := json.Unmarshal([]byte(part.text), part.to); err != nil {
			return ev, fmt.Errorf("model event %d: %w", ev.ID, err)
		}
	}
	return ev, errors.Join(lineage.SetTime(&ev.Time, at), lineage.SetTime(&ev.Imported, imported))
}

// A Measured is what a stage has measured of a model.
type Measured struct {
	Pipeline string
	RunID    string // that did the work
	Stage    string
	Metrics  map[string]float64
	Classes  map[string]string // that metrics are about, of those that are about one
	On       map[string]string // the other inputs of the stage: hashes by port
}

// DataOf says on which data a metric was measured: the hash of the input that
// its name begins with (train.rmse), else of the input `data`, else those of
// all inputs.
func (m *Measured) DataOf(metric string) string {
	name, _, _ := strings.Cut(metric, "[") // a class may have dots
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && m.On[name[:dot]] != "" {
		return m.On[name[:dot]]
	}
	if data := m.On["data"]; data != "" {
		return data
	}
	return jsonObject(m.On)
}

// measurements lists what is known of a model: what the named stage of the
// pipeline has measured before what others have, what says how good it is before
// other figures, the newest first, and then what its promotions say. That stays when gc deletes the rest.
func measurements(t *lineage.Tx, model artifacts.ID, pipeline, stage string) ([]Measured, error) {
	ids, err := t.IDs(`SELECT i.execution_id FROM measuring i JOIN artifacts a ON a.id = i.artifact_id
		JOIN executions e ON e.id = i.execution_id JOIN runs r ON r.id = e.run_id
		WHERE a.hash = ? AND e.status IN ('succeeded', 'gate_failed')
		  AND EXISTS (SELECT 1 FROM metrics m WHERE m.execution_id = e.id)
		ORDER BY r.pipeline = ? DESC, e.stage = ? DESC, EXISTS (SELECT 1 FROM metrics m WHERE m.execution_id = e.id AND m.goal IS NOT NULL) DESC, e.id DESC`, model.String(), pipeline, stage)
	if err != nil {
		return nil, err
	}
	var list []Measured
	for _, id := range ids {
		m, err := measured(t, id)
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	events, err := modelEvents(t, "WHERE model = ? AND event <> 'retired' AND metrics <> '{}' ORDER BY id DESC", model.String())
	for _, ev := range events {
		list = append(list, Measured{Pipeline: ev.Pipeline, RunID: ev.RunID, Stage: ev.Stage, Metrics: ev.Metrics, Classes: ev.Classes, On: ev.MeasuredOn})
	}
	return list, err
}

// measured reads what an execution has measured of its model.
func measured(t *lineage.Tx, execution int64) (Measured, error) {
	m := Measured{Metrics: map[string]float64{}, Classes: map[string]string{}, On: map[string]string{}}
	err := t.Row("SELECT r.pipeline, e.run_id, e.stage FROM executions e JOIN runs r ON r.id = e.run_id WHERE e.id = ?", execution).
		Scan(&m.Pipeline, &m.RunID, &m.Stage)
	if err != nil {
		return m, err
	}
	rows, err := t.QueryContext(t.Ctx, `SELECT 'metric', name, coalesce(class, ''), value FROM metrics WHERE execution_id = ?1
		UNION ALL SELECT 'input', i.port, a.hash, 0.0 FROM execution_inputs i JOIN artifacts a ON a.id = i.artifact_id
		WHERE i.execution_id = ?1 AND i.type <> 'model'`, execution)
	if err != nil {
		return m, err
	}
	defer rows.Close()
	for rows.Next() {
		var what, name, text string
		var value float64
		if err := rows.Scan(&what, &name, &text, &value); err != nil {
			return m, err
		}
		if what == "metric" {
			m.Metrics[name] = value
			if text != "" {
				m.Classes[name] = text
			}
		} else {
			m.On[name] = text
		}
	}
	return m, rows.Err()
}
