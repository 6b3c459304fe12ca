package models

import (
	"encoding/json"
	"time"

	"pipe/artifacts"
	"pipe/lineage/registry"
)

// An Event is a decision about a model.
type Event struct {
	Time         time.Time          `json:"time"`
	Pipeline     string             `json:"pipeline"`
	Label        string             `json:"label"`
	Event        string             `json:"event"` // registry.EventPromoted and the like
	Model        artifacts.ID       `json:"model"`
	Previous     artifacts.ID       `json:"previous,omitzero"`
	Until        time.Time          `json:"until,omitzero"` // of a label that was held
	DecidedBy    string             `json:"decided_by"`
	Actor        string             `json:"actor,omitempty"`
	Run          string             `json:"run,omitempty"`
	Stage        string             `json:"stage,omitempty"`
	Gate         json.RawMessage    `json:"gate,omitempty"`
	Metrics      map[string]float64 `json:"metrics"`
	Classes      map[string]string  `json:"classes,omitempty"` // of metrics that are about one class
	MeasuredOn   map[string]string  `json:"measured_on"`
	Checks       []registry.Check   `json:"checks"`
	Reason       string             `json:"reason"`
	Imported     time.Time          `json:"imported_at,omitzero"`
	ImportedFrom string             `json:"imported_from,omitempty"`

	Held bool `json:"-"` // what it decided holds now, as far as that was asked for
}

// EventOf is a decision as the database has it.
func EventOf(ev registry.Event) Event {
	out := Event{Time: ev.Time, Pipeline: ev.Pipeline, Label: ev.Label, Event: ev.Event, Model: ev.Model, Previous: ev.Previous,
		DecidedBy: ev.DecidedBy, Actor: ev.Actor, Run: ev.RunID, Stage: ev.Stage, Metrics: ev.Metrics, Classes: ev.Classes, MeasuredOn: ev.MeasuredOn,
		Checks: append([]registry.Check{}, ev.Checks...), Reason: ev.Note, Imported: ev.Imported, ImportedFrom: ev.ImportedFrom}
	if ev.Gate != "" {
		out.Gate = json.RawMessage(ev.Gate)
	}
	if out.Metrics == nil {
		out.Metrics = map[string]float64{}
	}
	if out.MeasuredOn == nil {
		out.MeasuredOn = map[string]string{}
	}
	return out
}

func eventsOf(events []registry.Event) []Event {
	out := make([]Event, 0, len(events))
	for _, ev := range events {
		out = append(out, EventOf(ev))
	}
	return out
}

// standing is a label that was held until some time.
func standing(s registry.Standing) Event {
	ev := EventOf(s.Event)
	ev.Until = s.Until
	return ev
}

// A Decision is an event with what became of the wish for it.
type Decision struct {
	Outcome registry.Outcome `json:"outcome"`
	Event   Event            `json:"event"`
}

// DecisionOf is a decision as the database gives it.
func DecisionOf(d registry.Decision) Decision { return Decision{d.Outcome, EventOf(d.Event)} }
