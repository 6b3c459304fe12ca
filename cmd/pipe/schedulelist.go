package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"pipe/diag"
)

func (s *scheduling) printList(ctx context.Context) error {
	s.files.log = slog.New(slog.DiscardHandler) // it is said here
	entries, err := s.entries(ctx)
	if err != nil {
		return err
	}
	problems := s.files.problems()
	if len(entries) == 0 && problems == nil {
		return s.noSchedule()
	}
	for _, path := range slices.Sorted(maps.Keys(s.files.files)) {
		if why := s.files.files[path].skipped; why != "" {
			fmt.Fprintf(s.err, "note: %s is skipped: %s\n", diag.Visible(path), why)
		}
	}
	var rows [][]string
	for _, e := range entries {
		next := "never"
		if at, ok := e.Spec.Next(time.Now()); ok {
			next = at.Format("2006-01-02 15:04 MST")
		}
		rows = append(rows, []string{e.Name, e.Spec.Cron, e.Spec.Timezone, e.Spec.CatchUp, e.Spec.Overlap, next, e.ID})
	}
	if len(rows) > 0 {
		if err := writeTable(s.out, []string{"PIPELINE", "CRON", "TIMEZONE", "CATCH UP", "OVERLAP", "NEXT", "FILE"}, rows); err != nil {
			return err
		}
	}
	return problems
}
