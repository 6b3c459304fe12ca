package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"pipe/artifacts"
	"pipe/base/infile"
	"pipe/lineage"
	"pipe/pipeline"
)

// A Comparer says where two artifacts of a port type begin to differ, in
// words. It is asked only about bytes that are not the same.
type Comparer interface {
	Difference(portType string, recorded, fresh *artifacts.File) (string, error)
}

// A Verification is what came of executing a past run again.
type Verification struct {
	RunID     string
	Tolerance float64         // of values where bytes need not be the same
	Stages    []VerifiedStage // in the order of the plan
}

// A VerifiedStage compares what a stage gave then and now.
type VerifiedStage struct {
	Stage   string
	Kind    string
	Outputs []VerifiedOutput
	Changes []Change // of the key: another version of the program, other environment variables
	Err     error    // why the stage could not be judged
	Skipped string   // why there was nothing to judge

	Inexact string          // why its bytes need not be the same; empty if they have to be
	Values  []VerifiedValue // that it is judged by then
}

// A VerifiedOutput is an output with its two artifacts; a zero ID means none.
type VerifiedOutput struct {
	Port, Type      string
	Recorded, Fresh artifacts.ID
	Difference      string // where they begin to differ
	SameFiles       bool   // it is a directory whose form changed since, but whose files are the same
}

// Same says whether the bytes are the same.
func (o VerifiedOutput) Same() bool { return o.Recorded == o.Fresh || o.SameFiles }

// Same says whether a stage gave the same again.
func (s VerifiedStage) Same() bool {
	return s.Err == nil && !slices.ContainsFunc(s.Outputs, func(o VerifiedOutput) bool { return !o.Same() })
}

// Close says whether a stage whose bytes need not be the same, and are not, gave
// values within the tolerance.
func (s VerifiedStage) Close() bool {
	return s.Inexact != "" && s.Err == nil && !s.Same() && len(s.Values) > 0 &&
		!slices.ContainsFunc(s.Values, func(v VerifiedValue) bool { return !v.Within })
}

// First is the first stage that did not give the same again, as far as it has to;
// nil if all did.
func (v *Verification) First() *VerifiedStage {
	for i := range v.Stages {
		if !v.Stages[i].Same() && !v.Stages[i].Close() {
			return &v.Stages[i]
		}
	}
	return nil
}

