package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/lineage"
	"pipe/runner"
	"pipe/workspace"
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
			ws, err := a.host.OpenNearest()
			if err != nil {
				return err
			}
			defer ws.Close()
			var runs [2]*lineage.Run
			for i, word := range words {
				if runs[i], err = ws.DB.RunByRef(cmd.Context(), word); err != nil {
					return err
				}
			}
			d, err := diffRuns(cmd.Context(), ws, runs[0], runs[1])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.out, d)
			}
			return a.printDiff(d)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// A runDiff is what differs between two runs.
type runDiff struct {
	Old       runName        `json:"old"`
	New       runName        `json:"new"`
	Run       []valueDiff    `json:"run"` // pipeline, file, seed, environment
	Params    []valueDiff    `json:"params"`
	Stages    []stageDiff    `json:"stages"`
	Metrics   []metricDiff   `json:"metrics"`
	Columns   []columnDiff   `json:"columns"`
	Files     []fileDiff     `json:"files"` // of directories
	Artifacts []artifactDiff `json:"artifacts"`
}

type runName struct {
	ID       string         `json:"id"`
	Pipeline string         `json:"pipeline"`
	Status   lineage.Status `json:"status"`
	Started  time.Time      `json:"started"`
}

// A valueDiff is a named value; nil where there is none.
type valueDiff struct {
	Name string  `json:"name"`
	Old  *string `json:"old"`
	New  *string `json:"new"`
}

type stageDiff struct {
	Stage   string          `json:"stage"`
	Old     lineage.Status  `json:"old,omitempty"` // empty if the run has no such stage
	New     lineage.Status  `json:"new,omitempty"`
	Changes []changeJSON    `json:"changes"`
	changes []runner.Change // for people
}

type metricDiff struct {
	Stage string   `json:"stage"`
	Name  string   `json:"name"`
	Old   *float64 `json:"old"`
	New   *float64 `json:"new"`
	Delta *float64 `json:"delta,omitempty"`

	Goal   string `json:"goal,omitempty"`   // up or down, if it is known which values are better
	Change string `json:"change,omitempty"` // better or worse, if both runs have the metric with one goal and class

	Class    string `json:"class,omitempty"`     // that it is about
	OldClass string `json:"old_class,omitempty"` // that it was about, if that was another
}

type columnDiff struct {
	Stage  string `json:"stage"`
	Port   string `json:"port"`
	Column string `json:"column"`
	Old    string `json:"old,omitempty"`
	New    string `json:"new,omitempty"`
}

