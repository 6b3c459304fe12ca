package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The cases are what pipe once got wrong, one kind each. They use nothing but a
// shell and pipe, so that `go run ./bench/cases` can hold any build against them.
func TestCases(t *testing.T) {
	if testing.Short() {
		t.Skip("these are the same commands as those of TestScripts")
	}
	files, err := filepath.Abs("testdata/cases/files")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/cases",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("FILES", files)
			env.Setenv("PIPE_MACHINE", filepath.Join(env.WorkDir, "machine.slots"))
			return nil
		},
	})
}