// Verify executes a past run again in an empty store and compares every
// artifact. plan is the plan of that run. Each stage is fed with what the run
// recorded as its inputs, so that each one is judged by itself, and one that
// differs does not make those after it differ. Nothing is taken from a cache,
// and nothing is written to the store or the database of r.
//
// A stage that a processor of another class has made, or one that gives other bits
// each time, is judged by its metrics: they may differ by the tolerance.
func (r *Runner) Verify(ctx context.Context, plan *pipeline.Plan, run *lineage.Run, compare Comparer, tolerance float64) (_ *Verification, err error) {
	list, err := r.DB.Executions(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	dir, err := r.Store.TempDir()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := artifacts.Open(dir)
	if err != nil {
		return nil, err
	}
	db, err := lineage.Open(filepath.Join(dir, "lineage.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	room := &cleanRoom{Runner: r, compare: compare, tolerance: tolerance, store: store, db: db, there: map[artifacts.ID]bool{}}
	return room.verify(ctx, plan, run, list)
}

// A cleanRoom is a store and a database of their own, where a run is repeated.
type cleanRoom struct {
	*Runner   // of the run that is verified
	compare   Comparer
	tolerance float64
	store     *artifacts.Store
	db        *lineage.DB
	there     map[artifacts.ID]bool // artifacts that were brought in
}

func (c *cleanRoom) verify(ctx context.Context, plan *pipeline.Plan, run *lineage.Run, list []lineage.Execution) (*Verification, error) {
	recorded := map[string]lineage.Execution{}
	for _, e := range list {
		switch e.Status {
		case lineage.Succeeded, lineage.Cached, lineage.RequirementFailed:
			recorded[e.Stage] = e
		}
	}
	inputs := map[string]map[string]artifacts.ID{}
	failed := map[string]error{}
	for _, e := range recorded {
		ids := map[string]artifacts.ID{}
		for _, in := range e.Inputs {
			ids[in.Port] = in.ID
			if err := c.bring(ctx, in.Type, in.ID); err != nil {
				failed[e.Stage] = fmt.Errorf("input %s: %w", in.Port, err)
			}
		}
		if failed[e.Stage] == nil {
			inputs[e.Stage] = ids
		}
	}
	pinned := plan.Pin(inputs)
	on, inexact, err := c.again(ctx, plan, recorded)
	if err != nil {
		return nil, err
	}
	fresh := &Runner{Store: c.store, DB: c.db, Environment: c.Environment, Capacity: c.Capacity, Machine: c.Machine, Observe: c.Observe, placed: on}
	res, err := fresh.Run(ctx, pinned, Options{KeepGoing: true, Trigger: "verify"})
	if res == nil || errors.Is(err, ErrInterrupted) {
		return nil, err
	}
	results := map[string]StageResult{}
	for _, s := range res.Stages {
		results[s.Stage] = s
	}
	v := &Verification{RunID: run.ID, Tolerance: c.tolerance}
	for _, s := range plan.Steps {
		e, ok := recorded[s.Name]
		out := VerifiedStage{Stage: s.Name, Kind: s.Kind.Name, Err: failed[s.Name], Inexact: inexact[s.Name]}
		switch {
		case !ok:
			out.Skipped = "it did not finish in that run"
		case out.Err == nil:
			if err := c.judge(ctx, &out, e, results[s.Name], res.RunID); err != nil {
				return nil, err
			}
		}
		v.Stages = append(v.Stages, out)
	}
	for _, e := range list {
		if e.Rival != "" && e.Attempt <= 1 {
			v.Stages = append(v.Stages, VerifiedStage{Stage: e.Stage, Kind: e.Kind,
				Skipped: "it is no stage of the pipeline: it measured the model in " + e.Rival + " for a gate"})
		}
	}
	return v, nil
}

// judge compares what a stage gave then and now.
func (c *cleanRoom) judge(ctx context.Context, out *VerifiedStage, e lineage.Execution, now StageResult, runID string) error {
	if now.Status != lineage.Succeeded && now.Status != lineage.RequirementFailed {
		out.Err = now.Err
		if out.Err == nil {
			out.Err = fmt.Errorf("it was %s", now.Status)
		}
		return nil
	}
	again, err := c.db.InRun(ctx, runID, e.Stage)
	if err != nil {
		return err
	}
	if again != nil {
		was, err := c.DB.KeyParts(ctx, e.ID)
		if err != nil {
			return err
		}
		is, err := c.db.KeyParts(ctx, again.Execution)
		if err != nil {
			return err
		}
		out.Changes = changesBetween(was, is, nil)
	}
	for _, o := range e.Outputs {
		out.Outputs = append(out.Outputs, VerifiedOutput{Port: o.Port, Type: o.Type, Recorded: o.ID})
	}
	for _, o := range now.Outputs {
		at := slices.IndexFunc(out.Outputs, func(v VerifiedOutput) bool { return v.Port == o.Port })
		if at < 0 {
			at = len(out.Outputs)
			out.Outputs = append(out.Outputs, VerifiedOutput{Port: o.Port, Type: o.Type})
		}
		out.Outputs[at].Fresh = o.ID
	}
	for i := range out.Outputs {
		c.locate(ctx, &out.Outputs[i])
	}
	return c.nearly(ctx, out, &e, now.Metrics)
}

// locate says where an output begins to differ.
func (c *cleanRoom) locate(ctx context.Context, o *VerifiedOutput) {
	switch {
	case o.Same():
	case o.Recorded.IsZero():
		o.Difference = "it was not written in that run"
	case o.Fresh.IsZero():
		o.Difference = "it was not written now"
	case o.Type == string(pipeline.Directory):
		o.Difference, o.SameFiles = c.directories(ctx, o.Recorded, o.Fresh)
	default:
		o.Difference = c.files(o.Type,
			func() (*artifacts.File, error) { return c.Store.Open(ctx, o.Recorded) },
			func() (*artifacts.File, error) { return c.store.Open(ctx, o.Fresh) })
	}
}

// files says where two artifacts begin to differ.
func (c *cleanRoom) files(portType string, openRecorded, openFresh func() (*artifacts.File, error)) string {
	recorded, err := openRecorded()
	if err != nil {
		return unreadable("recorded", err)
	}
	defer recorded.Close()
	fresh, err := openFresh()
	if err != nil {
		return unreadable("new", err)
	}
	defer fresh.Close()
	text, err := c.compare.Difference(portType, recorded, fresh)
	if err != nil {
		text = "where is not known: " + err.Error()
	}
	return text
}

func unreadable(which string, err error) string {
	return fmt.Sprintf("the %s bytes cannot be read: %v", which, err)
}

// directories says in which file two directories begin to differ, and where in
// it.
func (c *cleanRoom) directories(ctx context.Context, recordedID, freshID artifacts.ID) (text string, same bool) {
	recorded, err := c.Store.OpenDir(ctx, recordedID)
	if err != nil {
		return unreadable("recorded", err), false
	}
	defer recorded.Close()
	fresh, err := c.store.OpenDir(ctx, freshID)
	if err != nil {
		return unreadable("new", err), false
	}
	defer fresh.Close()
	for d := range recorded.Tree.Differences(fresh.Tree) {
		text := "file " + d.Path
		switch {
		case d.New < 0:
			return text + " is missing", false
		case d.Old < 0:
			return text + " is new", false
		case recorded.Tree.Entries[d.Old].ID == fresh.Tree.Entries[d.New].ID:
			return text + ": one of both is executable", false
		}
		return text + ": " + c.files(string(pipeline.File),
			func() (*artifacts.File, error) { return recorded.Open(d.Old) },
			func() (*artifacts.File, error) { return fresh.Open(d.New) }), false
	}
	return "", true
}

// bring copies a recorded artifact into the room, and the files of a directory
// with it.
func (c *cleanRoom) bring(ctx context.Context, portType string, id artifacts.ID) error {
	files, err := c.listed(ctx, portType, id)
	if err != nil {
		return err
	}
	for _, f := range append(files, artifacts.Sized{ID: id}) {
		if err := c.copy(ctx, f.ID); err != nil {
			return err
		}
	}
	return nil
}

func (c *cleanRoom) copy(ctx context.Context, id artifacts.ID) error {
	if c.there[id] {
		return nil
	}
	if path := c.Store.Outside(id); path != "" {
		return c.refer(id, path)
	}
	f, err := c.Store.Open(ctx, id)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := c.store.Create()
	if err != nil {
		return err
	}
	defer w.Discard()
	if _, err := io.Copy(w, infile.Reader(ctx, f)); err != nil {
		return err
	}
	if _, _, err := w.Commit(); err != nil {
		return err
	}
	c.there[id] = true
	return nil
}

// refer has the room read a file where it is, as the run did.
func (c *cleanRoom) refer(id artifacts.ID, path string) error {
	size, err := c.Store.Stat(id)
	if err == nil {
		err = c.store.Refer([]artifacts.Reference{{ID: id, Path: path, Size: size}})
	}
	c.there[id] = err == nil
	return err
}
