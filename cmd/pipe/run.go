package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
)

// planFlags are the flags that change what a pipeline file says.
type planFlags struct {
	set    []string
	params []string // files
	seed   uint64
	cmd    *cobra.Command
}

func (f *planFlags) register(cmd *cobra.Command, a *app) {
	f.cmd = cmd
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "set a parameter of the pipeline: name=value (repeatable)")
	_ = cmd.RegisterFlagCompletionFunc("set", a.completeParams)
	cmd.Flags().StringArrayVarP(&f.params, "params", "p", nil, "set parameters from a YAML file of names and values (repeatable; --set comes after it)")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "use this seed in place of the one in the file")
}

func (f *planFlags) options() (pipeline.Options, error) {
	opt := pipeline.Options{Set: map[string]string{}}
	for _, path := range f.params {
		file, err := pipeline.ReadParams(path)
		if err != nil {
			return opt, err
		}
		opt.Params = append(opt.Params, file)
	}
	for _, s := range f.set {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" {
			return opt, diag.Usagef("--set %q: write it as name=value", s)
		}
		opt.Set[name] = value
	}
	if f.cmd.Flags().Changed("seed") {
		opt.Seed = &f.seed
	}
	return opt, nil
}

func (a *app) runCommand() *cobra.Command {
	var (
		flags     planFlags
		which     choiceFlags
		dryRun    bool
		jobs      int
		keepGoing bool
		asJSON    bool
		verbose   bool
		noPromote bool
		events    eventFlags
	)
	cmd := &cobra.Command{
		Use:   "run FILE [STAGE...]",
		Short: "Run a pipeline; what is already made is not made again",
		Long: `Run the stages of a pipeline file that have to run, in parallel where they do not depend on each other, and
record every artifact with its lineage. A stage whose kind, configuration, inputs and seed are those of an
earlier execution is taken from the cache. With --force it runs all the same; what comes after it is then
decided by the bytes that it gives. With names of stages only these are made, with all that they need.

` + exitCodeHelp(),
		Example: `  pipe run pipelines/penguins.yaml
  pipe run pipelines/penguins.yaml --set learning_rate=0.003 --set hidden=64
  pipe run pipelines/penguins.yaml -p large.yaml --seed 8
  pipe run pipelines/penguins.yaml model
  pipe run pipelines/penguins.yaml --from features --dry-run
  pipe run pipelines/penguins.yaml --only score
  pipe run pipelines/penguins.yaml --openlineage http://localhost:5000
  pipe run pipelines/penguins.yaml --json | jq 'select(.event == "stage_finished")'`,
		Args:              args(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeTargets,
		RunE: func(cmd *cobra.Command, words []string) error {
			opt, err := flags.options()
			if err != nil {
				return err
			}
			if err := atLeast(0, jobs, "jobs"); err != nil {
				return err
			}
			var given *runner.Given
			if len(words) == 1 {
				given = a.given(cmd, words[0], opt)
			}
			if given != nil && a.recall(cmd.Context(), given, jobs) {
				return nil
			}
			plan, err := a.host.Load(words[0], opt)
			if err != nil {
				return err
			}
			if given != nil {
				given.Source = plan.Source // what was in fact read
			}
			if err := a.render(plan.Warnings); err != nil {
				return err
			}
			ropt := runner.Options{KeepGoing: keepGoing, Given: given, Gates: !noPromote}
			if plan, err = which.apply(plan, words[1:], &ropt); err != nil {
				return err
			}
			if err := runner.Unreadable(plan).Err(); err != nil && !dryRun {
				return err
			}
			open := func() (*workspace.Workspace, error) { return a.host.Open(a.host.StoreOf(words[0])) }
			return withWorkspace(open, func(ws *workspace.Workspace) error {
				if dryRun {
					return a.forecast(cmd.Context(), ws, plan, ropt, verbose, asJSON)
				}
				tell, told, err := events.start(a, ws, plan)
				if err != nil {
					return err
				}
				res, err := a.runPlan(cmd.Context(), ws, plan, ropt, jobs, a.newView(asJSON, verbose, ws.Dir), tell)
				told()
				return a.report(res, which.explain(err, words[0]))
			})
		},
	}
	flags.register(cmd, a)
	which.register(cmd, a)
	events.register(cmd)
	cmd.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "only say what would be run, and why")
	cmd.Flags().IntVarP(&jobs, "jobs", "j", 0, "stages to run at once (default: one for each CPU)")
	a.gpuFlag(cmd)
	cmd.Flags().BoolVarP(&keepGoing, "keep-going", "k", false, "after a failure, go on with stages that do not depend on it")
	cmd.Flags().BoolVar(&noPromote, "no-promote", false, "do not ask the gates of the pipeline whether to promote its model")
	jsonFlag(cmd, &asJSON, printEvents)
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "show what the stages say")
	return cmd
}

