package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"pipe/artifacts"
	"pipe/lineage"
)

// A state is what a store and its database hold.
type state struct {
	done    map[string]bool   // stages recorded as succeeded
	status  map[string]string // of each run
	objects int
}

// inspect looks at a store as it was left, and changes nothing. The error
// joins everything that must not be.
func inspect(ctx context.Context, dir string) (*state, error) {
	st := &state{done: map[string]bool{}, status: map[string]string{}}
	var bad []error
	objects := filepath.Join(dir, ".pipe", "objects")
	have := map[artifacts.ID]bool{}
	err := filepath.WalkDir(objects, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == objects {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(objects, path)
		want, err := artifacts.ParseID(strings.ReplaceAll(filepath.ToSlash(rel), "/", ""))
		if err != nil {
			bad = append(bad, fmt.Errorf("objects/%s is not an artifact", rel))
			return nil
		}
		got, _, err := artifacts.HashFile(context.Background(), path)
		if err != nil || got != want {
			bad = append(bad, fmt.Errorf("object %s is partial or damaged: it hashes to %s (%w)", want.Short(), got.Short(), err))
		}
		have[want] = true
		return nil
	})
	st.objects = len(have)
	bad = append(bad, err)

	db, err := lineage.OpenReadOnly(filepath.Join(dir, ".pipe", "lineage.db"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || unmade(err) {
			err = nil // it died before the first migration was committed
		}
		return st, errors.Join(append(bad, err)...)
	}
	defer db.Close()
	problems, err := db.Check(ctx)
	bad = append(bad, err)
	for _, p := range problems {
		bad = append(bad, errors.New("database: "+p))
	}
	referenced, err := db.Referenced(ctx)
	bad = append(bad, err)
	for id := range referenced {
		if !have[id] {
			bad = append(bad, fmt.Errorf("a row points at %s, which is not in the store", id.Short()))
		}
	}
	rows, err := db.Query(ctx, "SELECT DISTINCT stage FROM executions WHERE status = 'succeeded'", 0)
	if err != nil {
		return st, errors.Join(append(bad, err)...)
	}
	for _, r := range rows.Rows {
		st.done[fmt.Sprint(r[0])] = true
	}
	runs, err := db.Runs(ctx, lineage.RunFilter{})
	for _, r := range runs {
		st.status[r.ID] = string(r.Status)
	}
	return st, errors.Join(append(bad, err)...)
}

// unmade says that a database has no schema yet.
func unmade(err error) bool {
	return strings.Contains(err.Error(), "there is no lineage database") || errors.Is(err, lineage.ErrUnmade)
}

// compare holds the run after the kill, and the state it left, against the
// state that the kill left.
func (s *scenario) compare(left *state, again *run, end *state) error {
	var bad []error
	if again.killed || again.err != nil {
		bad = append(bad, fmt.Errorf("the run after it failed: %v\n%s", again.err, again.output))
	}
	for stage := range left.done {
		if again.stages[stage] != string(lineage.Cached) {
			bad = append(bad, fmt.Errorf("stage %s was recorded and is %q in the run after it", stage, again.stages[stage]))
		}
	}
	for port, id := range s.want {
		if again.made[port] != id {
			bad = append(bad, fmt.Errorf("%s is %s, undisturbed it is %s", port, again.made[port], id))
		}
	}
	if len(again.made) != len(s.want) {
		bad = append(bad, fmt.Errorf("the run after it made %d artifacts, undisturbed %d", len(again.made), len(s.want)))
	}
	for id, status := range end.status {
		if status == string(lineage.Running) {
			bad = append(bad, fmt.Errorf("run %s is left running", id))
		}
		if left.status[id] == string(lineage.Running) && status != string(lineage.Interrupted) {
			bad = append(bad, fmt.Errorf("run %s was killed and is %s", id, status))
		}
	}
	for id, status := range left.status {
		if status != string(lineage.Running) && end.status[id] != status {
			bad = append(bad, fmt.Errorf("run %s was %s and is %q", id, status, end.status[id]))
		}
	}
	return errors.Join(bad...)
}
