package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pipe/lineage"
)

// recentRuns is how many runs are offered for completion.
const recentRuns = 20

// completeRefs completes references to runs, and after "RUN/" the stages of
// the run. Where nothing can be found out there is nothing to offer.
func (a *app) completeRefs(cmd *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp
	ws, err := a.openExisting()
	if err != nil {
		return nil, directive
	}
	defer ws.close()
	ctx := cmd.Context()
	if ref, _, ok := strings.Cut(word, "/"); ok {
		run, err := ws.db.RunByRef(ctx, ref)
		if err != nil {
			return nil, directive
		}
		list, err := ws.db.Executions(ctx, run.ID)
		if err != nil {
			return nil, directive
		}
		var names []string
		for _, e := range list {
			names = append(names, ref+"/"+e.Stage)
		}
		return slices.Compact(names), directive
	}
	runs, err := ws.db.Runs(ctx, lineage.RunFilter{Limit: recentRuns})
	if err != nil {
		return nil, directive
	}
	words := []string{"latest"}
	for _, r := range runs {
		if !slices.Contains(words, r.Pipeline) {
			words = append(words, r.Pipeline)
		}
	}
	words = append(words, labelNames(ctx, ws)...)
	for _, r := range runs {
		words = append(words, fmt.Sprintf("%s\t%s, %s", r.ID, r.Pipeline, r.Status))
	}
	return words, directive
}
