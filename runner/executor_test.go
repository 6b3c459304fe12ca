package runner_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/data/metric"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/runner"
)

// A gather stage reads the lines of external files into one.
type gather struct {
	Files []settings.FilePath `yaml:"files" required:"true" doc:"What to read."`
	Sign  string              `yaml:"sign" default:"<&>" doc:"What comes before each line."`
}

func (s *gather) Run(_ context.Context, env pipeline.Env) error {
	out, err := env.Create("lines")
	if err != nil {
		return err
	}
	total := 0
	for _, f := range settings.Files(s) {
		in, err := env.Open(f.Name)
		if err != nil {
			return err
		}
		defer in.Close()
		for lines := bufio.NewScanner(in); lines.Scan(); total++ {
			fmt.Fprintln(out, s.Sign, in.Name, lines.Text())
			env.Point("lines", int64(total), float64(len(lines.Text())))
		}
		env.Column(pipeline.ColumnRef{Port: "lines", Column: "text"}, pipeline.ColumnRef{Port: f.Name, Column: "line"})
	}
	env.Progress(int64(total), int64(total))
	env.Log().Warn("lines were gathered", "n", total)
	env.Log().Info("not kept")
	return nil
}

// A count stage is seeded, has a requirement, and can be made to fail.
type count struct {
	Most int64  `yaml:"most" default:"100" doc:"How many lines there may be."`
	Fail string `yaml:"fail" default:"" doc:"What to fail with."`
}

func (s *count) Run(_ context.Context, env pipeline.Env) error {
	in, err := env.Open("lines")
	if err != nil {
		return err
	}
	defer in.Close()
	var n int64
	for lines := bufio.NewScanner(in); lines.Scan(); n++ {
	}
	if s.Fail != "" {
		return diag.WithHint(errors.New(s.Fail), "do not ask for it")
	}
	dir, err := env.Scratch()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "number"), fmt.Append(nil, n, env.Seed()), 0o666); err != nil {
		return err
	}
	if err := env.CreateDir("numbers", dir); err != nil {
		return err
	}
	env.Metric("lines", float64(n), metric.Meaning{Goal: metric.Down, Class: "all"})
	if n > s.Most {
		return &pipeline.RequirementError{Failed: []string{fmt.Sprintf("%d lines, required <= %d", n, s.Most)}}
	}
	return nil
}

func kinds() *pipeline.Registry {
	return pipeline.NewRegistry(
		pipeline.Kind{Name: "gather", Version: 3, New: func() pipeline.Stage { return new(gather) },
			Outputs: []pipeline.Port{{Name: "lines", Type: pipeline.File}, {Name: "rest", Type: pipeline.File, Optional: true}}},
		pipeline.Kind{Name: "count", Version: 1, Seeded: true, New: func() pipeline.Stage { return new(count) },
			Inputs:  []pipeline.Port{{Name: "lines", Type: pipeline.File}},
			Outputs: []pipeline.Port{{Name: "numbers", Type: pipeline.Directory}}},
	)
}

// A worker does tasks in another process, as it were: it has kinds and a store,
// and what it is told and tells are bytes.
type worker struct {
	kinds *pipeline.Registry
	store *artifacts.Store
	tell  func([]byte) // of messages

	mu    sync.Mutex
	tasks []string // kinds of those that were done
}

// A reply is what a worker sends back.
type reply struct {
	Outcome     runner.Outcome
	Error, Hint string
}

func (w *worker) do(ctx context.Context, task []byte) ([]byte, error) {
	var t runner.Task
	if err := json.Unmarshal(task, &t); err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.tasks = append(w.tasks, t.Kind)
	w.mu.Unlock()
	local := &runner.Local{Kinds: w.kinds, Store: w.store, Threads: 2}
	var r reply
	err := local.Accept(t)
	if err == nil {
		r.Outcome, err = local.Execute(ctx, t, w)
	}
	if err == nil {
		err = r.Outcome.Commit(w.store)
	}
	if err != nil {
		r.Error, r.Hint = err.Error(), diag.HintOf(err)
	}
	return json.Marshal(r)
}

