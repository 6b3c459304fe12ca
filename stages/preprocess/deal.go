package preprocess

import (
	"context"
	"iter"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/data/source/block"
	"pipe/data/table"
	"pipe/pipeline"
)

// dealBytes is about what is gathered for the parts at a time.
const dealBytes = 1 << 20

// A hand is some rows of the table and the part of each.
type hand struct {
	rec   arrow.RecordBatch
	parts []int8
}

// A dealer gathers the rows of a hand by part, in the same memory hand after hand.
type dealer struct {
	rows  [][]int // of the hand, by part
	takes []table.Taker

	dealt []arrow.RecordBatch // by part; it may have no rows
	count int64
}

func newDealer(parts int) *dealer {
	return &dealer{rows: make([][]int, parts), takes: make([]table.Taker, parts), dealt: make([]arrow.RecordBatch, parts)}
}

func (d *dealer) deal(h hand) (err error) {
	d.count = h.rec.NumRows()
	for p := range d.rows {
		d.rows[p] = d.rows[p][:0]
	}
	for i, p := range h.parts {
		if p != noPart {
			d.rows[p] = append(d.rows[p], i)
		}
	}
	for p, rows := range d.rows {
		if d.dealt[p], err = d.takes[p].Take(h.rec, rows); err != nil {
			return err
		}
	}
	return nil
}

// deal hands every row to the writer of its part. Which part that is is found out
// in the order of the rows; they are gathered in a number of goroutines, and
// written in order again.
func deal(ctx context.Context, env pipeline.Env, r *table.Reader, assigner assigner, writers []*table.Writer) error {
	free := sync.Pool{New: func() any { return newDealer(len(writers)) }}
	gather := func(h hand) (*dealer, error) {
		defer h.rec.Release()
		d := free.Get().(*dealer)
		return d, d.deal(h)
	}
	var done int64
	return block.Ordered(ctx, max(1, env.Threads()), hands(r, assigner), gather, func(d *dealer) error {
		for p, rec := range d.dealt {
			err := writers[p].Write(rec)
			rec.Release()
			if err != nil {
				return err
			}
		}
		done += d.count
		free.Put(d)
		env.Progress(done, r.NumRows())
		return nil
	})
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
