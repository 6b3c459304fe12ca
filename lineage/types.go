package lineage

import (
	"cmp"
	"encoding/json"
	"time"

	"pipe/artifacts"
)

// A Status says how a run or an execution ended, or that it has not.
type Status string

const (
	Running           Status = "running"
	Succeeded         Status = "succeeded"
	Cached            Status = "cached" // executions only: the work was done before
	Failed            Status = "failed"
	RequirementFailed Status = "gate_failed" // the work is done, a `require` was not met
	Skipped           Status = "skipped"     // executions only
	Interrupted       Status = "interrupted" // by a signal, or its process died
	Cancelled         Status = "cancelled"   // on purpose: a later run replaces it
)

// A Run is one execution of a pipeline.
type Run struct {
	Pipeline    string // name
	File        string // path of the pipeline file
	SpecID      artifacts.ID
	SpecText    string // the bytes of the file, which hash to SpecID
	Seed        uint64
	Params      []Param
	Trigger     string    // manual, schedule or rerun
	ScheduledAt time.Time // of a scheduled run; otherwise zero
	RerunOf     string    // the run that this one repeats; otherwise empty
	Environment Environment
	Stages      int // in the plan
	Git         Git

	// The rest is set by the database.
	ID           string // 20261123T031500-3f9a2c, sorts by time
	Status       Status
	Started      time.Time
	Finished     time.Time // zero while it is running
	Heartbeat    time.Time // when its process last said that it was alive
	PID          int
	Error        string
	Imported     time.Time      // when it came with Import; zero if it was run here
	ImportedFrom string         // name of the bundle
	Counts       map[Status]int // executions by status, retries included
}

// A Param is a parameter of a run.
type Param struct {
	Name   string
	Value  string // JSON
	Source string // where the value comes from: file, set, ...
}

// Git is the version of the project that a run was made from.
type Git struct {
	Commit string // that was checked out; empty if it is not known
	Clean  *bool  // whether no file was changed or new; nil if it is not known
}

// An Environment is what a run happened in.
type Environment struct {
	PipeVersion string            `json:"pipe_version"`
	GoVersion   string            `json:"go_version"`
	OS          string            `json:"os"`
	Arch        string            `json:"arch"`
	CPUs        int               `json:"cpus"`
	Hostname    string            `json:"hostname"`
	Details     map[string]string `json:"details,omitempty"` // further facts
}

// An Execution is one attempt at a stage of a run.
//
// A cached execution refers to the one that did the work. Recording it stores
// only RunID to Reason, Status and the times; reading it gives the Key,
// Config, Seed, Inputs, Outputs and Metrics of the execution it refers to.
type Execution struct {
	RunID       string
	Stage       string
	Kind        string
	KindVersion int
	Attempt     int // 1 is the first; 0 means 1
	Status      Status
	Reason      string              // why it ran, or why not
	CachedFrom  int64               // ID of the execution that did the work, if Cached
	Key         artifacts.Key       // of the work; zero means unknown
	KeyParts    []artifacts.KeyPart // in the order in which they were hashed; read with DB.KeyParts
	Config      json.RawMessage
	Started     time.Time
	Finished    time.Time // zero while it is running
	Error       string
	Seed        *uint64 // nil if the stage draws no random numbers
	Inputs      []Input
	Outputs     []Output
	Metrics     []Metric
	Warnings    []string     // what the stage warned of, in order
	Points      []Point      // read with DB.Points
	Columns     []ColumnEdge // read with DB.Columns
	Programs    []Program    // that the stage called, by path
	Device      Device       // that did the work; zero is the CPU

	// Rival is the label whose model a stage beside those of the pipeline
	// measured, for a gate to compare with; empty for stages of the pipeline.
	Rival string

	ID int64 // set by the database
}

// Origin returns the ID of the execution that did the work.
func (e *Execution) Origin() int64 {
	if e.CachedFrom != 0 {
		return e.CachedFrom
	}
	return e.ID
}

// A Device is what works on a stage.
type Device struct {
	Name    string // in words; empty is the CPU, all of it
	Varies  bool   // two runs give different bits
	BegunOn string // the device of another class that did the first part; empty if there is none
}

// A Program is one that a stage called, beside its files.
type Program struct {
	Path string
	Hash artifacts.ID
}

// An Input is an artifact that an execution read. An input whose ID is zero
// was not connected to anything and is not recorded.
type Input struct {
	Port      string
	Type      string
	ID        artifacts.ID
	Size      int64  // bytes; may be 0 if Path is set, then it is not recorded
	FromStage string // where in the same run it came from; empty for external files
	FromPort  string
	Path      string // of an external file, as written in the pipeline
}

// An Output is an artifact that an execution made.
type Output struct {
	Port string
	Type string
	ID   artifacts.ID
	Size int64 // bytes
}

// A Metric is a final value. It must be finite.
type Metric struct {
	Name  string
	Value float64
	Goal  string // which values are better: "up", "down", or empty if none is or nobody has said
	Class string // that it is about, such as the positive one of two; empty if it is about all, or nobody has said
}

// A Point is a value of a curve. It must be finite.
type Point struct {
	Name  string
	Step  int64
	Value float64
}

// A Hit is an execution that succeeded and can stand for another with its key.
type Hit struct {
	ExecutionID int64
	RunID       string
	Outputs     []Output // sorted by port
	Metrics     []Metric // sorted by name
	Warnings    []string // what the stage warned of, in order
}

// A ColumnEdge says that values of a column of an output were made from values
// of a column of an input. The features and the target of a data set, of a
// transform and of a model count as columns.
type ColumnEdge struct{ OutPort, OutColumn, InPort, InColumn string }

// Compare orders edges by output, then by input.
func (e ColumnEdge) Compare(f ColumnEdge) int {
	return cmp.Or(cmp.Compare(e.OutPort, f.OutPort), cmp.Compare(e.OutColumn, f.OutColumn),
		cmp.Compare(e.InPort, f.InPort), cmp.Compare(e.InColumn, f.InColumn))
}
