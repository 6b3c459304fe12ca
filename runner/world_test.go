package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"pipe/artifacts"
	"pipe/data/metric"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// A world is a real store and database with a registry of small kinds.
type world struct {
	*testing.T
	dir    string
	reg    *pipeline.Registry
	runner *Runner
	mu     sync.Mutex
	events []Event
	calls  atomic.Int64 // how often the stage `text` ran
	flaky  atomic.Int64 // how often `flaky` still fails
	hold   chan struct{}
	inside atomic.Int64 // stages of kind `hold` that are running
	peak   atomic.Int64
}

func newWorld(t *testing.T) *world {
	w := &world{T: t, dir: t.TempDir(), hold: make(chan struct{})}
	store, err := artifacts.Open(filepath.Join(w.dir, ".pipe"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := lineage.Open(filepath.Join(w.dir, ".pipe", "lineage.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	kind := func(name string, run func(context.Context, *config, pipeline.Env) error) pipeline.Kind {
		return pipeline.Kind{
			Name: name, Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: " + name + "\n",
			Inputs:  []pipeline.Port{{Name: "*", Type: pipeline.Any, Doc: "Anything.", Optional: true}},
			Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
			New:     func() pipeline.Stage { return &config{run: run} },
		}
	}
	w.reg = pipeline.NewRegistry(
		kind("text", func(_ context.Context, c *config, env pipeline.Env) error {
			w.calls.Add(1)
			return copyInputs(env, c.Text)
		}),
		kind("flaky", func(_ context.Context, c *config, env pipeline.Env) error {
			if w.flaky.Add(-1) >= 0 {
				if err := copyInputs(env, "half"); err != nil {
					return err
				}
				return errors.New("not this time")
			}
			return copyInputs(env, c.Text)
		}),
		kind("unmet", func(_ context.Context, c *config, env pipeline.Env) error {
			if err := copyInputs(env, c.Text); err != nil {
				return err
			}
			return &pipeline.RequirementError{Failed: []string{"accuracy is 0.9, required >= 0.95"}}
		}),
		kind("warns", func(_ context.Context, c *config, env pipeline.Env) error {
			for i := range maxWarnings + 2 {
				env.Log().Warn(c.Text, "n", i)
			}
			env.Log().Info("not kept")
			return copyInputs(env, c.Text)
		}),
		kind("panics", func(context.Context, *config, pipeline.Env) error { panic("of an index") }),
		kind("forgets", func(context.Context, *config, pipeline.Env) error { return nil }),
		kind("waits", func(ctx context.Context, _ *config, _ pipeline.Env) error {
			w.hold <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}),
		kind("late", func(_ context.Context, c *config, env pipeline.Env) error {
			w.hold <- struct{}{}
			<-w.hold
			return copyInputs(env, c.Text)
		}),
		kind("hold", func(_ context.Context, c *config, env pipeline.Env) error {
			w.peak.Store(max(w.peak.Load(), w.inside.Add(1)))
			<-w.hold
			w.inside.Add(-1)
			return copyInputs(env, c.Text)
		}),
		pipeline.Kind{
			Name: "asks", Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: asks\n",
			Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
			New:     func() pipeline.Stage { return new(asking) },
		},
	)
	w.runner = &Runner{Store: store, DB: db, Capacity: pipeline.Resources{CPU: 2, Memory: 1 << 30}, Observe: func(ev Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.events = append(w.events, ev)
	}}
	return w
}

// A config is the stage of every kind of the test.
type config struct {
	Text string              `yaml:"text" default:"" doc:"What to write."`
	Path []settings.FilePath `yaml:"files" doc:"What to read."`
	run  func(context.Context, *config, pipeline.Env) error
}

func (c *config) Run(ctx context.Context, env pipeline.Env) error { return c.run(ctx, c, env) }

// MetricGoal says that more of every metric is better.
func (c *config) MetricGoal(string) (metric.Goal, error) { return metric.Up, nil }

// An asking stage has a key of more than the plan knows.
type asking struct{}

func (*asking) Run(_ context.Context, env pipeline.Env) error { return copyInputs(env, "asked") }

func (*asking) PrivateKeyParts() []artifacts.KeyPart {
	return []artifacts.KeyPart{{Name: "env.X", Value: "1"}}
}

// copyInputs writes a text, and then what each input holds.
func copyInputs(env pipeline.Env, text string) error {
	out, err := env.Create("out")
	if err != nil {
		return err
	}
	fmt.Fprint(out, text)
	for _, port := range env.Inputs() {
		in, err := env.Open(port)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "(%s=", port)
		if _, err := io.Copy(out, in); err != nil {
			return err
		}
		fmt.Fprint(out, ")")
		if err := in.Close(); err != nil {
			return err
		}
	}
	env.Metric("length", float64(len(text)), metric.Meaning{})
	return nil
}

func (w *world) plan(stages string) *pipeline.Plan {
	w.Helper()
	plan, err := pipeline.LoadBytes(filepath.Join(w.dir, "p.yaml"), []byte("pipeline: p\nstages:\n"+stages), w.reg, pipeline.Options{})
	if err != nil {
		w.Fatalf("%v", err)
	}
	return plan
}

func (w *world) run(stages string, opt Options) (*Result, error) {
	w.Helper()
	res, err := w.runner.Run(context.Background(), w.plan(stages), opt)
	if res == nil {
		w.Fatal(err)
	}
	return res, err
}

func statuses(res *Result) string {
	var parts []string
	for _, s := range res.Stages {
		parts = append(parts, s.Stage+":"+string(s.Status))
	}
	return strings.Join(parts, " ")
}

func (w *world) text(res *Result, stage string) string {
	w.Helper()
	for _, s := range res.Stages {
		if s.Stage == stage {
			f, err := w.runner.Store.Open(w.Context(), s.Outputs[0].ID)
			if err != nil {
				w.Fatal(err)
			}
			defer f.Close()
			b, err := io.ReadAll(f)
			if err != nil {
				w.Fatal(err)
			}
			return string(b)
		}
	}
	w.Fatalf("no stage %q", stage)
	return ""
}
