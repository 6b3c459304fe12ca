package runner

import (
	"context"
	"slices"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// A seenPlan is what a run knows of its stages, as a pipeline.World.
type seenPlan struct{ *execution }

func (w seenPlan) Made(ref pipeline.Ref) artifacts.ID {
	if i, ok := w.index[ref.Stage]; !ok || !w.cached(i) {
		return artifacts.ID{}
	}
	return w.output(ref).ID
}

func (w seenPlan) Peek(id artifacts.ID) (*artifacts.File, error) { return w.Store.Peek(id) }

func (w seenPlan) Done(s *pipeline.Step) bool { return w.cached(w.index[s.Name]) }

func (e *execution) cached(i int) bool { return e.states[i].result.Status == lineage.Cached }

// checkColumns finds stages that can only fail since columns are not there: before the
// first file is hashed, which takes long if it is large, and before the first stage runs,
// when it is known which tables are there already. A run in which all stages are cached
// does not look.
func (e *execution) checkColumns(ctx context.Context) error {
	if len(e.jobs) == 0 || e.checked == beforeWork {
		return nil
	}
	when := beforeHashes
	if slices.ContainsFunc(e.jobs, func(j job) bool { return !j.hashes }) {
		when = beforeWork
	}
	if e.checked == when {
		return nil
	}
	e.checked = when
	return e.plan.CheckColumns(ctx, seenPlan{e})
}

// A moment is one of a run at which columns are checked; zero is none.
type moment int

const (
	beforeHashes moment = iota + 1
	beforeWork
)