// newView chooses how the run is shown.
func (a *app) newView(asJSON, verbose bool, storeDir string) ui.View {
	return ui.NewView(a.out, ui.Options{JSON: asJSON, Verbose: verbose, Live: a.capable(), Paint: a.painter(a.out),
		Next: func(res *runner.Result) []string { return a.nextSteps(res, storeDir) }})
}

// nextSteps are the commands that look closer at a run in which something
// happened.
func (a *app) nextSteps(res *runner.Result, storeDir string) []string {
	store := ""
	if found, err := a.host.FindStore(); err != nil || !sameFile(found, storeDir) {
		store = " --store " + diag.ShellWord(storeDir)
	}
	var lines []string
	add := func(what, command string) {
		lines = append(lines, a.painter(a.out)(ui.Dim, "  "+ui.Pad(what, 9))+a.asTyped(command)+store)
	}
	reports := map[string]int{} // by the stage without its case
	for _, st := range res.Stages {
		if st.Status == lineage.Failed {
			add("details", "pipe show "+res.RunID+"/"+diag.ShellWord(st.Stage))
			return lines
		}
		made := st.Status == lineage.Succeeded || st.Status == lineage.RequirementFailed
		if made && slices.ContainsFunc(st.Outputs, func(o lineage.Output) bool { return o.Type == string(pipeline.Report) }) {
			base, c, _ := names.SplitCase(st.Stage)
			if reports[base]++; len(c) == 0 || reports[base] == 1 { // one of many shows how
				add("report", "pipe report "+res.RunID+"/"+diag.ShellWord(st.Stage))
			}
		}
	}
	if len(lines) > 0 {
		add("details", "pipe show "+res.RunID)
	}
	return lines
}

func sameFile(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// runPlan executes a plan and shows it. tell sees the events beside the view; it
// may be nil.
func (a *app) runPlan(ctx context.Context, ws *workspace.Workspace, plan *pipeline.Plan, opt runner.Options, jobs int, v ui.View, tell func(runner.Event)) (*runner.Result, error) {
	observe := v.Event
	if tell != nil {
		observe = func(ev runner.Event) {
			v.Event(ev)
			tell(ev)
		}
	}
	defer context.AfterFunc(ctx, v.Stopping)()
	res, err := ws.Run(ctx, plan, workspace.RunOptions{Options: opt, Jobs: jobs, Observe: observe})
	v.Close()
	return res, err
}

// report prints every stage that failed with its error: with --keep-going
// there may be several.
func (a *app) report(res *runner.Result, err error) error {
	if res == nil || err == nil {
		return err
	}
	if errors.Is(err, runner.ErrInterrupted) {
		fmt.Fprintln(a.err, "interrupted; finished stages are kept, run again to go on")
		return reported{err}
	}
	var stageErr *runner.StageError
	if !errors.As(err, &stageErr) {
		return err
	}
	for _, st := range res.Stages {
		if st.Status == lineage.Failed || st.Status == lineage.RequirementFailed {
			a.printError(&runner.StageError{Stage: st.Stage, Err: st.Err})
		}
	}
	return reported{err}
}

// A reported error has been shown already; only its exit code is left.
type reported struct{ error }

func (r reported) Unwrap() error { return r.error }

func isReported(err error) bool {
	var r reported
	return errors.As(err, &r)
}
