package models

import (
	"context"
	"time"

	"pipe/artifacts"
	"pipe/lineage/registry"
	"pipe/pipeline"
	"pipe/workspace"
)

// A Gate is what a run would ask of the model of a stage.
type Gate struct {
	Stage      string            `json:"stage"`
	To         string            `json:"to"`
	When       map[string]string `json:"when"`
	BetterThan string            `json:"better_than,omitempty"`
	Holder     artifacts.ID      `json:"holder,omitzero"` // the model that has the label now

	Asks string `json:"-"` // all of it, as a person writes it
	Held *Event `json:"-"` // how that model got the label; nil if none has it
}

// Gates lists the gates that a run of a plan would judge.
func Gates(ctx context.Context, w *workspace.Workspace, plan *pipeline.Plan) ([]Gate, error) {
	var list []Gate
	var held []registry.Standing
	for _, s := range plan.Steps {
		p := s.Promote
		if p == nil {
			continue
		}
		if list == nil {
			var err error
			if held, err = registry.Labels(ctx, w.DB, time.Time{}); err != nil {
				return nil, err
			}
		}
		g := Gate{Stage: s.Name, To: p.To, When: map[string]string{}, BetterThan: p.BetterThan, Asks: p.String()}
		for _, c := range p.When {
			g.When[c.Metric] = c.Comparison.String()
		}
		for _, h := range held {
			if h.Pipeline == plan.Pipeline && h.Label == p.To {
				ev := EventOf(h.Event)
				g.Holder, g.Held = h.Model, &ev
			}
		}
		list = append(list, g)
	}
	return list, nil
}
