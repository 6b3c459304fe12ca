// Package openlineage tells other systems what happens in a run, as events of
// the OpenLineage standard (https://openlineage.io), to a file or to a server.
// It observes the runner and never holds it up: what cannot be told is counted
// and reported, and the run goes on.
package openlineage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
)

// A Schema is what is known of an artifact that has columns.
type Schema struct {
	Fields []Field
	Rows   int64 // -1 if it has none
}

// A Field is a column.
type Field struct {
	Name    string
	Type    string
	Missing int64 // values that are missing; -1 if nobody has counted
}

// A Config says what to tell and where.
type Config struct {
	Plan      *pipeline.Plan
	Namespace string // of jobs and of what they make
	Version   string // of pipe
	Sink      Sink
	Now       func() time.Time

	// Describe gives the columns of an artifact, nil if it has none.
	Describe func(portType string, id artifacts.ID) (*Schema, error)
	// Columns gives what a stage said of its columns; see walk.ColumnEdges.
	Columns func(ctx context.Context, runID, stage string, origin int64) ([]lineage.ColumnEdge, error)
}

// An Observer turns events of the runner into those of OpenLineage. Its method
// Observe is for runner.Runner.Observe.
type Observer struct {
	Config
	maker
	queue *queue

	// Of the run; only the goroutine of the queue uses them.
	steps   map[string]*pipeline.Step
	runID   string
	begun   map[string]bool
	outputs map[pipeline.Ref]lineage.Output
	schemas map[artifacts.ID]*Schema
}

// New begins to observe. Close ends it.
func New(c Config) *Observer {
	if c.Now == nil {
		c.Now = time.Now
	}
	o := &Observer{Config: c, maker: maker{"urn:pipe:" + url.PathEscape(c.Version)},
		begun: map[string]bool{}, outputs: map[pipeline.Ref]lineage.Output{}, schemas: map[artifacts.ID]*Schema{},
		steps: map[string]*pipeline.Step{}}
	for _, s := range c.Plan.Steps {
		o.steps[s.Name] = s
	}
	o.queue = newQueue(o.tell)
	return o
}

// A happening is an event of the runner with its time.
type happening struct {
	runner.Event
	at time.Time
}

// Observe takes an event of the runner. It does not block.
func (o *Observer) Observe(ev runner.Event) {
	switch ev.(type) {
	case runner.RunStarted, runner.RivalMeasured, runner.StageStarted, runner.StageFinished, runner.RunFinished:
		o.queue.add(happening{ev, o.Now()})
	}
}

// Close waits until everything is told, or until ctx ends. The error says what
// could not be told, and why.
func (o *Observer) Close(ctx context.Context) error {
	lost := o.queue.close(ctx)
	err := o.Sink.Close()
	if lost > 0 {
		err = errors.Join(err, fmt.Errorf("%d events were not told in time", lost))
	}
	return errors.Join(append(o.queue.problems(), err)...)
}

