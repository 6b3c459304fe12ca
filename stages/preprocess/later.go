package preprocess

import (
	"context"
	"fmt"
	"math"
	"slices"

	"pipe/data/leak"
	"pipe/data/replay"
	"pipe/data/table"
	"pipe/pipeline"
)

// tellLater warns if the rows of a series are divided at random: then rows of train are
// later than those of a test, and what is between two rows that were learned is easier to
// tell than what comes.
func (s *Split) tellLater(ctx context.Context, env pipeline.Env, r *table.Reader) error {
	if s.Time != "" || s.By != nil || slices.Contains(s.Allow, string(leak.LaterRows)) {
		return nil
	}
	const hint = "cut by time: `time: %s` in place of `stratify` and `group`; `allow: [later_rows]` says that it is meant"
	steps, err := replay.Carried(r.Schema())
	if err != nil {
		return err
	}
	if steps != nil {
		list, err := steps.List()
		if err != nil {
			return err
		}
		for _, step := range list {
			if w := step.Window; w != nil && !(s.Group != "" && slices.Contains(w.Framing.By, s.Group)) {
				env.Log().Warn("rows with windows of a series are divided at random: what is learned of a row is in the windows of others, and train has rows that are later than those of other parts",
					"column", w.Framing.Time, "hint", fmt.Sprintf(hint, w.Framing.Time))
				return nil
			}
		}
	}
	if s.Group != "" { // whole series, or pieces of them
		return nil
	}
	for i, f := range r.Schema().Fields() {
		class := table.ClassOf(f.Type)
		if class != table.ClassDate && class != table.ClassTimestamp {
			continue
		}
		even, err := isEven(ctx, r, r.Schema().Field(i).Name)
		if err != nil {
			return err
		}
		if even {
			env.Log().Warn("the rows are a series, each a step later than the one before, and are divided at random: train has rows that are later than those of other parts",
				"column", f.Name, "hint", fmt.Sprintf(hint, f.Name))
			return nil
		}
	}
	return nil
}

const (
	minSeries = 20  // rows that are a series
	evenShare = 0.9 // of the steps that are about as long as the one before
	evenStep  = 0.2 // how far they may be from it: months have 28 to 31 days
)

// isEven says whether a column of times goes on from row to row in steps of about one
// length. It ends at the first row that is not later than the one before.
func isEven(ctx context.Context, r *table.Reader, column string) (bool, error) {
	if r.NumRows() < minSeries {
		return false, nil
	}
	only, err := r.Select(column)
	if err != nil {
		return false, err
	}
	var last, step float64
	even, n := 0, 0
	for rec, err := range only.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return false, err
		}
		times, err := timesOf(column, rec.Column(0), 0)
		if err != nil { // one is missing
			return false, nil
		}
		for _, t := range times {
			if n > 0 {
				if t <= last {
					return false, nil
				}
				if math.Abs(t-last-step) <= evenStep*step {
					even++
				}
				step = t - last
			}
			last = t
			n++
		}
	}
	return float64(even) >= evenShare*float64(n), nil
}
