package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/workspace"
	"pipe/workspace/runs"
)

func (a *app) diffCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff RUN RUN",
		Short: "Say what differs between two runs",
		Long: `Compare two runs: pipeline file, seed, parameters and environment, the keys of their stages part by part, metrics,
columns of tables, and artifacts. Only what differs is shown; old is the first run, new the second.

RUN is "latest", the name of a pipeline for its latest run, or a run ID or the beginning of one.`,
		Example: `  pipe diff 20261123T031500-3f9a2c latest
  pipe diff penguins-baseline penguins --json | jq .metrics`,
		Args:              args(cobra.ExactArgs(2)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			return withWorkspace(a.host.OpenNearest, func(ws *workspace.Workspace) error {
				old, err := ws.DB.RunByRef(cmd.Context(), words[0])
				if err != nil {
					return err
				}
				new, err := ws.DB.RunByRef(cmd.Context(), words[1])
				if err != nil {
					return err
				}
				d, err := runs.Compare(cmd.Context(), ws, old, new)
				if err != nil {
					return err
				}
				if asJSON {
					return ui.WriteJSON(a.out, d)
				}
				return a.printDiff(d)
			})
		},
	}
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

// metricRemark says which way a metric went, and about which class it is.
func metricRemark(m runs.MetricDiff) string {
	class := ui.Class(lineage.Metric{Name: m.Name, Class: m.Class})
	switch {
	case m.OldClass != "":
		return fmt.Sprintf("class %s, before %s", class, ui.Class(lineage.Metric{Name: m.Name, Class: m.OldClass}))
	case class != "" && m.Change != "":
		return m.Change + ", class " + class
	case class != "":
		return "class " + class
	}
	return m.Change
}

func (a *app) printDiff(d *runs.Diff) error {
	for _, r := range []struct {
		label string
		runs.Name
	}{{"old", d.Old}, {"new", d.New}} {
		fmt.Fprintf(a.out, "%s  %s  %s  %s  %s\n", r.label, r.ID, r.Pipeline, r.Status, r.Started.Local().Format(time.DateTime))
	}
	if len(d.Run)+len(d.Params)+len(d.Stages)+len(d.Metrics)+len(d.Columns)+len(d.Files)+len(d.Artifacts) == 0 {
		fmt.Fprintln(a.out, "nothing differs")
		return nil
	}
	var rows [][]string
	for _, v := range d.Run {
		rows = append(rows, []string{v.Name, textOr(v.Old), textOr(v.New)})
	}
	for _, v := range d.Params {
		rows = append(rows, []string{"param " + v.Name, textOr(v.Old), textOr(v.New)})
	}
	if err := a.diffTable([]string{"RUN", "OLD", "NEW"}, rows); err != nil {
		return err
	}
	for _, s := range d.Stages {
		status := ""
		if runs.Finished(s.Old) != runs.Finished(s.New) {
			status = fmt.Sprintf("  %s -> %s", statusOr(s.Old), statusOr(s.New))
		}
		fmt.Fprintf(a.out, "\nstage %s%s\n", s.Stage, status)
		a.printChanges(s.Changes, false)
	}
	rows = nil
	for _, m := range d.Metrics {
		delta := ""
		if m.Delta != nil {
			delta = ui.Number(*m.Delta)
			if !strings.HasPrefix(delta, "-") {
				delta = "+" + delta
			}
		}
		rows = append(rows, []string{m.Stage + "." + m.Name, numberOr(m.Old), numberOr(m.New), delta, metricRemark(m)})
	}
	if err := a.diffTable([]string{"METRIC", "OLD", "NEW", "DELTA", ""}, rows); err != nil {
		return err
	}
	rows = nil
	for _, c := range d.Columns {
		rows = append(rows, []string{c.Stage + "." + c.Port, c.Column, orNone(c.Old), orNone(c.New)})
	}
	if err := a.diffTable([]string{"TABLE", "COLUMN", "OLD", "NEW"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, f := range d.Files {
		rows = append(rows, []string{f.Stage + "." + f.Port, diag.Visible(f.Path), fileText(f.Old), fileText(f.New)})
	}
	if err := a.diffTable([]string{"DIRECTORY", "FILE", "OLD", "NEW"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, o := range d.Artifacts {
		rows = append(rows, []string{o.Stage + "." + o.Port, o.Type, idOrNone(o.Old), idOrNone(o.New)})
	}
	return a.diffTable([]string{"ARTIFACT", "TYPE", "OLD", "NEW"}, rows)
}

// diffTable prints a section, if there is something in it.
func (a *app) diffTable(header []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	return ui.Table(a.out, header, rows)
}

func textOr(v *string) string {
	if v == nil {
		return "(none)"
	}
	return diag.Visible(*v)
}

func statusOr(s lineage.Status) string {
	if s == "" {
		return "(none)"
	}
	return string(s)
}

func numberOr(v *float64) string {
	if v == nil {
		return "(none)"
	}
	return ui.Number(*v)
}
