// Package models is what models there are, what was decided about them and why, and
// what they say of new rows.
package models

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/forecast"
	"pipe/lineage/registry"
	"pipe/workspace"
)

// A Model is a model with what is known of it now.
type Model struct {
	ID         artifacts.ID       `json:"model"`
	Pipeline   string             `json:"pipeline"`
	Stage      string             `json:"stage"`
	Run        string             `json:"run"`
	Created    time.Time          `json:"created_at"`
	Size       int64              `json:"size"`
	Labels     []string           `json:"labels"`                // those of another pipeline as OTHER@LABEL
	MeasuredBy string             `json:"measured_by,omitempty"` // the stage that measured it last
	Metrics    map[string]float64 `json:"metrics"`
	Classes    map[string]string  `json:"classes,omitempty"` // of metrics that are about one class

	Telling []string `json:"-"` // names of metrics, the most telling first
}

// A List is some models, the newest first.
type List struct {
	Models []Model `json:"models"`
}

// A Standing is which models had which labels at a time.
type Standing struct {
	Time   time.Time `json:"at"`
	Labels []Event   `json:"labels"`
}

// A History is decisions about models, the oldest first.
type History struct {
	Events []Event `json:"events"`
}

// Filter reads PIPELINE, LABEL, PIPELINE@LABEL or @LABEL.
func Filter(ctx context.Context, w *workspace.Workspace, word string) (f registry.EventFilter, err error) {
	if word == "" {
		return f, nil
	}
	models, err := registry.Models(ctx, w.DB, "")
	if err != nil {
		return f, err
	}
	events, err := registry.Events(ctx, w.DB, registry.EventFilter{})
	if err != nil {
		return f, err
	}
	pipelines, labels := map[string]bool{}, map[string]bool{}
	for _, m := range models {
		pipelines[m.Pipeline] = true
	}
	for _, ev := range events {
		pipelines[ev.Pipeline], labels[ev.Label] = true, true
	}
	known := func(what, name string, names map[string]bool) error {
		if name == "" || names[name] {
			return nil
		}
		return diag.Unknown(what, name, slices.Sorted(maps.Keys(names)))
	}
	name, label, both := strings.Cut(word, "@")
	switch {
	case both:
		if err := known("pipeline", name, pipelines); err != nil {
			return f, err
		}
		return registry.EventFilter{Pipeline: name, Label: label}, known("label", label, labels)
	case pipelines[word]:
		return registry.EventFilter{Pipeline: word}, nil
	}
	maps.Copy(pipelines, labels)
	return registry.EventFilter{Label: word}, known("pipeline or label", word, pipelines)
}

// Find lists models with their labels and what was measured of them last; limit 0 is
// all.
func Find(ctx context.Context, w *workspace.Workspace, f registry.EventFilter, limit int) (*List, error) {
	models, err := registry.Models(ctx, w.DB, f.Pipeline)
	if err != nil {
		return nil, err
	}
	held, err := registry.Labels(ctx, w.DB, time.Time{})
	if err != nil {
		return nil, err
	}
	measured, err := registry.LastMeasured(ctx, w.DB)
	if err != nil {
		return nil, err
	}
	list := &List{[]Model{}}
	for _, m := range models {
		l := Model{ID: m.ID, Pipeline: m.Pipeline, Stage: m.Stage, Run: m.RunID, Created: m.Created, Size: m.Size,
			Labels: []string{}, Metrics: map[string]float64{}}
		wanted := f.Label == ""
		for _, s := range held {
			if s.Model != m.ID {
				continue
			}
			name := s.Label
			if s.Pipeline != m.Pipeline {
				name = s.Pipeline + "@" + s.Label
			}
			l.Labels = append(l.Labels, name)
			wanted = wanted || s.Label == f.Label
		}
		if x, ok := measured[m.ID]; ok {
			maps.Copy(l.Metrics, x.Metrics)
			l.Classes, l.Telling, l.MeasuredBy = x.Classes, tellingOrder(x.Metrics, x.Config), x.Stage
		}
		if wanted && (limit == 0 || len(list.Models) < limit) {
			list.Models = append(list.Models, l)
		}
	}
	return list, nil
}

// tellingOrder is the order of metrics in which the settings of a stage name
// them, or else the usual one. Those of further data sets come last.
func tellingOrder(metrics map[string]float64, config json.RawMessage) []string {
	var settings struct {
		Metrics []string `json:"metrics"`
	}
	_ = json.Unmarshal(config, &settings) // of another kind of stage: then the usual order
	var order []string
	for _, name := range slices.Concat(settings.Metrics, []string{forecast.MASEName}, metric.All().Names(), slices.Sorted(maps.Keys(metrics))) {
		if _, ok := metrics[name]; ok && !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	return order
}

// Telling are the names of the metrics that were known when a decision was made,
// the most telling first.
func (ev Event) Telling() []string { return tellingOrder(ev.Metrics, nil) }

// HeldAt says which model had which label at a time.
func HeldAt(ctx context.Context, w *workspace.Workspace, f registry.EventFilter, at time.Time) (*Standing, error) {
	held, err := registry.Labels(ctx, w.DB, at)
	if err != nil {
		return nil, err
	}
	out := &Standing{at.UTC(), []Event{}}
	for _, s := range held {
		if (f.Pipeline == "" || s.Pipeline == f.Pipeline) && (f.Label == "" || s.Label == f.Label) {
			out.Labels = append(out.Labels, standing(s))
		}
	}
	return out, nil
}

// HistoryOf lists every decision.
func HistoryOf(ctx context.Context, w *workspace.Workspace, f registry.EventFilter) (*History, error) {
	events, err := registry.Events(ctx, w.DB, f)
	if err != nil {
		return nil, err
	}
	return &History{eventsOf(events)}, nil
}

// LabelNames lists PIPELINE@LABEL of every label that a model has now.
func LabelNames(ctx context.Context, w *workspace.Workspace) ([]string, error) {
	held, err := registry.Labels(ctx, w.DB, time.Time{})
	var names []string
	for _, s := range held {
		names = append(names, s.Pipeline+"@"+s.Label)
	}
	return names, err
}

// Decisions are those about one model, with which of them hold now.
func Decisions(ctx context.Context, w *workspace.Workspace, model artifacts.ID) ([]Event, error) {
	found, err := registry.Events(ctx, w.DB, registry.EventFilter{Model: model})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	held, err := registry.Labels(ctx, w.DB, time.Time{})
	if err != nil {
		return nil, err
	}
	events := eventsOf(found)
	for i, ev := range found {
		events[i].Held = slices.ContainsFunc(held, func(s registry.Standing) bool { return s.ID == ev.ID && s.Model == model })
	}
	return events, nil
}
