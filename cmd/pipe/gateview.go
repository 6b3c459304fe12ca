package main

import (
	"context"
	"fmt"
	"time"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/runner"
	"pipe/workspace"
)

// gateText says what a gate has decided, with a sign and its colour.
func gateText(ev runner.GateJudged) (sign, color, text string) {
	was := ev.Decision.Event
	switch ev.Decision.Outcome {
	case lineage.Promoted:
		return "↑", green, fmt.Sprintf("promoted to %s: %s", ev.Label, was.Note)
	case lineage.Refused:
		return "·", yellow, fmt.Sprintf("not promoted to %s: %s", ev.Label, was.Note)
	case lineage.Holds:
		return "=", dim, fmt.Sprintf("%s already, since %s", ev.Label, localTime(was.Time))
	}
	verb := map[string]string{lineage.EventPromoted: "promoted to", lineage.EventRetired: "retired from", lineage.EventRefused: "not promoted to"}[was.Event]
	if was.DecidedBy == lineage.ByUser {
		return "=", dim, fmt.Sprintf("not promoted to %s: %s decided about this model (%s %s on %s)", ev.Label, decider(was), verb, was.Label, localTime(was.Time))
	}
	if was.Event == lineage.EventPromoted {
		return "=", dim, fmt.Sprintf("not promoted to %s again: it was in run %s, and another model has come since", ev.Label, was.RunID)
	}
	return "=", dim, fmt.Sprintf("not promoted to %s, as in run %s: %s", ev.Label, was.RunID, was.Note)
}

// gateForecast is what a run would ask of the model of a stage.
type gateForecast struct {
	Stage      string            `json:"stage"`
	To         string            `json:"to"`
	When       map[string]string `json:"when"`
	BetterThan string            `json:"better_than,omitempty"`
	Holder     string            `json:"holder,omitempty"` // the model that has the label now

	gate *pipeline.Gate
	held *lineage.Standing
}

// gateForecasts lists the gates that a run of a plan would judge.
func gateForecasts(ctx context.Context, ws *workspace.Workspace, plan *pipeline.Plan) ([]gateForecast, error) {
	var list []gateForecast
	for _, s := range plan.Steps {
		p := s.Promote
		if p == nil {
			continue
		}
		f := gateForecast{Stage: s.Name, To: p.To, When: map[string]string{}, BetterThan: p.BetterThan, gate: p}
		for _, c := range p.When {
			f.When[c.Metric] = c.Comparison.String()
		}
		held, err := ws.DB.Labels(ctx, time.Time{})
		if err != nil {
			return nil, err
		}
		for _, h := range held {
			if h.Pipeline == plan.Pipeline && h.Label == p.To {
				f.Holder, f.held = h.Model.String(), &h
			}
		}
		list = append(list, f)
	}
	return list, nil
}

func (a *app) printGates(list []gateForecast) {
	if len(list) > 0 {
		fmt.Fprintln(a.out)
	}
	for _, f := range list {
		condition := "if the run succeeds"
		if asks := f.gate.String(); asks != "" {
			condition = "if " + asks
		}
		now := "no model has that label now"
		if f.held != nil {
			now = fmt.Sprintf("now it is %s, since %s%s", f.held.Model.Short(), localTime(f.held.Time), inBrackets(metricsOfEvent(f.held.ModelEvent)))
		}
		fmt.Fprintf(a.out, "%s would promote its model to %s %s; %s\n", f.Stage, f.To, diag.Visible(condition), now)
	}
}
