package main

import (
	"fmt"
	"strconv"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/data/format"
)

// mostGains is how many features pipe show lists.
const mostGains = 20

func (a *app) showTrees(t *format.Trees) error {
	n := &format.Network{Task: t.Task, Target: t.Target, Classes: t.Classes, Positive: t.Positive, Threshold: t.Threshold, Cut: t.Cut}
	fmt.Fprintf(a.out, "\n%d features in, %s\n", t.Features, taskText(n))
	if t.Threshold != nil {
		fmt.Fprintln(a.out, thresholdText(n))
	}
	fmt.Fprintf(a.out, "%s of %s, at most %s deep; %s\n%s\n", ui.Plural(t.Trees, "tree"), counted(t.Leaves)+" leaves", ui.Plural(t.Depth, "question"), diag.Visible(t.Loss), diag.Visible(t.Growth))
	if len(t.Gain) == 0 {
		return nil
	}
	fmt.Fprintln(a.out)
	var rows [][]string
	for _, g := range t.Gain[:min(len(t.Gain), mostGains)] {
		rows = append(rows, []string{diag.Visible(g.Name), strconv.FormatFloat(100*g.Share, 'f', 1, 64) + " %", counted(g.Splits)})
	}
	if err := ui.Table(a.out, []string{"FEATURE", "GAIN", "SPLITS"}, rows); err != nil {
		return err
	}
	if more := len(t.Gain) - mostGains; more > 0 {
		fmt.Fprintf(a.out, "and %s more, which --json lists\n", ui.Plural(more, "feature"))
	}
	return nil
}
