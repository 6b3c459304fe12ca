package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
)

// recallFlags are the flags of `pipe run` that either change nothing about what
// a run does or are part of what it is given. With any other the pipeline is
// always run in full.
var recallFlags = []string{"set", "params", "seed", "jobs", "keep-going", "verbose", "store", "no-color"}

// given describes a run for runner.Recall; nil if it must not be recalled.
func (a *app) given(cmd *cobra.Command, file string, opt pipeline.Options) *runner.Given {
	plain := true
	cmd.Flags().Visit(func(f *pflag.Flag) { plain = plain && slices.Contains(recallFlags, f.Name) })
	if !plain {
		return nil
	}
	return workspace.Given(file, opt)
}

// recall does a run without reading the pipeline, if it can, and shows it.
func (a *app) recall(ctx context.Context, given *runner.Given, jobs int) bool {
	begun := time.Now()
	same := a.host.Recall(ctx, given, jobs)
	if same == nil {
		return false
	}
	a.showRepeated(same, time.Since(begun))
	return true
}

// showRepeated says of a run that nothing had to be done, and what the stages
// had warned of.
func (a *app) showRepeated(same *lineage.Repeated, took time.Duration) {
	events := []runner.Event{runner.RunStarted{RunID: same.RunID, Pipeline: same.Pipeline}}
	for _, w := range same.Warnings {
		events = append(events, runner.StageLog{Stage: w.Stage, Level: slog.LevelWarn, Message: w.Message})
	}
	s := script{progress: newProgress(time.Now()), paint: a.painter(a.out)}
	for _, w := range same.Warnings {
		s.nameW = min(maxName, max(s.nameW, width(w.Stage)))
	}
	columns, _, ok := a.out.size()
	if !ok {
		columns = plainColumns
	}
	for _, ev := range events {
		for _, line := range s.lines(ev, columns) {
			fmt.Fprintln(a.out, line)
		}
	}
	fmt.Fprintf(a.out, "%s: %s, %d cached in %s\n", same.Pipeline, plural(same.Stages, "stage"), same.Stages, duration(took))
}
