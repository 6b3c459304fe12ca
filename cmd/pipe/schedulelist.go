package main

import (
	"cmp"
	"context"
	"fmt"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
	"pipe/workspace/schedules"
)

// listSchedules shows all schedules; what is wrong in files is the error.
func (a *app) listSchedules(ctx context.Context, words []string, asJSON bool) error {
	s := schedules.NewReader(a.host, words)
	defer s.Close()
	list, err := s.Overviews(ctx)
	if err != nil {
		return err
	}
	problems := s.Problems()
	if len(list.Schedules) == 0 && problems == nil {
		return s.NoSchedule()
	}
	if asJSON {
		if err := ui.WriteJSON(a.out, list); err != nil {
			return err
		}
		return problems
	}
	for _, f := range s.Skipped() {
		fmt.Fprintf(a.err, "note: %s is skipped: %s\n", diag.Visible(f[0]), f[1])
	}
	var rows [][]string
	for _, o := range list.Schedules {
		last, state, run, next := "-", "-", "-", "-"
		if o.Last != nil {
			last, state, run = schedules.TickTime(o.Last.At, o.Zone), o.Last.State, cmp.Or(o.Last.Run, "-")
		}
		if !o.Next.IsZero() {
			next = schedules.TickTime(o.Next, o.Zone)
		}
		rows = append(rows, []string{cmp.Or(o.Pipeline, "-"), o.State, last, state, run, next, cmp.Or(o.Cron, "-"), cmp.Or(o.Timezone, "-"),
			cmp.Or(o.CatchUp, "-"), cmp.Or(o.Overlap, "-"), o.File})
		if o.State == schedules.Ahead {
			fmt.Fprintf(a.err, "note: a clock that was wrong has decided the ticks of %s up to %s, and nothing is due before; mend it with: pipe schedule reset %s\n",
				diag.Visible(o.Pipeline), next, diag.ShellWord(o.File))
		}
	}
	if len(rows) > 0 {
		err := ui.Table(a.out, []string{"PIPELINE", "STATE", "LAST TICK", "RESULT", "RUN", "NEXT TICK", "CRON", "TIMEZONE", "CATCH UP", "OVERLAP", "FILE"}, rows)
		if err != nil {
			return err
		}
	}
	return problems
}

// listTicks shows the newest ticks of all schedules.
func (a *app) listTicks(ctx context.Context, words []string, limit int, asJSON bool) error {
	s := schedules.NewReader(a.host, words)
	defer s.Close()
	history, err := s.History(ctx, limit)
	if err != nil {
		return err
	}
	if asJSON {
		return ui.WriteJSON(a.out, history)
	}
	if len(history.Ticks) == 0 {
		fmt.Fprintln(a.err, "no ticks yet")
		return nil
	}
	var rows [][]string
	for _, t := range history.Ticks {
		took := "-"
		if !t.Finished.IsZero() && t.Run != "" {
			took = ui.Duration(t.Finished.Sub(t.Claimed))
		}
		rows = append(rows, []string{t.Pipeline, schedules.TickTime(t.At, t.Zone), t.Trigger, t.State, cmp.Or(t.Run, "-"), took, cmp.Or(firstLine(t.Reason), "-")})
	}
	return ui.Table(a.out, []string{"PIPELINE", "TICK", "TRIGGER", "STATE", "RUN", "TOOK", "REASON"}, rows)
}
