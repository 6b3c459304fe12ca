package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"pipe/artifacts"
	"pipe/lineage"
)

// A Gate decides when a run ends whether the model that a stage of it has
// measured gets a label.
type Gate struct {
	Label string
	Stage string // that measured the model
	Rule  string // JSON: what the gate asks for
	Rival string // the label of the model to compare with; empty for no comparison

	// Judge says what came of each condition, and why the model is promoted or
	// refused. It is called within the transaction that records the decision,
	// so the rival has its label until then.
	Judge func(Measured, *Rival) ([]Check, string)
}

// A Rival is the model that a gate compares with.
type Rival struct {
	Model    artifacts.ID
	Measured []Measured // what is known of it, what fits best first
}

// FinishRun ends a run like FinishRun, and judges the gates of it in the
// same transaction: a run has succeeded if and only if its gates were judged.
//
// A model that has the label keeps it, and nothing is recorded. Neither is it
// if the same rule has judged the same measurements of the model before, or if
// a user has decided about the model and the label: so a run in which
// everything is cached decides nothing, and does not undo what a user did.
func FinishRun(ctx context.Context, d *lineage.DB, runID string, status lineage.Status, message string, gates []Gate) (list []Decision, err error) {
	err = d.Update(ctx, lineage.Durable, "finish a run in", func(t *lineage.Tx) error {
		if err := t.FinishRun(runID, status, message, d.Now(), d.Now()); err != nil {
			return err
		}
		for _, g := range gates {
			done, err := judge(d, t, runID, g)
			if err != nil {
				return fmt.Errorf("run %s: gate of stage %s: %w", runID, g.Stage, err)
			}
			list = append(list, done)
		}
		return nil
	})
	return list, err
}

func judge(d *lineage.DB, t *lineage.Tx, runID string, g Gate) (done Decision, err error) {
	ev, candidate, before, err := undecided(t, runID, g)
	if err != nil {
		return done, err
	}
	if before != nil {
		return *before, nil
	}
	rival, err := rival(t, ev.Pipeline, g)
	if err != nil {
		return done, err
	}
	ev.Checks, ev.Note = g.Judge(candidate, rival)
	ev.Event, done.Outcome = EventPromoted, Promoted
	for _, c := range ev.Checks {
		if !c.Met {
			ev.Event, done.Outcome = EventRefused, Refused
		}
	}
	err = appendModelEvent(t, &ev, d.Now())
	done.Event = ev
	return done, err
}

// undecided begins the decision of a gate of a run: about which model, and what
// was measured of it. Where nothing is to be decided, before says why.
func undecided(t *lineage.Tx, runID string, g Gate) (ev Event, m Measured, before *Decision, err error) {
	ev = Event{Label: g.Label, DecidedBy: ByGate, RunID: runID, Stage: g.Stage, Gate: g.Rule}
	if m, err = candidate(t, &ev); err != nil {
		return ev, m, nil, err
	}
	held, err := holder(t, ev.Pipeline, ev.Label)
	if err != nil {
		return ev, m, nil, err
	}
	if held != nil && held.Model == ev.Model {
		return ev, m, &Decision{Holds, *held}, nil
	}
	earlier, err := modelEvents(t, `WHERE pipeline = ?1 AND label = ?2 AND model = ?3 AND imported_at IS NULL
		AND (decided_by = 'user' OR gate = ?4 AND metrics = ?5 AND measured_on = ?6) ORDER BY decided_by = 'user' DESC, id DESC LIMIT 1`,
		ev.Pipeline, ev.Label, ev.Model.String(), ev.Gate, jsonObject(ev.Metrics), jsonObject(ev.MeasuredOn))
	if err != nil {
		return ev, m, nil, err
	}
	if len(earlier) > 0 {
		return ev, m, &Decision{Stands, earlier[0]}, nil
	}
	if held != nil {
		ev.Previous = held.Model
	}
	return ev, m, nil, nil
}

// candidate reads the model that a stage of the run has measured, or has made and measured, and what it
// measured.
func candidate(t *lineage.Tx, ev *Event) (m Measured, err error) {
	var id int64
	var hash string
	err = t.Row(`SELECT i.execution_id, a.hash, r.pipeline FROM executions e JOIN runs r ON r.id = e.run_id
		JOIN measuring i ON i.execution_id = coalesce(e.cached_from, e.id)
		JOIN artifacts a ON a.id = i.artifact_id
		WHERE `+lineage.OfRun+` AND e.stage = ?2 AND e.status IN ('succeeded', 'cached') ORDER BY e.attempt DESC LIMIT 1`,
		ev.RunID, ev.Stage).Scan(&id, &hash, &ev.Pipeline)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errors.New("it has measured no model")
	}
	if err != nil {
		return m, err
	}
	if ev.Model, err = artifacts.ParseID(hash); err != nil {
		return m, err
	}
	m, err = measured(t, id)
	ev.Metrics, ev.Classes, ev.MeasuredOn = m.Metrics, m.Classes, m.On
	return m, err
}

func rival(t *lineage.Tx, pipeline string, g Gate) (*Rival, error) {
	if g.Rival == "" {
		return nil, nil
	}
	held, err := holder(t, pipeline, g.Rival)
	if held == nil || err != nil {
		return nil, err
	}
	known, err := measurements(t, held.Model, pipeline, g.Stage)
	return &Rival{held.Model, known}, err
}
