package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/lineage"
	"pipe/workspace"
)

func (a *app) modelsCommand() *cobra.Command {
	var (
		at      string
		history bool
		limit   int
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "models [PIPELINE|LABEL|PIPELINE@LABEL]",
		Short: "List models, what is in production, and what was when and why",
		Long: `List the models, the newest first, with the labels that they have and what was measured of them last.

With --at, say which model had which label at a time, since when, until when, and why it got it. A day stands for
its end. With --history, list every decision: promotions by users and by the gates of pipelines, gates that were
not met, and models that were retired. What was decided in another store, and came with pipe import, is marked;
it gives no label here.

A gate (promote: in a stage) is judged when a run has succeeded, but not in pipe rerun and pipe verify. It judges
the same measurements of a model once, so a run in which all is cached decides nothing, unless the gate has changed.
better_than measures the other model as the stage with the gate does, on the same rows, which go through the transform
that it was trained behind; the run shows these stages with the label behind their names. Where that cannot be done, the
new model is refused and the reason says why; on_other_data: allow compares with what was measured before, on other data.`,
		Example: `  pipe models
  pipe models penguins
  pipe models --at 2026-01-31
  pipe models production --at 2026-01-31T12:00:00Z
  pipe models --history penguins@production`,
		Args: args(cobra.MaximumNArgs(1)),
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			return a.heldLabels(cmd.Context()), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, words []string) error {
			if at != "" && history {
				return diag.Usagef("--at and --history are two questions: ask one")
			}
			if err := atLeast(0, limit, "limit"); err != nil {
				return err
			}
			when, err := moment(at)
			if err != nil {
				return err
			}
			ws, err := a.host.OpenNearest()
			if err != nil {
				return err
			}
			defer ws.Close()
			var word string
			if len(words) == 1 {
				word = words[0]
			}
			filter, err := modelFilter(cmd.Context(), ws, word)
			if err != nil {
				return err
			}
			switch {
			case history:
				return a.modelHistory(cmd.Context(), ws, filter, asJSON)
			case at != "":
				return a.modelsAt(cmd.Context(), ws, filter, when, asJSON)
			}
			return a.listModels(cmd.Context(), ws, filter, limit, asJSON)
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "which model had which label then: a day (2026-01-31), or a time as in RFC 3339")
	cmd.Flags().BoolVar(&history, "history", false, "every decision about models, the oldest first")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many models to list; 0 is all")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// moment reads a time. A day means its end: what was decided on it counts.
func moment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return day.AddDate(0, 0, 1).Add(-time.Millisecond), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateTime, "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, diag.Usage(diag.WithHint(fmt.Errorf("--at %q is not a time", text), "write a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z"))
}

// modelFilter reads PIPELINE, LABEL, PIPELINE@LABEL or @LABEL.
func modelFilter(ctx context.Context, ws *workspace.Workspace, word string) (f lineage.EventFilter, err error) {
	if word == "" {
		return f, nil
	}
	models, err := ws.DB.Models(ctx, "")
	if err != nil {
		return f, err
	}
	events, err := ws.DB.ModelEvents(ctx, lineage.EventFilter{})
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
		return lineage.EventFilter{Pipeline: name, Label: label}, known("label", label, labels)
	case pipelines[word]:
		return lineage.EventFilter{Pipeline: word}, nil
	}
	maps.Copy(pipelines, labels)
	return lineage.EventFilter{Label: word}, known("pipeline or label", word, pipelines)
}

// A listedModel is a model with what is known of it now.
type listedModel struct {
	lineage.Model
	labels  []string // those of another pipeline as OTHER@LABEL
	metrics map[string]float64
	classes map[string]string // that metrics are about
	order   []string          // names of metrics, the most telling first
	by      string            // the stage that measured them
}

func (a *app) listModels(ctx context.Context, ws *workspace.Workspace, f lineage.EventFilter, limit int, asJSON bool) error {
	models, err := ws.DB.Models(ctx, f.Pipeline)
	if err != nil {
		return err
	}
	held, err := ws.DB.Labels(ctx, time.Time{})
	if err != nil {
		return err
	}
	measured, err := ws.DB.LastMeasured(ctx)
	if err != nil {
		return err
	}
	var list []listedModel
	for _, m := range models {
		l := listedModel{Model: m}
		wanted := f.Label == ""
		for _, s := range held {
			if s.Model != m.ID {
				continue
			}
			name := s.Label
			if s.Pipeline != m.Pipeline {
				name = s.Pipeline + "@" + s.Label
			}
			l.labels = append(l.labels, name)
			wanted = wanted || s.Label == f.Label
		}
		if x, ok := measured[m.ID]; ok {
			l.metrics, l.classes, l.order, l.by = x.Metrics, x.Classes, tellingOrder(x.Metrics, x.Config), x.Stage
		}
		if wanted && (limit == 0 || len(list) < limit) {
			list = append(list, l)
		}
	}
	if asJSON {
		return writeJSON(a.out, map[string]any{"models": modelsJSON(list)})
	}
	if len(list) == 0 {
		fmt.Fprintln(a.err, "no models")
		return nil
	}
	var rows [][]string
	for _, l := range list {
		rows = append(rows, []string{l.ID.Short(), l.Pipeline, l.Stage, l.RunID, localTime(l.Created), strings.Join(l.labels, ", "),
			mainMetrics(l.metrics, l.classes, l.order)})
	}
	return writeTable(a.out, []string{"MODEL", "PIPELINE", "STAGE", "RUN", "MADE", "LABELS", "METRICS"}, rows)
}

