package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// An Executor does the work of stages: in this process, or elsewhere with a
// store that has, or gets, the same artifacts. It knows neither pipelines nor
// runs; what to run and when, from the cache or anew, and what is recorded of
// it is the business of a Runner. It may be given several tasks at once.
type Executor interface {
	// Accept says why a task cannot be done here, as far as that can be told from
	// its kind and settings. It is asked before anything is done for the task:
	// before its files are brought in, and before its work is claimed.
	Accept(Task) error
	// Execute does the work of a task. An error is that of the stage or, if it is
	// an *artifacts.StoreError, of the store. What was seen until then is in the
	// outcome of a task that failed, too: its points, programs and warnings.
	Execute(context.Context, Task, Events) (Outcome, error)
}

// errLeftOut is how an executor leaves a task out that is neither done nor a
// failure: its stage is not begun.
var errLeftOut = errors.New("left out")

// A Task is one attempt at the work of a stage. It is complete in itself: who
// has the kinds and the artifacts needs neither the pipeline nor the run that
// it is part of. It can be written as JSON and read back.
type Task struct {
	Kind     string
	Version  int             // of the kind
	Settings []byte          // in canonical form, which leaves out external files
	Files    []settings.File // external files in the settings; what they hold are inputs of their names
	Inputs   []TaskInput     // sorted by port; not known yet when Accept is asked
	Outputs  []pipeline.Port // that may be written; those that are not optional must be
	Seed     uint64          // 0 unless the kind is seeded

	Resources pipeline.Resources // that it may use; of what is 0 whatever is idle
	GPUs      []string           // names of those that it has for itself
	Placement pipeline.Placement // where it is to be worked on
	Timeout   time.Duration      // of the work; 0 is none

	// Checkpoints is the key under which checkpoints are kept and looked for;
	// zero if there are to be none.
	Checkpoints artifacts.Key
	// Work is the same for the same work wherever it is placed; zero if it can be
	// placed on the CPU only.
	Work artifacts.Key

	stage pipeline.Stage // what Settings and Files say, in the process that made the plan
}

// A TaskInput is an artifact that a task reads.
type TaskInput struct {
	Port string
	Type pipeline.PortType
	ID   artifacts.ID
	Name string // for messages: "split.train", or the path of an external file as written
}

// Events receives what a task tells while it is worked on. Its methods may be
// called from several goroutines, and none after Execute has returned. All
// messages are to come, and in order, since they are kept in the log of the
// attempt; other events are for people who watch.
type Events interface {
	Log(Message)
	Point(name string, step int64, value float64)
	Progress(done, total int64) // in any unit; total 0 means unknown
}

// A Message is what a stage says to the person who runs the pipeline, or what
// its executor has to say about the attempt.
type Message struct {
	Level slog.Level
	Text  string // with its attributes as key=value
	// Quiet is one of so many of a stage that it is for the log only.
	Quiet bool
}

// An Outcome is what came of a task. It can be written as JSON and read back
// once it has been committed.
type Outcome struct {
	Outputs  []lineage.Output // that were written, in the order of Task.Outputs
	Unmet    []string         // requirements that were not met, a sentence each; the outputs are kept
	Metrics  []lineage.Metric // sorted by name
	Points   []lineage.Point
	Columns  []lineage.ColumnEdge // sorted
	Programs []lineage.Program    // that were called
	Warnings []string             // of the stage, in order, up to a bound
	BegunOn  string               // the device of another class that did the first part; empty if there is none

	// Checkpoint says that one is kept that is of no more use: as soon as the
	// outcome is recorded or, if the task failed, at once.
	Checkpoint bool

	// Pending are the bytes of Outputs, one for one, if they are not in the store
	// yet; the outputs have no ID until then. A runner commits them together with
	// those of other tasks, so that these share the price of waiting for the disk.
	// An outcome that is to travel has to be committed before.
	Pending []*artifacts.Writer `json:"-"`
}

// Commit makes the pending outputs durable in the store that they were made in.
func (o *Outcome) Commit(store *artifacts.Store) error {
	return o.committed(store.CommitAll(o.Pending))
}

// committed takes in what became of the pending outputs.
func (o *Outcome) committed(list []artifacts.Committed) error {
	for i, c := range list {
		if c.Err != nil {
			return fmt.Errorf("output %q: %w", o.Outputs[i].Port, c.Err)
		}
		o.Outputs[i].ID, o.Outputs[i].Size = c.ID, c.Size
	}
	o.Pending = nil
	return nil
}

// discard gives back what will not be committed.
func (o *Outcome) discard() {
	for _, w := range o.Pending {
		w.Discard()
	}
	o.Pending = nil
}

// err is the error of an outcome with requirements that were not met.
func (o *Outcome) err() error {
	if len(o.Unmet) == 0 {
		return nil
	}
	return &pipeline.RequirementError{Failed: o.Unmet}
}

// check says in what an outcome is not one of the task. A stage that left out an
// output that is not optional has a bug; what is said of outputs that are in the
// store is not believed.
func (o *Outcome) check(t *Task, store *artifacts.Store) error {
	written := make(map[string]lineage.Output, len(o.Outputs))
	for _, out := range o.Outputs {
		if _, twice := written[out.Port]; twice {
			return fmt.Errorf("kind %q wrote its output %q twice", t.Kind, out.Port)
		}
		written[out.Port] = out
	}
	for _, p := range t.Outputs {
		out, ok := written[p.Name]
		switch {
		case !ok && !p.Optional:
			return fmt.Errorf("kind %q did not write its output %q", t.Kind, p.Name)
		case ok && out.Type == string(p.Type):
			delete(written, p.Name)
		}
	}
	for _, out := range o.Outputs {
		if _, left := written[out.Port]; left {
			return fmt.Errorf("kind %q has no output %q of type %q", t.Kind, out.Port, out.Type)
		}
		if o.Pending != nil {
			continue
		}
		if size, err := store.Stat(out.ID); err != nil {
			return fmt.Errorf("output %q: %w", out.Port, err)
		} else if size != out.Size {
			return fmt.Errorf("output %q has %d bytes in the store, not %d", out.Port, size, out.Size)
		}
	}
	return nil
}
