package runner

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// Of many files only those are read whose hash is not remembered: the change of
// one does not cost the reading of all.
func TestHashAllReadsWhatIsNotRemembered(t *testing.T) {
	w := newWorld(t)
	e := &execution{Runner: w.runner}
	minuteAgo := time.Now().Add(-time.Minute)
	file := func(name string) pipeline.FileInput {
		path := filepath.Join(w.dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(name), 0o666), os.Chtimes(path, minuteAgo, minuteAgo)); err != nil {
			t.Fatal(err)
		}
		return pipeline.FileInput{Port: name, Path: name, Resolved: path}
	}
	known, other := file("known"), file("other")
	st, err := lineage.StatFile(known.Resolved)
	if err != nil {
		t.Fatal(err)
	}
	// Not its hash: if it is given back, the file was not read.
	st.TakenNS += time.Hour.Nanoseconds()
	mark := artifacts.Sum([]byte("remembered"))
	if err := w.runner.DB.PutFileHashes([]lineage.HashedFile{{Path: known.Resolved, Stat: st, ID: mark}}); err != nil {
		t.Fatal(err)
	}
	ids, err := e.hashAll(t.Context(), []pipeline.FileInput{known, other}, nil)
	if err != nil || ids["known"] != mark || ids["other"] != artifacts.Sum([]byte("other")) {
		t.Errorf("%v, %v", ids, err)
	}
	if _, err := e.hashAll(t.Context(), []pipeline.FileInput{known, {Port: "x", Path: "gone", Resolved: "gone"}}, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
}
