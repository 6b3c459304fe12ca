package repair_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/repair"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/runner"
)

// text is the stage of the tests: it writes a text and then what it reads.
type text struct {
	Text  string              `yaml:"text" default:"" doc:"What to write."`
	Large int                 `yaml:"large" default:"0" doc:"How many bytes more."`
	Files []settings.FilePath `yaml:"files" doc:"What to read."`
}

func (c *text) Run(_ context.Context, env pipeline.Env) error {
	out, err := env.Create("out")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, c.Text+strings.Repeat("x", c.Large)); err != nil {
		return err
	}
	for _, port := range env.Inputs() {
		in, err := env.Open(port)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, in)
		if err := errors.Join(err, in.Close()); err != nil {
			return err
		}
	}
	return nil
}

func registry() *pipeline.Registry {
	return pipeline.NewRegistry(pipeline.Kind{
		Name: "text", Version: 1, Doc: "For tests.", Example: "s:\n  uses: text\n",
		Inputs:  []pipeline.Port{{Name: "*", Type: pipeline.Any, Doc: "Anything.", Optional: true}},
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
		New:     func() pipeline.Stage { return new(text) },
	})
}

// The output of one stage is too large to be kept in memory until its commit.
const diamond = `pipeline: p
stages:
  read: {uses: text, with: {text: "a", files: [in.txt]}}
  left: {uses: text, inputs: {in: read}, with: {text: "b", large: 70000}}
  right: {uses: text, inputs: {in: read}, with: {text: "c"}}
  join: {uses: text, inputs: {l: left, r: right}}
`

// fastDir is on a file system in memory where there is one: the loops of this
// package sync thousands of times, and no power is lost.
func fastDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "pipe-fault-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// A world is a folder with a pipeline, its data and its store.
type world struct {
	testing.TB
	dir string
}

func newWorld(t testing.TB, dir string) *world {
	w := &world{t, dir}
	w.must(os.RemoveAll(dir))
	w.must(os.MkdirAll(dir, 0o777))
	w.must(os.WriteFile(filepath.Join(dir, "in.txt"), []byte("some bytes from outside"), 0o666))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) store() string { return filepath.Join(w.dir, ".pipe") }
func (w *world) db() string    { return filepath.Join(w.store(), "lineage.db") }

// run opens store and database, runs the pipeline and closes them. It returns
// the artifacts by stage.
func (w *world) run(fsys artifacts.FS, opt lineage.Options) (made map[string]artifacts.ID, err error) {
	w.Helper()
	store, err := artifacts.OpenFS(w.store(), fsys)
	if err != nil {
		return nil, err
	}
	db, err := lineage.OpenWith(w.db(), opt)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// One stage at a time: the n-th call is the same one in every run.
	r := &runner.Runner{Store: store, DB: db, Capacity: pipeline.Resources{CPU: 1, Memory: 1 << 30}}
	res, err := r.Run(w.Context(), w.plan(), runner.Options{})
	if res == nil {
		return nil, err
	}
	made = map[string]artifacts.ID{}
	for _, s := range res.Stages {
		for _, o := range s.Outputs {
			made[s.Stage] = o.ID
		}
	}
	return made, err
}

func (w *world) plan() *pipeline.Plan {
	w.Helper()
	plan, err := pipeline.LoadBytes(filepath.Join(w.dir, "p.yaml"), []byte(diamond), registry(), pipeline.Options{})
	w.must(err)
	return plan
}

// undisturbed runs and demands the artifacts of a run without faults.
func (w *world) undisturbed(when string, want map[string]artifacts.ID) {
	w.Helper()
	made, err := w.run(artifacts.SystemFS(), lineage.Options{})
	if err != nil {
		w.Fatalf("%s: the undisturbed run failed: %v", when, err)
	}
	for stage, id := range want {
		if made[stage] != id {
			w.Fatalf("%s: stage %s made %s, want %s", when, stage, made[stage].Short(), id.Short())
		}
	}
}

// check returns what `pipe check` finds, after a repair if that is wanted.
func (w *world) check(when string, fix bool) *repair.Report {
	w.Helper()
	store, err := artifacts.Open(w.store())
	w.must(err)
	db, err := lineage.Open(w.db())
	if err != nil {
		w.Fatalf("%s: %v", when, err)
	}
	defer db.Close()
	rep, err := repair.Check(w.Context(), store, db, nil)
	if err != nil {
		w.Fatalf("%s: check: %v", when, err)
	}
	if fix {
		r := &repair.Repairer{
			Runner: &runner.Runner{Store: store, DB: db, Capacity: pipeline.Resources{CPU: 1, Memory: 1 << 30}},
			Plan: func(run *lineage.Run) (*pipeline.Plan, error) {
				return pipeline.LoadBytes(run.File, []byte(run.SpecText), registry(), pipeline.Options{Seed: &run.Seed})
			},
		}
		if err := r.Repair(w.Context(), rep); err != nil {
			w.Fatalf("%s: repair: %v", when, err)
		}
	}
	return rep
}

// sound demands that a check finds no damage.
func (w *world) sound(when string, rep *repair.Report) {
	w.Helper()
	if !rep.Damage() {
		return
	}
	var texts []string
	for _, f := range rep.Findings {
		if f.Repaired == "" {
			texts = append(texts, fmt.Sprintf("%s %s lost: %s", f.ID.Short(), f.Reason, f.Lost))
		}
	}
	w.Fatalf("%s: damage: %s %v %v", when, strings.Join(texts, "\n"), rep.Database, rep.Strangers)
}

// hinted demands that an error says what to do.
func (w *world) hinted(when string, err error) {
	w.Helper()
	if err != nil && diag.HintOf(err) == "" {
		w.Fatalf("%s: the error has no hint: %v", when, err)
	}
}
