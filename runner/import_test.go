package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// remembered makes the database believe that a file holds some bytes, as if it had
// been changed behind its back.
func (w *world) remembered(name string, id artifacts.ID) {
	w.Helper()
	path := filepath.Join(w.dir, name)
	st, err := lineage.StatFile(path)
	if err != nil {
		w.Fatal(err)
	}
	st.TakenNS += time.Hour.Nanoseconds()
	if err := w.runner.DB.PutFileHashes([]lineage.HashedFile{{Path: path, Stat: st, ID: id}}); err != nil {
		w.Fatal(err)
	}
}

// What is remembered of a file is a guess: before anything is recorded that was
// made of it, the file is read again.
func TestRememberedFileIsReadAgain(t *testing.T) {
	for i := range 4 {
		stages, small := "  s: {uses: text, with: {files: [data.txt]}}\n", i < 2
		if i%2 == 0 {
			stages = "  s: {uses: listing, with: {images: img}}\n"
		}
		w := newWorld(t)
		text, _ := w.reg.Lookup("text")
		w.reg = pipeline.NewRegistry(*text, listingKind())
		was, now := strings.Repeat("was", readBefore/3+9), strings.Repeat("now", readBefore/3+9)
		if small {
			was, now = "was", "now"
		}
		w.put("data.txt", was)
		w.put("img/data.txt", was)
		if _, err := w.run(stages, Options{}); err != nil {
			t.Fatal(err)
		}
		w.put("data.txt", now)
		w.put("img/data.txt", now)
		w.remembered("data.txt", artifacts.Sum([]byte(was)))
		w.remembered("img/data.txt", artifacts.Sum([]byte(was)))
		res, err := w.run(stages, Options{Force: []string{"s"}})
		if err == nil || !strings.Contains(err.Error(), "changed while the run was reading it") {
			t.Errorf("%s the error is %v", stages, err)
		}
		if s := res.Stages[0]; s.Status != lineage.Failed || len(s.Outputs) > 0 {
			t.Errorf("%s %+v", stages, s)
		}
	}
}

// A file that nobody has read is copied in the pass that hashes it, and by nothing
// that only looks.
func TestNewFilesAreCopiedAtOnce(t *testing.T) {
	w := newWorld(t)
	big := strings.Repeat("0123456789abcdef", 1<<17)
	w.put("big", big)
	w.put("img/a", "small")
	files := []pipeline.FileInput{
		{Port: "big", Path: "big", Resolved: filepath.Join(w.dir, "big"), Type: pipeline.File},
		{Port: "img", Path: "img", Resolved: filepath.Join(w.dir, "img"), Type: pipeline.Directory},
	}
	e := &execution{Runner: w.runner}
	stored := func(want bool) {
		t.Helper()
		for _, text := range []string{big, "small"} {
			if _, err := w.runner.Store.Stat(artifacts.Sum([]byte(text))); (err == nil) != want {
				t.Errorf("%d bytes are stored: %v, want %v", len(text), err, want)
			}
		}
	}
	looked, err := e.hashAll(t.Context(), files, nil)
	if err != nil {
		t.Fatal(err)
	}
	stored(false)
	hashed, err := e.hashAll(t.Context(), files, e.importer(&pipeline.Step{Name: "s"}, nil))
	if err != nil || hashed["big"] != looked["big"] || hashed["img"] != looked["img"] {
		t.Errorf("%v, %v; want %v", hashed, err, looked)
	}
	stored(true)
	entries, err := os.ReadDir(filepath.Join(w.dir, ".pipe", "tmp"))
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}

	// It could have changed right after it was read, so it is read again, once.
	path := files[0].Resolved
	st, err := lineage.StatFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if e.seen.is(path, st, hashed["big"]) {
		t.Error("a file that was just written counts as settled")
	}
	read := st
	read.TakenNS += time.Hour.Nanoseconds()
	e.seen.add([]lineage.HashedFile{{Path: path, Stat: read, ID: hashed["big"]}})
	if !e.seen.is(path, st, hashed["big"]) || e.seen.is(path, st, hashed["img"]) {
		t.Error("a file that was read long after it was written is to be read again")
	}
}
