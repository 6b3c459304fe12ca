package preprocess

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/leak"
	"pipe/data/metric"
	"pipe/data/order"
	"pipe/data/table"
	"pipe/pipeline"
)

// A rowWatch looks for rows of other tables that are rows of train again: the same
// features with the same target. A model that has learned them by heart is measured
// by them as if it knew.
type rowWatch struct {
	hasher *table.RowHasher
	keep   []string // columns that are carried along, which nobody learns from
	store  *order.Store
	seen   *order.Column // hashes of the rows of train; nil: not compared
	now    *order.Column // of the table at hand
	held   []uint64
	sorter order.Sorter
	near   *nearWatch // nil until train is looked at
	allow  []string   // what is meant
}

func newRowWatch(env pipeline.Env, keep, allow []string) *rowWatch {
	return &rowWatch{hasher: table.NewRowHasher(), keep: keep, allow: allow, store: order.NewStore(maxHeld, env.Scratch)}
}

func (w *rowWatch) close() error { return w.store.Close() }

// begin starts a table of so many rows. The first one is train.
func (w *rowWatch) begin(rows int64) {
	if w == nil {
		return
	}
	w.now, w.held = w.store.NewColumn(), w.held[:0]
	if w.near == nil {
		w.near = newNearWatch(rows)
	} else {
		w.near.begin()
	}
}

// add takes rows of the table at hand.
func (w *rowWatch) add(rec arrow.RecordBatch) error {
	if w == nil {
		return nil
	}
	w.near.add(rec)
	if w.now == nil {
		return nil
	}
	hashes, ok := w.hasher.Hashes(rec, func(name string) bool { return slices.Contains(w.keep, name) })
	if !ok {
		w.now = nil
		return nil
	}
	// Sorted in runs that are worth it.
	if w.held = append(w.held, hashes...); len(w.held) < 1<<16 {
		return nil
	}
	return w.flush()
}

func (w *rowWatch) flush() error {
	if len(w.held) == 0 || w.now == nil {
		return nil
	}
	run := w.sorter.SortKeys(w.held)
	w.held = run[:0]
	return w.now.Add(run)
}

// end says how many rows of the table are in train. Values that come again by
// themselves, as those of a few categories do, are nothing to speak of.
func (w *rowWatch) end(ctx context.Context, env pipeline.Env, port string) error {
	if w == nil {
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	now := w.now
	w.now = nil
	if told := w.near.told(port); told != "" && !slices.Contains(w.allow, string(leak.SimilarRows)) {
		env.Log().Warn(told, "hint", "leave them out before `split`, or `group` what belongs to one thing there; `allow: [similar_rows]` says that it is meant")
	}
	if port == trainPort {
		w.seen = now
		return nil
	}
	if w.seen == nil || now == nil {
		return nil
	}
	found := leak.Repeats{Rows: now.Len(), Train: w.seen.Len()}
	err := order.Both(now, w.seen, func(_ uint64, here, there int64) {
		if there > 0 {
			found.Again += here
			found.Different++
		}
	})
	if err != nil {
		return err
	}
	if !found.Tell() {
		w.seen = nil
		return nil
	}
	env.Metric(port+".rows_in_train", float64(found.Again), metric.Meaning{Goal: metric.Down})
	level := slog.LevelInfo
	if found.Many() && !slices.Contains(w.allow, string(leak.RepeatedRows)) {
		level = slog.LevelWarn
	}
	if found.Again > 0 {
		env.Log().Log(ctx, level, fmt.Sprintf("%d of %d rows of %s are rows of train again, with the same features and target: what is measured on them says little", found.Again, found.Rows, port),
			"hint", "put `dedupe` before `split`, or `group` into it where they belong to one thing; `allow: [repeated_rows]` says that it is meant")
	}
	return nil
}
