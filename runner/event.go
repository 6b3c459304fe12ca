package runner

import (
	"log/slog"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/pipeline"
)

// An Event says what just happened in a run. Observers switch on the type.
type Event interface{ event() }

// RunStarted is the first event of a run.
type RunStarted struct {
	RunID    string
	Pipeline string
	Stages   []string // in the order of the plan
}

// StageStarted begins an attempt; Attempt counts from 1.
type StageStarted struct {
	Stage   string
	Kind    string
	Attempt int
	Reason  string // why the stage had to run
}

// StageWaiting says that another process is making what the stage would make, or
// that other runs of the machine have what it needs. The stage is looked at again
// until that has ended.
type StageWaiting struct {
	Stage string
	PID   int // of the process that makes the same; 0 if unknown

	Lacks  string // cpu, memory, gpu or the name of a limit; empty if another process makes the same
	Holder string // who has it: PIPELINE/STAGE of run RUN; empty if unknown
}

// StageProgress reports work done in any unit; Total 0 means unknown.
type StageProgress struct {
	Stage       string
	Done, Total int64
}

// StagePoint is a new value of a curve.
type StagePoint struct {
	Stage string
	Name  string
	Step  int64
	Value float64
}

// StageLog is a message of a stage to the person who runs the pipeline. What a
// stage warned of is said again where it is found in the cache.
type StageLog struct {
	Stage   string
	Level   slog.Level
	Message string // with its attributes as key=value
}

// StageRetry says that an attempt failed and another one follows after Delay.
type StageRetry struct {
	Stage   string
	Attempt int // the attempt that failed
	Err     error
	Delay   time.Duration
}

// StageFinished ends a stage, whether it ran or was found in the cache.
type StageFinished struct {
	Stage    string
	Status   lineage.Status
	Origin   int64  // the execution that did the work, if it was cached
	Device   string // that it was placed on; empty is the CPU
	Duration time.Duration
	Outputs  []lineage.Output
	Metrics  []lineage.Metric
	Err      error
}

// RivalMeasured says that the model that has a label is measured, too, on the
// data of the run, since the gate of a stage compares with it. The stages that
// this takes are no part of the plan; their events follow.
type RivalMeasured struct {
	Stage string
	Label string
	Model artifacts.ID
	Plan  *pipeline.Plan
}

// GateJudged says whether a model was promoted by the gate of a stage. It comes
// when the run is over.
type GateJudged struct {
	Stage    string
	Label    string
	Decision registry.Decision
}

// RunFinished is the last event.
type RunFinished struct{ Result *Result }

func (RunStarted) event()    {}
func (StageStarted) event()  {}
func (StageWaiting) event()  {}
func (StageProgress) event() {}
func (StagePoint) event()    {}
func (StageLog) event()      {}
func (StageRetry) event()    {}
func (StageFinished) event() {}
func (RivalMeasured) event() {}
func (GateJudged) event()    {}
func (RunFinished) event()   {}
