package stages

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pipe/data/format"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/stages/exec"
)

var update = flag.Bool("update", false, "rewrite the generated files")

func registry() *pipeline.Registry {
	return All(func(string) (string, bool) { return "", false }, exec.NewSupervisor(), nil)
}

func TestEveryKindIsDocumented(t *testing.T) {
	for _, k := range registry().Kinds() {
		if err := errors.Join(k.CheckSettings(), k.CheckDocs()); err != nil {
			t.Errorf("%s: %v", k.Name, err)
		}
	}
}

// TestTypesOfPorts: somebody owns each type of artifact that a stage reads or makes.
func TestTypesOfPorts(t *testing.T) {
	known := map[pipeline.PortType]bool{}
	var names []string
	for _, f := range format.All() {
		known[f.Type] = true
		names = append(names, string(f.Type))
	}
	for _, k := range registry().Kinds() {
		for _, p := range slices.Concat(k.Inputs, k.Outputs) {
			if !known[p.Type] && p.Type != pipeline.Any {
				t.Errorf("%s: port %s has the type %q, which package format does not know", k.Name, p.Name, p.Type)
			}
		}
	}
	for _, f := range settings.Fields(new(exec.Exec)) {
		if list := "(" + strings.Join(names, ", ") + ")"; f.Name == "outputs" && !strings.Contains(f.Doc, list) {
			t.Errorf("exec: the reference does not list the types of outputs %s", list)
		}
	}
}

func TestGeneratedFilesAreFresh(t *testing.T) {
	var markdown bytes.Buffer
	if err := pipeline.WriteMarkdown(&markdown, registry()); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]byte{
		"../docs/stages.md":            markdown.Bytes(),
		"../docs/pipeline.schema.json": pipeline.Schema(registry()),
	} {
		if *update {
			if err := os.WriteFile(path, want, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale; renew it with: go test ./stages -update", path)
		}
	}
}

func TestExamplePipelinesAreValid(t *testing.T) {
	files, err := filepath.Glob("../pipelines/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no example pipelines: %v", err)
	}
	for _, file := range files {
		plan, err := pipeline.Load(file, registry(), pipeline.Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		if len(plan.Warnings) > 0 {
			t.Error(plan.Warnings)
		}
		for _, s := range plan.Steps {
			if err := pipeline.CheckCanonical(s.Kind, s.Stage); err != nil {
				t.Error(err)
			}
		}
	}
}

// Every YAML block of the documentation that shows a pipeline is valid. Blocks
// without the key `pipeline` are parts of one, and are completed. Other files
// are marked yml.
func TestYAMLInDocsIsValid(t *testing.T) {
	block := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == ".pipe") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" || filepath.Base(path) == "stages.md" { // generated, and checked with its kinds
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		scheduled := pipeline.Options{Run: map[string]string{pipeline.ScheduledTime: "2026-01-31T03:00:00Z"}}
		for _, at := range block.FindAllSubmatchIndex(text, -1) {
			seen++
			source := string(text[at[2]:at[3]])
			if !strings.Contains("\n"+source, "\npipeline:") {
				source = "pipeline: documented\n" + source
			}
			line := 1 + bytes.Count(text[:at[2]], []byte("\n"))
			if _, err := pipeline.LoadBytes(path, []byte(source), registry(), scheduled); err != nil {
				t.Errorf("%s, block at line %d:\n%v", path, line, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Error("no YAML block found: the test looks in the wrong place")
	}
}
