package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pipe/artifacts"
	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace/check"
)

// Exit codes, part of the interface that scripts rely on.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDamaged     = 3
	exitGate        = 4
	exitInterrupted = 130
)

// exitCodes is the table that --help and the README show.
var exitCodes = []struct {
	code    int
	meaning string
}{
	{exitOK, "done"},
	{exitFailed, "a stage failed, or can only fail (plan), or something does not fit (doctor)"},
	{exitUsage, "the pipeline file or the flags are wrong, or a file that it names is not there"},
	{exitDamaged, "the store is damaged"},
	{exitGate, "a requirement (require:) was not met"},
	{exitInterrupted, "interrupted"},
}

// exitCode maps an error to the exit code of the process.
func exitCode(err error) int {
	var (
		usage    *diag.UsageError
		problems diag.List
		unmet    *pipeline.RequirementError
		ref      *lineage.RefError
		damaged  *artifacts.DamagedError
		missing  *artifacts.NotFoundError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, runner.ErrInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &problems), errors.As(err, &ref):
		return exitUsage
	case errors.As(err, &damaged), errors.As(err, &missing), errors.Is(err, check.ErrDamage), lineage.IsDamaged(err):
		return exitDamaged
	case errors.As(err, &unmet):
		return exitGate
	default:
		return exitFailed
	}
}

// maxProblems is how many problems of a file are printed: more are the same
// mistake again, as a rule.
const maxProblems = 20

// printError shows an error to a person: problems of a pipeline file with
// their source lines, anything else in one line with its hint.
func (a *app) printError(err error) {
	var problems diag.List
	if errors.As(err, &problems) {
		shown := problems[:min(len(problems), maxProblems)]
		a.render(shown)
		total := ui.Plural(len(problems), "problem")
		if len(shown) < len(problems) {
			total += fmt.Sprintf("; the first %d are shown", len(shown))
		}
		fmt.Fprintln(a.err, total)
		return
	}
	paint := a.painter(a.err)
	fmt.Fprintf(a.err, "%s %s\n", paint(ui.Red, "error:"), strings.TrimRight(err.Error(), "\n"))
	if hint := diag.HintOf(err); hint != "" {
		for line := range strings.SplitSeq(strings.TrimRight(a.asTyped(hint), "\n"), "\n") {
			fmt.Fprintf(a.err, "%s %s\n", paint(ui.Cyan, "hint:"), line)
		}
	}
}

// render shows problems of a file. The package diag spells out by itself what
// could steer a terminal, and has its own colours.
func (a *app) render(problems diag.List) error {
	return problems.Render(a.err.Raw(), a.colored(a.err))
}
