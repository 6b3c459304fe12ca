package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pipe/cmd/pipe/ui"
	"pipe/pipeline"
	"pipe/runner"
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
	return a.host.Given(file, opt)
}

// recall does a run without reading the pipeline, if it can, and shows it.
func (a *app) recall(ctx context.Context, given *runner.Given, jobs int) bool {
	begun := time.Now()
	same := a.host.Recall(ctx, given, jobs)
	if same == nil {
		return false
	}
	ui.ShowRepeated(a.out, a.painter(a.out), same, time.Since(begun))
	return true
}
