package feature

import (
	"iter"
	"math"

	"pipe/data/order"
	"pipe/data/source/block"
	"pipe/data/table"
)

// A nearby is what the median of a column of numbers needs: those near it, in order,
// and how many are smaller. Which are near is a guess from a sample of the table. If
// it was wrong, the values are gone over once more for the order of all.
type nearby struct {
	low, high uint64 // keys of the first and the last number that is near
	below     int64  // how many numbers are smaller than these
	n         int64  // of all numbers
	near      *order.Column
}

// found says whether the median is among what is near.
func (m *nearby) found() bool {
	return (m.n-1)/2 >= m.below && m.n/2 < m.below+m.near.Len()
}

func (m *nearby) median() (float64, error) {
	a, err := m.near.At((m.n-1)/2 - m.below)
	if err != nil {
		return 0, err
	}
	b, err := m.near.At(m.n/2 - m.below)
	return median(a, b), err
}

const (
	worthSample   = 1 << 18 // rows of a table from which on a sample costs less than it saves
	sampleBatches = 16      // all over the table, whose values may rise or fall from row to row
	sampleRows    = 256     // of a batch
)

// guess says of the columns whose median is asked for, and no more, which numbers
// are near it, by a sample. Where it cannot, the order of all is gathered.
func (f *fitter) guess(columns []*columnFit) error {
	p := &passing{places: map[string]int{}}
	var names []string
	for _, c := range columns {
		if !c.due || c.passing || !c.stats.centered || c.stats.order != nil {
			continue
		}
		c.stats.order = f.numbers.NewColumn()
		if c.sources == nil { // nobody crosses columns in order to fill in what is missing
			p.columns, names = append(p.columns, c), p.reads(names, c)
		}
	}
	if len(names) == 0 || f.r.NumRows() < f.worthSample {
		return nil
	}
	names, p.targets = f.withTargets(names)
	r, err := f.r.Select(names...)
	if err != nil {
		return err
	}
	keys := make([][]uint64, len(p.columns))
	err = block.Ordered(f.ctx, f.threads, sampled(r), func(some table.Piece) (*sight, error) {
		s := &sight{Piece: some, columns: make([]seen, len(p.columns))}
		return s, p.look(s)
	}, func(s *sight) error {
		for i := range p.columns {
			keys[i] = append(keys[i], s.columns[i].sorted...)
		}
		s.Rows.Release()
		return nil
	})
	if err != nil { // which the pass meets as well, and tells where
		return f.ctx.Err()
	}
	for i, c := range p.columns {
		if n := len(keys[i]); n > 0 {
			// On either side of the median six times its standard error, and not less than
			// rows in order may be off that stand in few batches.
			margin := max(int(3*math.Sqrt(float64(n))), n/20)
			sample := order.SortKeys(keys[i])
			c.stats.order = nil
			c.stats.middle = &nearby{low: sample[max(0, n/2-margin)], high: sample[min(n-1, n/2+margin)], near: f.numbers.NewColumn()}
		}
	}
	return nil
}

// sampled reads some rows of some batches.
func sampled(r *table.Reader) iter.Seq2[table.Piece, error] {
	return func(yield func(table.Piece, error) bool) {
		all := r.NumBatches()
		n := min(all, sampleBatches)
		for i := range n {
			rec, err := r.Batch((2*i + 1) * all / (2 * n))
			if err != nil {
				yield(table.Piece{}, err)
				return
			}
			step := max(1, int(rec.NumRows())/sampleRows)
			var rows []int
			for row := step / 2; row < int(rec.NumRows()); row += step {
				rows = append(rows, row)
			}
			some, err := table.Take(rec, rows)
			rec.Release()
			if !yield(table.Piece{Rows: some}, err) || err != nil {
				return
			}
		}
	}
}

// Middle asks for the median of the numbers. Missing ones do not count.
func (in *Input) Middle() *Middle {
	in.stats.centered, in.ordered = true, true
	return &Middle{in}
}

// Middle is the median, which costs less than the order if nobody asks for that.
type Middle struct{ in *Input }

// Median is that of Order.
func (m *Middle) Median() float64 {
	s := m.in.stats
	if s.middle == nil {
		return (&Order{m.in}).Median()
	}
	x, err := s.middle.median()
	if err != nil {
		s.failed = err
	}
	return x
}

// settled says whether the statistics can be given after a pass. If a guess was wrong
// they need another one.
func (s *statistics) settled() bool {
	if s.middle == nil || s.middle.found() {
		return true
	}
	s.free()
	s.middle, s.order, s.again = nil, s.numbers.NewColumn(), true
	return false
}

// free forgets the numbers that were kept.
func (s *statistics) free() {
	if s.order != nil {
		s.order.Free()
	}
	if s.middle != nil {
		s.middle.near.Free()
	}
}

// gather sees what the numbers of a piece tell of their order.
func (s *statistics) gather(v *Values, seen *seen) {
	if m := s.middle; m != nil {
		seen.sorted, seen.below, seen.absent = seen.sorter.Within(v.Numbers, m.low, m.high)
		return
	}
	if s.order != nil {
		seen.sorted = seen.sorter.Sort(v.Numbers)
		seen.absent = int64(len(v.Numbers) - len(seen.sorted))
	}
}

// keep takes what was seen of the order.
func (s *statistics) keep(seen *seen) error {
	if m := s.middle; m != nil {
		m.below += seen.below
		m.n += int64(len(seen.values.Numbers)) - seen.absent
		return m.near.Add(seen.sorted)
	}
	if s.order != nil {
		s.absent += seen.absent
		return s.order.Add(seen.sorted)
	}
	return nil
}
