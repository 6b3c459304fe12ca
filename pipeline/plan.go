package pipeline

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/address"
	"pipe/base/diag"
	"pipe/base/glob"
	"pipe/base/names"
	"pipe/pipeline/settings"
	"pipe/schedule"
)

// A Plan is a checked pipeline: what will happen, in which order. It is made
// by Load or NewPlan and not changed afterwards.
type Plan struct {
	Pipeline    string
	Description string
	File        string // as it was named to Load; empty for a plan made in code
	Source      []byte // the bytes of the file
	Seed        uint64
	Params      []Param        // in declared order, then the properties of the run that are used
	Schedule    *schedule.Spec // nil if there is none
	Steps       []*Step        // producers before consumers, otherwise as written
	Dropped     []string       // stages left out because of `when`, as written
	Warnings    diag.List      // what looks wrong but is allowed
	Notes       diag.List      // what is worth to be known before anything runs

	byName map[string]*Step
}

// Step finds a step by its name; nil if there is none.
func (p *Plan) Step(name string) *Step { return p.byName[name] }

// A Step is one stage of a plan.
type Step struct {
	Name        string
	Description string
	Kind        *Kind
	Stage       Stage  // configured: defaults filled in, parameters substituted, validated
	Config      []byte // canonical JSON of the configuration, part of the key
	Settings    []byte // the configuration as JSON for people
	Inputs      []Edge // sorted by port
	Files       []FileInput
	Outputs     []Port
	Needs       []string // stages to wait for without taking data from them, as written
	Seed        uint64   // derived from that of the run; 0 unless Seeded
	Terms
	Resources Resources // of the first attempt
	// MemoryBackoff is the factor by which Resources.Memory grows with each
	// attempt; 0 is 1.
	MemoryBackoff float64
	Limits        settings.Map[int] // units of what has a name in the configuration of the machine
	Promote       *Gate             // whether the model that the stage measures gets a label; nil if there is no gate

	with, configAt *settings.Node // where Config was written; nil in a plan made in code
}

// Terms say how a stage is run, whatever its kind is.
type Terms struct {
	Cache   bool    `yaml:"cache" default:"true" doc:"Whether an earlier result may be used."`
	Retry   Retry   `yaml:"retry" doc:"What to do after a failure: a number of repetitions, or a mapping."`
	Timeout Timeout `yaml:"timeout" doc:"Longest time for one attempt: a duration, or a mapping."`
}

// Seeded says whether the step draws random numbers.
func (s *Step) Seeded() bool {
	drawer, ok := s.Stage.(Drawer)
	return s.Kind.Seeded || ok && drawer.Draws()
}

// An Edge brings an artifact to an input port.
type Edge struct {
	Port     string
	Type     PortType     // of the artifact
	From     Ref          // the output that it comes from,
	Artifact artifacts.ID // or a stored artifact, in plans made in code and by Pin
}

// A Ref names an output of a stage.
type Ref struct{ Stage, Port string }

// String is the form of pipeline files, stage.port.
func (r Ref) String() string { return r.Stage + "." + r.Port }

// A FileInput is an external file that a stage reads, or a directory of such
// files.
type FileInput struct {
	Port string   // the setting: "path", or "files/NAME" for an element of a list
	Path string   // as written, and of an address what may be shown
	Type PortType // File or Directory
	// Resolved is where it is: Path, from the folder of the pipeline file. For a
	// pattern it is the folder that the pattern names.
	Resolved string
	// Pattern selects files below Resolved; nil for all.
	Pattern *glob.Pattern
	// Several says that the setting could name a folder or a pattern.
	Several bool
	// Address, if not nil, is where a server has the file. Artifact is then what it is
	// to hold, zero if nobody has said so yet.
	Address *address.Address
	// InPlace says that it is not copied into the store.
	InPlace bool
	// Artifact, if not zero, is what is read in place of the file.
	Artifact artifacts.ID
	// Pos is where the path was written; its Line is 0 in a plan made in code.
	Pos diag.Pos
}

// Retry says how often a stage that failed is tried again, and after which
// delays: Delay, Delay*Backoff, Delay*Backoff², ..., none above MaxDelay.
type Retry struct {
	Limit    int           `yaml:"limit" short:"true" default:"0" min:"0" max:"100" doc:"How often to try again after a failure."`
	Delay    time.Duration `yaml:"delay" default:"1s" min:"0s" doc:"Time before the first repetition."`
	Backoff  float64       `yaml:"backoff" default:"2" min:"1" max:"100" doc:"Factor by which the delay grows with each repetition."`
	MaxDelay time.Duration `yaml:"max_delay" default:"5m" min:"0s" doc:"The longest delay."`
}

