package pipelinetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"
	"testing/fstest"

	"pipe/artifacts"
	"pipe/base/names"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// A Case is a stage with everything that it works on.
type Case struct {
	Kind    pipeline.Kind
	With    string                       // YAML of the settings, without parameters
	Inputs  map[string][]byte            // by input port, external files by the port of their setting
	Dirs    map[string]fstest.MapFS      // inputs of type directory, external folders and patterns, likewise
	Types   map[string]pipeline.PortType // of inputs by ports that any type would do for; else they are files
	Seed    uint64                       // of kinds that are Seeded
	Threads int                          // 0 means 2

	Placement pipeline.Placement // where the stage is told to work

	elsewhere bool // the settings come out of their canonical form, as on another machine
}

// A Point is a value of a curve.
type Point struct {
	Name  string
	Step  int64
	Value float64
}

// A Column says which column an output column was made from.
type Column struct{ Out, In pipeline.ColumnRef }

// A Result is what a stage made. After an error other than a RequirementError there
// are no Outputs, since a runner would keep none.
type Result struct {
	Outputs map[string][]byte       // of a directory, the manifest
	Dirs    map[string]fstest.MapFS // the files of outputs of type directory
	Metrics map[string]float64
	Points  []Point  // sorted by name and step
	Columns []Column // sorted, each once
	Log     string
}

// Decode makes a stage from the YAML of its settings, and ends the test if
// there is anything wrong with them.
func Decode(t testing.TB, k pipeline.Kind, yaml string) pipeline.Stage {
	t.Helper()
	stage, err := pipeline.DecodeStage(k, yaml)
	if err != nil {
		t.Fatalf("settings of %q: %v", k.Name, err)
	}
	return stage
}

// Run runs a stage, and ends the test if that fails.
func Run(t testing.TB, c Case) Result {
	t.Helper()
	r, err := RunErr(t, c)
	if err != nil {
		t.Fatalf("stage of kind %q: %v", c.Kind.Name, err)
	}
	return r
}

// RunErr runs a stage that may fail. It ends the test if the case makes no
// sense: wrong settings, inputs that the kind does not have, a required input
// that is missing. It fails the test if the stage breaks the contract of Env.
func RunErr(t testing.TB, c Case) (Result, error) {
	t.Helper()
	return run(t.Context(), t, c)
}

func run(ctx context.Context, t testing.TB, c Case) (Result, error) {
	t.Helper()
	r, _, err := runWith(ctx, t, c, func(*env) {})
	return r, err
}

// runWith runs a stage in an environment that was prepared.
func runWith(ctx context.Context, t testing.TB, c Case, prepare func(*env)) (Result, *env, error) {
	t.Helper()
	stage := Decode(t, c.Kind, c.With)
	if c.elsewhere {
		var err error
		if stage, err = c.Kind.FromCanonical(settings.Canonical(stage), settings.Files(stage)...); err != nil {
			t.Fatal(err)
		}
	}
	store, err := artifacts.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	env := newEnv(t, c, store)
	env.connect(stage)
	prepare(env)
	err = protect(func() error { return stage.Run(ctx, env) })
	r, err := env.finish(err)
	if err == nil {
		checkOutline(ctx, t, stage, c, r.Outputs)
	}
	return r, env, err
}

// A panicError is a panic of a stage.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

// protect turns a panic on this goroutine into an error.
func protect(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return f()
}

// connect stores the inputs of the case and works out the ports.
func (e *env) connect(stage pipeline.Stage) {
	e.t.Helper()
	e.seeded = (&pipeline.Step{Kind: &e.c.Kind, Stage: stage}).Seeded()
	files := settings.Files(stage)
	var connected []string
	nameOf := func(port string) string {
		if i := slices.IndexFunc(files, func(f settings.File) bool { return f.Name == port }); i >= 0 {
			return files[i].Path
		}
		if !accepts(e.c.Kind.Inputs, port) {
			e.t.Fatalf("kind %q has no input %q", e.c.Kind.Name, port)
		}
		connected = append(connected, port)
		return port
	}
	for port, data := range e.c.Inputs {
		e.inputs[port] = source{id: e.keep(data), name: nameOf(port), portType: cmp.Or(e.c.Types[port], inputType(e.c.Kind.Inputs, port))}
	}
	for port, files := range e.c.Dirs {
		e.inputs[port] = source{id: e.keepDir(files), name: nameOf(port), portType: pipeline.Directory}
	}
	slices.Sort(connected)
	for _, p := range e.c.Kind.Inputs {
		if e.c.Kind.Needs(p, connected) {
			e.t.Fatalf("kind %q needs the input %q", e.c.Kind.Name, p.Name)
		}
	}
	e.ports = e.c.Kind.Outputs
	if porter, ok := stage.(pipeline.OutputPorter); ok {
		e.ports = porter.OutputPorts(connected)
	}
}

