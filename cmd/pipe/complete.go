package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace/models"
)

// recentRuns is how many runs are offered for completion.
const recentRuns = 20

// completeRefs completes references to runs, and after "RUN/" the stages of
// the run. Where nothing can be found out there is nothing to offer.
func (a *app) completeRefs(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	return a.complete(cmd, word, func(e lineage.Execution) []string { return []string{e.Stage} })
}

// completePorts completes references to artifacts: after "RUN/" the outputs of
// the stages.
func (a *app) completePorts(cmd *cobra.Command, words []string, word string) ([]string, cobra.ShellCompDirective) {
	if len(words) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.complete(cmd, word, func(e lineage.Execution) []string {
		var names []string
		for _, o := range e.Outputs {
			names = append(names, e.Stage+"."+o.Port)
		}
		return names
	})
}

func (a *app) complete(cmd *cobra.Command, word string, within func(lineage.Execution) []string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp
	ws, err := a.host.OpenNearest()
	if err != nil {
		return nil, directive
	}
	defer ws.Close()
	ctx := cmd.Context()
	if ref, _, ok := strings.Cut(word, "/"); ok {
		run, err := ws.DB.RunByRef(ctx, ref)
		if err != nil {
			return nil, directive
		}
		list, err := ws.DB.Executions(ctx, run.ID)
		if err != nil {
			return nil, directive
		}
		var names []string
		for _, e := range list {
			for _, name := range within(e) {
				names = append(names, ref+"/"+name)
			}
		}
		return slices.Compact(names), directive
	}
	runs, err := ws.DB.Runs(ctx, lineage.RunFilter{Limit: recentRuns})
	if err != nil {
		return nil, directive
	}
	words := []string{"latest"}
	for _, r := range runs {
		if !slices.Contains(words, r.Pipeline) {
			words = append(words, r.Pipeline)
		}
	}
	labels, _ := models.LabelNames(ctx, ws) // nothing to offer if that cannot be found out
	words = append(words, labels...)
	for _, r := range runs {
		words = append(words, fmt.Sprintf("%s\t%s, %s", r.ID, r.Pipeline, r.Status))
	}
	return words, directive
}

// completePipelines completes the names of pipelines that have run.
func (a *app) completePipelines(cmd *cobra.Command, words []string, word string) ([]string, cobra.ShellCompDirective) {
	refs, directive := a.completeRefs(cmd, words, "")
	if len(words) > 0 {
		return nil, directive
	}
	var names []string
	for _, ref := range refs {
		if !strings.ContainsAny(ref, "@\t") && ref != "latest" {
			names = append(names, ref)
		}
	}
	return names, directive
}

// completeParams completes NAME= of the parameters of the pipeline file that is
// named first, with the value that they have.
func (a *app) completeParams(_ *cobra.Command, words []string, _ string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	if len(words) == 0 {
		return nil, directive
	}
	plan, err := a.host.Load(words[0], pipeline.Options{})
	if err != nil {
		return nil, directive
	}
	var names []string
	for _, p := range plan.Params {
		names = append(names, fmt.Sprintf("%s=\t%s", p.Name, p.Value))
	}
	return names, directive
}
