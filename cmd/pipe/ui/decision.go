package ui

import (
	"fmt"

	"pipe/lineage/registry"
	"pipe/runner"
	"pipe/workspace/models"
)

// Gate says what a gate has decided, with a sign and its colour.
func Gate(ev runner.GateJudged) (sign, color, text string) {
	was := models.EventOf(ev.Decision.Event)
	switch ev.Decision.Outcome {
	case registry.Promoted:
		return "↑", Green, fmt.Sprintf("promoted to %s: %s", ev.Label, was.Reason)
	case registry.Refused:
		return "·", Yellow, fmt.Sprintf("not promoted to %s: %s", ev.Label, was.Reason)
	case registry.Holds:
		return "=", Dim, fmt.Sprintf("%s already, since %s", ev.Label, LocalTime(was.Time))
	}
	verb := map[string]string{registry.EventPromoted: "promoted to", registry.EventRetired: "retired from", registry.EventRefused: "not promoted to"}[was.Event]
	if was.DecidedBy == registry.ByUser {
		return "=", Dim, fmt.Sprintf("not promoted to %s: %s decided about this model (%s %s on %s)", ev.Label, Decider(was), verb, was.Label, LocalTime(was.Time))
	}
	if was.Event == registry.EventPromoted {
		return "=", Dim, fmt.Sprintf("not promoted to %s again: it was in run %s, and another model has come since", ev.Label, was.Run)
	}
	return "=", Dim, fmt.Sprintf("not promoted to %s, as in run %s: %s", ev.Label, was.Run, was.Reason)
}

// Decider says who made a decision.
func Decider(ev models.Event) string {
	who := ev.Actor
	switch {
	case ev.DecidedBy == registry.ByGate:
		who = "gate of " + ev.Stage
	case who == "":
		who = "a user"
	}
	if !ev.Imported.IsZero() {
		who += " (elsewhere, from " + ev.ImportedFrom + ")"
	}
	return who
}
