package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
	"pipe/workspace/models"
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
			if err := a.render(plan.Warnings); err != nil {
				return err
			}
			if plan, err = targets(plan, words[1:]); err != nil {
				return err
			}
			dir := a.host.StoreOf(words[0])
			if !workspace.IsStore(dir) {
				// Nothing was made yet. Looking must not leave a store behind.
				if dir, err = os.MkdirTemp("", "pipe-plan-"); err != nil {
					return err
				}
				defer os.RemoveAll(dir)
			}
			ws, err := a.host.Open(dir)
			if err != nil {
				// Who may not write to the store may look.
				looking, readErr := a.host.OpenToRead(dir)
				if readErr != nil {
					return err
				}
				ws = looking
			}
			defer ws.Close()
			return a.forecast(cmd.Context(), ws, plan, runner.Options{Gates: true}, explain, asJSON)
		},
	}
	flags.register(cmd, a)
	cmd.Flags().BoolVar(&explain, "explain", false, "say part by part what differs from the last run of each stage")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// forecast says what a run with these options would do.
func (a *app) forecast(ctx context.Context, ws *workspace.Workspace, plan *pipeline.Plan, opt runner.Options, explain, asJSON bool) error {
	r, err := ws.Runner(0)
	if err != nil {
		return err
	}
	list, err := r.Explain(ctx, plan, opt)
	if err != nil {
		return err
	}
	var gates []models.Gate
	if opt.Gates {
		if gates, err = models.Gates(ctx, ws, plan); err != nil {
			return err
		}
	}
	if asJSON {
		doc := forecastJSON(list)
		if len(gates) > 0 {
			doc["gates"] = gates
		}
		if err := writeJSON(a.out, doc); err != nil {
			return err
		}
		return willFail(plan, list)
	}
	if err := a.printForecast(list, explain); err != nil {
		return err
	}
	a.printGates(gates)
	if err := a.render(tooLarge(plan.File, list, r.Capacity.Memory)); err != nil {
		return err
	}
	return willFail(plan, list)
}

// willFail is the error of a run that cannot succeed, as far as that can be told:
// about the files that are not there, or else about the stages.
func willFail(plan *pipeline.Plan, list []runner.Forecast) error {
	if files := runner.Unreadable(plan); len(files) > 0 {
		return files
	}
	for _, f := range list {
		if f.Action == runner.WillFail {
			return fmt.Errorf("stage %s can only fail: %s", f.Stage, f.Reason)
		}
	}
	return nil
}

// tooLarge warns of stages that will take more memory than there is.
func tooLarge(file string, list []runner.Forecast, memory int64) diag.List {
	var warnings diag.List
	for _, f := range list {
		if f.Memory > memory {
			warnings = append(warnings, diag.Diagnostic{Pos: diag.Pos{File: file}, Severity: diag.Warning,
				Msg:  fmt.Sprintf("stage %s will take %s of memory, but the machine offers %s", f.Stage, bytesText(f.Memory), bytesText(memory)),
				Hint: "a smaller batch_size or network takes less"})
		}
	}
	return warnings
}

func (a *app) printForecast(list []runner.Forecast, explain bool) error {
	var rows [][]string
	sized := slices.ContainsFunc(list, func(f runner.Forecast) bool { return f.Memory > 0 })
	for _, f := range list {
		key := ""
		if f.Key != (runner.Forecast{}).Key {
			key = f.Key.Short()
		}
		row := []string{f.Stage, f.Kind, string(f.Action), key, f.Reason}
		if sized {
			memory := ""
			if f.Memory > 0 {
				memory = bytesText(f.Memory)
			}
			row = slices.Insert(row, 4, memory)
		}
		rows = append(rows, row)
	}
	header := []string{"STAGE", "KIND", "ACTION", "KEY", "WHY"}
	if sized {
		header = slices.Insert(header, 4, "MEMORY")
	}
	if err := writeTable(a.out, header, rows); err != nil {
		return err
	}
	if !explain {
		return nil
	}
	for _, f := range list {
		fmt.Fprintln(a.out)
		switch {
		case len(f.Parts) == 0:
			fmt.Fprintf(a.out, "%s  %s: its key is not known yet\n", f.Stage, diag.Visible(f.Reason))
		case f.Against == nil:
			fmt.Fprintf(a.out, "%s  would be run for the first time, with key %s\n", f.Stage, f.Key)
			for _, p := range f.Parts {
				fmt.Fprintf(a.out, "  %s = %s\n", p.Name, diag.Visible(p.Value))
			}
		case len(f.Changes) == 0:
			fmt.Fprintf(a.out, "%s  as in run %s: key %s\n", f.Stage, f.Against.RunID, f.Key.Short())
		default:
			fmt.Fprintf(a.out, "%s  differs from run %s:\n", f.Stage, f.Against.RunID)
			a.printChanges(f.Changes)
		}
	}
	return nil
}

func forecastJSON(list []runner.Forecast) map[string]any {
	type part struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	type stage struct {
		Stage   string        `json:"stage"`
		Kind    string        `json:"kind"`
		Action  runner.Action `json:"action"`
		Reason  string        `json:"reason,omitempty"`
		Key     string        `json:"key,omitempty"`
		Parts   []part        `json:"key_parts,omitempty"`
		Memory  int64         `json:"memory,omitempty"`  // in bytes
		Against string        `json:"against,omitempty"` // the run with the last execution of the stage
		Changes []changeJSON  `json:"changes,omitempty"` // since then
	}
	out := make([]stage, 0, len(list))
	for _, f := range list {
		s := stage{Stage: f.Stage, Kind: f.Kind, Action: f.Action, Reason: f.Reason, Memory: f.Memory, Changes: changesJSON(f.Changes)}
		if len(f.Parts) > 0 {
			s.Key = f.Key.String()
		}
		if f.Against != nil {
			s.Against = f.Against.RunID
		}
		for _, p := range f.Parts {
			s.Parts = append(s.Parts, part{p.Name, p.Value})
		}
		out = append(out, s)
	}
	return map[string]any{"stages": out}
}
