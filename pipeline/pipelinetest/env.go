package pipelinetest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"testing"

	"pipe/artifacts"
	"pipe/data/metric"
	"pipe/pipeline"
)

// defaultThreads is enough to show what depends on the number of threads.
const defaultThreads = 2

// An env is the pipeline.Env of one run of a stage.
type env struct {
	t      testing.TB
	c      Case
	store  *artifacts.Store
	inputs map[string]source
	ports  []pipeline.Port // outputs that may be created
	seeded bool

	mu      sync.Mutex
	done    bool // Run returned
	opened  []*pipeline.Input
	writers map[string]*artifacts.Writer
	metrics map[string]float64
	points  []Point
	columns []Column
	log     bytes.Buffer

	resume  []byte // what Resume gives; nil for no checkpoint
	resumed bool   // Resume was called
	offers  int    // of checkpoints so far
	// save gives what takes the n-th checkpoint, counted from 1, or nil if that
	// is not due. Nil saves none.
	save func(n int) (take func([]byte))
}

var _ pipeline.Env = (*env)(nil)

// A source is a connected input.
type source struct {
	id       artifacts.ID
	name     string
	portType pipeline.PortType
}

func newEnv(t testing.TB, c Case, store *artifacts.Store) *env {
	return &env{
		t: t, c: c, store: store,
		inputs:  make(map[string]source),
		writers: make(map[string]*artifacts.Writer),
		metrics: make(map[string]float64),
	}
}

// enter locks the environment and fails the test if the stage has returned.
func (e *env) enter(method string) (leave func()) {
	e.mu.Lock()
	if e.done {
		e.t.Errorf("the stage called Env.%s after Run had returned", method)
	}
	return e.mu.Unlock
}

func (e *env) Inputs() []string {
	defer e.enter("Inputs")()
	return slices.Sorted(maps.Keys(e.inputs))
}

func (e *env) Open(port string) (*pipeline.Input, error) {
	defer e.enter("Open")()
	in, ok := e.inputs[port]
	if !ok {
		return nil, fmt.Errorf("input %q is not connected", port)
	}
	f, err := e.store.Open(e.t.Context(), in.id)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", port, err)
	}
	opened := &pipeline.Input{File: f, Name: in.name, Type: in.portType}
	e.opened = append(e.opened, opened)
	return opened, nil
}

func (e *env) OpenDir(port string) (*artifacts.Dir, error) {
	defer e.enter("OpenDir")()
	in, ok := e.inputs[port]
	if !ok {
		return nil, fmt.Errorf("input %q is not connected", port)
	}
	return e.store.OpenDir(e.t.Context(), in.id)
}

func (e *env) Create(port string) (pipeline.Output, error) {
	defer e.enter("Create")()
	w, err := e.create(port)
	if err != nil {
		return nil, err
	}
	return &writer{e, w}, nil
}

func (e *env) CreateDir(port, dir string) error {
	defer e.enter("CreateDir")()
	w, err := e.create(port)
	if err != nil {
		return err
	}
	tree, err := e.store.AddFiles(e.t.Context(), dir)
	if err != nil {
		return err
	}
	_, err = tree.WriteTo(w)
	return err
}

func (e *env) create(port string) (*artifacts.Writer, error) {
	if !slices.ContainsFunc(e.ports, func(p pipeline.Port) bool { return p.Name == port }) {
		return nil, fmt.Errorf("kind %q has no output %q", e.c.Kind.Name, port)
	}
	if e.writers[port] != nil {
		return nil, fmt.Errorf("output %q was created twice", port)
	}
	w, err := e.store.Create()
	if err != nil {
		return nil, err
	}
	e.writers[port] = w
	return w, nil
}

// A writer is an open output. It keeps writers apart from Commit and Discard.
type writer struct {
	env *env
	w   *artifacts.Writer
}

func (w *writer) Write(p []byte) (int, error) {
	defer w.env.enter("Create().Write")()
	return w.w.Write(p)
}

