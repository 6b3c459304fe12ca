package runs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pipe/artifacts"
	"pipe/base/jsondiff"
	"pipe/lineage"
	"pipe/runner"
	"pipe/workspace"
)

// A Change is a part of a key that differs.
type Change struct {
	Part   string            `json:"part"`
	Old    *string           `json:"old"` // null: there was none
	New    *string           `json:"new"` // null: there is none
	Fields []jsondiff.Change `json:"fields,omitempty"`
	From   string            `json:"from,omitempty"`
	Cause  string            `json:"cause,omitempty"`

	File bool   `json:"-"` // From is a file
	Text string `json:"-"` // the change in one line
}

func changesOf(changes []runner.Change) []Change {
	list := make([]Change, 0, len(changes))
	for _, c := range changes {
		x := Change{Part: c.Name, Fields: c.Fields, From: c.From, Cause: c.Cause, File: c.File, Text: c.String()}
		if !c.Added {
			x.Old = &c.Old
		}
		if !c.Removed {
			x.New = &c.New
		}
		list = append(list, x)
	}
	return list
}

// A Why says why a stage of a run had to run or not.
type Why struct {
	Against    *Earlier       `json:"against"` // what it is compared with; null if the stage had never run
	CachedFrom *Origin        `json:"cached_from,omitempty"`
	Changes    []Change       `json:"changes"` // parts of the key that differ
	Execution  int64          `json:"execution"`
	Key        artifacts.Key  `json:"key,omitzero"` // zero if the inputs were not known
	Reason     string         `json:"reason"`
	Run        string         `json:"run"`
	Same       []string       `json:"same"` // parts of the key that do not differ
	Stage      string         `json:"stage"`
	Status     lineage.Status `json:"status"`

	Started  time.Time `json:"-"`
	Error    string    `json:"-"`
	Programs []string  `json:"-"` // what differs in those that the stage called
}

// An Earlier is an execution that another one is compared with.
type Earlier struct {
	Execution int64          `json:"execution"`
	Key       artifacts.Key  `json:"key"`
	Run       string         `json:"run"`
	Status    lineage.Status `json:"status"`
}

// An Origin is the execution that did the work of a cached one.
type Origin struct {
	Execution int64  `json:"execution"`
	Run       string `json:"run"`
}

// Explain says why a stage ran: word is RUN/STAGE, vs the run to compare with, or
// empty for the one before.
func Explain(ctx context.Context, w *workspace.Workspace, word, vs string) (*Why, error) {
	ref, err := w.DB.Resolve(ctx, word)
	if err != nil {
		return nil, err
	}
	if vs != "" {
		run, err := w.DB.RunByRef(ctx, vs)
		if err != nil {
			return nil, err
		}
		vs = run.ID
	}
	// Resolve looks through a cached execution; here it is itself of interest.
	list, err := w.DB.Executions(ctx, ref.RunID)
	if err != nil {
		return nil, err
	}
	id := ref.Execution
	for _, e := range list {
		if e.Stage == ref.Stage {
			id = e.ID // the last attempt counts
		}
	}
	found, err := runner.Explanation(ctx, w.DB, id, vs)
	if err != nil {
		return nil, err
	}
	return whyOf(found), nil
}

func whyOf(w *runner.Why) *Why {
	e := w.Execution
	out := &Why{Changes: changesOf(w.Changes), Execution: e.ID, Key: e.Key, Reason: e.Reason, Run: e.RunID, Same: append([]string{}, w.Same...),
		Stage: e.Stage, Status: e.Status, Started: e.Started, Error: e.Error}
	if w.Origin != nil {
		out.CachedFrom = &Origin{w.Origin.ID, w.Origin.RunID}
	}
	if a := w.Against; a != nil {
		out.Against = &Earlier{a.ID, a.Key, a.RunID, a.Status}
		out.Programs = programChanges(a.Programs, e.Programs)
	}
	return out
}

// programChanges says which programs of two executions are not the same.
func programChanges(old, new []lineage.Program) []string {
	texts := func(list, other []lineage.Program) (lines []string) {
		for _, p := range list {
			if !slices.Contains(other, p) {
				lines = append(lines, fmt.Sprintf("%s (%s)", p.Path, p.Hash.Short()))
			}
		}
		return lines
	}
	was, is := texts(old, new), texts(new, old)
	if len(was) == 0 || len(is) == 0 {
		return nil // one of them is of before programs were recorded
	}
	return []string{strings.Join(was, ", ") + " -> " + strings.Join(is, ", ")}
}
