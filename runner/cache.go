package runner

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
)

// inputsOf lists what a ready stage reads: the outputs of finished stages,
// pinned artifacts, and external files.
func (e *execution) inputsOf(i int) []lineage.Input {
	s := e.plan.Steps[i]
	list := make([]lineage.Input, 0, len(s.Inputs)+len(s.Files))
	for _, edge := range s.Inputs {
		in := lineage.Input{Port: edge.Port, Type: string(edge.Type), ID: edge.Artifact,
			FromStage: edge.From.Stage, FromPort: edge.From.Port}
		if edge.Artifact.IsZero() {
			out := e.output(edge.From)
			in.ID, in.Size = out.ID, out.Size
		}
		list = append(list, in)
	}
	for _, f := range s.Files {
		list = append(list, lineage.Input{Port: f.Port, Type: string(f.Type), ID: e.states[i].files[f.Port], Path: f.Path})
	}
	return list
}

func (e *execution) output(from pipeline.Ref) lineage.Output {
	outs := e.states[e.index[from.Stage]].result.Outputs
	at := slices.IndexFunc(outs, func(o lineage.Output) bool { return o.Port == from.Port })
	if at < 0 {
		return lineage.Output{} // an optional output that was not written: no artifact
	}
	return outs[at]
}

func inputIDs(inputs []lineage.Input) map[string]artifacts.ID {
	ids := make(map[string]artifacts.ID, len(inputs))
	for _, in := range inputs {
		ids[in.Port] = in.ID
	}
	return ids
}

// private says whether the key of a step is made with the secret of the store.
func private(s *pipeline.Step) bool {
	_, ok := s.Stage.(pipeline.PrivateKeyContributor)
	return ok
}

// keyOf is the key of a step with its inputs, and the parts that it is made of.
func keyOf(s *pipeline.Step, inputs []lineage.Input, on pipeline.Placement, secretOf func() ([]byte, error)) (artifacts.Key, []artifacts.KeyPart, error) {
	var secret []byte
	if private(s) {
		var err error
		if secret, err = secretOf(); err != nil {
			return artifacts.Key{}, nil, err
		}
	}
	key, parts := s.Key(inputIDs(inputs), on, secret)
	return key, parts, nil
}

// lookup finds an earlier execution with the key whose outputs are all in the
// store. Any doubt is a miss with a reason; an empty one means that there is
// no execution with the key.
func (r *Runner) lookup(ctx context.Context, s *pipeline.Step, key artifacts.Key) (*lineage.Hit, string, error) {
	if !s.Cache {
		return nil, "cache: false", nil
	}
	hit, err := r.DB.Lookup(context.WithoutCancel(ctx), key)
	if err != nil {
		return nil, "", err
	}
	if hit == nil {
		return nil, "", nil
	}
	if reason := r.doubt(context.WithoutCancel(ctx), s, hit); reason != "" {
		return nil, reason, nil
	}
	return hit, "", nil
}

func (r *Runner) doubt(ctx context.Context, s *pipeline.Step, hit *lineage.Hit) string {
	for _, p := range s.Outputs {
		at := slices.IndexFunc(hit.Outputs, func(o lineage.Output) bool { return o.Port == p.Name })
		if at < 0 {
			if p.Optional {
				continue
			}
			return fmt.Sprintf("output %q was not recorded", p.Name)
		}
		out := hit.Outputs[at]
		if size, err := r.Store.Stat(out.ID); err != nil || size != out.Size {
			return fmt.Sprintf("output %q (%s) is gone from the store", p.Name, out.ID.Short())
		}
		if !r.haveFiles(ctx, out.Type, out.ID) {
			return fmt.Sprintf("a file of output %q (%s) is gone from the store", p.Name, out.ID.Short())
		}
	}
	return ""
}

// haveFiles reports whether what an artifact lists, if it is a directory, is in
// the store.
func (r *Runner) haveFiles(ctx context.Context, portType string, id artifacts.ID) bool {
	list, err := r.listed(ctx, portType, id)
	return err == nil && r.Store.HaveAll(list)
}

// listed gives the artifacts that an artifact is made of, besides itself.
func (r *Runner) listed(ctx context.Context, portType string, id artifacts.ID) ([]artifacts.Sized, error) {
	if portType != string(pipeline.Directory) {
		return nil, nil
	}
	entries, err := r.Store.Listed(ctx, id)
	list := make([]artifacts.Sized, len(entries))
	for i, e := range entries {
		list[i] = artifacts.Sized{ID: e.ID, Size: e.Size}
	}
	return list, err
}

// useHit takes a stage from the cache.
func (e *execution) useHit(i int, key artifacts.Key, inputs []lineage.Input, hit *lineage.Hit) {
	s := e.plan.Steps[i]
	res := StageResult{Stage: s.Name, Status: lineage.Cached, Origin: hit.ExecutionID, Outputs: hit.Outputs, Metrics: hit.Metrics, Warnings: hit.Warnings}
	for _, message := range hit.Warnings {
		e.emit(StageLog{Stage: s.Name, Level: slog.LevelWarn, Message: message})
	}
	rec := e.executionRecord(s, key, inputs)
	rec.Status, rec.CachedFrom, rec.Reason = lineage.Cached, hit.ExecutionID, "same key"
	rec.Started = time.Now()
	rec.Finished = rec.Started
	rec.Outputs = hit.Outputs
	e.hits = append(e.hits, rec)
	e.complete(i, res, 0)
}

// flushHits records the stages that were found in the cache, in one
// transaction for all of them.
func (e *execution) flushHits(ctx context.Context) error {
	if len(e.hits) == 0 {
		return nil
	}
	e.passed("runner.hits.begin")
	err := e.write(ctx, e.hits)
	e.passed("runner.hits.recorded")
	e.hits = nil
	return err
}

// write records executions, if the run itself is.
func (e *execution) write(ctx context.Context, list []lineage.Execution) error {
	if e.runID == "" {
		return nil
	}
	return e.DB.RecordAll(context.WithoutCancel(ctx), list)
}