type artifactDiff struct {
	Stage string `json:"stage"`
	Port  string `json:"port"`
	Type  string `json:"type"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
}

func diffRuns(ctx context.Context, ws *workspace.Workspace, old, new *lineage.Run) (*runDiff, error) {
	name := func(r *lineage.Run) runName { return runName{r.ID, r.Pipeline, r.Status, r.Started} }
	d := &runDiff{Old: name(old), New: name(new), Run: diffValues(runFacts(old), runFacts(new)), Params: diffValues(paramValues(old), paramValues(new)),
		Stages: []stageDiff{}, Metrics: []metricDiff{}, Columns: []columnDiff{}, Files: []fileDiff{}, Artifacts: []artifactDiff{}}
	was, names, err := lastExecutions(ctx, ws, old.ID, nil)
	if err != nil {
		return nil, err
	}
	is, names, err := lastExecutions(ctx, ws, new.ID, names)
	if err != nil {
		return nil, err
	}
	for _, stage := range names {
		a, b := was[stage], is[stage]
		if a != nil && b != nil && a.Origin() == b.Origin() {
			continue
		}
		if err := d.stage(ctx, ws, stage, a, b); err != nil {
			return nil, err
		}
	}
	return d, nil
}

type namedValue struct{ name, value string }

func runFacts(r *lineage.Run) []namedValue {
	env := r.Environment
	return []namedValue{
		{"pipeline", r.Pipeline}, {"file", r.File}, {"text of the file", r.SpecID.Short()}, {"seed", strconv.FormatUint(r.Seed, 10)},
		{"pipe version", env.PipeVersion}, {"revision", env.Details["revision"]}, {"go version", env.GoVersion},
		{"platform", env.OS + "/" + env.Arch}, {"cpus", strconv.Itoa(env.CPUs)}, {"host", env.Hostname},
		{"git commit", r.Git.Commit},
	}
}

func paramValues(r *lineage.Run) []namedValue {
	var list []namedValue
	for _, p := range r.Params {
		list = append(list, namedValue{p.Name, p.Value})
	}
	return list
}

// diffValues keeps the order of the old values; new names come last.
func diffValues(old, new []namedValue) []valueDiff {
	list := []valueDiff{}
	after := map[string]string{}
	for _, v := range new {
		after[v.name] = v.value
	}
	before := map[string]bool{}
	for _, v := range old {
		before[v.name] = true
		if value, ok := after[v.name]; !ok {
			list = append(list, valueDiff{v.name, &v.value, nil})
		} else if value != v.value {
			list = append(list, valueDiff{v.name, &v.value, &value})
		}
	}
	for _, v := range new {
		if !before[v.name] {
			list = append(list, valueDiff{v.name, nil, &v.value})
		}
	}
	return list
}

// lastExecutions gives the last attempt at each stage of a run, and adds the
// stages to names.
func lastExecutions(ctx context.Context, ws *workspace.Workspace, run string, names []string) (map[string]*lineage.Execution, []string, error) {
	list, err := ws.DB.Executions(ctx, run)
	if err != nil {
		return nil, nil, err
	}
	known := map[string]bool{}
	for _, n := range names {
		known[n] = true
	}
	last := map[string]*lineage.Execution{}
	for i := range list {
		e := &list[i]
		if e.Rival != "" {
			continue // it is about a model of another run
		}
		if !known[e.Stage] {
			known[e.Stage] = true
			names = append(names, e.Stage)
		}
		last[e.Stage] = e
	}
	return last, names, nil
}

// stage compares two executions of a stage; one may be nil.
func (d *runDiff) stage(ctx context.Context, ws *workspace.Workspace, stage string, a, b *lineage.Execution) error {
	s := stageDiff{Stage: stage, Changes: []changeJSON{}}
	none := &lineage.Execution{}
	if a == nil {
		a = none
	}
	if b == nil {
		b = none
	}
	s.Old, s.New = a.Status, b.Status
	if !a.Key.IsZero() && !b.Key.IsZero() && a.Key != b.Key {
		why, err := runner.Explanation(ctx, ws.DB, b.ID, d.Old.ID)
		if err != nil {
			return err
		}
		s.Changes = changesJSON(why.Changes)
		for _, c := range why.Changes {
			if !c.File {
				c.Cause, c.From = "", "" // the stage where it began is in the list, too
			}
			s.changes = append(s.changes, c)
		}
	}
	if len(s.Changes) > 0 || finished(s.Old) != finished(s.New) {
		d.Stages = append(d.Stages, s)
	}
	d.metrics(stage, a.Metrics, b.Metrics)
	return d.artifacts(ctx, ws, stage, a.Outputs, b.Outputs)
}

// finished is a status with no difference between done and done before.
func finished(s lineage.Status) lineage.Status {
	if s == lineage.Cached {
		return lineage.Succeeded
	}
	return s
}

func (d *runDiff) metrics(stage string, old, new []lineage.Metric) {
	after := map[string]lineage.Metric{}
	for _, m := range new {
		after[m.Name] = m
	}
	before := map[string]bool{}
	for _, m := range old {
		before[m.Name] = true
		diff := metricDiff{Stage: stage, Name: m.Name, Old: &m.Value, Goal: m.Goal, Class: m.Class}
		if now, ok := after[m.Name]; ok {
			delta := now.Value - m.Value
			diff.New, diff.Delta = &now.Value, &delta
			diff.Goal, diff.Class = now.Goal, now.Class
			if m.Class != "" && now.Class != "" && m.Class != now.Class {
				diff.OldClass = m.Class
			} else if delta == 0 {
				continue
			} else if now.Goal == m.Goal {
				diff.Change = changeText(metric.Goal(m.Goal).Gain(now.Value, m.Value))
			}
		}
		d.Metrics = append(d.Metrics, diff)
	}
	for _, m := range new {
		if !before[m.Name] {
			d.Metrics = append(d.Metrics, metricDiff{Stage: stage, Name: m.Name, New: &m.Value, Goal: m.Goal, Class: m.Class})
		}
	}
}

// remark says which way a metric went, and about which class it is.
func (m *metricDiff) remark() string {
	class := classText(lineage.Metric{Name: m.Name, Class: m.Class})
	switch {
	case m.OldClass != "":
		return fmt.Sprintf("class %s, before %s", class, classText(lineage.Metric{Name: m.Name, Class: m.OldClass}))
	case class != "" && m.Change != "":
		return m.Change + ", class " + class
	case class != "":
		return "class " + class
	}
	return m.Change
}

// changeText says which way a metric went.
func changeText(gain float64) string {
	switch {
	case gain > 0:
		return "better"
	case gain < 0:
		return "worse"
	}
	return ""
}

func (d *runDiff) artifacts(ctx context.Context, ws *workspace.Workspace, stage string, old, new []lineage.Output) error {
	after := map[string]lineage.Output{}
	for _, o := range new {
		after[o.Port] = o
	}
	before := map[string]bool{}
	for _, o := range old {
		before[o.Port] = true
		n, ok := after[o.Port]
		switch {
		case !ok:
			d.Artifacts = append(d.Artifacts, artifactDiff{stage, o.Port, o.Type, o.ID.String(), ""})
		case n.ID != o.ID:
			d.Artifacts = append(d.Artifacts, artifactDiff{stage, o.Port, n.Type, o.ID.String(), n.ID.String()})
			if err := d.inside(ctx, ws, stage, o, n); err != nil {
				return err
			}
		}
	}
	for _, o := range new {
		if !before[o.Port] {
			d.Artifacts = append(d.Artifacts, artifactDiff{stage, o.Port, o.Type, "", o.ID.String()})
		}
	}
	return nil
}

func (a *app) printDiff(d *runDiff) error {
	for _, r := range []struct {
		label string
		runName
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
		if finished(s.Old) != finished(s.New) {
			status = fmt.Sprintf("  %s -> %s", statusOr(s.Old), statusOr(s.New))
		}
		fmt.Fprintf(a.out, "\nstage %s%s\n", s.Stage, status)
		a.printChanges(s.changes)
	}
	rows = nil
	for _, m := range d.Metrics {
		delta := ""
		if m.Delta != nil {
			delta = number(*m.Delta)
			if !strings.HasPrefix(delta, "-") {
				delta = "+" + delta
			}
		}
		rows = append(rows, []string{m.Stage + "." + m.Name, numberOr(m.Old), numberOr(m.New), delta, m.remark()})
	}
	if err := a.diffTable([]string{"METRIC", "OLD", "NEW", "DELTA", ""}, rows); err != nil {
		return err
	}
	rows = nil
	for _, c := range d.Columns {
		rows = append(rows, []string{c.Stage + "." + c.Port, c.Column, orNone(c.Old, c.Old == ""), orNone(c.New, c.New == "")})
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
		rows = append(rows, []string{o.Stage + "." + o.Port, o.Type, shortValue(o.Old), shortValue(o.New)})
	}
	return a.diffTable([]string{"ARTIFACT", "TYPE", "OLD", "NEW"}, rows)
}

// diffTable prints a section, if there is something in it.
func (a *app) diffTable(header []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	return writeTable(a.out, header, rows)
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
	return number(*v)
}
