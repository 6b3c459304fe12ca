package table

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// A Beside reads a table in step with another one that has as many rows: some rows at a
// time, in their order.
type Beside struct {
	r     *Reader
	at    int64 // the next row
	batch int
	rec   arrow.RecordBatch // the batch; nil before the first
}

// Beside begins with the first row.
func (r *Reader) Beside() *Beside { return &Beside{r: r} }

// Next gives the next n rows, which the caller releases. It is an error if there are not so
// many.
func (b *Beside) Next(n int) (arrow.RecordBatch, error) {
	if b.at+int64(n) > b.r.NumRows() {
		return nil, fmt.Errorf("row %d is not there: the table has %d rows", b.at+int64(n), b.r.NumRows())
	}
	if n == 0 {
		return emptyRecord(b.r.Schema())
	}
	var parts []arrow.RecordBatch
	defer func() {
		for _, p := range parts {
			p.Release()
		}
	}()
	var rows []Place
	for n > 0 {
		i, from := b.r.BatchOf(b.at)
		if b.rec == nil || i != b.batch {
			b.Close()
			var err error
			if b.rec, err = b.r.Batch(i); err != nil {
				return nil, err
			}
			b.batch = i
		}
		take := min(n, int(b.rec.NumRows())-from)
		parts = append(parts, b.rec.NewSlice(int64(from), int64(from+take)))
		for row := range take {
			rows = append(rows, Place{Record: int32(len(parts) - 1), Row: int32(row)})
		}
		n, b.at = n-take, b.at+int64(take)
	}
	if len(parts) == 1 {
		parts[0].Retain()
		return parts[0], nil
	}
	return Combine(b.r.Schema(), parts, rows)
}

// Close lets go of the batch at hand.
func (b *Beside) Close() {
	if b.rec != nil {
		b.rec.Release()
		b.rec = nil
	}
}
