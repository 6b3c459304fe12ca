package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/workspace"
	"pipe/workspace/models"
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
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				var word string
				if len(words) == 1 {
					word = words[0]
				}
				filter, err := models.Filter(cmd.Context(), ws, word)
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
			})
		},
	}
	cmd.Flags().StringVar(&at, "at", "", "which model had which label then: a day (2026-01-31), or a time as in RFC 3339")
	cmd.Flags().BoolVar(&history, "history", false, "every decision about models, the oldest first")
	cmd.Flags().IntVar(&limit, "limit", 20, "how many models to list; 0 is all")
	jsonFlag(cmd, &asJSON, printJSON)
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

func (a *app) listModels(ctx context.Context, ws *workspace.Workspace, f registry.EventFilter, limit int, asJSON bool) error {
	list, err := models.Find(ctx, ws, f, limit)
	if err != nil {
		return err
	}
	if asJSON {
		return ui.WriteJSON(a.out, list)
	}
	if len(list.Models) == 0 {
		fmt.Fprintln(a.err, "no models")
		return nil
	}
	var rows [][]string
	for _, m := range list.Models {
		rows = append(rows, []string{m.ID.Short(), m.Pipeline, m.Stage, m.Run, ui.LocalTime(m.Created), strings.Join(m.Labels, ", "),
			mainMetrics(m.Metrics, m.Classes, m.Telling)})
	}
	return ui.Table(a.out, []string{"MODEL", "PIPELINE", "STAGE", "RUN", "MADE", "LABELS", "METRICS"}, rows)
}

// maxMainMetrics is how many metrics are shown of a model in a list.
const maxMainMetrics = 3

func mainMetrics(metrics map[string]float64, classes map[string]string, order []string) string {
	var list []lineage.Metric
	for _, name := range order[:min(len(order), maxMainMetrics)] {
		list = append(list, lineage.Metric{Name: name, Value: metrics[name], Class: classes[name]})
	}
	return ui.Metrics(list)
}

// metricsOfEvent are the main metrics that were known when a decision was made.
func metricsOfEvent(ev models.Event) string {
	return mainMetrics(ev.Metrics, ev.Classes, ev.Telling())
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

func (a *app) modelsAt(ctx context.Context, ws *workspace.Workspace, f registry.EventFilter, at time.Time, asJSON bool) error {
	held, err := models.HeldAt(ctx, ws, f, at)
	if err != nil {
		return err
	}
	if asJSON {
		return ui.WriteJSON(a.out, held)
	}
	clock := held.Time.Local().Format("2006-01-02 15:04:05 MST")
	if len(held.Labels) == 0 {
		fmt.Fprintf(a.err, "no model had a label at %s\n", clock)
		return nil
	}
	fmt.Fprintf(a.out, "at %s\n\n", clock)
	var rows [][]string
	for _, ev := range held.Labels {
		until := ""
		if !ev.Until.IsZero() {
			until = ui.LocalTime(ev.Until)
		}
		rows = append(rows, []string{ev.Pipeline + "@" + ev.Label, ev.Model.Short(), ui.LocalTime(ev.Time), until, ui.Decider(ev), metricsOfEvent(ev), ev.Reason})
	}
	return ui.Table(a.out, []string{"LABEL", "MODEL", "SINCE", "UNTIL", "BY", "METRICS", "WHY"}, rows)
}

func (a *app) modelHistory(ctx context.Context, ws *workspace.Workspace, f registry.EventFilter, asJSON bool) error {
	history, err := models.HistoryOf(ctx, ws, f)
	if err != nil {
		return err
	}
	if asJSON {
		return ui.WriteJSON(a.out, history)
	}
	if len(history.Events) == 0 {
		fmt.Fprintln(a.err, "nothing was decided about a model yet; pipe promote MODEL --to production does")
		return nil
	}
	var rows [][]string
	for _, ev := range history.Events {
		before := ""
		if !ev.Previous.IsZero() && ev.Previous != ev.Model {
			before = ev.Previous.Short()
		}
		rows = append(rows, []string{ui.LocalTime(ev.Time), ev.Pipeline + "@" + ev.Label, ev.Event, ev.Model.Short(), before, ui.Decider(ev), ev.Run, ev.Reason})
	}
	return ui.Table(a.out, []string{"TIME", "LABEL", "EVENT", "MODEL", "BEFORE", "BY", "RUN", "WHY"}, rows)
}

// showDecisions adds to an artifact what was decided about it.
func (a *app) showDecisions(events []models.Event) error {
	if len(events) == 0 {
		return nil
	}
	var rows [][]string
	for _, ev := range events {
		now := ""
		if ev.Held {
			now = "now"
		}
		rows = append(rows, []string{ev.Event, ev.Pipeline + "@" + ev.Label, ui.LocalTime(ev.Time), now, ui.Decider(ev), ev.Reason})
	}
	fmt.Fprintln(a.out)
	return ui.Table(a.out, []string{"", "LABEL", "TIME", "", "BY", "WHY"}, rows)
}