// Wait is the delay before a repetition; the first one is number 1.
func (r Retry) Wait(repetition int) time.Duration {
	d := float64(r.Delay)
	for i := 1; i < repetition && d < float64(r.MaxDelay); i++ {
		d *= r.Backoff
	}
	return min(time.Duration(min(d, 1<<62)), r.MaxDelay)
}

// Timeout limits the time of an attempt: Limit, Limit*Backoff,
// Limit*Backoff², ...
type Timeout struct {
	Limit   time.Duration `yaml:"limit" short:"true" default:"0s" min:"0s" doc:"Longest time for the first attempt; 0s is no limit."`
	Backoff float64       `yaml:"backoff" default:"1" min:"1" max:"100" doc:"Factor by which the limit grows with each attempt."`
}

// Of is the limit of an attempt, counted from 1; 0 is none.
func (t Timeout) Of(attempt int) time.Duration {
	return time.Duration(grown(int64(t.Limit), t.Backoff, attempt))
}

// Need is what an attempt, counted from 1, takes while it runs where it is placed.
func (s *Step) Need(attempt int, on Placement) Resources {
	r := s.Resources
	r.GPU = max(r.GPU, on.GPUs)
	r.CPU = max(1, r.CPU)
	r.Memory = grown(r.Memory, s.MemoryBackoff, attempt)
	return r
}

// grown is n times factor for each attempt after the first.
func grown(n int64, factor float64, attempt int) int64 {
	const most = 1 << 62
	f := float64(n)
	for i := 1; i < attempt && factor > 1 && f < most; i++ {
		f *= factor
	}
	if f == float64(n) {
		return n // exact, also where a float64 is not
	}
	return int64(min(f, most))
}

// Resources are what a stage takes while it runs. The sum over the running
// stages stays within what the machine has.
type Resources struct {
	CPU    int   // slots; 0 takes one, and may use idle cores
	Memory int64 // bytes; 0 is not accounted for
	GPU    int
}

// DeriveSeed is the seed of a stage in a run: the first eight bytes, big
// endian, of SHA-256 over the seed of the run as eight big-endian bytes, the
// length of the name of the stage likewise, and the name.
func DeriveSeed(run uint64, stage string) uint64 {
	b := binary.BigEndian.AppendUint64(nil, run)
	b = binary.BigEndian.AppendUint64(b, uint64(len(stage)))
	sum := sha256.Sum256(append(b, stage...))
	return binary.BigEndian.Uint64(sum[:8])
}

// NewPlan makes a plan in code, for commands whose few steps are not worth a
// file. Of each step the caller sets Name, Kind, Stage (see DecodeStage), and
// what else it needs; an Edge has its Port, and From or else Artifact and Type. A
// Seed is that of a step which ran before; without one it is derived.
// The rest is filled in and checked as Load does it. Paths of external files
// are relative to the working directory. The error is a diag.List, without
// positions.
func NewPlan(name string, seed uint64, steps ...*Step) (*Plan, error) {
	p := settings.NewProblems("", nil)
	if msg, hint := names.Check(name); msg != "" {
		p.At(nil, hint, "the name of the pipeline %s", msg)
	}
	plan := &Plan{Pipeline: name, Seed: seed}
	drafts := make([]*draft, 0, len(steps))
	taken := make(map[string]bool, len(steps))
	for _, given := range steps {
		s := *given
		if msg, hint := names.CheckStage(s.Name); msg != "" {
			p.At(nil, hint, "the name of a stage %s", msg)
		}
		if taken[s.Name] {
			p.At(nil, "", "two stages are named %s", diag.Quote(s.Name))
		}
		taken[s.Name] = true
		drafts = append(drafts, draftOf(&s, seed, p))
	}
	plan.complete(drafts, newNeighbours(), p)
	if err := p.Err(); err != nil {
		return nil, err
	}
	return plan, nil
}

// draftOf takes a step of NewPlan apart.
func draftOf(s *Step, seed uint64, p *settings.Problems) *draft {
	d := &draft{step: s, keep: true}
	for _, e := range s.Inputs {
		in := &input{port: e.Port, edge: e, gathered: strings.Contains(e.Port, "[")}
		if e.From.Stage != "" {
			in.ref = strings.TrimSuffix(e.From.String(), ".")
		}
		d.inputs = append(d.inputs, in)
	}
	for _, name := range s.Needs {
		d.needs = append(d.needs, &need{stage: name})
	}
	s.Inputs, s.Needs, s.Files = nil, nil, nil
	if s.Kind == nil || s.Stage == nil {
		p.At(nil, "", "stage %s has no kind or no settings", diag.Quote(s.Name))
		s.Kind = nil
		return d
	}
	d.configured(s.Stage, "")
	switch {
	case !s.Seeded():
		s.Seed = 0
	case s.Seed == 0:
		base, _, _ := names.SplitCase(s.Name)
		s.Seed = DeriveSeed(seed, base)
	}
	return d
}
