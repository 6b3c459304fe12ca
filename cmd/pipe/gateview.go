package main

import (
	"fmt"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/runner"
	"pipe/workspace/models"
)

// gateText says what a gate has decided, with a sign and its colour.
func gateText(ev runner.GateJudged) (sign, color, text string) {
	was := models.EventOf(ev.Decision.Event)
	switch ev.Decision.Outcome {
	case lineage.Promoted:
		return "↑", green, fmt.Sprintf("promoted to %s: %s", ev.Label, was.Reason)
	case lineage.Refused:
		return "·", yellow, fmt.Sprintf("not promoted to %s: %s", ev.Label, was.Reason)
	case lineage.Holds:
		return "=", dim, fmt.Sprintf("%s already, since %s", ev.Label, localTime(was.Time))
	}
	verb := map[string]string{lineage.EventPromoted: "promoted to", lineage.EventRetired: "retired from", lineage.EventRefused: "not promoted to"}[was.Event]
	if was.DecidedBy == lineage.ByUser {
		return "=", dim, fmt.Sprintf("not promoted to %s: %s decided about this model (%s %s on %s)", ev.Label, decider(was), verb, was.Label, localTime(was.Time))
	}
	if was.Event == lineage.EventPromoted {
		return "=", dim, fmt.Sprintf("not promoted to %s again: it was in run %s, and another model has come since", ev.Label, was.Run)
	}
	return "=", dim, fmt.Sprintf("not promoted to %s, as in run %s: %s", ev.Label, was.Run, was.Reason)
}

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
			now = fmt.Sprintf("now it is %s, since %s%s", g.Holder.Short(), localTime(g.Held.Time), inBrackets(metricsOfEvent(*g.Held)))
		}
		fmt.Fprintf(a.out, "%s would promote its model to %s %s; %s\n", g.Stage, g.To, diag.Visible(condition), now)
	}
}
