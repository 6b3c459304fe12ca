package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/base/names"
	"pipe/cmd/pipe/ui"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/runs"
)

func (a *app) planCommand() *cobra.Command {
	var (
		flags   planFlags
		explain bool
		asJSON  bool
	)
	cmd := &cobra.Command{
		Use:   "plan FILE [STAGE...]",
		Short: "Say what a run would do, without doing it",
		Long: `Check a pipeline file and say for each stage whether a run would take it from the cache or run it, and why.
A stage that waits for one that has to run is decided only then: if its inputs turn out as they were, it is
cached after all. Where a stage can only fail, plan does, too: with exit code 2 if a file that the pipeline
names is not there, else with 1. Of a training whose data is there already it also says how much memory it will take.
With names of stages it is about these and all that they need.`,
		Example: `  pipe plan pipelines/penguins.yaml
  pipe plan pipelines/penguins.yaml --set hidden=64
  pipe plan pipelines/penguins.yaml --explain     say what differs from the last run of each stage`,
		Args:              args(cobra.MinimumNArgs(1)),
		ValidArgsFunction: a.completeTargets,
		RunE: func(cmd *cobra.Command, words []string) error {
			opt, err := flags.options()
			if err != nil {
				return err
			}
			plan, err := a.host.Load(words[0], opt)
			if err != nil {
				return err
			}
			if err := a.render(slices.Concat(plan.Warnings, plan.Notes)); err != nil {
				return err
			}
			if plan, err = targets(plan, words[1:]); err != nil {
				return err
			}
			return withWorkspace(func() (*workspace.Workspace, error) { return a.host.OpenToPlan(words[0]) }, func(ws *workspace.Workspace) error {
				return a.forecast(cmd.Context(), ws, plan, runner.Options{Gates: true}, explain, asJSON)
			})
		},
	}
	flags.register(cmd, a)
	cmd.Flags().BoolVar(&explain, "explain", false, "say part by part what differs from the last run of each stage")
	jsonFlag(cmd, &asJSON, printJSON)
	return cmd
}

// forecast says what a run with these options would do.
func (a *app) forecast(ctx context.Context, ws *workspace.Workspace, plan *pipeline.Plan, opt runner.Options, explain, asJSON bool) error {
	f, err := runs.Foresee(ctx, ws, plan, opt)
	if err != nil {
		return err
	}
	if asJSON {
		if err := ui.WriteJSON(a.out, f); err != nil {
			return err
		}
		return f.Err()
	}
	if err := a.printForecast(f, explain); err != nil {
		return err
	}
	a.printGates(f.Gates)
	if err := a.render(tooLarge(plan.File, f)); err != nil {
		return err
	}
	return f.Err()
}

// tooLarge warns of stages that will take more memory than there is.
func tooLarge(file string, f *runs.Forecast) diag.List {
	var warnings diag.List
	for _, s := range f.Stages {
		if s.Memory > f.Memory {
			warnings = append(warnings, diag.Diagnostic{Pos: diag.Pos{File: file}, Severity: diag.Warning,
				Msg:  fmt.Sprintf("stage %s will take %s of memory, but the machine offers %s", s.Stage, ui.Bytes(s.Memory), ui.Bytes(f.Memory)),
				Hint: "a smaller batch_size or network takes less"})
		}
	}
	return warnings
}

// prospectLines are what is to be said of stages, with the cases of a stage together of which
// there are many and the same is to be said.
func prospectLines(stages []runs.Prospect) []runs.Prospect {
	cases := map[string]int{}
	for _, s := range stages {
		if base, c, _ := names.SplitCase(s.Stage); len(c) > 0 {
			cases[base]++
		}
	}
	type said struct{ base, action, reason, device string }
	var lines []runs.Prospect
	at, many := map[said]int{}, map[int]int{}
	for _, s := range stages {
		base, _, _ := names.SplitCase(s.Stage)
		if cases[base] <= ui.ManyCases {
			lines = append(lines, s)
			continue
		}
		s.Reason = caseInReason.ReplaceAllString(s.Reason, "[*]")
		of := said{base, string(s.Action), s.Reason, s.Device}
		i, ok := at[of]
		if !ok {
			i = len(lines)
			at[of] = i
			lines = append(lines, s)
		}
		many[i]++
		lines[i].Memory = max(lines[i].Memory, s.Memory)
	}
	for i, n := range many {
		base, _, _ := names.SplitCase(lines[i].Stage)
		if n == 1 {
			continue
		}
		lines[i].Stage, lines[i].Key = ui.AllCases(base), artifacts.Key{}
		count := fmt.Sprintf("%d cases", n)
		if n < cases[base] {
			count = fmt.Sprintf("%d of %d cases", n, cases[base])
		}
		lines[i].Reason = strings.TrimSuffix(count+": "+lines[i].Reason, ": ")
	}
	return lines
}

// caseInReason is the case of a stage that a reason names.
var caseInReason = regexp.MustCompile(`\[[A-Za-z0-9_-]+=[^\[\]]*\]`)

func (a *app) printForecast(f *runs.Forecast, explain bool) error {
	var rows [][]string
	lines := prospectLines(f.Stages)
	if explain {
		lines = f.Stages
	}
	sized := slices.ContainsFunc(f.Stages, func(s runs.Prospect) bool { return s.Memory > 0 })
	placed := slices.ContainsFunc(f.Stages, func(s runs.Prospect) bool { return s.Device != "" })
	for _, s := range lines {
		key := ""
		if !s.Key.IsZero() {
			key = s.Key.Short()
		}
		row := []string{s.Stage, s.Kind, string(s.Action), key, s.Reason}
		if sized {
			row = slices.Insert(row, 4, byteText(s.Memory))
		}
		if placed {
			row = slices.Insert(row, 4, diag.Visible(s.Device))
		}
		rows = append(rows, row)
	}
	header := []string{"STAGE", "KIND", "ACTION", "KEY", "WHY"}
	if sized {
		header = slices.Insert(header, 4, "MEMORY")
	}
	if placed {
		header = slices.Insert(header, 4, "DEVICE")
	}
	if err := ui.Table(a.out, header, rows); err != nil {
		return err
	}
	for _, s := range f.Stages {
		for _, from := range s.Downloads {
			fmt.Fprintf(a.out, "%s downloads %s\n", s.Stage, diag.Visible(from))
		}
	}
	if !explain {
		return nil
	}
	for _, s := range f.Stages {
		fmt.Fprintln(a.out)
		switch {
		case len(s.Parts) == 0:
			fmt.Fprintf(a.out, "%s  %s: its key is not known yet\n", s.Stage, diag.Visible(s.Reason))
		case s.Against == "":
			fmt.Fprintf(a.out, "%s  would be run for the first time, with key %s\n", s.Stage, s.Key)
			for _, p := range s.Parts {
				fmt.Fprintf(a.out, "  %s = %s\n", p.Name, diag.Visible(p.Value))
			}
		case len(s.Changes) == 0:
			fmt.Fprintf(a.out, "%s  as in run %s: key %s\n", s.Stage, s.Against, s.Key.Short())
		default:
			fmt.Fprintf(a.out, "%s  differs from run %s:\n", s.Stage, s.Against)
			a.printChanges(s.Changes, true)
		}
	}
	return nil
}
