package runs

import (
	"context"
	"slices"
	"strconv"
	"time"

	"pipe/artifacts"
	"pipe/data/metric"
	"pipe/lineage"
	"pipe/runner"
	"pipe/workspace"
)

// A Diff is what differs between two runs.
type Diff struct {
	Old       Name           `json:"old"`
	New       Name           `json:"new"`
	Run       []ValueDiff    `json:"run"` // pipeline, file, seed, environment
	Params    []ValueDiff    `json:"params"`
	Stages    []StageDiff    `json:"stages"`
	Metrics   []MetricDiff   `json:"metrics"`
	Columns   []ColumnDiff   `json:"columns"`
	Files     []FileDiff     `json:"files"` // of directories
	Artifacts []ArtifactDiff `json:"artifacts"`
}

// A Name says which run it is.
type Name struct {
	ID       string         `json:"id"`
	Pipeline string         `json:"pipeline"`
	Status   lineage.Status `json:"status"`
	Started  time.Time      `json:"started"`
}

// A ValueDiff is a named value; nil where there is none.
type ValueDiff struct {
	Name string  `json:"name"`
	Old  *string `json:"old"`
	New  *string `json:"new"`
}

// A StageDiff is a stage whose key or outcome is not the same.
type StageDiff struct {
	Stage   string         `json:"stage"`
	Old     lineage.Status `json:"old,omitempty"` // empty if the run has no such stage
	New     lineage.Status `json:"new,omitempty"`
	Changes []Change       `json:"changes"`
}

// A MetricDiff is a metric with another value; nil where there is none.
type MetricDiff struct {
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

// A ColumnDiff is a column of a table with another type.
type ColumnDiff struct {
	Stage  string `json:"stage"`
	Port   string `json:"port"`
	Column string `json:"column"`
	Old    string `json:"old,omitempty"`
	New    string `json:"new,omitempty"`
}

// An ArtifactDiff is an output with other bytes; the zero ID where there is none.
type ArtifactDiff struct {
	Stage string       `json:"stage"`
	Port  string       `json:"port"`
	Type  string       `json:"type"`
	Old   artifacts.ID `json:"old,omitzero"`
	New   artifacts.ID `json:"new,omitzero"`
}

// Compare says what differs between two runs.
func Compare(ctx context.Context, w *workspace.Workspace, old, new *lineage.Run) (*Diff, error) {
	name := func(r *lineage.Run) Name { return Name{r.ID, r.Pipeline, r.Status, r.Started} }
	d := &Diff{Old: name(old), New: name(new), Run: diffValues(runFacts(old), runFacts(new)), Params: diffValues(paramValues(old), paramValues(new)),
		Stages: []StageDiff{}, Metrics: []MetricDiff{}, Columns: []ColumnDiff{}, Files: []FileDiff{}, Artifacts: []ArtifactDiff{}}
	was, names, err := lastExecutions(ctx, w, old.ID, nil)
	if err != nil {
		return nil, err
	}
	is, names, err := lastExecutions(ctx, w, new.ID, names)
	if err != nil {
		return nil, err
	}
	names = slices.DeleteFunc(names, func(stage string) bool {
		a, b := was[stage], is[stage]
		return a != nil && b != nil && a.Origin() == b.Origin()
	})
	changes, err := changedKeys(ctx, w, names, was, is)
	if err != nil {
		return nil, err
	}
	for _, stage := range names {
		if err := d.stage(ctx, w, stage, was[stage], is[stage], changes[stage]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// changedKeys are the parts of the keys of stages that differ, by stage.
func changedKeys(ctx context.Context, w *workspace.Workspace, names []string, was, is map[string]*lineage.Execution) (map[string][]Change, error) {
	var stages []string
	var pairs [][2]int64
	for _, stage := range names {
		if a, b := was[stage], is[stage]; a != nil && b != nil && !a.Key.IsZero() && !b.Key.IsZero() && a.Key != b.Key {
			stages, pairs = append(stages, stage), append(pairs, [2]int64{a.ID, b.ID})
		}
	}
	found, err := runner.Differences(ctx, w.DB, pairs)
	if err != nil {
		return nil, err
	}
	changes := map[string][]Change{}
	for i, stage := range stages {
		changes[stage] = changesOf(found[i])
	}
	return changes, nil
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
func diffValues(old, new []namedValue) []ValueDiff {
	list := []ValueDiff{}
	after := map[string]string{}
	for _, v := range new {
		after[v.name] = v.value
	}
	before := map[string]bool{}
	for _, v := range old {
		before[v.name] = true
		if value, ok := after[v.name]; !ok {
			list = append(list, ValueDiff{v.name, &v.value, nil})
		} else if value != v.value {
			list = append(list, ValueDiff{v.name, &v.value, &value})
		}
	}
	for _, v := range new {
		if !before[v.name] {
			list = append(list, ValueDiff{v.name, nil, &v.value})
		}
	}
	return list
}

// lastExecutions gives the last attempt at each stage of a run, and adds the
// stages to names.
func lastExecutions(ctx context.Context, w *workspace.Workspace, run string, names []string) (map[string]*lineage.Execution, []string, error) {
	list, err := w.DB.Executions(ctx, run)
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
func (d *Diff) stage(ctx context.Context, w *workspace.Workspace, stage string, a, b *lineage.Execution, changes []Change) error {
	s := StageDiff{Stage: stage, Changes: append([]Change{}, changes...)}
	none := &lineage.Execution{}
	if a == nil {
		a = none
	}
	if b == nil {
		b = none
	}
	s.Old, s.New = a.Status, b.Status
	if len(s.Changes) > 0 || Finished(s.Old) != Finished(s.New) {
		d.Stages = append(d.Stages, s)
	}
	d.metrics(stage, a.Metrics, b.Metrics)
	return d.artifacts(ctx, w, stage, a.Outputs, b.Outputs)
}

// Finished is a status with no difference between done and done before.
func Finished(s lineage.Status) lineage.Status {
	if s == lineage.Cached {
		return lineage.Succeeded
	}
	return s
}

func (d *Diff) metrics(stage string, old, new []lineage.Metric) {
	after := map[string]lineage.Metric{}
	for _, m := range new {
		after[m.Name] = m
	}
	before := map[string]bool{}
	for _, m := range old {
		before[m.Name] = true
		diff := MetricDiff{Stage: stage, Name: m.Name, Old: &m.Value, Goal: m.Goal, Class: m.Class}
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
			d.Metrics = append(d.Metrics, MetricDiff{Stage: stage, Name: m.Name, New: &m.Value, Goal: m.Goal, Class: m.Class})
		}
	}
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

func (d *Diff) artifacts(ctx context.Context, w *workspace.Workspace, stage string, old, new []lineage.Output) error {
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
			d.Artifacts = append(d.Artifacts, ArtifactDiff{stage, o.Port, o.Type, o.ID, artifacts.ID{}})
		case n.ID != o.ID:
			d.Artifacts = append(d.Artifacts, ArtifactDiff{stage, o.Port, n.Type, o.ID, n.ID})
			if err := d.inside(ctx, w, stage, o, n); err != nil {
				return err
			}
		}
	}
	for _, o := range new {
		if !before[o.Port] {
			d.Artifacts = append(d.Artifacts, ArtifactDiff{stage, o.Port, o.Type, artifacts.ID{}, o.ID})
		}
	}
	return nil
}
