package runner

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// damage changes the last byte of an object where it lies.
func (w *world) damage(id artifacts.ID) {
	w.Helper()
	name := id.String()
	path := filepath.Join(w.dir, ".pipe", "objects", name[:2], name[2:])
	content, err := os.ReadFile(path)
	if err != nil {
		w.Fatal(err)
	}
	content[len(content)-1] ^= 1
	if err := os.Chmod(path, 0o600); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		w.Fatal(err)
	}
}

// A large input is verified beside the work. Nothing comes of a damaged one,
// whatever the stage made of it: no output, no other error, and no checkpoint.
func TestDamagedInput(t *testing.T) {
	poisoned := false
	ends := map[string]func(pipeline.Env) error{
		"succeeds": func(pipeline.Env) error { return nil },
		"fails":    func(pipeline.Env) error { return errors.New("row 5 is wrong") },
		"unmet":    func(pipeline.Env) error { return &pipeline.RequirementError{Failed: []string{"too low"}} },
		"panics":   func(pipeline.Env) error { panic("of an index") },
		"saves": func(env pipeline.Env) error {
			var err error
			env.Checkpoint(func(io.Writer) error { err = errors.New("saved"); return err })
			poisoned = err != nil
			return nil
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			poisoned = false
			w := newWorld(t)
			w.runner.CheckpointEvery = time.Nanosecond
			kind := func(name string, run func(context.Context, *config, pipeline.Env) error) pipeline.Kind {
				return pipeline.Kind{
					Name: name, Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: " + name + "\n",
					Inputs:  []pipeline.Port{{Name: "*", Type: pipeline.Any, Doc: "Anything.", Optional: true}},
					Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
					New:     func() pipeline.Stage { return &config{run: run} },
				}
			}
			w.reg = pipeline.NewRegistry(
				kind("makes", func(_ context.Context, _ *config, env pipeline.Env) error {
					out, err := env.Create("out")
					if err == nil {
						_, err = out.Write(bytes.Repeat([]byte("0123456789abcdef"), 1<<17))
					}
					return err
				}),
				kind("reads", func(_ context.Context, _ *config, env pipeline.Env) error {
					if err := copyInputs(env, ""); err != nil {
						return err
					}
					return end(env)
				}))
			const stages = "  a: {uses: makes}\n  b: {uses: reads, inputs: {in: a.out}}\n"
			res, err := w.run(stages[:strings.Index(stages, "  b")], Options{})
			if err != nil {
				t.Fatal(err)
			}
			w.damage(res.Stages[0].Outputs[0].ID)
			res, err = w.run(stages, Options{})
			if damaged := (*artifacts.DamagedError)(nil); !errors.As(err, &damaged) || !strings.Contains(err.Error(), `input "in"`) {
				t.Errorf("error: %v", err)
			}
			if b := res.Stages[1]; b.Status != lineage.Failed || len(b.Outputs) > 0 {
				t.Errorf("stage: %+v", b)
			}
			if poisoned {
				t.Error("a checkpoint was made of damaged bytes")
			}
		})
	}
}