func accepts(ports []pipeline.Port, name string) bool {
	return slices.ContainsFunc(ports, func(p pipeline.Port) bool { return isOf(p, name) })
}

// isOf says whether an input of a name, which may be that of one of many cases, is by a port.
func isOf(p pipeline.Port, name string) bool {
	base, _, _ := names.SplitCase(name)
	return p.Name == name || p.Name == "*" || p.Many && p.Name == base
}

// inputType is the type of what comes in by a port. Bytes that any type would
// do for are a file.
func inputType(ports []pipeline.Port, name string) pipeline.PortType {
	at := slices.IndexFunc(ports, func(p pipeline.Port) bool { return isOf(p, name) })
	if at < 0 || ports[at].Type == pipeline.Any {
		return pipeline.File
	}
	return ports[at].Type
}

// keepDir stores a directory.
func (e *env) keepDir(files fstest.MapFS) artifacts.ID {
	e.t.Helper()
	dir := e.t.TempDir()
	for name, f := range files {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			e.t.Fatal(err)
		}
		if err := os.WriteFile(to, f.Data, 0o600|f.Mode); err != nil {
			e.t.Fatal(err)
		}
	}
	id, _, err := e.store.AddDir(e.t.Context(), dir)
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

// readDir is the inverse of keepDir.
func (e *env) readDir(id artifacts.ID) fstest.MapFS {
	e.t.Helper()
	d, err := e.store.OpenDir(e.t.Context(), id)
	if err != nil {
		e.t.Fatal(err)
	}
	defer d.Close()
	files := fstest.MapFS{}
	for _, f := range d.Tree.Entries {
		files[f.Path] = &fstest.MapFile{Data: e.read(f.ID)}
		if f.Executable {
			files[f.Path].Mode = 0o100
		}
	}
	return files
}

// keep stores bytes.
func (e *env) keep(data []byte) artifacts.ID {
	e.t.Helper()
	w, err := e.store.Create()
	if err != nil {
		e.t.Fatal(err)
	}
	defer w.Discard()
	if _, err := w.Write(data); err != nil {
		e.t.Fatal(err)
	}
	id, _, err := w.Commit()
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

// finish ends the life of an Env: it commits or discards the outputs as a
// runner does, and looks for what the stage left behind.
func (e *env) finish(err error) (Result, error) {
	e.t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.done = true
	defer func() {
		for _, w := range e.writers {
			w.Discard()
		}
	}()
	for _, f := range e.opened {
		if f.Close() == nil {
			e.t.Errorf("the stage did not close the input %q", f.Name)
		}
	}
	sortPoints(e.points)
	r := Result{Metrics: e.metrics, Points: e.points, Columns: sortColumns(e.columns), Log: e.log.String()}
	var unmet *pipeline.RequirementError
	if err != nil && !errors.As(err, &unmet) {
		return r, err
	}
	r.Outputs = make(map[string][]byte, len(e.writers))
	r.Dirs = map[string]fstest.MapFS{}
	for port, w := range e.writers {
		id, _, commitErr := w.Commit()
		if commitErr != nil {
			e.t.Fatal(commitErr)
		}
		r.Outputs[port] = e.read(id)
		if slices.ContainsFunc(e.ports, func(p pipeline.Port) bool { return p.Name == port && p.Type == pipeline.Directory }) {
			r.Dirs[port] = e.readDir(id)
		}
	}
	for _, p := range e.ports {
		if !p.Optional && e.writers[p.Name] == nil {
			e.t.Errorf("the stage succeeded without its output %q", p.Name)
		}
	}
	return r, err
}

func (e *env) read(id artifacts.ID) []byte {
	e.t.Helper()
	f, err := e.store.Open(e.t.Context(), id)
	if err != nil {
		e.t.Fatal(err)
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := io.Copy(&b, f); err != nil {
		e.t.Fatal(err)
	}
	return b.Bytes()
}
