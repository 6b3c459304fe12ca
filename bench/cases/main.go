// Command cases runs the small inputs that pipe once got wrong, each with what is
// wanted of it, against any build of pipe, and prints a line for each:
//
//	go run ./bench/cases                     # the pipe of this folder
//	go run ./bench/cases -pipe old/pipe -v   # another one, with what it printed
//
// The cases are cmd/pipe/testdata/cases/*.txtar; the tests of cmd/pipe run them
// too. It ends with 1 if a case is not as wanted.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// dir is where the cases are, from the top of the project.
const dir = "cmd/pipe/testdata/cases"

func main() {
	log.SetFlags(0)
	var pipe, only string
	var verbose bool
	flag.StringVar(&pipe, "pipe", "", "the pipe to run (default: build the one of this folder)")
	flag.StringVar(&only, "only", "", "run the cases whose name contains this")
	flag.BoolVar(&verbose, "v", false, "print what a case did that is not as wanted")
	flag.Parse()
	if err := run(pipe, only, verbose); err != nil {
		log.Fatal("cases: ", err)
	}
}

func run(pipe, only string, verbose bool) error {
	bin, err := os.MkdirTemp("", "pipe-cases-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(bin)
	target := filepath.Join(bin, "pipe")
	if pipe == "" {
		build := exec.Command("go", "build", "-o", target, "./cmd/pipe")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build: %w", err)
		}
	} else {
		path, err := filepath.Abs(pipe)
		if err != nil {
			return err
		}
		if err := os.Symlink(path, target); err != nil {
			return err
		}
	}
	list, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("no cases in %s: run it at the top of the project", dir)
	}
	files, err := filepath.Abs(filepath.Join(dir, "files"))
	if err != nil {
		return err
	}
	failed := 0
	for _, path := range list {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		if !strings.Contains(name, only) {
			continue
		}
		t := &trial{}
		t.catch(func() {
			testscript.RunT(t, testscript.Params{
				Files:               []string{path},
				RequireExplicitExec: true,
				Setup: func(env *testscript.Env) error {
					env.Setenv("HOME", env.WorkDir)
					env.Setenv("FILES", files)
					env.Setenv("PIPE_MACHINE", filepath.Join(env.WorkDir, "machine.slots"))
					env.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
					return nil
				},
			})
		})
		result := "ok"
		switch {
		case t.failed:
			result = "FAIL"
			failed++
		case t.skipped != "":
			result = "skip"
		}
		fmt.Printf("%-4s  %-40s  %s\n", result, name, wanted(path))
		if t.failed && verbose {
			fmt.Println(t.log.String())
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d cases are not as wanted", failed, len(list))
	}
	return nil
}

// wanted is the comment at the begin of a case.
func wanted(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	var words []string
	for line := range strings.Lines(string(text)) {
		word, ok := strings.CutPrefix(line, "# ")
		if !ok {
			break
		}
		words = append(words, strings.TrimSpace(word))
	}
	return strings.Join(words, " ")
}

// A trial is a testscript.T outside of a test.
type trial struct {
	log     strings.Builder
	failed  bool
	skipped string
}

// errStopped is what FailNow and Skip end a script with.
var errStopped = errors.New("stopped")

// catch runs f up to its end or to a FailNow or Skip.
func (t *trial) catch(f func()) {
	defer func() {
		if v := recover(); v != nil && v != any(errStopped) {
			panic(v)
		}
	}()
	f()
}

func (t *trial) Skip(args ...any) {
	t.skipped = strings.TrimSpace(fmt.Sprintln(args...))
	panic(errStopped)
}

func (t *trial) Fatal(args ...any) {
	t.Log(args...)
	t.FailNow()
}

func (t *trial) FailNow() {
	t.failed = true
	panic(errStopped)
}

func (t *trial) Log(args ...any)                    { fmt.Fprintln(&t.log, args...) }
func (t *trial) Parallel()                          {}
func (t *trial) Verbose() bool                      { return false }
func (t *trial) Run(_ string, f func(testscript.T)) { t.catch(func() { f(t) }) }