func (w *worker) Log(m runner.Message) {
	b, _ := json.Marshal(m)
	w.tell(b)
}

func (*worker) Point(string, int64, float64) {}
func (*worker) Progress(int64, int64)        {}

// A remote is the executor at the near end.
type remote struct{ far *worker }

func (remote) Accept(runner.Task) error { return nil }

func (r remote) Execute(ctx context.Context, t runner.Task, events runner.Events) (runner.Outcome, error) {
	task, err := json.Marshal(t)
	if err != nil {
		return runner.Outcome{}, err
	}
	r.far.tell = func(b []byte) {
		var m runner.Message
		if err := json.Unmarshal(b, &m); err == nil {
			events.Log(m)
		}
	}
	b, err := r.far.do(ctx, task)
	if err != nil {
		return runner.Outcome{}, err
	}
	var rep reply
	if err := json.Unmarshal(b, &rep); err != nil {
		return runner.Outcome{}, err
	}
	if rep.Error != "" {
		return rep.Outcome, diag.WithHint(errors.New(rep.Error), rep.Hint)
	}
	return rep.Outcome, nil
}

// A place is a store with a database, and a runner on them.
type place struct {
	dir    string
	runner *runner.Runner
	logs   []string
}

func newPlace(t *testing.T) *place {
	p := &place{dir: t.TempDir()}
	store, err := artifacts.Open(filepath.Join(p.dir, ".pipe"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := lineage.Open(filepath.Join(p.dir, ".pipe", "lineage.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p.runner = &runner.Runner{Store: store, DB: db, Capacity: pipeline.Resources{CPU: 2, Memory: 1 << 30}, Observe: func(ev runner.Event) {
		if log, ok := ev.(runner.StageLog); ok {
			p.logs = append(p.logs, fmt.Sprint(log.Stage, " ", log.Level, " ", log.Message))
		}
	}}
	for _, name := range []string{"a.txt", "b.txt"} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte("one\ntwo "+name+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// elsewhere lets a worker do the work, which opens the store for itself.
func (p *place) elsewhere(t *testing.T) *worker {
	store, err := artifacts.Open(filepath.Join(p.dir, ".pipe"))
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{kinds: kinds(), store: store}
	p.runner.Executor = remote{w}
	return w
}

func (p *place) run(t *testing.T, with string) (*runner.Result, []lineage.Execution, error) {
	t.Helper()
	source := "pipeline: p\nseed: 7\nstages:\n  all: {uses: gather, with: {files: [b.txt, a.txt]}}\n  n: {uses: count, with: {" + with + "}, inputs: {lines: all}}\n"
	plan, err := pipeline.LoadBytes(filepath.Join(p.dir, "p.yaml"), []byte(source), kinds(), pipeline.Options{})
	if err != nil {
		t.Fatal(err)
	}
	res, runErr := p.runner.Run(t.Context(), plan, runner.Options{})
	if res == nil {
		t.Fatal(runErr)
	}
	list, err := p.runner.DB.Executions(t.Context(), res.RunID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		if list[i].Points, err = p.runner.DB.Points(t.Context(), list[i].ID); err != nil {
			t.Fatal(err)
		}
	}
	return res, list, runErr
}

// What a worker makes of a task that came as bytes is what this process makes of
// it: artifacts, metrics, all that is recorded, and what people hear.
func TestExecuteElsewhere(t *testing.T) {
	for _, with := range []string{"", "most: 3", "fail: 'it was to be'"} {
		here, there := newPlace(t), newPlace(t)
		far := there.elsewhere(t)
		res, want, wantErr := here.run(t, with)
		again, got, gotErr := there.run(t, with)
		if fmt.Sprint(wantErr) != fmt.Sprint(gotErr) || diag.HintOf(wantErr) != diag.HintOf(gotErr) {
			t.Errorf("%s: error %v, want %v", with, gotErr, wantErr)
		}
		if res.Status != again.Status || len(far.tasks) != 2 {
			t.Errorf("%s: %s after the tasks %v, want %s", with, again.Status, far.tasks, res.Status)
		}
		same := cmpopts.IgnoreFields(lineage.Execution{}, "RunID", "ID", "Started", "Finished")
		if diff := cmp.Diff(want, got, same); diff != "" {
			t.Errorf("%s: recorded otherwise:\n%s", with, diff)
		}
		if diff := cmp.Diff(here.logs, there.logs); diff != "" || len(here.logs) == 0 {
			t.Errorf("%s: said otherwise:\n%s", with, diff)
		}
		for _, e := range got {
			for _, o := range e.Outputs {
				if err := there.runner.Store.Check(t.Context(), o.ID); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// The cache does not know who did the work, and neither executor is asked for
// what is there.
func TestWorkOfAWorkerIsCached(t *testing.T) {
	p := newPlace(t)
	far := p.elsewhere(t)
	if _, _, err := p.run(t, ""); err != nil {
		t.Fatal(err)
	}
	res, _, err := p.run(t, "")
	if err != nil || res.Count(lineage.Cached) != 2 || len(far.tasks) != 2 {
		t.Errorf("the second run: %v, %d cached, tasks %v", err, res.Count(lineage.Cached), far.tasks)
	}
	p.runner.Executor = nil
	if res, _, err := p.run(t, ""); err != nil || res.Count(lineage.Cached) != 2 {
		t.Errorf("in process: %v, %d cached", err, res.Count(lineage.Cached))
	}
}

// A liar tells of outputs that the store does not have, or has otherwise.
type liar struct {
	runner.Executor
	lie func(*runner.Outcome)
}

func (l liar) Execute(ctx context.Context, t runner.Task, events runner.Events) (runner.Outcome, error) {
	o, err := l.Executor.Execute(ctx, t, events)
	l.lie(&o)
	return o, err
}

func TestOutcomeIsNotBelieved(t *testing.T) {
	for want, lie := range map[string]func(*runner.Outcome){
		"is not in the store":             func(o *runner.Outcome) { o.Outputs[0].ID[0]++ },
		"bytes in the store, not":         func(o *runner.Outcome) { o.Outputs[0].Size++ },
		`has no output "rest" of type "m`: func(o *runner.Outcome) { o.Outputs = append(o.Outputs, lineage.Output{Port: "rest", Type: "model"}) },
		`did not write its output "lines`: func(o *runner.Outcome) { o.Outputs = nil },
		"twice":                           func(o *runner.Outcome) { o.Outputs = append(o.Outputs, o.Outputs[0]) },
	} {
		p := newPlace(t)
		p.elsewhere(t)
		p.runner.Executor = liar{p.runner.Executor, lie}
		res, list, err := p.run(t, "")
		if err == nil || !strings.Contains(err.Error(), want) || res.Status != lineage.Failed || len(list) != 1 || len(list[0].Outputs) > 0 {
			t.Errorf("%s: got error %v, %+v", want, err, list)
		}
	}
}

// Who cannot do a task says so before anything is done for it.
func TestWorkerWithoutTheKind(t *testing.T) {
	task := runner.Task{Kind: "gather", Version: 2, Settings: []byte(`{"sign":"<&>"}`), Files: []settings.File{{Name: "files/a.txt", Path: "a.txt"}}}
	local := &runner.Local{Kinds: kinds()}
	for _, c := range []struct {
		change func(*runner.Task)
		want   string
	}{
		{func(*runner.Task) {}, `kind "gather" has version 3 here, and the task is for version 2`},
		{func(t *runner.Task) { t.Kind = "gathers" }, `there is no kind "gathers" here`},
	} {
		task := task
		c.change(&task)
		if err := local.Accept(task); err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	task.Version, task.Settings = 3, []byte(`{"sign":3}`)
	if _, err := local.Execute(t.Context(), task, silent{}); err == nil || !strings.Contains(err.Error(), "sign") {
		t.Errorf("settings of the wrong type: %v", err)
	}
}

type silent struct{}

func (silent) Log(m runner.Message)         { slog.Default().Log(context.Background(), m.Level, m.Text) }
func (silent) Point(string, int64, float64) {}
func (silent) Progress(int64, int64)        {}