func (w *writer) Reset() {
	defer w.env.enter("Create().Reset")()
	w.w.Reset()
}

func (e *env) Scratch() (string, error) {
	defer e.enter("Scratch")()
	return e.t.TempDir(), nil
}

func (e *env) Metric(name string, value float64, meaning metric.Meaning) {
	defer e.enter("Metric")()
	e.metrics[name] = value
}

func (e *env) Point(name string, step int64, value float64) {
	defer e.enter("Point")()
	e.points = append(e.points, Point{name, step, value})
}

// Column refuses ports that the stage does not have.
func (e *env) Column(out, in pipeline.ColumnRef) {
	defer e.enter("Column")()
	if !slices.ContainsFunc(e.ports, func(p pipeline.Port) bool { return p.Name == out.Port }) || out.Column == "" {
		e.t.Errorf("the stage said where column %q of output %q is from, which it does not have", out.Column, out.Port)
	}
	if _, ok := e.inputs[in.Port]; !ok || in.Column == "" {
		e.t.Errorf("the stage said that it read column %q of input %q, which it does not have", in.Column, in.Port)
	}
	e.columns = append(e.columns, Column{Out: out, In: in})
}

func (e *env) Program(path string) {
	defer e.enter("Program")()
	if _, err := os.Stat(path); err != nil {
		e.t.Errorf("the stage said that it calls a program that is not there: %v", err)
	}
}

func (e *env) Progress(done, total int64) {
	defer e.enter("Progress")()
	if done < 0 || total < 0 || total > 0 && done > total {
		e.t.Errorf("the stage reported a progress of %d of %d", done, total)
	}
}

// Log writes without times, so that tests can compare the text.
func (e *env) Log() *slog.Logger {
	defer e.enter("Log")()
	return slog.New(slog.NewTextHandler(logWriter{e}, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey && len(groups) == 0 {
				return slog.Attr{}
			}
			return a
		},
	}))
}

type logWriter struct{ env *env }

func (w logWriter) Write(p []byte) (int, error) {
	defer w.env.enter("Log().Write")()
	return w.env.log.Write(p)
}

func (e *env) Seed() uint64 {
	defer e.enter("Seed")()
	if !e.seeded {
		e.t.Errorf("the stage asked for a seed, but kind %q is not Seeded", e.c.Kind.Name)
		return 0
	}
	return e.c.Seed
}

func (e *env) Resume() io.ReadCloser {
	defer e.enter("Resume")()
	e.resumed = true
	if e.resume == nil {
		return nil
	}
	return io.NopCloser(bytes.NewReader(e.resume))
}

func (e *env) BegunOn() string { return "" }

func (e *env) Anew() {}

func (e *env) Checkpoint(save func(io.Writer) error) {
	take := e.offered()
	if take == nil {
		return
	}
	var b bytes.Buffer
	if err := save(&b); err != nil {
		e.t.Errorf("the stage could not save a checkpoint: %v", err)
	}
	take(b.Bytes())
}

// offered counts an offer, and gives what takes the checkpoint if it is due.
func (e *env) offered() (take func([]byte)) {
	defer e.enter("Checkpoint")()
	e.offers++
	if e.save == nil {
		return nil
	}
	return e.save(e.offers)
}

func (e *env) GPUs() []string { return nil }

func (e *env) Placement() pipeline.Placement { return e.c.Placement }

func (e *env) Threads() int {
	defer e.enter("Threads")()
	return cmp.Or(e.c.Threads, defaultThreads)
}

func sortColumns(columns []Column) []Column {
	slices.SortFunc(columns, func(a, b Column) int {
		return cmp.Or(cmp.Compare(a.Out.Port, b.Out.Port), cmp.Compare(a.Out.Column, b.Out.Column),
			cmp.Compare(a.In.Port, b.In.Port), cmp.Compare(a.In.Column, b.In.Column))
	})
	return slices.Compact(columns)
}

func sortPoints(points []Point) {
	slices.SortStableFunc(points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Step, b.Step))
	})
}
