package pipeline

import (
	"context"
	"io"
	"log/slog"
	"slices"

	"pipe/artifacts"
	"pipe/data/metric"
)

// A PortType says what kind of artifact passes through a port. An edge joins
// two ports of one type; Any, on an input only, accepts every type.
type PortType string

const (
	Table     PortType = "table"     // Arrow IPC file, any columns
	Dataset   PortType = "dataset"   // table whose columns have roles, ready to train on
	Transform PortType = "transform" // fitted feature transform
	Model     PortType = "model"     // trained network with its signature
	Metrics   PortType = "metrics"   // JSON document of metric values
	Report    PortType = "report"    // self-contained HTML page
	Policy    PortType = "policy"    // trained policy of an agent
	File      PortType = "file"      // bytes without further meaning
	Directory PortType = "directory" // files below a folder, see artifacts.Dir
	Any       PortType = "any"       // inputs only: whatever is connected
)

// A Port is a named, typed input or output of a stage.
type Port struct {
	Name     string // "*" on an input: any further name is accepted, each of this type
	Type     PortType
	Doc      string // one line
	Optional bool   // inputs: need not be connected. Outputs: need not be written
	// Aside, of an output, says that it is beside what the stage is for: who names
	// only the stage does not mean it, unless nothing else fits.
	Aside bool
	// Many, of an input, says that it takes an artifact of each of several cases: those of
	// all of a stage that has a matrix. Each has a port of its own with its case, as in
	// metrics[seed=2]. So has each of several stages, by the name that it is given, and of each
	// its cases: metrics[model=trees,seed=2], see ModelAxis.
	Many bool
	// InPlaceOf, of an input, names other inputs. It is connected in place of
	// them, or they are.
	InPlaceOf []string
	// Beside, of an input, says that it tells of the rows that a model is measured on, whichever
	// model that is: it stays where another model is measured on them, and is of no use with other rows.
	Beside bool
}

// A Kind describes one kind of stage, and is the only place that does: strict
// decoding, defaults, bounds, lint, reference documentation, the JSON schema
// and `pipe stages describe` are all read from it.
type Kind struct {
	Name    string
	Version int    // raised when the same configuration and inputs would give other bytes
	Doc     string // Markdown; the first sentence is the summary
	Example string // YAML of a `stages:` mapping that uses the kind; linted by a test
	Inputs  []Port
	Outputs []Port // of every stage of the kind, unless its Stage is an OutputPorter

	// Seeded says that the stage draws random numbers. Only then does it have
	// a seed, and only then is the seed part of its key.
	Seeded bool

	// Engine names the arithmetic that the output bytes depend on (the numeric
	// class), empty if there is no floating-point work whose order could vary.
	Engine string

	// New returns a pointer to a zero configuration, which is also the stage:
	// exported fields are settings (see the package documentation for their
	// tags), filled in by the decoder before Validate and Run are called.
	New func() Stage
}

// Beside says of an input that it tells of the rows that a model is measured on, whichever that is.
func (k *Kind) Beside(input string) bool {
	return slices.ContainsFunc(k.Inputs, func(p Port) bool { return p.Name == input && p.Beside })
}

// IsAside says whether an output of the kind is Aside.
func (k *Kind) IsAside(output string) bool {
	return slices.ContainsFunc(k.Outputs, func(p Port) bool { return p.Name == output && p.Aside })
}

// notAside is what is meant of outputs that fit. If none does it is the main one
// of all, which then is said not to fit.
func notAside(fit, all []Port) []Port {
	main := func(ports []Port) []Port {
		return slices.DeleteFunc(slices.Clone(ports), func(p Port) bool { return p.Aside })
	}
	if some := main(fit); len(some) > 0 {
		return some
	}
	if only := main(all); len(fit) == 0 && len(only) == 1 {
		return only
	}
	return fit
}

// A Stage is the unit of work and the whole extension contract.
//
// Run reads its inputs and writes its outputs through env. It must honour ctx,
// must give the same output bytes for the same configuration, inputs and seed
// on any number of threads, and must not keep env after it returned. When Run
// returns an error nothing that it wrote is kept, except with a *RequirementError.
type Stage interface {
	Run(ctx context.Context, env Env) error
}

// An OutputPorter is a Stage whose outputs follow from its configuration or
// from the input ports that are connected (sorted). It is asked at plan time,
// after Validate.
type OutputPorter interface {
	OutputPorts(inputs []string) []Port
}

// A Sizer is a Stage that knows before it runs how much memory its work takes, in
// bytes. It is asked at plan time once its inputs are there, and looks at no more
// of them than it has to.
type Sizer interface {
	Memory(Sources) (int64, error)
}

// A Drawer is a Stage of a kind that is not Seeded, of which some settings draw random
// numbers all the same. Only with those does it have a seed, which is part of its key.
type Drawer interface {
	Draws() bool
}

// A Readier is a Stage that can tell whether what it needs of its surroundings is
// there, such as environment variables. It is asked before a run begins, and the
// run fails if a stage that would run is not ready.
type Readier interface {
	Ready() error
}

