package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
	"sync"

	"pipe/artifacts"
	"pipe/base/names"
	"pipe/data/metric"
	"pipe/lineage"
	"pipe/pipeline"
)

// A taskEnv is the Env of one task.
type taskEnv struct {
	sources
	local  *Local
	task   *Task
	events Events
	log    *slog.Logger // of the executor
	said   *slog.Logger // of the stage, whose warnings are kept

	checkpoints checkpoints

	mu      sync.Mutex
	writers map[string]*artifacts.Writer
	metrics map[string]lineage.Metric
	points  []lineage.Point
	columns map[lineage.ColumnEdge]bool

	programs []lineage.Program
	scratch  string

	warnings warnings
}

var _ pipeline.Env = (*taskEnv)(nil)

func newEnv(l *Local, t *Task, events Events) *taskEnv {
	env := &taskEnv{local: l, sources: newSources(context.Background(), l.Store, t.Inputs), task: t, events: events,
		writers: map[string]*artifacts.Writer{}, metrics: map[string]lineage.Metric{}}
	if !t.Checkpoints.IsZero() {
		env.checkpoints.key, env.checkpoints.every = t.Checkpoints.String(), l.CheckpointEvery
		env.checkpoints.work, env.checkpoints.on = t.Work, t.Placement
	}
	env.log = slog.New(&logHandler{send: func(level slog.Level, text string) {
		events.Log(Message{Level: level, Text: text})
	}})
	env.said = slog.New(&logHandler{send: func(level slog.Level, text string) {
		events.Log(Message{Level: level, Text: text, Quiet: level == slog.LevelWarn && !env.warnings.add(text)})
	}})
	return env
}

// sources are the inputs of a stage in the store.
type sources struct {
	ctx    context.Context // of Run, set before it begins
	store  *artifacts.Store
	inputs []TaskInput
	at     map[string]int // in inputs, by port: there may be tens of thousands
	peek   bool           // bytes are given out unverified
	// check, if not nil, verifies the bytes while they are read.
	check *artifacts.Check
}

// SourcesOf are what an execution has read, as the inputs of its stage.
func SourcesOf(ctx context.Context, store *artifacts.Store, e *lineage.Execution) pipeline.Sources {
	return newSources(ctx, store, taskInputs(e.Inputs))
}

func newSources(ctx context.Context, store *artifacts.Store, inputs []TaskInput) sources {
	s := sources{ctx: ctx, store: store, inputs: inputs, at: make(map[string]int, len(inputs))}
	for i, in := range inputs {
		s.at[in.Port] = i
	}
	return s
}

func (s sources) Inputs() []string {
	ports := make([]string, len(s.inputs))
	for i, in := range s.inputs {
		ports[i] = in.Port
	}
	slices.Sort(ports)
	return ports
}

