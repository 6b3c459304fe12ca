package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/lineage"
)

// A Why says why a stage of a run ran, or why not: what its key shares with
// that of another execution and what not. All of it is read from the rows
// that the runs recorded.
type Why struct {
	Execution lineage.Execution
	Origin    *lineage.Execution // the execution that did the work, if Execution was cached
	Against   *lineage.Execution // what it is compared with; nil if the stage had never run
	Changes   []Change           // components of the key that differ
	Same      []string           // names of those that do not
}

// Explanation compares an execution with the newest earlier one of the same
// stage of the same pipeline, or with that of the run vs if it is not empty.
func Explanation(ctx context.Context, db *lineage.DB, execution int64, vs string) (*Why, error) {
	e, err := db.Execution(ctx, execution)
	if err != nil {
		return nil, err
	}
	w := &Why{Execution: *e}
	if e.CachedFrom != 0 {
		if w.Origin, err = db.Execution(ctx, e.CachedFrom); err != nil {
			return nil, err
		}
	}
	other, err := counterpart(ctx, db, e, vs)
	if err != nil || other == nil {
		return w, err
	}
	if w.Against, err = db.Execution(ctx, other.Execution); err != nil {
		return nil, err
	}
	w.Changes, w.Same, err = newHistory(db).compare(ctx, other.Execution, execution)
	return w, err
}

func counterpart(ctx context.Context, db *lineage.DB, e *lineage.Execution, vs string) (*lineage.Earlier, error) {
	if vs == "" {
		run, err := db.Run(ctx, e.RunID)
		if err != nil {
			return nil, err
		}
		return db.Earlier(ctx, run.Pipeline, e.Stage, e.RunID)
	}
	other, err := db.InRun(ctx, vs, e.Stage)
	if err == nil && other == nil {
		err = fmt.Errorf("run %s has no execution of stage %s to compare with", vs, e.Stage)
	}
	return other, err
}

// Differences compares the keys of pairs of executions, the old one and the new one,
// cached or not. However many there are it takes a few queries, and some more for
// causes that lie further back than the executions of the pairs.
func Differences(ctx context.Context, db *lineage.DB, pairs [][2]int64) ([][]Change, error) {
	h := newHistory(db)
	ids := make([]int64, 0, 2*len(pairs))
	for _, p := range pairs {
		ids = append(ids, p[0], p[1])
	}
	if err := h.read(ctx, ids); err != nil {
		return nil, err
	}
	var makers []int64
	for _, id := range ids {
		for _, s := range h.source[id] {
			makers = append(makers, s.MadeBy)
		}
	}
	if err := h.read(ctx, makers); err != nil {
		return nil, err
	}
	list := make([][]Change, len(pairs))
	for i, p := range pairs {
		var err error
		if list[i], _, err = h.compare(ctx, p[0], p[1]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// A history is what is known of keys and inputs of executions, each read once.
type history struct {
	db     *lineage.DB
	known  map[int64]bool
	part   map[int64][]artifacts.KeyPart
	source map[int64]map[string]lineage.Source
}

func newHistory(db *lineage.DB) *history {
	return &history{db, map[int64]bool{}, map[int64][]artifacts.KeyPart{}, map[int64]map[string]lineage.Source{}}
}

// read reads what is not known yet.
func (h *history) read(ctx context.Context, ids []int64) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return h.known[id] })
	if len(ids) == 0 {
		return nil
	}
	parts, err := h.db.KeyPartsOf(ctx, ids)
	if err != nil {
		return err
	}
	sources, err := h.db.SourcesOf(ctx, ids)
	if err != nil {
		return err
	}
	maps.Copy(h.part, parts)
	maps.Copy(h.source, sources)
	for _, id := range ids {
		h.known[id] = true
	}
	return nil
}

// compare compares the keys of two executions.
func (h *history) compare(ctx context.Context, old, new int64) (changes []Change, same []string, err error) {
	if err := h.read(ctx, []int64{old, new}); err != nil {
		return nil, nil, err
	}
	before, after := h.part[old], h.part[new]
	changes = changesBetween(before, after, h.source[new])
	for i := range changes {
		if port, ok := strings.CutPrefix(changes[i].Name, "input."); ok && !changes[i].Removed {
			if changes[i].Cause, err = h.rootCause(ctx, old, new, port); err != nil {
				return nil, nil, err
			}
		}
	}
	return changes, lineage.SharedParts(before, after), nil
}

// rootCause follows a changed input upstream, to the stage or file with which
// the change began, and says it in one line.
func (h *history) rootCause(ctx context.Context, old, new int64, port string) (string, error) {
	var via []string
	for {
		if err := h.read(ctx, []int64{old, new}); err != nil {
			return "", err
		}
		was, now := h.source[old][port], h.source[new][port]
		cause, stage := sourceChange(was, now)
		if cause != "" {
			return through(cause, via), nil
		}
		via = append(via, stage)
		if err := h.read(ctx, []int64{was.MadeBy, now.MadeBy}); err != nil {
			return "", err
		}
		changes := changesBetween(h.part[was.MadeBy], h.part[now.MadeBy], h.source[now.MadeBy])
		own := slices.DeleteFunc(slices.Clone(changes), func(c Change) bool {
			return strings.HasPrefix(c.Name, "input.") && !c.Added && !c.Removed && !c.File
		})
		switch {
		case len(changes) == 0:
			return through(fmt.Sprintf("%s gave other bytes with the same key: it is not deterministic", stage), via[:len(via)-1]), nil
		case len(own) > 0:
			return through(fmt.Sprintf("%s: %s", stage, summary(own)), via[:len(via)-1]), nil
		}
		old, new, port = was.MadeBy, now.MadeBy, strings.TrimPrefix(changes[0].Name, "input.")
	}
}

// sourceChange says how an input is connected otherwise than before. If it is
// not, it names the stage that it comes from.
func sourceChange(was, now lineage.Source) (cause, stage string) {
	name := func(s lineage.Source) string {
		switch {
		case s.Path != "":
			return "file " + s.Path
		case s.FromStage != "":
			return s.FromStage + "." + s.FromPort
		case s.ID.IsZero():
			return "nothing"
		}
		return "artifact " + s.ID.Short()
	}
	switch {
	case name(was) != name(now):
		return fmt.Sprintf("it now is %s, it was %s", name(now), name(was)), ""
	case now.Path != "":
		return fmt.Sprintf("file %s changed", now.Path), ""
	case was.MadeBy == 0 || now.MadeBy == 0:
		return fmt.Sprintf("%s changed", name(now)), ""
	}
	return "", now.FromStage
}

func through(cause string, via []string) string {
	if len(via) == 0 {
		return cause
	}
	return fmt.Sprintf("%s (through %s)", cause, strings.Join(via, ", "))
}
