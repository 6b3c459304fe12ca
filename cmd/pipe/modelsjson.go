package main

import (
	"encoding/json"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
)

type modelJSON struct {
	Model      string             `json:"model"`
	Pipeline   string             `json:"pipeline"`
	Stage      string             `json:"stage"`
	Run        string             `json:"run"`
	Created    time.Time          `json:"created_at"`
	Size       int64              `json:"size"`
	Labels     []string           `json:"labels"`
	MeasuredBy string             `json:"measured_by,omitempty"`
	Metrics    map[string]float64 `json:"metrics"`
	Classes    map[string]string  `json:"classes,omitempty"` // of metrics that are about one class
}

func modelsJSON(list []listedModel) []modelJSON {
	out := make([]modelJSON, 0, len(list))
	for _, l := range list {
		m := modelJSON{l.ID.String(), l.Pipeline, l.Stage, l.RunID, l.Created, l.Size, append([]string{}, l.labels...), l.by, l.metrics, l.classes}
		if m.Metrics == nil {
			m.Metrics = map[string]float64{}
		}
		out = append(out, m)
	}
	return out
}

type modelEventJSON struct {
	Time         time.Time          `json:"time"`
	Pipeline     string             `json:"pipeline"`
	Label        string             `json:"label"`
	Event        string             `json:"event"`
	Model        string             `json:"model"`
	Previous     string             `json:"previous,omitempty"`
	Until        *time.Time         `json:"until,omitempty"`
	DecidedBy    string             `json:"decided_by"`
	Actor        string             `json:"actor,omitempty"`
	Run          string             `json:"run,omitempty"`
	Stage        string             `json:"stage,omitempty"`
	Gate         json.RawMessage    `json:"gate,omitempty"`
	Metrics      map[string]float64 `json:"metrics"`
	Classes      map[string]string  `json:"classes,omitempty"` // of metrics that are about one class
	MeasuredOn   map[string]string  `json:"measured_on"`
	Checks       []lineage.Check    `json:"checks"`
	Reason       string             `json:"reason"`
	Imported     *time.Time         `json:"imported_at,omitempty"`
	ImportedFrom string             `json:"imported_from,omitempty"`
}

func eventJSON(ev lineage.ModelEvent) modelEventJSON {
	out := modelEventJSON{Time: ev.Time, Pipeline: ev.Pipeline, Label: ev.Label, Event: ev.Event, Model: ev.Model.String(),
		DecidedBy: ev.DecidedBy, Actor: ev.Actor, Run: ev.RunID, Stage: ev.Stage, Metrics: ev.Metrics, Classes: ev.Classes, MeasuredOn: ev.MeasuredOn,
		Checks: append([]lineage.Check{}, ev.Checks...), Reason: ev.Note, Imported: timeJSON(ev.Imported), ImportedFrom: ev.ImportedFrom}
	if ev.Previous != (artifacts.ID{}) {
		out.Previous = ev.Previous.String()
	}
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

func eventsJSON(events []lineage.ModelEvent) []modelEventJSON {
	out := make([]modelEventJSON, 0, len(events))
	for _, ev := range events {
		out = append(out, eventJSON(ev))
	}
	return out
}

func standingsJSON(list []lineage.Standing) []modelEventJSON {
	out := make([]modelEventJSON, 0, len(list))
	for _, s := range list {
		ev := eventJSON(s.ModelEvent)
		ev.Until = timeJSON(s.Until)
		out = append(out, ev)
	}
	return out
}

func decisionJSON(d lineage.Decision) any {
	return struct {
		Outcome lineage.Outcome `json:"outcome"`
		Event   modelEventJSON  `json:"event"`
	}{d.Outcome, eventJSON(d.Event)}
}
