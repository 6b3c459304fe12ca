package pipeline_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"pipe/base/diag"
	"pipe/pipeline"
)

// updating says whether to rewrite testdata. The flag -update is that of the
// tests inside the package, which are in the same binary.
func updating() bool {
	f := flag.Lookup("update")
	return f != nil && f.Value.String() == "true"
}

// TestLint loads in.yaml of each fixture and compares all that a person would
// read with want. A file `flags` may hold lines as on the command line:
// --set NAME=VALUE, --seed N, and --run NAME=VALUE for Options.Run.
func TestLint(t *testing.T) {
	files, err := filepath.Glob("testdata/lint/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	reg := testRegistry()
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(archive.Comment) == 0 {
				t.Error("the fixture does not say what it is about")
			}
			got := lint(reg, []byte(fileOf(archive, "in.yaml")), parseFlags(t, fileOf(archive, "flags")))
			if updating() {
				setFile(archive, "want", got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(fileOf(archive, "want"), got); diff != "" {
				t.Errorf("run with -update if this is right (-want +got):\n%s", diff)
			}
		})
	}
}

// lint is what a person would see.
func lint(reg *pipeline.Registry, source []byte, opt pipeline.Options) string {
	var b strings.Builder
	plan, err := pipeline.LoadBytes("in.yaml", source, reg, opt)
	var list diag.List
	var usage *diag.UsageError
	switch {
	case err == nil:
		plan.Warnings.Render(&b, false)
		printPlan(&b, plan)
	case errors.As(err, &list):
		list.Render(&b, false)
	case errors.As(err, &usage):
		fmt.Fprintf(&b, "usage: %v\nhint: %s\n", err, diag.HintOf(err))
	default:
		fmt.Fprintf(&b, "unexpected error %T: %v\n", err, err)
	}
	return b.String()
}

// printPlan shows what is not obvious from the file.
func printPlan(b *strings.Builder, plan *pipeline.Plan) {
	fmt.Fprintf(b, "pipeline %s, seed %d\n", plan.Pipeline, plan.Seed)
	for _, p := range plan.Params {
		fmt.Fprintf(b, "param %s = %s (%s)\n", p.Name, p.Value, p.Source)
	}
	if plan.Schedule != nil {
		fmt.Fprintf(b, "schedule %+v\n", *plan.Schedule)
	}
	for _, s := range plan.Steps {
		fmt.Fprintf(b, "%s: %s %s\n", s.Name, s.Kind.Name, s.Settings)
		for _, e := range s.Inputs {
			fmt.Fprintf(b, "  %s <- %s (%s)\n", e.Port, e.From, e.Type)
		}
		for _, f := range s.Files {
			fmt.Fprintf(b, "  %s <- file %s\n", f.Port, f.Resolved)
		}
		for _, n := range s.Needs {
			fmt.Fprintf(b, "  after %s\n", n)
		}
		if s.Promote != nil {
			fmt.Fprintf(b, "  promote to %s if %q, rule %s\n", s.Promote.To, s.Promote, s.Promote.Rule())
		}
		if r := s.Retry; r.Limit > 0 || s.Timeout.Limit > 0 || s.Resources != (pipeline.Resources{}) || !s.Cache {
			fmt.Fprintf(b, "  retry %+v, timeout %+v, resources %+v, cache %v\n", r, s.Timeout, s.Resources, s.Cache)
		}
	}
	for _, name := range plan.Dropped {
		fmt.Fprintf(b, "%s: dropped\n", name)
	}
}

func parseFlags(t *testing.T, text string) pipeline.Options {
	opt := pipeline.Options{Set: map[string]string{}, Run: map[string]string{}}
	for line := range strings.Lines(text) {
		flag, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, text, _ := strings.Cut(value, "=")
		switch flag {
		case "--set":
			opt.Set[name] = text
		case "--run":
			opt.Run[name] = text
		case "--seed":
			seed, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			opt.Seed = &seed
		default:
			t.Fatalf("unknown flag %q", flag)
		}
	}
	return opt
}

func fileOf(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

func setFile(a *txtar.Archive, name, text string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}
