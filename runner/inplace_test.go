package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// A leaving is a stage that reads files where they are.
type leaving struct {
	Files []settings.Paths `yaml:"files" doc:"What to read."`
	Copy  bool             `yaml:"copy" key:"false" default:"true" doc:"Whether to copy it."`

	during func()
}

func (l *leaving) LeavesInPlace(string) bool { return !l.Copy }

func (l *leaving) Run(_ context.Context, env pipeline.Env) error {
	out, err := env.Create("out")
	if err != nil {
		return err
	}
	for _, port := range env.Inputs() {
		in, err := env.Open(port)
		if err != nil {
			return err
		}
		read := func(name string, r io.ReadCloser) error {
			n, err := io.Copy(io.Discard, r)
			fmt.Fprintf(out, "%s %d\n", name, n)
			return errors.Join(err, r.Close())
		}
		if in.Type != pipeline.Directory {
			if err := read(port, in); err != nil {
				return err
			}
			continue
		}
		in.Close()
		dir, err := env.OpenDir(port)
		if err != nil {
			return err
		}
		defer dir.Close()
		for i, e := range dir.Tree.Entries {
			f, err := dir.Open(i)
			if err != nil {
				return err
			}
			if err := read(e.Path, f); err != nil {
				return err
			}
		}
	}
	l.during()
	return nil
}

// A leavingWorld has files of a size that is hashed beside the work, and old enough for
// their times to tell.
type leavingWorld struct {
	*world
	during func()
}

func newLeavingWorld(t *testing.T) *leavingWorld {
	w := &leavingWorld{world: newWorld(t)}
	w.reg = pipeline.NewRegistry(pipeline.Kind{
		Name: "leaves", Version: 1, Doc: "For the test of the runner.", Example: "s:\n  uses: leaves\n",
		Outputs: []pipeline.Port{{Name: "out", Type: pipeline.File, Doc: "Text."}},
		New: func() pipeline.Stage {
			return &leaving{during: func() {
				if w.during != nil {
					w.during()
				}
			}}
		},
	})
	return w
}

func (w *leavingWorld) file(name, content string) string {
	w.Helper()
	path := filepath.Join(w.dir, name)
	old := time.Now().Add(-time.Hour)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(content), 0o666), os.Chtimes(path, old, old)); err != nil {
		w.Fatal(err)
	}
	return path
}

// stored says which of some texts the store holds itself.
func (w *leavingWorld) stored(texts ...string) string {
	var list []string
	for _, text := range texts {
		id := artifacts.Sum([]byte(text))
		list = append(list, fmt.Sprintf("%v:%v", w.runner.Store.Holds(id), w.runner.Store.Outside(id) != ""))
	}
	return strings.Join(list, " ")
}

const leaves = "  s: {uses: leaves, with: {copy: false, files: [%s]}}\n"

// Files that stay where they are give the same as those that are copied, with the same
// keys; a run again, and one that is verified, find them there.
func TestInPlace(t *testing.T) {
	w := newLeavingWorld(t)
	big, small := strings.Repeat("big ", 1<<20), "small"
	w.file("big.txt", big)
	w.file("img/a.txt", small)
	w.file("img/b.txt", big+"b")
	stages := fmt.Sprintf(leaves, "big.txt, img/")
	for _, want := range []lineage.Status{lineage.Succeeded, lineage.Cached} {
		res, err := w.run(stages, Options{})
		if err != nil || res.Stages[0].Status != want || w.text(res, "s") != "files/big.txt 4194304\na.txt 5\nb.txt 4194305\n" {
			t.Fatalf("%s: %v", statuses(res), err)
		}
	}
	if got := w.stored(big, small, big+"b"); got != "false:true false:true false:true" {
		t.Errorf("copied, or not referred to: %s", got)
	}
	res, err := w.run(stages, Options{Force: []string{"s"}})
	if err != nil {
		t.Fatal(err)
	}
	run, err := w.runner.DB.Run(t.Context(), res.RunID)
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.runner.Verify(t.Context(), w.plan(stages), run, nil, 0)
	if err != nil || v.First() != nil {
		t.Errorf("%+v, %v", v, err)
	}

	// With copies it is the same work, and a store that has copies needs no files.
	copied := strings.Replace(stages, "copy: false", "copy: true", 1)
	if res, err := w.run(copied, Options{}); err != nil || res.Stages[0].Status != lineage.Cached {
		t.Errorf("%s: %v", statuses(res), err)
	}
	if _, err := w.run(copied, Options{Force: []string{"s"}}); err != nil {
		t.Fatal(err)
	}
	if got := w.stored(big, small, big+"b"); got != "true:false true:false true:false" {
		t.Errorf("not copied: %s", got)
	}
	if _, err := w.run(stages, Options{Force: []string{"s"}}); err != nil {
		t.Error(err)
	}
}