// tell turns one event of the runner into events and sends them.
func (o *Observer) tell(ctx context.Context, h happening) error {
	for _, ev := range o.events(ctx, h) {
		line, err := json.Marshal(ev)
		if err != nil {
			return err
		}
		if err := o.Sink.Send(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

func (o *Observer) events(ctx context.Context, h happening) []event {
	switch ev := h.Event.(type) {
	case runner.RunStarted:
		o.runID = ev.RunID
		return []event{o.runEvent(started, h.at)}
	case runner.RivalMeasured:
		for _, s := range ev.Plan.Steps {
			o.steps[s.Name] = s
		}
	case runner.StageStarted:
		if o.begun[ev.Stage] {
			return nil // another attempt of the same run
		}
		return o.stageStart(ev.Stage, h.at, ev.Reason)
	case runner.StageFinished:
		var list []event
		if !o.begun[ev.Stage] {
			list = o.stageStart(ev.Stage, h.at, string(ev.Status))
		}
		return append(list, o.stageEnd(ctx, ev, h.at))
	case runner.RunFinished:
		end := o.runEvent(ending(ev.Result.Status), h.at)
		for _, st := range ev.Result.Stages {
			if st.Err != nil {
				o.putError(&end, fmt.Errorf("stage %s: %w", st.Stage, st.Err))
				break
			}
		}
		return []event{end}
	}
	return nil
}

func ending(s lineage.Status) string {
	switch s {
	case lineage.Succeeded, lineage.Cached:
		return completed
	case lineage.Interrupted, lineage.Cancelled, lineage.Skipped:
		return aborted
	}
	return failed
}

func (o *Observer) putError(ev *event, err error) {
	o.put(&ev.Run.Facets, "errorMessage", map[string]any{"message": err.Error(), "programmingLanguage": "Go"})
}

// runEvent is about the run as a whole.
func (o *Observer) runEvent(kind string, at time.Time) event {
	ev := o.event(kind, at)
	ev.Run = run{ID: uuid(o.runID)}
	o.put(&ev.Run.Facets, "processing_engine", map[string]any{"name": "pipe", "version": o.Version})
	o.put(&ev.Run.Facets, "pipe", map[string]any{"run": o.runID})
	ev.Job = job{Namespace: o.Namespace, Name: o.Plan.Pipeline}
	o.put(&ev.Job.Facets, "jobType", map[string]any{"processingType": "BATCH", "integration": "PIPE", "jobType": "DAG"})
	o.putSource(&ev)
	return ev
}

// putSource says where the pipeline is written, and in which version.
func (o *Observer) putSource(ev *event) {
	path, err := filepath.Abs(o.Plan.File)
	if err != nil {
		path = o.Plan.File
	}
	o.put(&ev.Job.Facets, "sourceCodeLocation", map[string]any{"type": "file", "path": o.Plan.File,
		"url":     (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String(),
		"version": "sha256:" + artifacts.Sum(o.Plan.Source).String()})
}

// stageEvent is about a stage, which is a job of its own below that of the
// pipeline.
func (o *Observer) stageEvent(kind, stage string, at time.Time) event {
	ev := o.event(kind, at)
	ev.Run = run{ID: uuid(o.runID + "/" + stage)}
	o.put(&ev.Run.Facets, "parent", map[string]any{
		"run": map[string]any{"runId": uuid(o.runID)},
		"job": map[string]any{"namespace": o.Namespace, "name": o.Plan.Pipeline},
	})
	ev.Job = job{Namespace: o.Namespace, Name: o.Plan.Pipeline + "." + stage}
	o.put(&ev.Job.Facets, "jobType", map[string]any{"processingType": "BATCH", "integration": "PIPE", "jobType": "TASK"})
	o.putSource(&ev)
	return ev
}

func (o *Observer) stageStart(stage string, at time.Time, reason string) []event {
	o.begun[stage] = true
	ev := o.stageEvent(started, stage, at)
	own := map[string]any{"run": o.runID, "stage": stage, "reason": reason}
	if s := o.steps[stage]; s != nil {
		own["kind"] = s.Kind.Name
		ev.Inputs = o.inputs(s)
	}
	o.put(&ev.Run.Facets, "pipe", own)
	return []event{ev}
}

func (o *Observer) stageEnd(ctx context.Context, fin runner.StageFinished, at time.Time) event {
	ev := o.stageEvent(ending(fin.Status), fin.Stage, at)
	own := map[string]any{"run": o.runID, "stage": fin.Stage, "status": string(fin.Status)}
	metrics, classes := map[string]any{}, map[string]any{}
	for _, m := range fin.Metrics {
		metrics[m.Name] = m.Value
		if m.Class != "" {
			classes[m.Name] = m.Class
		}
	}
	if len(metrics) > 0 {
		own["metrics"] = metrics
	}
	if len(classes) > 0 {
		own["classes"] = classes
	}
	if fin.Device != "" {
		own["device"] = fin.Device
	}
	o.put(&ev.Run.Facets, "pipe", own)
	if fin.Err != nil {
		o.putError(&ev, fin.Err)
	}
	s := o.steps[fin.Stage]
	if s == nil {
		return ev
	}
	ev.Inputs = o.inputs(s)
	var columns []lineage.ColumnEdge
	if len(fin.Outputs) > 0 && o.Columns != nil {
		var err error
		if columns, err = o.Columns(ctx, o.runID, fin.Stage, fin.Origin); err != nil {
			o.queue.problem(err)
		}
	}
	for _, out := range fin.Outputs {
		o.outputs[pipeline.Ref{Stage: fin.Stage, Port: out.Port}] = out
		ev.Outputs = append(ev.Outputs, o.output(s, out, columns))
	}
	return ev
}
