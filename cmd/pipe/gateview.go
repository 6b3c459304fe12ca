package main

import (
	"fmt"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/workspace/models"
)

func (a *app) printGates(list []models.Gate) {
	if len(list) > 0 {
		fmt.Fprintln(a.out)
	}
	for _, g := range list {
		condition := "if the run succeeds"
		if g.Asks != "" {
			condition = "if " + g.Asks
		}
		now := "no model has that label now"
		if g.Held != nil {
			now = fmt.Sprintf("now it is %s, since %s%s", g.Holder.Short(), ui.LocalTime(g.Held.Time), inBrackets(metricsOfEvent(*g.Held)))
		}
		fmt.Fprintf(a.out, "%s would promote its model to %s %s; %s\n", g.Stage, g.To, diag.Visible(condition), now)
	}
}