func (s sources) Open(port string) (*pipeline.Input, error) {
	in, err := s.input(port)
	if err != nil {
		return nil, err
	}
	var f *artifacts.File
	switch {
	case s.peek:
		f, err = s.store.Peek(in.ID)
	case s.check != nil:
		f, err = s.check.Open(in.ID)
	default:
		f, err = s.store.Open(s.ctx, in.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", port, err)
	}
	return &pipeline.Input{File: f, Name: in.Name, Type: in.Type}, nil
}

func (s sources) OpenDir(port string) (*artifacts.Dir, error) {
	in, err := s.input(port)
	if err != nil {
		return nil, err
	}
	var dir *artifacts.Dir
	if s.check != nil {
		dir, err = s.check.OpenDir(in.ID)
	} else {
		dir, err = s.store.OpenDir(s.ctx, in.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", port, err)
	}
	return dir, nil
}

var _ pipeline.Notebook = sources{}

// Note implements pipeline.Notebook.
func (s sources) Note(port, name string) []byte {
	in, err := s.input(port)
	if err != nil {
		return nil
	}
	return s.store.Note(name, in.ID)
}

// KeepNote implements pipeline.Notebook. Nothing is lost but time if it cannot be kept.
func (s sources) KeepNote(port, name string, note []byte) {
	if in, err := s.input(port); err == nil {
		_ = s.store.SaveNote(name, in.ID, note)
	}
}

func (s sources) input(port string) (TaskInput, error) {
	i, ok := s.at[port]
	if !ok {
		return TaskInput{}, fmt.Errorf("input %q is not connected", port)
	}
	return s.inputs[i], nil
}

// inputError says which input an error of the store is about.
func (s sources) inputError(err error) error {
	damaged := (*artifacts.DamagedError)(nil)
	if errors.As(err, &damaged) {
		for _, in := range s.inputs {
			if in.ID == damaged.ID {
				return fmt.Errorf("input %q: %w", in.Port, err)
			}
		}
	}
	return fmt.Errorf("an input: %w", err)
}

func (env *taskEnv) Create(port string) (pipeline.Output, error) { return env.create(port) }

func (env *taskEnv) CreateDir(port, dir string) error {
	w, err := env.create(port)
	if err != nil {
		return err
	}
	tree, err := env.store.AddFiles(env.ctx, dir)
	if err != nil {
		return err
	}
	_, err = tree.WriteTo(w)
	return err
}

func (env *taskEnv) create(port string) (*artifacts.Writer, error) {
	if !slices.ContainsFunc(env.task.Outputs, func(p pipeline.Port) bool { return p.Name == port }) {
		return nil, fmt.Errorf("kind %q has no output %q", env.task.Kind, port)
	}
	env.mu.Lock()
	defer env.mu.Unlock()
	if env.writers[port] != nil {
		return nil, fmt.Errorf("output %q was created twice", port)
	}
	w, err := env.store.Create()
	if err != nil {
		return nil, err
	}
	env.writers[port] = w
	return w, nil
}

func (env *taskEnv) Scratch() (string, error) {
	env.mu.Lock()
	defer env.mu.Unlock()
	if env.scratch == "" {
		if err := env.local.endLeftovers(); err != nil {
			return "", err
		}
		dir, err := env.store.TempDir()
		if err != nil {
			return "", err
		}
		env.scratch = dir
	}
	return env.scratch, nil
}

// endLeftovers ends what a dead process has left running, perhaps at the same
// stage: its claim on the work ended with it.
func (l *Local) endLeftovers() error {
	if l.EndLeftovers == nil {
		return nil
	}
	dirs, err := l.Store.Abandoned()
	if err != nil {
		return err
	}
	return l.EndLeftovers(dirs)
}

// Metric keeps the last finite value: JSON and SQL have no NaN, and a metric
// that is undefined is no metric.
func (env *taskEnv) Metric(name string, value float64, meaning metric.Meaning) {
	if msg, _ := names.CheckText(name); msg != "" {
		env.log.Warn("a metric is left out: its name " + msg)
		return
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		env.said.Warn("metric is not a number", "metric", name)
		return
	}
	env.mu.Lock()
	defer env.mu.Unlock()
	env.metrics[name] = lineage.Metric{Name: name, Value: value, Goal: string(meaning.Goal), Class: meaning.Class}
}

func (env *taskEnv) Point(name string, step int64, value float64) {
	if msg, _ := names.CheckText(name); msg != "" && name != "" {
		return // the metric that it leads to says why
	}
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		env.mu.Lock()
		env.points = append(env.points, lineage.Point{Name: name, Step: step, Value: value})
		env.mu.Unlock()
	}
	env.events.Point(name, step, value)
}

// maxColumnEdges bounds the lineage of columns of one execution. Wide tables
// have tens of thousands of columns, and every part of a split has them all.
const maxColumnEdges = 1 << 17

// Column keeps an edge, once. Beyond the bound none is kept: a part of the
// answer would look like all of it.
func (env *taskEnv) Column(out, in pipeline.ColumnRef) {
	env.mu.Lock()
	defer env.mu.Unlock()
	if env.columns == nil {
		env.columns = map[lineage.ColumnEdge]bool{}
	}
	if len(env.columns) <= maxColumnEdges {
		env.columns[lineage.ColumnEdge{OutPort: out.Port, OutColumn: out.Column, InPort: in.Port, InColumn: in.Column}] = true
	}
}

func (env *taskEnv) columnEdges() []lineage.ColumnEdge {
	env.mu.Lock()
	defer env.mu.Unlock()
	if len(env.columns) > maxColumnEdges {
		env.log.Warn("the lineage of so many columns is not recorded", "limit", maxColumnEdges)
		return nil
	}
	return slices.SortedFunc(maps.Keys(env.columns), lineage.ColumnEdge.Compare)
}

// Program hashes a program, mostly by what is remembered of the file. One that
// cannot be read is not recorded: the system may run it all the same.
func (env *taskEnv) Program(path string) {
	id, err := env.hash(path)
	if err != nil {
		env.log.Debug("program is not recorded", "path", path, "error", err)
		return
	}
	env.mu.Lock()
	defer env.mu.Unlock()
	p := lineage.Program{Path: path, Hash: id}
	if !slices.Contains(env.programs, p) {
		env.programs = append(env.programs, p)
	}
}

func (env *taskEnv) hash(path string) (artifacts.ID, error) {
	if env.local.Hash != nil {
		return env.local.Hash(env.ctx, path)
	}
	id, _, err := artifacts.HashFile(env.ctx, path)
	return id, err
}

func (env *taskEnv) Progress(done, total int64) {
	env.events.Progress(done, total)
}

func (env *taskEnv) Log() *slog.Logger { return env.said }

func (env *taskEnv) Seed() uint64 { return env.task.Seed }

// Threads is what the stage asked for. One that asked for nothing takes one
// slot, and may keep the whole machine busy while nothing else runs.
func (env *taskEnv) Threads() int {
	if n := env.task.Resources.CPU; n > 0 {
		return n
	}
	return env.local.Threads
}

// GPUs are those that the machine has given to the stage.
func (env *taskEnv) GPUs() []string { return env.task.GPUs }

// Placement is where the runner has placed the stage.
func (env *taskEnv) Placement() pipeline.Placement { return env.task.Placement }

// outcome is that of a stage whose outputs are kept. Their writers are no longer
// those of env.
func (env *taskEnv) outcome(unmet []string) Outcome {
	o := env.remains()
	o.Unmet, o.Columns, o.Checkpoint, o.BegunOn = unmet, env.columnEdges(), env.checkpoints.touched, env.BegunOn()
	env.mu.Lock()
	defer env.mu.Unlock()
	o.Metrics = slices.SortedFunc(maps.Values(env.metrics), func(a, b lineage.Metric) int { return cmp.Compare(a.Name, b.Name) })
	for _, p := range env.task.Outputs {
		if w := env.writers[p.Name]; w != nil {
			o.Outputs = append(o.Outputs, lineage.Output{Port: p.Name, Type: string(p.Type)})
			o.Pending = append(o.Pending, w)
		}
	}
	clear(env.writers)
	return o
}

// close gives back whatever was not handed over.
func (env *taskEnv) close() {
	env.mu.Lock()
	defer env.mu.Unlock()
	for _, w := range env.writers {
		w.Discard()
	}
	if env.scratch != "" {
		if err := os.RemoveAll(env.scratch); err != nil {
			env.log.Warn("scratch directory is left behind", "error", err)
		}
	}
}
