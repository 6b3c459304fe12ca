package models

import (
	"context"
	"slices"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/pipeline"
	"pipe/workspace"
	"pipe/workspace/content"
)

// A Thinning is a stage of training that left rows out which count among new rows.
type Thinning struct {
	Stage, Kind string
	Which       string // rows
	Before      string // the stage that looks at the rows around each row
}

// thinned are the stages that left rows out before others that look at the rows around
// each row. rows is the table of the new ones, which may have gone through these already.
func (p *past) thinned(ctx context.Context, w *workspace.Workspace, rows artifacts.ID) (list []Thinning) {
	t, err := content.ReadTable(ctx, w, rows)
	if err != nil {
		return nil
	}
	defer t.Close()
	if !p.fit.Surveys(t.Schema()) {
		return nil
	}
	type survey struct {
		stage  string
		series []string
	}
	of := map[artifacts.ID]bool{p.fitted: true}
	around := map[artifacts.ID]survey{} // the tables before a stage that looks around
	for _, e := range slices.Backward(p.train) {
		at := slices.IndexFunc(e.Outputs, func(o lineage.Output) bool { return of[o.ID] })
		if at < 0 {
			continue
		}
		stage := stageOf(w, e)
		port, why := "", ""
		if r, ok := stage.(pipeline.Repeater); ok {
			port, why = r.Repeats()
		}
		if why != "" {
			continue // new rows have what it makes
		}
		by, within := around[e.Outputs[at].ID]
		if t, ok := stage.(pipeline.Thinner); ok && within {
			if which := t.Thins(by.series); which != "" {
				list = append(list, Thinning{e.Stage, e.Kind, which, by.stage})
			}
		}
		if s, ok := stage.(pipeline.Surveyor); ok {
			if series, around := s.Series(); around {
				by, within = survey{e.Stage, series}, true
			}
		}
		for _, in := range e.Inputs {
			if port != "" && in.Port != port || in.Type != string(pipeline.Table) {
				continue
			}
			if of[in.ID] = true; within {
				around[in.ID] = by
			}
		}
	}
	slices.Reverse(list)
	return list
}
