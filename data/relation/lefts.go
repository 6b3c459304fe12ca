package relation

import (
	"context"

	"pipe/data/table"
)

// Lefts says of each row that Run makes which row of the left table it is. The join is
// not a full one, and what the right table decides by has to fit into memory.
func (j *Joiner) Lefts(ctx context.Context, with Means, left, right *table.Reader) ([]int64, error) {
	lookup, err := j.Lookup(ctx, with.Threads, right)
	if err != nil {
		return nil, err
	}
	rows := []int64{}
	for p, err := range with.pieces(left) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		m, err := lookup.matchTable(p.Rows, p.At)
		if err == nil {
			n := int(p.Rows.NumRows())
			err = m.each(j.join.How, func(lefts []int, _ []int32) error {
				if m.all == nil {
					lefts = m.lefts(n)
				}
				for _, row := range lefts {
					rows = append(rows, p.At+int64(row))
				}
				return nil
			})
		}
		p.Rows.Release()
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}