// A Leaver is a Stage whose external files need not be copied into the store, by their
// inputs. Such a file is read where it is, and has to stay there as it is for as long as
// somebody wants to read it again.
type Leaver interface{ LeavesInPlace(port string) bool }

// Sources are the inputs of a stage.
type Sources interface {
	// Inputs lists the connected input ports, sorted, external files included.
	Inputs() []string
	// Open gives the verified bytes behind an input port, or behind a FilePath
	// setting by the setting's name. The caller closes it.
	Open(port string) (*Input, error)
	// OpenDir gives the files behind an input port of type directory. The
	// caller closes it.
	OpenDir(port string) (*artifacts.Dir, error)
}

// A Notebook is Sources that keep what a stage has found out of an input and would take long
// to find out again, as long as the input is there. Whether something was kept must not
// change a byte of the output.
type Notebook interface {
	// Note gives what was kept of an input under a name; nil if nothing was.
	Note(port, name string) []byte
	// KeepNote keeps it, where it can be kept. The name says all that it depends on beside
	// the input, in letters, digits and hyphens.
	KeepNote(port, name string, note []byte)
}

// Env is everything that a stage may touch: no paths, no clock, no globals.
// All methods may be called from several goroutines.
type Env interface {
	Sources
	// Create starts an output. What was written is committed after Run
	// returned nil, and discarded otherwise. Each port is created once.
	Create(port string) (Output, error)
	// CreateDir makes an output of type directory of the files below dir, a
	// folder in Scratch. They are read before it returns.
	CreateDir(port, dir string) error
	// Scratch gives a private empty directory that is removed after Run.
	Scratch() (string, error)
	// Metric records a final value, one per name, with how it is to be read; the
	// last call wins.
	Metric(name string, value float64, meaning metric.Meaning)
	// Point records a value of a curve at a step (an epoch, a batch).
	Point(name string, step int64, value float64)
	// Column records that values of an output column were made from values of
	// an input column. A stage that knows says so while it runs, since that
	// costs nothing then; the lineage of columns is made of these statements.
	Column(out, in ColumnRef)
	// Program records a program of the machine that the stage calls, by its path,
	// with the hash of its bytes. It is no part of the key.
	Program(path string)
	// Progress reports work done, in any unit; total 0 means unknown.
	Progress(done, total int64)
	// Log is for messages to the person who runs the pipeline.
	Log() *slog.Logger
	// Seed is the derived seed of the stage; zero if its kind is not Seeded and it is
	// no Drawer.
	Seed() uint64
	// Resume opens what the last checkpoint of an earlier attempt at exactly
	// this work (the same key) holds, nil if there is none. Its bytes are those
	// that were written, but perhaps by another version of pipe: a stage that
	// cannot make sense of them starts anew, as if there were none. The caller
	// closes it.
	Resume() io.ReadCloser
	// BegunOn is the device, in words, on which the work was begun that Resume gave,
	// if that was one of another class, see Placement.Moves. Else it is empty.
	BegunOn() string
	// Anew says that what Resume gave is of no use, and that the stage starts anew.
	Anew()
	// Checkpoint offers to save how far the work has come. Stages call it
	// wherever they could go on from, as often as they like: the environment
	// decides when it is time, calls save then and there, and replaces the last
	// checkpoint by what was written. Once the context of Run has ended it is
	// always time. Whether and when save is called must not change a byte of
	// the output, and a stage that goes on from a checkpoint gives the points
	// of its curves again from the start. A checkpoint that cannot be kept is
	// logged and costs the work nothing but its safety.
	Checkpoint(save func(io.Writer) error)
	// Threads is the number of CPU slots that the stage may keep busy. It must
	// not change a byte of the output.
	Threads() int
	// GPUs are those that the stage has for itself while it runs, as many as it
	// asked for, by the names that CUDA_VISIBLE_DEVICES has for them. Which ones
	// must not change a byte of the output.
	GPUs() []string
	// Placement is the processor that is to do the work: what the stage said when
	// it was asked to Place, or that of a past run which is repeated. A stage that
	// is no Placer need not ask.
	Placement() Placement
}

// An Output is what a stage writes an artifact to.
type Output interface {
	io.Writer
	// Reset drops what was written, for a stage that has to begin again.
	Reset()
}

// A ColumnRef names a column behind a port: of a table, of a file that has
// columns, or what stands for a column elsewhere: a feature of a data set, of
// a transform or of a model, or the target of one by its name.
type ColumnRef struct{ Port, Column string }

// An Input is an open, verified artifact.
type Input struct {
	*artifacts.File
	Name string   // for messages: "split.train", or the path of an external file as written
	Type PortType // of the artifact; never Any
}

// A RequirementError says that the work was done but a `require` was not met. The
// outputs are kept, so that people can see why; nothing downstream runs, and
// the process ends with exit code 4.
type RequirementError struct {
	Failed []string // one sentence each: "accuracy is 0.93, required >= 0.95"
}

func (e *RequirementError) Error() string {
	s := "requirement not met: "
	for i, f := range e.Failed {
		if i > 0 {
			s += "; "
		}
		s += f
	}
	return s
}
