package runner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// A run of many stages in which nothing has changed would read and check the
// whole pipeline, only to find every stage in the cache. A memo of an earlier
// run makes that unnecessary: if all that a run is given is the same and all
// that the earlier run gave is still there, it is recorded as a repetition. Any
// doubt, and the pipeline is run in full.

// memoStages is the number of stages from which a memo is worth its rows.
const memoStages = 256

// A Given is what a run of a pipeline file is given, besides the external files
// that the pipeline names.
type Given struct {
	Program    string // identifies the binary, and so all kinds with their versions
	Processors string // identifies what there is beside the CPU, on which stages may be placed; empty if there is nothing
	File       string // as it was named
	Source     []byte // of the file
	Options    pipeline.Options
}

// fingerprint is the name under which a memo is kept; zero if there cannot be
// one.
func (r *Runner) fingerprint(g *Given) artifacts.ID {
	path, err := filepath.Abs(g.File)
	if g.Program == "" || err != nil {
		return artifacts.ID{}
	}
	parts := []artifacts.KeyPart{
		{Name: "memo", Value: "1"},
		{Name: "program", Value: g.Program},
		{Name: "file", Value: g.File},
		{Name: "path", Value: path},
		{Name: "source", Value: artifacts.Sum(g.Source).String()},
		{Name: "capacity", Value: fmt.Sprint(r.Capacity)},
	}
	if g.Processors != "" {
		parts = append(parts, artifacts.KeyPart{Name: "processors", Value: g.Processors})
	}
	if g.Options.Seed != nil {
		parts = append(parts, artifacts.KeyPart{Name: "seed", Value: strconv.FormatUint(*g.Options.Seed, 10)})
	}
	for i, f := range g.Options.Params {
		parts = append(parts, artifacts.KeyPart{Name: fmt.Sprintf("params.%d", i), Value: artifacts.Sum(f.Source).String()})
	}
	for _, group := range []struct {
		prefix string
		values map[string]string
	}{{"set.", g.Options.Set}, {"run.", g.Options.Run}} {
		for _, name := range slices.Sorted(maps.Keys(group.values)) {
			parts = append(parts, artifacts.KeyPart{Name: group.prefix + name, Value: group.values[name]})
		}
	}
	return artifacts.ID(artifacts.KeyOf(parts))
}

// Recall records a run of what is given, if an earlier run shows that each of
// its stages is in the cache. Otherwise it returns nil, and the pipeline is to
// be run in full.
func (r *Runner) Recall(ctx context.Context, g *Given, opt Options) (*lineage.Repeated, error) {
	fingerprint := r.fingerprint(g)
	if fingerprint.IsZero() {
		return nil, nil
	}
	memo, err := r.DB.Recall(ctx, fingerprint)
	if memo == nil || err != nil {
		return nil, err
	}
	for _, f := range memo.Files {
		st, err := lineage.StatFile(f.Path)
		if err != nil {
			return nil, nil // the full run says which file is gone
		}
		if id, ok := r.DB.FileHash(f.Path, st); !ok || id != f.ID || isMisplaced(r.Store, id) {
			return nil, nil
		}
	}
	// The store is looked through while the database records the run, which
	// takes about as long.
	have := make(chan bool, 1)
	go func() { have <- r.Store.HaveAll(memo.Objects) }()
	run := lineage.Run{Trigger: opt.Trigger, ScheduledAt: opt.ScheduledAt, Environment: r.Environment, Git: r.Git}
	if run.Trigger == "" {
		run.Trigger = "manual"
	}
	return r.DB.Repeat(context.WithoutCancel(ctx), memo, run, func() bool { return <-have })
}

// remember keeps a memo of a run that succeeded, unless a part of what decided
// about its stages is not in the fingerprint.
func (r *Runner) remember(ctx context.Context, e *execution, g *Given, spec artifacts.Sized, before int64) error {
	if g == nil || len(e.plan.Steps) < cmp.Or(r.memoFrom, memoStages) || len(e.plan.Warnings) > 0 {
		return nil
	}
	memo := lineage.Memo{Fingerprint: r.fingerprint(g), RunID: e.runID, LastExecution: before}
	if memo.Fingerprint.IsZero() {
		return nil
	}
	objects := map[artifacts.ID]int64{spec.ID: spec.Size}
	for i, s := range e.plan.Steps {
		st := &e.states[i]
		// What its surroundings say would have to be asked again.
		if c, ok := s.Stage.(pipeline.PrivateKeyContributor); ok && len(c.PrivateKeyParts()) > 0 {
			return nil
		}
		if !s.Cache || st.result.Status != lineage.Succeeded && st.result.Status != lineage.Cached {
			return nil
		}
		for _, f := range s.Files {
			if f.Address != nil {
				continue // what it holds is written in the pipeline file
			}
			if f.Type == pipeline.Directory {
				return nil // whether there are other files now, nothing short says
			}
			path, err := filepath.Abs(f.Resolved)
			if err != nil {
				return nil
			}
			memo.Files = append(memo.Files, lineage.MemoFile{Path: path, ID: st.files[f.Port]})
		}
		for _, message := range st.result.Warnings {
			memo.Warnings = append(memo.Warnings, lineage.StageWarning{Stage: s.Name, Message: message})
		}
		for _, o := range st.result.Outputs {
			objects[o.ID] = o.Size
			files, err := r.listed(ctx, o.Type, o.ID)
			if err != nil {
				return err
			}
			for _, f := range files {
				objects[f.ID] = f.Size
			}
		}
	}
	for id, size := range objects {
		memo.Objects = append(memo.Objects, artifacts.Sized{ID: id, Size: size})
	}
	// By name, so that the directories are visited one after the other.
	slices.SortFunc(memo.Objects, func(a, b artifacts.Sized) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return r.DB.Remember(ctx, memo)
}
