package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"pipe/data/source/postgres/postgrestest"
	"pipe/workspace"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected texts")

// The test binary runs itself as pipe, so that every script starts true
// processes with true exit codes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"pipe": main})
}

// Scripts find the example pipelines with their data in pipelines/. The short
// form is those in which several things go on at once, for the race detector.
func TestScripts(t *testing.T) {
	var dir string
	var files []string
	if testing.Short() {
		for _, pattern := range []string{"run_[a-j]*", "run_two*", "gc_*", "schedule_*", "verify_*"} {
			list, err := filepath.Glob("testdata/script/" + pattern)
			if err != nil || len(list) == 0 {
				t.Fatalf("no script is called %s (%v)", pattern, err)
			}
			files = append(files, list...)
		}
	} else {
		dir = "testdata/script"
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		Files:               files,
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("PIPE_MACHINE", filepath.Join(env.WorkDir, "machine.slots"))
			stores, err := filepath.Abs("testdata/stores")
			if err != nil {
				return err
			}
			env.Setenv("STORES", stores)
			env.Setenv("XLA", os.Getenv("PIPE_XLA"))
			return copyExamples(filepath.Join(env.WorkDir, "pipelines"))
		},
		// xla is whether a plugin of XLA is there to test with: PIPE_XLA names it, and
		// scripts have it as XLA.
		Condition: func(cond string) (bool, error) {
			if cond == "xla" {
				return os.Getenv("PIPE_XLA") != "", nil
			}
			if cond == "postgres" {
				return postgrestest.Installed(), nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"replace":   replace,
			"exitcode":  exitCodeOf,
			"sameblobs": sameBlobs,
			"capture":   capture,
			"postgres":  startPostgres,
			"sha256of":  sha256of,
			"flip":      flip,
			"serve":     serve,
			"json":      isJSON,
			"spoil":     spoil,
		},
	})
}

// startPostgres starts a server with what a statement makes. Scripts have its URL as
// DB_URL, and its password as DB_PASSWORD.
func startPostgres(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: postgres STATEMENTS")
	}
	server, err := postgrestest.Start()
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Stop()) })
	ts.Check(server.Exec(context.Background(), args[0]))
	ts.Setenv("DB_URL", server.URL())
	ts.Setenv("DB_PASSWORD", postgrestest.Password)
}

func copyExamples(dir string) error {
	src := os.DirFS("../../pipelines")
	return fs.WalkDir(src, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if d.Name() == workspace.StoreName {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, path), 0o777)
		}
		data, err := fs.ReadFile(src, path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), data, 0o666)
	})
}

func writeFile(path, text string) error { return os.WriteFile(path, []byte(text), 0o666) }
