package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"pipe/artifacts"
	"pipe/diag"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
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
	{exitFailed, "a stage failed, or can only fail (plan)"},
	{exitUsage, "the pipeline file or the flags are wrong, or a file that it names is not there"},
	{exitDamaged, "the store is damaged"},
	{exitGate, "a requirement (require:) was not met"},
	{exitInterrupted, "interrupted"},
}

// A usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// exitCode maps an error to the exit code of the process.
func exitCode(err error) int {
	var (
		usage    usageError
		planErr  *pipeline.UsageError
		problems diag.List
		gate     *pipeline.GateError
		ref      *lineage.RefError
		damaged  *artifacts.DamagedError
		missing  *artifacts.NotFoundError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, runner.ErrInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &planErr), errors.As(err, &problems), errors.As(err, &ref):
		return exitUsage
	case errors.As(err, &damaged), errors.As(err, &missing), errors.Is(err, errDamage), lineage.IsDamaged(err):
		return exitDamaged
	case errors.As(err, &gate):
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
func printError(w io.Writer, err error, color bool) {
	var problems diag.List
	if errors.As(err, &problems) {
		shown := problems[:min(len(problems), maxProblems)]
		shown.Render(w, color)
		total := plural(len(problems), "problem")
		if len(shown) < len(problems) {
			total += fmt.Sprintf("; the first %d are shown", len(shown))
		}
		fmt.Fprintln(w, total)
		return
	}
	paint := painter(color)
	fmt.Fprintf(w, "%s %s\n", paint(red, "error:"), visibleLines(err.Error()))
	if hint := diag.HintOf(err); hint != "" {
		for line := range strings.SplitSeq(visibleLines(hint), "\n") {
			fmt.Fprintf(w, "%s %s\n", paint(cyan, "hint:"), line)
		}
	}
}

// visibleLines keeps the lines of a text, such as the last words of a command,
// and nothing else that could steer a terminal.
func visibleLines(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i, line := range lines {
		lines[i] = diag.Visible(line)
	}
	return strings.Join(lines, "\n")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
