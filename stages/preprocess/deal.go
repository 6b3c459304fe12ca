package preprocess

import (
	"context"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/table"
	"pipe/pipeline"
)

// dealBytes is about what is dealt at a time, so that it stays in the cache of a core
// from one part to the next.
const dealBytes = 1 << 20

// A hand is some rows of the table and the part of each.
type hand struct {
	rec   arrow.RecordBatch
	parts []int8
}

// deal hands every row to the writer of its part.
func deal(ctx context.Context, env pipeline.Env, r *table.Reader, assigner assigner, writers []*table.Writer) error {
	rows := make([][]int, len(writers)) // of a hand, by part
	var done int64
	for h, err := range hands(r, assigner) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for p := range rows {
			rows[p] = rows[p][:0]
		}
		for i, p := range h.parts {
			if p != noPart {
				rows[p] = append(rows[p], i)
			}
		}
		for p, w := range writers {
			if err := w.WriteRows(h.rec, rows[p]); err != nil {
				return err
			}
		}
		done += h.rec.NumRows()
		h.rec.Release()
		env.Progress(done, r.NumRows())
	}
	return nil
}

// hands reads the table and assigns its rows to parts.
func hands(r *table.Reader, assigner assigner) iter.Seq2[hand, error] {
	return func(yield func(hand, error) bool) {
		for rec, err := range r.Batches() {
			if err != nil {
				yield(hand{}, err)
				return
			}
			parts := make([]int8, rec.NumRows())
			if err := assigner.assign(rec, parts); err != nil {
				yield(hand{}, err)
				return
			}
			n := rec.NumRows()
			step := max(1, n*dealBytes/max(1, table.Bytes(rec)))
			for from := int64(0); from < n; from += step {
				to := min(n, from+step)
				if !yield(hand{rec.NewSlice(from, to), parts[from:to]}, nil) {
					return
				}
			}
		}
	}
}