// maxMainMetrics is how many metrics are shown of a model in a list.
const maxMainMetrics = 3

// tellingOrder is the order of metrics in which the settings of a stage name
// them, or else the usual one. Those of further data sets come last.
func tellingOrder(metrics map[string]float64, config json.RawMessage) []string {
	var settings struct {
		Metrics []string `json:"metrics"`
	}
	_ = json.Unmarshal(config, &settings) // of another kind of stage: then the usual order
	var order []string
	for _, name := range slices.Concat(settings.Metrics, metric.Names(), slices.Sorted(maps.Keys(metrics))) {
		if _, ok := metrics[name]; ok && !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	return order
}

func mainMetrics(metrics map[string]float64, classes map[string]string, order []string) string {
	var list []lineage.Metric
	for _, name := range order[:min(len(order), maxMainMetrics)] {
		list = append(list, lineage.Metric{Name: name, Value: metrics[name], Class: classes[name]})
	}
	return metricsText(list)
}

// metricsOfEvent are the main metrics that were known when a decision was made.
func metricsOfEvent(ev lineage.ModelEvent) string {
	return mainMetrics(ev.Metrics, ev.Classes, tellingOrder(ev.Metrics, nil))
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func localTime(t time.Time) string { return t.Local().Format(time.DateTime) }

func (a *app) modelsAt(ctx context.Context, ws *workspace.Workspace, f lineage.EventFilter, at time.Time, asJSON bool) error {
	held, err := ws.DB.Labels(ctx, at)
	if err != nil {
		return err
	}
	held = slices.DeleteFunc(held, func(s lineage.Standing) bool {
		return f.Pipeline != "" && s.Pipeline != f.Pipeline || f.Label != "" && s.Label != f.Label
	})
	if asJSON {
		return writeJSON(a.out, map[string]any{"at": at.UTC(), "labels": standingsJSON(held)})
	}
	if len(held) == 0 {
		fmt.Fprintf(a.err, "no model had a label at %s\n", at.Local().Format("2006-01-02 15:04:05 MST"))
		return nil
	}
	fmt.Fprintf(a.out, "at %s\n\n", at.Local().Format("2006-01-02 15:04:05 MST"))
	var rows [][]string
	for _, s := range held {
		until := ""
		if !s.Until.IsZero() {
			until = localTime(s.Until)
		}
		rows = append(rows, []string{s.Pipeline + "@" + s.Label, s.Model.Short(), localTime(s.Time), until, decider(s.ModelEvent), metricsOfEvent(s.ModelEvent), s.Note})
	}
	return writeTable(a.out, []string{"LABEL", "MODEL", "SINCE", "UNTIL", "BY", "METRICS", "WHY"}, rows)
}

// decider says who made a decision.
func decider(ev lineage.ModelEvent) string {
	who := ev.Actor
	switch {
	case ev.DecidedBy == lineage.ByGate:
		who = "gate of " + ev.Stage
	case who == "":
		who = "a user"
	}
	if !ev.Imported.IsZero() {
		who += " (elsewhere, from " + ev.ImportedFrom + ")"
	}
	return who
}

func (a *app) modelHistory(ctx context.Context, ws *workspace.Workspace, f lineage.EventFilter, asJSON bool) error {
	events, err := ws.DB.ModelEvents(ctx, f)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(a.out, map[string]any{"events": eventsJSON(events)})
	}
	if len(events) == 0 {
		fmt.Fprintln(a.err, "nothing was decided about a model yet; pipe promote MODEL --to production does")
		return nil
	}
	var rows [][]string
	for _, ev := range events {
		before := ""
		if !ev.Previous.IsZero() && ev.Previous != ev.Model {
			before = ev.Previous.Short()
		}
		rows = append(rows, []string{localTime(ev.Time), ev.Pipeline + "@" + ev.Label, ev.Event, ev.Model.Short(), before, decider(ev), ev.RunID, ev.Note})
	}
	return writeTable(a.out, []string{"TIME", "LABEL", "EVENT", "MODEL", "BEFORE", "BY", "RUN", "WHY"}, rows)
}

// labelNames lists PIPELINE@LABEL of every label that a model has now.
func labelNames(ctx context.Context, ws *workspace.Workspace) []string {
	held, err := ws.DB.Labels(ctx, time.Time{})
	if err != nil {
		return nil
	}
	var names []string
	for _, s := range held {
		names = append(names, s.Pipeline+"@"+s.Label)
	}
	return names
}

// showDecisions adds to an artifact what was decided about it.
func (a *app) showDecisions(events []lineage.ModelEvent, held []lineage.Standing, id artifacts.ID) error {
	if len(events) == 0 {
		return nil
	}
	var rows [][]string
	for _, ev := range events {
		now := ""
		if slices.ContainsFunc(held, func(s lineage.Standing) bool { return s.ID == ev.ID && s.Model == id }) {
			now = "now"
		}
		rows = append(rows, []string{ev.Event, ev.Pipeline + "@" + ev.Label, localTime(ev.Time), now, decider(ev), ev.Note})
	}
	fmt.Fprintln(a.out)
	return writeTable(a.out, []string{"", "LABEL", "TIME", "", "BY", "WHY"}, rows)
}
