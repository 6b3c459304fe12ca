package runner

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"pipe/artifacts"
	"pipe/base/names"
	"pipe/data/metric"
	"pipe/lineage"
	"pipe/pipeline"
)

// A taskEnv is the Env of one attempt.
type taskEnv struct {
	sources
	task    *task
	stopped bool         // ctx ended before Run did
	log     *slog.Logger // of the attempt
	said    *slog.Logger // of the stage, whose warnings are kept
	file    *logFile

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

func newEnv(t *task) *taskEnv {
	env := &taskEnv{sources: newSources(context.Background(), t.Store, t.inputs), task: t, writers: map[string]*artifacts.Writer{}, metrics: map[string]lineage.Metric{}}
	if t.claimed {
		env.checkpoints.key, env.checkpoints.every = t.key.String(), t.CheckpointEvery
	}
	env.file = &logFile{now: time.Now}
	if t.LogDir != "" && t.runID != "" {
		// Names that are none are found before; such a stage would have no log.
		env.file.path, _ = LogFile(t.LogDir, t.runID, t.Name, max(1, t.tried))
	}
	send := func(level slog.Level, message string) {
		env.file.add(level, message)
		t.emit(StageLog{Stage: t.Name, Level: level, Message: message})
	}
	env.log = slog.New(&logHandler{send: send})
	env.said = slog.New(&logHandler{send: func(level slog.Level, message string) {
		if level == slog.LevelWarn && !env.warnings.add(message) {
			env.file.add(level, message)
			return
		}
		send(level, message)
	}})
	return env
}

// sources are the inputs of a stage in the store.
type sources struct {
	ctx    context.Context // of Run, set before it begins
	store  *artifacts.Store
	inputs []lineage.Input
	at     map[string]int // in inputs, by port: there may be tens of thousands
}

func newSources(ctx context.Context, store *artifacts.Store, inputs []lineage.Input) sources {
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
	f, err := s.store.Open(s.ctx, in.ID)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", port, err)
	}
	return &pipeline.Input{File: f, Name: inputName(in), Type: pipeline.PortType(in.Type)}, nil
}

func (s sources) OpenDir(port string) (*artifacts.Dir, error) {
	in, err := s.input(port)
	if err != nil {
		return nil, err
	}
	dir, err := s.store.OpenDir(s.ctx, in.ID)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", port, err)
	}
	return dir, nil
}

func (s sources) input(port string) (lineage.Input, error) {
	i, ok := s.at[port]
	if !ok {
		return lineage.Input{}, fmt.Errorf("input %q is not connected", port)
	}
	return s.inputs[i], nil
}

func inputName(in lineage.Input) string {
	switch {
	case in.Path != "":
		return in.Path
	case in.FromStage != "":
		return in.FromStage + "." + in.FromPort
	default:
		return in.ID.Short()
	}
}

func (env *taskEnv) Create(port string) (io.Writer, error) { return env.create(port) }

func (env *taskEnv) CreateDir(port, dir string) error {
	w, err := env.create(port)
	if err != nil {
		return err
	}
	tree, err := env.task.Store.AddFiles(env.ctx, dir)
	if err != nil {
		return err
	}
	_, err = tree.WriteTo(w)
	return err
}

func (env *taskEnv) create(port string) (*artifacts.Writer, error) {
	if !slices.ContainsFunc(env.task.Outputs, func(p pipeline.Port) bool { return p.Name == port }) {
		return nil, fmt.Errorf("kind %q has no output %q", env.task.Kind.Name, port)
	}
	env.mu.Lock()
	defer env.mu.Unlock()
	if env.writers[port] != nil {
		return nil, fmt.Errorf("output %q was created twice", port)
	}
	w, err := env.task.Store.Create()
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
		if err := env.task.endLeftovers(); err != nil {
			return "", err
		}
		dir, err := env.task.Store.TempDir()
		if err != nil {
			return "", err
		}
		env.scratch = dir
	}
	return env.scratch, nil
}

// endLeftovers ends what a dead process has left running, perhaps at the same
// stage: its claim on the work ended with it.
func (r *Runner) endLeftovers() error {
	if r.EndLeftovers == nil {
		return nil
	}
	dirs, err := r.Store.Abandoned()
	if err != nil {
		return err
	}
	return r.EndLeftovers(dirs)
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
	env.task.emit(StagePoint{Stage: env.task.Name, Name: name, Step: step, Value: value})
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
	const port = "program"
	ids, err := env.task.hashAll(env.ctx, []pipeline.FileInput{{Port: port, Path: path, Resolved: path}})
	if err != nil {
		env.log.Debug("program is not recorded", "path", path, "error", err)
		return
	}
	env.mu.Lock()
	defer env.mu.Unlock()
	p := lineage.Program{Path: path, Hash: ids[port]}
	if !slices.Contains(env.programs, p) {
		env.programs = append(env.programs, p)
	}
}

func (env *taskEnv) Progress(done, total int64) {
	env.task.emit(StageProgress{Stage: env.task.Name, Done: done, Total: total})
}

func (env *taskEnv) Log() *slog.Logger { return env.said }

func (env *taskEnv) Seed() uint64 {
	if !env.task.Kind.Seeded {
		return 0
	}
	return env.task.Step.Seed
}

// Threads is what the stage asked for. One that asked for nothing takes one
// slot, and may keep the whole machine busy while nothing else runs.
func (env *taskEnv) Threads() int {
	if n := env.task.Resources.CPU; n > 0 {
		return n
	}
	return env.task.Capacity.CPU
}

// GPUs are those that the machine has given to the stage.
func (env *taskEnv) GPUs() []string { return env.task.gpus }

// written lists the outputs that were written, in the order of the ports. A
// stage that left out an output that is not optional has a bug.
func (env *taskEnv) written(ports []pipeline.Port) (used []pipeline.Port, writers []*artifacts.Writer, err error) {
	env.mu.Lock()
	defer env.mu.Unlock()
	for _, p := range ports {
		w := env.writers[p.Name]
		if w == nil {
			if p.Optional {
				continue
			}
			return nil, nil, fmt.Errorf("kind %q did not write its output %q", env.task.Kind.Name, p.Name)
		}
		used, writers = append(used, p), append(writers, w)
	}
	return used, writers, nil
}

// committedOutputs joins ports with what became of them.
func committedOutputs(ports []pipeline.Port, committed []artifacts.Committed) ([]lineage.Output, error) {
	var outputs []lineage.Output
	for i, p := range ports {
		if err := committed[i].Err; err != nil {
			return nil, fmt.Errorf("output %q: %w", p.Name, err)
		}
		outputs = append(outputs, lineage.Output{Port: p.Name, Type: string(p.Type), ID: committed[i].ID, Size: committed[i].Size})
	}
	return outputs, nil
}

// close gives back whatever was not committed.
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
	env.file.close()
}

func (env *taskEnv) finalMetrics() []lineage.Metric {
	env.mu.Lock()
	defer env.mu.Unlock()
	return slices.SortedFunc(maps.Values(env.metrics), func(a, b lineage.Metric) int { return cmp.Compare(a.Name, b.Name) })
}

func (env *taskEnv) calledPrograms() []lineage.Program {
	env.mu.Lock()
	defer env.mu.Unlock()
	return slices.Clone(env.programs)
}

func (env *taskEnv) curvePoints() []lineage.Point {
	env.mu.Lock()
	defer env.mu.Unlock()
	return slices.Clone(env.points)
}
