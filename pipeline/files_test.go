package pipeline_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"pipe/pipeline"
	"pipe/pipeline/settings"
)

type folderStage struct {
	Images settings.Folder `yaml:"images"`
	Texts  settings.Glob   `yaml:"texts"`
}

func (*folderStage) Run(context.Context, pipeline.Env) error { return nil }

// Folders and patterns are external inputs: relative to the pipeline file, and
// asked about before anything is read.
func TestFoldersAndPatterns(t *testing.T) {
	reg := pipeline.NewRegistry(pipeline.Kind{Name: "folders", Version: 1, New: func() pipeline.Stage { return new(folderStage) }})
	load := func(with string, allows func(string) error) (*pipeline.Plan, error) {
		return pipeline.LoadBytes("dir/p.yaml", []byte("pipeline: p\nstages:\n  s:\n    uses: folders\n    with: "+with+"\n"), reg, pipeline.Options{File: allows})
	}
	var asked []string
	plan, err := load("{images: ../img/, texts: 'data/a/../**/*.txt'}", func(path string) error { asked = append(asked, path); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"img", "dir/data"}; !slices.Equal(asked, want) {
		t.Errorf("asked about %s, want %s", asked, want)
	}
	for i, f := range plan.Steps[0].Files {
		if f.Type != pipeline.Directory || (f.Pattern != nil) != (i == 1) {
			t.Errorf("%+v", f)
		}
	}
	if got := string(plan.Steps[0].Config); got != "{}" {
		t.Errorf("the canonical form has the names of folders: %s", got)
	}
	_, err = load("{images: /etc}", func(string) error { return errors.New("is outside") })
	if err == nil || !strings.Contains(err.Error(), `images "/etc" is outside`) {
		t.Errorf("a folder elsewhere: %v", err)
	}
	for with, want := range map[string]string{
		"{images: 3}": "folder path", "{images: ''}": `"images" is not a folder path`, "{texts: 'a/'}": "ends with a folder", "{texts: '[a'}": "no pattern",
	} {
		if _, err := load(with, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", with, err, want)
		}
	}
}
