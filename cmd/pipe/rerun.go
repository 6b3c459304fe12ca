package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
)

func (a *app) rerunCommand() *cobra.Command {
	var (
		which     choiceFlags
		jobs      int
		keepGoing bool
		asJSON    bool
		verbose   bool
		dryRun    bool
	)
	cmd := &cobra.Command{
		Use:   "rerun RUN [STAGE...]",
		Short: "Run again what was run before, as it was then",
		Long: `Repeat a run from what was recorded of it: the text of its pipeline file, its parameters, its seed, and the bytes
of the files that it read. It does not matter whether the pipeline file or the data has changed since or is gone.
What is still in the store is not made again. A file that the run did not come to read is read now.

RUN is "latest", the name of a pipeline for its latest run, or a run ID or the beginning of one.

` + exitCodeHelp(),
		Example: `  pipe rerun 20261123T031500-3f9a2c
  pipe rerun penguins --from model
  pipe rerun latest --dry-run`,
		Args:              args(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeRefs,
		RunE: func(cmd *cobra.Command, words []string) error {
			ctx := cmd.Context()
			dir, err := a.findStore()
			if err != nil {
				return err
			}
			ws, err := open(dir)
			if err != nil {
				return err
			}
			defer ws.close()
			run, err := ws.db.RunByRef(ctx, words[0])
			if err != nil {
				return err
			}
			plan, err := a.recordedPlan(ctx, ws, run)
			if err != nil {
				return err
			}
			list, err := ws.db.Executions(ctx, run.ID)
			if err != nil {
				return err
			}
			plan = plan.PinFiles(recordedFiles(list))
			if err := a.checkUnpinned(plan, run.File); err != nil {
				return err
			}
			opt := runner.Options{KeepGoing: keepGoing, Trigger: "rerun", ScheduledAt: run.ScheduledAt, RerunOf: run.ID}
			if plan, err = which.apply(plan, words[1:], &opt); err != nil {
				return err
			}
			if dryRun {
				return a.forecast(ctx, ws, plan, opt, verbose, asJSON)
			}
			_, err = a.runPlan(ctx, ws, plan, opt, jobs, a.newView(asJSON, verbose, ws.dir))
			return err
		},
	}
	which.register(cmd, a)
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only say what would be run, and why")
	cmd.Flags().IntVarP(&jobs, "jobs", "j", 0, "stages to run at once (default: one for each CPU)")
	a.gpuFlag(cmd)
	cmd.Flags().BoolVarP(&keepGoing, "keep-going", "k", false, "after a failure, go on with stages that do not depend on it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print events as JSON, one object a line")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show what the stages say")
	return cmd
}

// checkUnpinned refuses files outside of the project that a run did not get to
// read, so that they would be read now. The run may come from elsewhere.
func (a *app) checkUnpinned(plan *pipeline.Plan, file string) error {
	var p *project
	for _, s := range plan.Steps {
		for _, f := range s.Files {
			if !f.Artifact.IsZero() {
				continue
			}
			if p == nil {
				var err error
				if p, err = a.projectOf(file); err != nil {
					return err
				}
			}
			if err := p.allows(f.Resolved); err != nil {
				return diag.Usage(fmt.Errorf("stage %s: %s %s %w", s.Name, f.Port, strconv.Quote(f.Path), err))
			}
		}
	}
	return nil
}

// recordedPlan is the plan of a past run: from the text of its file, with its
// parameters and its seed.
func (a *app) recordedPlan(ctx context.Context, ws *workspace, run *lineage.Run) (*pipeline.Plan, error) {
	source, err := recordedSpec(ctx, ws, run)
	if err != nil {
		return nil, err
	}
	opt := pipeline.Options{Set: map[string]string{}, Run: map[string]string{}, Seed: &run.Seed}
	for _, p := range run.Params {
		text := p.Value
		var s string
		if json.Unmarshal([]byte(p.Value), &s) == nil && strings.HasPrefix(p.Value, `"`) {
			text = s // a text stands for itself
		}
		switch p.Source {
		case pipeline.FromSet:
			opt.Set[p.Name] = text
		case pipeline.FromRun:
			opt.Run[strings.TrimPrefix(p.Name, "run.")] = text
		}
	}
	plan, err := pipeline.LoadBytes(filepath.FromSlash(run.File), source, a.registry(), opt)
	if err != nil {
		return nil, fmt.Errorf("the pipeline of run %s: %w", run.ID, err)
	}
	for _, p := range plan.Params {
		for _, was := range run.Params {
			if was.Name == p.Name && was.Value != string(p.Value) {
				return nil, fmt.Errorf("run %s: parameter %s was %s and cannot be set to that again: it becomes %s", run.ID, p.Name, was.Value, p.Value)
			}
		}
	}
	return plan, nil
}

// recordedSpec is the text of the pipeline file of a run, from the store or,
// if it is gone there, from the database.
func recordedSpec(ctx context.Context, ws *workspace, run *lineage.Run) ([]byte, error) {
	if f, err := ws.store.Open(ctx, run.SpecID); err == nil {
		defer f.Close()
		return io.ReadAll(f)
	}
	if artifacts.Sum([]byte(run.SpecText)) != run.SpecID {
		return nil, diag.WithHint(fmt.Errorf("the pipeline file of run %s is neither in the store nor, unchanged, in the database", run.ID),
			"run a pipeline file with pipe run")
	}
	return []byte(run.SpecText), nil
}

// recordedFiles gives the artifacts that hold the external files of a run, by
// stage and port.
func recordedFiles(list []lineage.Execution) map[string]map[string]artifacts.ID {
	ids := map[string]map[string]artifacts.ID{}
	for _, e := range list {
		for _, in := range e.Inputs {
			if in.Path == "" || in.ID.IsZero() {
				continue
			}
			if ids[e.Stage] == nil {
				ids[e.Stage] = map[string]artifacts.ID{}
			}
			ids[e.Stage][in.Port] = in.ID
		}
	}
	return ids
}
