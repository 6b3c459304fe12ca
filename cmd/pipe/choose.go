package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/pipeline"
	"pipe/runner"
)

// choiceFlags choose stages of a plan.
type choiceFlags struct {
	force []string
	from  string
	only  string
}

func (f *choiceFlags) register(cmd *cobra.Command, a *app) {
	cmd.Flags().StringSliceVar(&f.force, "force", nil, "run these stages even if they are cached: STAGE[,STAGE]")
	cmd.Flags().StringVar(&f.from, "from", "", "run this stage and all that come after it, even if they are cached")
	cmd.Flags().StringVar(&f.only, "only", "", "run only this stage; what it reads must be in the cache")
	for _, name := range []string{"force", "from", "only"} {
		// It fails only for a flag that does not exist.
		_ = cmd.RegisterFlagCompletionFunc(name, a.completeStages)
	}
}

// completeStages completes the stages of the pipeline file that is named first.
func (a *app) completeStages(_ *cobra.Command, words []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(words) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	plan, err := a.host.Load(words[0], pipeline.Options{})
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return plan.Names(), cobra.ShellCompDirectiveNoFileComp
}

// completeTargets completes a pipeline file and, behind it, its stages.
func (a *app) completeTargets(cmd *cobra.Command, words []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(words) == 0 {
		return pipelineFiles(cmd, words, word)
	}
	return a.completeStages(cmd, words, word)
}

// targets is the part of a plan that is needed for some stages; all of it if
// none is named.
func targets(plan *pipeline.Plan, names []string) (*pipeline.Plan, error) {
	if len(names) == 0 {
		return plan, nil
	}
	names, err := selected(plan, names)
	if err != nil {
		return nil, err
	}
	return plan.Targets(names...), nil
}

// mostValid is how many values of an axis a hint lists.
const mostValid = 30

// selected are the stages that are named, each by its name or by that of all its cases.
func selected(plan *pipeline.Plan, chosen []string) ([]string, error) {
	var list []string
	for _, name := range chosen {
		some := plan.Select(name)
		if len(some) == 0 {
			if l, ok := names.Lacks(name, plan.Names()); ok {
				hint := "`pipe plan FILE --explain` lists its cases"
				if len(l.Valid) > 0 {
					hint = diag.NearestHint(l.Wrong, l.Valid[:min(len(l.Valid), mostValid)])
				}
				return nil, diag.Usage(diag.WithHint(errors.New(l.Msg), hint))
			}
			return nil, diag.Unknown("stage", name, writtenStages(plan))
		}
		list = append(list, some...)
	}
	return list, nil
}

// writtenStages are the names of the stages as the file has them.
func writtenStages(plan *pipeline.Plan) []string {
	var list []string
	for _, s := range plan.Steps {
		base, _, _ := names.SplitCase(s.Name)
		if !slices.Contains(list, base) {
			list = append(list, base)
		}
	}
	return list
}

// apply sets the options of a run, and gives the part of the plan to be run:
// that for some stages, or all.
func (f *choiceFlags) apply(plan *pipeline.Plan, names []string, opt *runner.Options) (*pipeline.Plan, error) {
	if f.only != "" && len(names) > 0 {
		return nil, diag.Usagef("--only %s and names of stages exclude each other: pipe run FILE %s makes it with all that it needs", f.only, f.only)
	}
	plan, err := targets(plan, names)
	if err != nil {
		return nil, err
	}
	if f.from != "" && f.only != "" {
		return nil, diag.Usagef("--from and --only exclude each other")
	}
	if opt.Force, err = selected(plan, joinCases(f.force)); err != nil {
		return nil, err
	}
	if f.from != "" {
		first, err := selected(plan, []string{f.from})
		if err != nil {
			return nil, err
		}
		opt.Force = append(opt.Force, plan.Downstream(first...)...)
	}
	if f.only == "" {
		return plan, nil
	}
	only, err := selected(plan, []string{f.only})
	if err != nil {
		return nil, err
	}
	if len(only) > 1 {
		return nil, diag.Usage(diag.WithHint(fmt.Errorf("--only %s names %d stages", f.only, len(only)), "name one of them, such as --only "+diag.ShellWord(only[0])))
	}
	opt.Only = only[0]
	return plan.Upto(only[0]), nil
}

// joinCases puts together the names of cases that were divided at the commas in their brackets.
func joinCases(parts []string) []string {
	var list []string
	for _, part := range parts {
		last := len(list) - 1
		if last >= 0 && strings.Contains(list[last], "[") && !strings.Contains(list[last], "]") {
			list[last] += "," + part
		} else {
			list = append(list, part)
		}
	}
	return list
}

// explain adds to the error about a missing input what to type next.
func (f *choiceFlags) explain(err error, file string) error {
	var missing *runner.MissingError
	if !errors.As(err, &missing) {
		return err
	}
	return diag.Usage(diag.WithHint(err, fmt.Sprintf("run what comes before it: pipe run %s --only %s, or the whole pipeline: pipe run %s",
		diag.ShellWord(file), diag.ShellWord(missing.Stage), diag.ShellWord(file))))
}
