// Package pipe_test checks the rules of the house that no compiler checks:
// which package may import which, and who owns an outside dependency.
package pipe_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// down lists, for each package, the packages of this module that it may import
// directly. A pattern ending in /... covers a subtree, so that a new package
// below a folder needs no row of its own; the first row that fits counts.
// cmd/pipe may import everything and is not listed.
var down = []struct {
	pkg     string
	imports []string
}{
	{"base/...", []string{"base/..."}},
	{"artifacts/...", []string{"base/...", "artifacts/..."}},
	{"schedule/...", []string{"base/..."}},
	{"pipeline/settings", []string{"base/..."}},
	{"data/format", []string{"base/...", "data/...", "artifacts", "estimator", "forecaster", "nn", "trees", "pipeline", "pipeline/settings"}}, // what is known of artifacts of all types
	{"data/...", []string{"base/...", "data/...", "pipeline/settings"}},
	{"nn/cpu/kernel", nil},
	{"nn/cpu/vm", []string{"nn/cpu/kernel"}},
	{"nn/graph/...", []string{"base/exact", "nn/graph"}},
	{"nn/backend", []string{"nn/graph"}},
	{"nn/cpu", []string{"nn/graph", "nn/backend", "nn/cpu/vm", "nn/cpu/kernel"}},
	{"nn/xla/pjrt", []string{"base/..."}},
	{"nn/xla/stablehlo", nil},
	{"nn/xla/...", []string{"base/...", "nn/graph", "nn/backend", "nn/xla/..."}},
	{"nn/optim", []string{"base/...", "pipeline/settings", "nn/graph"}},
	{"nn/dataset", []string{"data/...", "nn"}},
	{"nn/...", []string{"base/...", "data/metric", "data/task", "data/tensor", "nn/...", "pipeline/settings"}},
	{"forecast", []string{"base/..."}},
	{"trees", []string{"base/...", "data/task", "data/tensor", "nn"}},
	{"linear", []string{"base/...", "data/task", "data/tensor", "nn"}},
	{"forecaster", []string{"base/...", "data/...", "forecast", "nn"}},
	{"estimator", []string{"base/diag", "data/tensor", "forecaster", "nn", "trees"}},
	{"pipeline/pipelinetest", []string{"base/...", "artifacts", "data/format", "data/metric", "data/table", "data/task", "pipeline/..."}},
	{"pipeline/...", []string{"base/...", "artifacts", "data/metric", "data/table", "data/task", "schedule", "pipeline/..."}}, // data/table: which columns tables will have
	{"pipelines", nil},
	{"lineage/repair", []string{"base/...", "artifacts", "pipeline", "pipeline/settings", "lineage", "runner"}},
	{"lineage/openlineage", []string{"base/...", "artifacts", "pipeline", "pipeline/settings", "lineage", "runner"}},
	{"lineage/...", []string{"base/...", "artifacts", "lineage/..."}},
	{"runner/machine", []string{"base/..."}},
	{"runner/...", []string{"base/...", "artifacts", "data/metric", "pipeline", "pipeline/settings", "lineage/...", "runner/..."}},
	{"cmd/pipe/ui", []string{"base/...", "lineage/...", "runner", "workspace/..."}},
	{"workspace/...", []string{"base/...", "data/...", "artifacts", "estimator", "forecast", "forecaster", "lineage/...", "nn", "pipeline", "pipeline/settings", "runner/...", "schedule", "stages/...", "workspace/..."}},
	{"stages", []string{"stages/...", "pipeline"}},
	{"stages/ingest/...", []string{"base/...", "data/...", "artifacts", "pipeline", "pipeline/settings", "stages/ingest/..."}},
	{"stages/evaluate/...", []string{"base/...", "data/...", "estimator", "linear", "trees", "nn", "nn/dataset", "pipeline", "pipeline/settings", "stages/evaluate/..."}},
	{"stages/exec/...", []string{"base/...", "data/...", "artifacts", "pipeline", "pipeline/settings", "stages/exec/..."}},
	{"stages/sql", []string{"base/...", "data/...", "artifacts", "pipeline", "pipeline/settings"}},
	{"stages/forecast", []string{"base/...", "data/...", "forecast", "forecaster", "nn", "pipeline", "pipeline/settings"}},
	{"stages/...", []string{"base/...", "data/...", "estimator", "forecast", "trees", "nn", "nn/dataset", "pipeline", "pipeline/settings"}},
}

