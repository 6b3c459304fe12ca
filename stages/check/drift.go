package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/drift"
	"pipe/data/metric"
	"pipe/data/table"
	"pipe/pipeline"
)

// check compares the columns of a table with those of the reference. One that is named
// and cannot be compared is a fault; of others there is a warning.
func (d *Drift) check(ctx context.Context, env pipeline.Env, r, reference *table.Reader) ([]fault, error) {
	names := table.Names(r.Schema())
	for _, name := range table.Names(reference.Schema()) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if err := d.known(env, names); err != nil {
		return nil, err
	}
	var faults []fault
	var skipped []string
	most, compared := 0.0, 0
	for _, name := range names {
		if fits(d.Except, name) || len(d.Columns) > 0 && !fits(d.Columns, name) {
			continue
		}
		moved, err := between(ctx, env, r, reference, name)
		var not *drift.Incomparable
		switch {
		case errors.As(err, &not) && slices.Contains(d.Columns, name):
			faults = append(faults, fault{fmt.Sprintf("column %q cannot be compared with the reference: %s", name, not.Why)})
			continue
		case errors.As(err, &not):
			skipped = append(skipped, fmt.Sprintf("%q: %s", name, not.Why))
			continue
		case err != nil:
			return nil, fmt.Errorf("column %q: %w", name, err)
		}
		compared++
		most = max(most, moved.PSI)
		for _, m := range []struct {
			name  string
			value float64
			limit *float64
			there bool
		}{{"psi", moved.PSI, &d.PSI, true}, {"js", moved.JS, d.JS, true}, {"ks", moved.KS, d.KS, moved.Numbers}, {"unseen", moved.Unseen, d.Unseen, !moved.Numbers}} {
			if !m.there {
				continue
			}
			env.Metric(fmt.Sprintf("%s[%s]", m.name, name), m.value, metric.Meaning{Goal: metric.Down})
			if m.limit != nil && m.value > *m.limit {
				faults = append(faults, fault{fmt.Sprintf("column %q has moved from the reference: %s is %.4g, at most %v%s", name, m.name, m.value, *m.limit, moved.Why)})
			}
		}
	}
	if n := len(skipped); n > 0 {
		const shown = 5
		text := strings.Join(skipped[:min(shown, n)], "; ")
		if n > shown {
			text += fmt.Sprintf("; and %d more", n-shown)
		}
		if compared == 0 && len(faults) == 0 {
			return nil, diag.WithHint(fmt.Errorf("no column of the two tables can be compared: %s", text), "connect a table of the same columns as `reference`")
		}
		env.Log().Warn("columns that are not compared with the reference: " + text)
	}
	if compared > 0 {
		env.Metric("drift", most, metric.Meaning{Goal: metric.Down})
	} else if len(faults) == 0 {
		return nil, diag.WithHint(errors.New("`except` leaves no column to compare"), "name fewer columns there")
	}
	return faults, nil
}

// known finds names of columns that neither table has.
func (d *Drift) known(env pipeline.Env, names []string) error {
	unknown := func(patterns []string) (list []string) {
		for _, p := range patterns {
			if !slices.ContainsFunc(names, func(name string) bool { return fits([]string{p}, name) }) {
				list = append(list, p)
			}
		}
		return list
	}
	for _, p := range unknown(d.Except) {
		env.Log().Warn(fmt.Sprintf("drift: except: neither the table nor the reference has a column %q", p))
	}
	if list := unknown(d.Columns); len(list) > 0 {
		return diag.WithHint(fmt.Errorf("columns: neither the table nor the reference has a column %q", list[0]), diag.NearestHint(list[0], names))
	}
	return nil
}

func fits(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return p == name || strings.Contains(p, "*") && table.MatchName(p, name)
	})
}

// between compares a column that at least one of the tables has.
func between(ctx context.Context, env pipeline.Env, r, reference *table.Reader, name string) (drift.Move, error) {
	has := func(s *arrow.Schema) bool { return len(s.FieldIndices(name)) > 0 }
	switch {
	case !has(reference.Schema()):
		return drift.Move{}, &drift.Incomparable{Why: "the reference does not have it"}
	case !has(r.Schema()):
		return drift.Move{}, &drift.Incomparable{Why: "only the reference has it"}
	}
	return drift.Between(ctx, drift.Means{Threads: env.Threads(), Scratch: env.Scratch}, reference, r, name)
}
