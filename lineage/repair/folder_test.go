package repair_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/repair"
	"pipe/pipeline"
	"pipe/pipeline/settings"
	"pipe/runner"
)

// folders is a stage that reads a folder, and files that a pattern selects.
type folders struct {
	Images settings.Folder `yaml:"images" doc:"A folder."`
	Texts  settings.Glob   `yaml:"texts" doc:"Some files."`
}

func (*folders) Run(_ context.Context, env pipeline.Env) error {
	out, err := env.Create("out")
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, "done")
	return err
}

// A lost file of an external folder or pattern is read again from where it was.
func TestFilesOfFoldersAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) artifacts.ID {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
		return artifacts.Sum([]byte(text))
	}
	lost := []artifacts.ID{write("img/cat/1.png", "a cat"), write("data/deep/x.txt", "a text"), write("img/2.png", "changed later")}
	store, err := artifacts.Open(filepath.Join(dir, ".pipe"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := lineage.Open(filepath.Join(dir, ".pipe", "lineage.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reg := pipeline.NewRegistry(pipeline.Kind{Name: "folders", Version: 1, New: func() pipeline.Stage { return new(folders) },
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}}})
	load := func(source string) *pipeline.Plan {
		plan, err := pipeline.LoadBytes(filepath.Join(dir, "p.yaml"), []byte(source), reg, pipeline.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return plan
	}
	r := &runner.Runner{Store: store, DB: db, Capacity: pipeline.Resources{CPU: 1}}
	if _, err := r.Run(t.Context(), load("pipeline: p\nstages:\n  s: {uses: folders, with: {images: img, texts: 'data/**/*.txt'}}\n"), runner.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, id := range lost {
		name := id.String()
		if err := os.Remove(filepath.Join(dir, ".pipe", "objects", name[:2], name[2:])); err != nil {
			t.Fatal(err)
		}
	}
	write("img/2.png", "another text")
	rep, err := repair.Check(t.Context(), store, db, nil)
	if err != nil {
		t.Fatal(err)
	}
	repairer := &repair.Repairer{Runner: r, Plan: func(run *lineage.Run) (*pipeline.Plan, error) { return load(run.SpecText), nil }}
	if err := repairer.Repair(t.Context(), rep); err != nil {
		t.Fatal(err)
	}
	for _, f := range rep.Findings {
		if f.ID == lost[2] && (!strings.Contains(f.Lost, "2.png has other bytes now") || strings.Contains(f.Lost, "is not an artifact")) {
			t.Errorf("lost: %s", f.Lost)
		}
	}
	for i, id := range lost {
		_, err := store.Stat(id)
		if there := err == nil; there != (i < 2) {
			t.Errorf("file %d is there: %v", i, there)
		}
	}
}