// owners names the only packages that may import an outside dependency.
var owners = []struct {
	module string
	pkgs   []string
}{
	{"gopkg.in/yaml.v3", []string{"pipeline/settings"}},
	{"database/sql", []string{"lineage/...", "data/source/sqlite"}},
	{"github.com/mattn/go-sqlite3", []string{"lineage/...", "data/source/sqlite", "data/sql/sqlite"}},
	{"github.com/jackc/pgx", []string{"data/source/postgres/..."}},
	{"golang.org/x/text", []string{"data/source/charset", "data/token"}},
	{"github.com/google/flatbuffers", []string{"data/table"}},
	{"gorgonia.org/", []string{"nn/graph"}},
	{"gonum.org/", []string{"nn/..."}},
	{"github.com/apache/arrow-go/", []string{"data/table/...", "data/derive", "data/drift", "data/expr", "data/feature", "data/profile", "data/relation", "data/replay", "data/source/...", "data/sql/...", "data/timeline", "pipeline/pipelinetest", "stages/..."}},
	{"github.com/klauspost/compress", []string{"data/table", "data/source/..."}},
	{"github.com/pierrec/lz4", []string{"data/table", "data/source/parquet"}},
	{"github.com/andybalholm/brotli", []string{"data/source/parquet"}},
	{"github.com/robfig/cron", []string{"schedule"}},
	{"github.com/spf13/cobra", []string{"cmd/pipe"}},
	{"golang.org/x/term", []string{"cmd/pipe/ui"}},
	{"net/http", []string{"base/fetch", "lineage/openlineage"}},
	{"os/exec", []string{"stages/exec", "workspace", "data/source/postgres/postgrestest"}},
	{"C", []string{"nn/cpu/kernel", "nn/xla/pjrt", "lineage/batch", "data/sql/sqlite"}},
	{"math/rand", nil},
	{"math/rand/v2", nil},
}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var pkgs []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); err == io.EOF {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func match(pattern, pkg string) bool {
	if tree, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == tree || strings.HasPrefix(pkg, tree+"/")
	}
	return pattern == pkg
}

func matchAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, pkg) })
}

func TestImportsPointDown(t *testing.T) {
	for _, p := range list(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, "pipe"), "/")
		rule := slices.IndexFunc(down, func(r struct {
			pkg     string
			imports []string
		}) bool {
			return match(r.pkg, name)
		})
		free := name == "" || name == "cmd/pipe" || strings.HasPrefix(name, "bench")
		if rule < 0 && !free {
			t.Errorf("package %s has no rule: add it to the table in house_test.go", name)
			continue
		}
		for _, imp := range p.Imports {
			if dep, ok := strings.CutPrefix(imp, "pipe/"); ok && !free && !matchAny(down[rule].imports, dep) {
				t.Errorf("%s imports %s, which the rules do not allow", name, dep)
			}
			for _, o := range owners {
				if (imp == o.module || strings.HasPrefix(imp, strings.TrimSuffix(o.module, "/")+"/")) &&
					!matchAny(o.pkgs, name) && !strings.HasPrefix(name, "bench") {
					t.Errorf("%s imports %s, which belongs to %v", name, imp, o.pkgs)
				}
			}
		}
	}
}

// openers are the files that open what is no file of others: folders, and what
// the kernel tells.
var openers = []string{
	"artifacts/sync_unix.go", "workspace/machine.go", "lineage/owner_linux.go", "stages/exec/orphans_linux.go",
}

// Source rules: a file is one room, start-up is explicit, and only the
// command line ends the process or reads its environment.
func TestSourceRules(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && (d.Name() == ".git" || d.Name() == "testdata") {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		isTest := strings.HasSuffix(path, "_test.go")
		apart := strings.HasPrefix(path, "pipe-sql/") // a module of its own, which has no package of this one
		inCmd := apart || strings.HasPrefix(path, "cmd/") || strings.HasPrefix(path, "bench/") || strings.HasPrefix(path, "nn/xla/xlatest/")
		lines := 0
		for s := bufio.NewScanner(f); s.Scan(); {
			lines++
			text := s.Text()
			if isTest {
				continue
			}
			if strings.HasPrefix(text, "func init()") {
				t.Errorf("%s:%d: init function; make a value and pass it down", path, lines)
			}
			for _, call := range []string{"os.Open(", "os.ReadFile("} {
				if strings.Contains(text, call) && !apart && !strings.HasPrefix(path, "bench/") && !slices.Contains(openers, path) {
					t.Errorf("%s:%d: %s) waits for ever on a named pipe, and has no bound: use package infile", path, lines, call)
				}
			}
			for _, call := range []string{"os.Exit(", "os.Getenv(", "os.LookupEnv(", "os.Environ("} {
				if strings.Contains(text, call) && !inCmd {
					t.Errorf("%s:%d: %s) belongs to cmd/pipe", path, lines, call)
				}
			}
		}
		if lines > 500 {
			t.Errorf("%s has %d lines; 500 is the limit", path, lines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A decision is cited by its number, so each has one of its own.
func TestDecisionsAreNumbered(t *testing.T) {
	files, err := filepath.Glob("docs/decisions/0*.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file, heading := fmt.Sprintf("docs/decisions/%04d-", i+1), fmt.Sprintf("# %d. ", i+1)
		if !strings.HasPrefix(path, file) || !bytes.HasPrefix(text, []byte(heading)) {
			t.Errorf("%s: the %d. decision is to be named %s... and begin with %q", path, i+1, file, heading)
		}
	}
}
