package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pipe/lineage"
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
	program := programIdentity()
	if !plain || program == "" {
		return nil
	}
	return &runner.Given{Program: program, File: file, Options: opt}
}

// programIdentity tells builds of pipe apart, and with them the versions of
// all kinds of stages. It is empty if the system does not say.
func programIdentity() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	st, err := lineage.StatFile(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s %d %d %d %d", path, st.Size, st.MTimeNS, st.CTimeNS, st.Inode)
}

// recall does a run without reading the pipeline, if an earlier run shows that
// nothing is to be done. Whatever speaks against it, also an error, is left to
// the full run to find and to report.
func (a *app) recall(ctx context.Context, given *runner.Given, jobs int) bool {
	begun := time.Now()
	// A run that does nothing is over before its garbage matters.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	dir := a.storeFor(given.File)
	if !isStore(dir) {
		return false
	}
	source, err := pipeline.ReadFile(given.File)
	if err != nil {
		return false
	}
	given.Source = source
	ws, err := open(dir)
	if err != nil {
		return false
	}
	defer ws.close()
	r, err := a.runner(ws, jobs)
	if err != nil {
		return false
	}
	r.Git.Commit = checkoutOf(given.File).commit()
	same, err := r.Recall(ctx, given, runner.Options{})
	if same == nil || err != nil {
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
