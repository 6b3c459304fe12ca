package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/lineage/registry"
	"pipe/pipeline"
	"pipe/workspace"
)

// Promote gives a label to the one model that a reference means. actor is who
// decides; reason may be empty.
func Promote(ctx context.Context, w *workspace.Workspace, ref, label, actor, reason string) (*Decision, error) {
	p, err := toPromote(ctx, w, ref)
	if err != nil {
		return nil, err
	}
	if _, err := w.Store.Stat(p.Model); err != nil {
		return nil, err // a label for bytes that are gone would be worth nothing
	}
	p.Label, p.Reason, p.Actor = label, reason, actor
	done, err := registry.Promote(ctx, w.DB, p)
	if err != nil {
		return nil, err
	}
	d := DecisionOf(done)
	return &d, nil
}

// Retire takes a label from the model of a pipeline that has it.
func Retire(ctx context.Context, w *workspace.Workspace, pipeline, label, actor, reason string) (*Event, error) {
	done, err := registry.Retire(ctx, w.DB, pipeline, label, actor, reason)
	if err != nil {
		return nil, err
	}
	ev := EventOf(done)
	return &ev, nil
}

// toPromote finds the one model that a reference means, and the pipeline
// whose label it is to get: that of the run in the reference, else the one
// that made the model first.
func toPromote(ctx context.Context, w *workspace.Workspace, word string) (p registry.Promotion, err error) {
	models, err := registry.Models(ctx, w.DB, "")
	if err != nil {
		return p, err
	}
	if len(models) == 0 {
		return p, errNoModels()
	}
	found, err := w.DB.ResolveEnded(ctx, word)
	if err != nil {
		return p, err
	}
	ids := []artifacts.ID{found.Artifact}
	if found.Artifact.IsZero() {
		if ids, err = modelsOf(ctx, w, found); err != nil {
			return p, err
		}
	}
	if len(ids) > 1 {
		return p, errSeveral(word, ids)
	}
	for _, m := range models {
		if len(ids) == 1 && m.ID == ids[0] {
			p = registry.Promotion{Model: m.ID, Pipeline: m.Pipeline, RunID: m.RunID}
			if found.RunID != "" {
				run, err := w.DB.Run(ctx, found.RunID)
				if err != nil {
					return p, err
				}
				p.Pipeline, p.RunID = run.Pipeline, run.ID
			}
			return p, nil
		}
	}
	return p, errNotAModel(ctx, w, word, found)
}

// errSeveral asks which of several models of a run is meant.
func errSeveral(what string, ids []artifacts.ID) error {
	const some = 4
	var names []string
	for _, id := range ids[:min(len(ids), some)] {
		names = append(names, id.Short())
	}
	if len(ids) > some {
		names = append(names, "...")
	}
	return diag.Usage(diag.WithHint(fmt.Errorf("%s made %d models", what, len(ids)), "name one of them: "+strings.Join(names, ", ")+"; `pipe models` lists them with their stages and metrics"))
}

func errNoModels() error {
	return diag.WithHint(errors.New("no model has been trained here"), "run a pipeline that has a stage with `uses: train` or `uses: forecast`")
}

// errNotAModel says that a reference means no model, and where those are that another
// run of its pipeline has made.
func errNotAModel(ctx context.Context, w *workspace.Workspace, word string, found lineage.Ref) error {
	none := diag.WithHint(diag.Usagef("%s is not a model and has made none", word), "`pipe models` lists the models")
	if found.RunID == "" || found.Stage != "" {
		return none
	}
	run, err := w.DB.Run(ctx, found.RunID)
	if err != nil {
		return err
	}
	models, err := registry.Models(ctx, w.DB, run.Pipeline)
	if err != nil {
		return err
	}
	if len(models) == 0 {
		return none
	}
	what := "run " + run.ID
	if word == run.Pipeline {
		what = fmt.Sprintf("the newest run of %s, %s,", word, run.ID)
	}
	return diag.WithHint(diag.Usagef("%s has made no model: it %s", what, run.Status), fmt.Sprintf("its newest model is %s, of run %s; `pipe models` lists all", models[0].ID.Short(), models[0].RunID))
}

// modelsOf lists the models that a run, or a stage of it, made or reused, each once. Those of a
// run that another model was made of or chosen from, as compare does, are left out.
func modelsOf(ctx context.Context, w *workspace.Workspace, ref lineage.Ref) ([]artifacts.ID, error) {
	list, err := w.DB.Executions(ctx, ref.RunID)
	if err != nil {
		return nil, err
	}
	makes := func(o lineage.Output) bool { return o.Type == string(pipeline.Model) }
	taken := map[pipeline.Ref]bool{}
	if ref.Stage == "" {
		for _, e := range list {
			if !slices.ContainsFunc(e.Outputs, makes) {
				continue
			}
			for _, in := range e.Inputs {
				taken[pipeline.Ref{Stage: in.FromStage, Port: in.FromPort}] = true
			}
		}
	}
	var ids []artifacts.ID
	for _, e := range list {
		for _, o := range e.Outputs {
			if makes(o) && (ref.Stage == "" && e.Rival == "" || ref.Stage == e.Stage) && !taken[pipeline.Ref{Stage: e.Stage, Port: o.Port}] {
				ids = append(ids, o.ID)
			}
		}
	}
	slices.SortFunc(ids, func(a, b artifacts.ID) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(ids), nil
}