// A file that changed is read as it is now by a run of the pipeline file, and is an error
// for who wants what it was, until it is back.
func TestInPlaceChanged(t *testing.T) {
	w := newLeavingWorld(t)
	big := strings.Repeat("big ", 1<<20)
	path := w.file("big.txt", big)
	stages := fmt.Sprintf(leaves, "big.txt")
	res, err := w.run(stages, Options{})
	if err != nil {
		t.Fatal(err)
	}
	run, err := w.runner.DB.Run(t.Context(), res.RunID)
	if err != nil {
		t.Fatal(err)
	}
	then := w.plan(stages).PinFiles(map[string]map[string]artifacts.ID{"s": {"files/big.txt": artifacts.Sum([]byte(big))}})
	again := func() error {
		_, err := w.runner.Run(t.Context(), then, Options{Force: []string{"s"}})
		return err
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		change func()
		want   string
	}{
		"same size and times": {func() { w.file("big.txt", "Big "+big[4:]) }, "the file " + path + " has other bytes now"},
		"longer":              {func() { w.file("big.txt", big+"x") }, "the file " + path + " has 4194305 bytes now, and had 4194304"},
		"gone":                {func() { os.Remove(path) }, "the file " + path + " is gone"},
	} {
		w.file("big.txt", big)
		if err := again(); err != nil {
			t.Errorf("%s: it is back: %v", name, err)
		}
		tt.change()
		if err := again(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		v, err := w.runner.Verify(t.Context(), w.plan(stages), run, nil, 0)
		if err != nil || v.First() == nil || v.First().Err == nil || !strings.Contains(v.First().Err.Error(), tt.want) {
			t.Errorf("%s: verified as %+v, %v", name, v, err)
		}
	}

	// The pipeline file means what is there now.
	w.file("big.txt", "Big "+big[4:])
	if res, err := w.run(stages, Options{}); err != nil || res.Stages[0].Status != lineage.Succeeded {
		t.Errorf("%v", err)
	}
	w.file("moved/big.txt", big)
	if res, err := w.run(fmt.Sprintf(leaves, "moved/big.txt"), Options{}); err != nil || res.Stages[0].Status != lineage.Succeeded {
		t.Errorf("%v", err)
	}
	if err := again(); err != nil {
		t.Errorf("it is at another place now: %v", err)
	}
}

// What is changed, or replaced, while a stage reads it gives no result.
func TestInPlaceChangedWhileRead(t *testing.T) {
	big := strings.Repeat("big ", 1<<20)
	for name, change := range map[string]func(w *leavingWorld, path string) error{
		"in place": func(w *leavingWorld, path string) error { w.file("big.txt", "Big "+big[4:]); return nil },
		"replaced": func(w *leavingWorld, path string) error {
			return os.Rename(w.file("other.txt", "Big "+big[4:]), path)
		},
		"removed": func(w *leavingWorld, path string) error { return os.Remove(path) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newLeavingWorld(t)
			path := w.file("big.txt", big)
			w.during = func() {
				w.during = nil
				if err := change(w, path); err != nil {
					t.Error(err)
				}
			}
			_, err := w.run(fmt.Sprintf(leaves, "big.txt"), Options{})
			if outside := (*artifacts.OutsideError)(nil); !errors.As(err, &outside) || outside.Path != path {
				t.Errorf("%v", err)
			}
		})
	}
}
