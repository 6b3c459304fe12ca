package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/walk"
	"pipe/pipeline"
	"pipe/pipeline/pipelinetest"
	"pipe/pipeline/settings"
)

// A listing is a stage that reads a folder, and files that a pattern selects.
type listing struct {
	Images settings.Folder `yaml:"images" doc:"A folder."`
	Texts  settings.Glob   `yaml:"texts" doc:"Some files."`
}

func (l *listing) Run(ctx context.Context, env pipeline.Env) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	out, err := env.Create("out")
	if err != nil {
		return err
	}
	for _, port := range env.Inputs() {
		d, err := env.OpenDir(port)
		if err != nil {
			return err
		}
		for i, e := range d.Tree.Entries {
			f, err := d.Open(i)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%s:%s=", port, e.Path)
			if _, err := io.Copy(out, f); err != nil {
				return err
			}
			fmt.Fprintln(out)
			f.Close()
		}
		d.Close()
	}
	return nil
}

func listingKind() pipeline.Kind {
	return pipeline.Kind{
		Name: "listing", Version: 1, Doc: "Lists files.", Example: "s:\n  uses: listing\n  with: {images: img, texts: 'data/**/*.txt'}\n",
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
		New:     func() pipeline.Stage { return new(listing) },
	}
}

func TestListingConforms(t *testing.T) {
	pipelinetest.Conform(t, pipelinetest.Case{
		Kind: listingKind(), With: "images: img\ntexts: '*.txt'",
		Dirs: map[string]fstest.MapFS{"images": {"b.png": {Data: []byte("1")}}, "texts": {"a.txt": {Data: []byte("2")}}},
	})
}

func newListingWorld(t *testing.T) *world {
	w := newWorld(t)
	w.reg = pipeline.NewRegistry(listingKind())
	w.put("img/cat/1.png", "cat one")
	w.put("img/dog.png", "dog")
	w.put("data/x.txt", "x")
	w.put("data/deep/y.txt", "y")
	w.put("data/deep/z.csv", "z")
	return w
}

func (w *world) put(name, text string) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
		w.Fatal(err)
	}
}

const listingStages = "  s: {uses: listing, with: {images: img, texts: 'data/**/*.txt'}}\n"

// A folder and a pattern count by what the files hold and how they are called,
// and a past run can be repeated when they are gone.
func TestExternalDirectories(t *testing.T) {
	w := newListingWorld(t)
	run := func(want string) *Result {
		t.Helper()
		res, err := w.run(listingStages, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := statuses(res); got != "s:"+want {
			t.Errorf("got %s, want %s", got, want)
		}
		return res
	}
	first := run("succeeded")
	const text = "images:cat/1.png=cat one\nimages:dog.png=dog\ntexts:deep/y.txt=y\ntexts:x.txt=x\n"
	if got := w.text(first, "s"); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
	run("cached")
	w.put("data/deep/z.csv", "not selected")
	run("cached")
	for _, change := range []func(){
		func() { w.put("img/cat/1.png", "cat two") },
		func() { w.put("img/new.png", "") },
		func() { w.put("data/deep/er/w.txt", "") },
		func() { os.Rename(filepath.Join(w.dir, "img/new.png"), filepath.Join(w.dir, "img/newer.png")) },
		func() { os.Remove(filepath.Join(w.dir, "data/x.txt")) },
	} {
		change()
		run("succeeded")
		run("cached")
	}

	// The files are stored, they are in the lineage, and no clean-up takes them.
	list, err := w.runner.DB.Executions(t.Context(), first.RunID)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	ids := map[string]artifacts.ID{}
	for _, in := range list[0].Inputs {
		if in.Type != string(pipeline.Directory) || in.Path == "" || in.Size == 0 {
			t.Errorf("recorded as %+v", in)
		}
		ids[in.Port] = in.ID
	}
	graph, err := walk.Upstream(t.Context(), w.runner.DB, lineage.Ref{Artifact: first.Stages[0].Outputs[0].ID})
	if err != nil || !slices.ContainsFunc(graph.Artifacts, func(n lineage.ArtifactNode) bool { return n.ID == ids["images"] && n.Path == "img" }) {
		t.Errorf("lineage lacks the folder: %+v, %v", graph, err)
	}
	w.passTime(2 * artifacts.Grace)
	live, err := w.runner.DB.Referenced(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.runner.Store.Sweep(t.Context(), func(id artifacts.ID) bool { return live[id] }); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.RemoveAll(filepath.Join(w.dir, "img")), os.RemoveAll(filepath.Join(w.dir, "data"))); err != nil {
		t.Fatal(err)
	}
	past := w.plan(listingStages).PinFiles(map[string]map[string]artifacts.ID{"s": ids})
	past.Steps[0].Cache = false
	again, err := w.runner.Run(t.Context(), past, Options{})
	if err != nil || w.text(again, "s") != text {
		t.Errorf("the past run repeats as %q, %v", w.text(again, "s"), err)
	}
}

func TestExternalDirectoriesRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(dir string) error
		want   string
		before bool // a plan says so, too
	}{
		{"no folder", func(dir string) error { return os.RemoveAll(filepath.Join(dir, "img")) }, `images "img": no such file`, true},
		{"a file", func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "img")), os.WriteFile(filepath.Join(dir, "img"), nil, 0o666))
		}, `images "img": not a directory`, true},
		{"an empty folder", func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "img")), os.MkdirAll(filepath.Join(dir, "img", "cat"), 0o777))
		}, `images "img": there are no files`, true},
		{"nothing selected", func(dir string) error {
			return errors.Join(os.Remove(filepath.Join(dir, "data/x.txt")), os.Remove(filepath.Join(dir, "data/deep/y.txt")))
		}, `texts "data/**/*.txt": there are no files`, true},
		{"a pipe", func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "img", "zz"), 0o666) }, `images "img": zz: is not a regular file but a named pipe`, false},
		{"a link", func(dir string) error { return os.Symlink("dog.png", filepath.Join(dir, "img", "zz")) }, `a symbolic link`, false},
		{"a selected link", func(dir string) error { return os.Symlink("x.txt", filepath.Join(dir, "data", "zz.txt")) }, `zz.txt: is not a regular file but a symbolic link`, false},
		{"a store", func(dir string) error { return os.Mkdir(filepath.Join(dir, "img", ".pipe"), 0o777) }, `it holds .pipe`, false},
		{"a bad name", func(dir string) error { return os.WriteFile(filepath.Join(dir, "img", "a\nb"), nil, 0o666) }, `images "img": path "a\nb" has a control character`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newListingWorld(t)
			if err := tt.change(w.dir); err != nil {
				t.Fatal(err)
			}
			if _, err := w.run(listingStages, Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the run says %v, want %s", err, tt.want)
			}
			if found := Unreadable(w.plan(listingStages)); tt.before && (len(found) != 1 || !strings.Contains(found[0].Msg, tt.want) || found[0].Pos.Line == 0) {
				t.Errorf("before the run it is %v, want %s", found, tt.want)
			}
		})
	}
}

// What is not selected may be anything.
func TestPatternLeavesOthersAlone(t *testing.T) {
	w := newListingWorld(t)
	if err := errors.Join(syscall.Mkfifo(filepath.Join(w.dir, "data", "pipe"), 0o666), os.Symlink("/etc", filepath.Join(w.dir, "data", "etc"))); err != nil {
		t.Fatal(err)
	}
	if _, err := w.run(listingStages, Options{}); err != nil {
		t.Error(err)
	}
}
