package relation

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/source/block"
	"pipe/data/table"
)

// Rows are some rows of a table, by their numbers: a bit for each row of the table.
type Rows struct {
	bits []uint64
	n    int64
}

func newRows(of int64) *Rows { return &Rows{bits: make([]uint64, (of+63)/64)} }

func (r *Rows) add(row int64) {
	r.bits[row/64] |= 1 << (row % 64)
	r.n++
}

// Has says whether a row is among them.
func (r *Rows) Has(row int64) bool { return r.bits[row/64]>>(row%64)&1 == 1 }

// Len is how many they are.
func (r *Rows) Len() int64 { return r.n }

// Divide emits the rows of a table that are among some, in their order, and all
// others as well unless others is nil.
func (r *Rows) Divide(ctx context.Context, with Means, t *table.Reader, emit, others func(arrow.RecordBatch) error) error {
	type divided struct {
		rows, others arrow.RecordBatch
		n            int64
	}
	work := func(p table.Piece) (divided, error) {
		var in, out []int
		for row := range int(p.Rows.NumRows()) {
			if r.Has(p.At + int64(row)) {
				in = append(in, row)
			} else if others != nil {
				out = append(out, row)
			}
		}
		d := divided{n: p.Rows.NumRows()}
		var err error
		switch {
		case len(in) == int(d.n):
			d.rows = p.Rows
			return d, nil
		case len(in) > 0:
			d.rows, err = table.Take(p.Rows, in)
		}
		if err == nil && len(out) > 0 {
			d.others, err = table.Take(p.Rows, out)
		}
		p.Rows.Release()
		return d, err
	}
	var done int64
	return block.Ordered(ctx, max(1, with.Threads), with.pieces(t), work, func(d divided) error {
		for _, part := range []struct {
			rec  arrow.RecordBatch
			emit func(arrow.RecordBatch) error
		}{{d.rows, emit}, {d.others, others}} {
			if part.rec == nil {
				continue
			}
			err := part.emit(part.rec)
			part.rec.Release()
			if err != nil {
				return err
			}
		}
		done += d.n
		with.progress(done, t.NumRows())
		return nil
	})
}

// Keep says which of rows with equal values is kept.
type Keep string

// What is kept.
const (
	KeepFirst Keep = "first"
	KeepLast  Keep = "last"
	KeepNone  Keep = "none" // only rows that are there once
)

// Distinct finds rows with different values in some columns, all if there are none
// named. Missing values are equal to each other.
func Distinct(ctx context.Context, with Means, r *table.Reader, columns []string, keep Keep) (*Rows, error) {
	if len(columns) == 0 {
		columns = table.Names(r.Schema())
	}
	need, err := r.Select(columns...)
	if err != nil {
		return nil, err
	}
	keys, err := NewKeys(need.Schema(), columns...)
	if err != nil {
		return nil, err
	}
	rows := newRows(r.NumRows())
	var mu sync.Mutex
	g := &grouping{with: with, keys: keys, begin: func() tallier { return &places{keep: keep} }}
	g.finish = func(_ int, _ *index, t tallier, _ bool) error {
		mu.Lock()
		defer mu.Unlock()
		for _, row := range t.(*places).rows {
			if row >= 0 {
				rows.add(row)
			}
		}
		return nil
	}
	_, err = g.run(ctx, need)
	return rows, err
}

// places are the rows that are kept of each group, -1 if none is.
type places struct {
	keep Keep
	rows []int64
}

func (p *places) add(b *prepared, rows []int, groups []int32, n int) error {
	for i, g := range groups {
		number := b.numbers[rows[i]]
		switch {
		case int(g) == len(p.rows): // groups are numbered as they come
			p.rows = append(p.rows, number)
		case p.keep == KeepLast:
			p.rows[g] = number
		case p.keep == KeepNone:
			p.rows[g] = -1
		}
	}
	return nil
}

func (p *places) size() int64 { return int64(8 * cap(p.rows)) }

// A Sample says how many rows are drawn: a number, or a fraction of them.
type Sample struct {
	Rows     int64    // 0: Fraction counts
	Fraction float64  // from 0 to 1
	By       []string // columns; with them so many are drawn of each group of equal values
}

// Draw draws rows at random, every choice of so many being as likely as any other. A
// number of rows is drawn of each group, or all that it has; a fraction is rounded
// so that no group is a whole row off, and the sum not either. It says how many
// groups have fewer rows than are asked for. There is memory for each group.
func (s *Sample) Draw(ctx context.Context, with Means, seed uint64, r *table.Reader) (rows *Rows, short int, err error) {
	rows = newRows(r.NumRows())
	groups := []int64{r.NumRows()}
	var group func(*Encoded, int) int // of a row
	var need *table.Reader
	var keys *Keys
	if len(s.By) > 0 {
		if need, err = r.Select(s.By...); err != nil {
			return nil, 0, fmt.Errorf("by: %w", err)
		}
		if keys, err = NewKeys(need.Schema(), s.By...); err != nil {
			return nil, 0, fmt.Errorf("by: %w", err)
		}
		var x index
		h := newHasher()
		groups = nil
		err := eachKey(ctx, with, need, keys, func(e *Encoded, row int) error {
			key := e.key(row)
			id, added := x.add(key, h.hash(key))
			if added {
				groups = append(groups, 0)
			}
			groups[id]++
			if x.n == mostKeys {
				return diag.WithHint(errTooMany("groups"), "sample by columns with fewer values")
			}
			return nil
		})
		if err != nil {
			return nil, 0, err
		}
		group = func(e *Encoded, row int) int { return int(x.find(e.key(row), h.hash(e.key(row)))) }
	}
	left := s.sizes(groups)
	for _, n := range left {
		if n < s.Rows {
			short++
		}
	}
	stream := random.New(seed, "sample", 0)
	row := int64(0)
	draw := func(of int) {
		// Of the rows of the group that are to come, so many are to be drawn.
		if int64(stream.IntN(uint64(row), int(groups[of]))) < left[of] {
			rows.add(row)
			left[of]--
		}
		groups[of]--
		row++
	}
	if group == nil {
		for range r.NumRows() {
			if draw(0); row%(1<<20) == 0 && ctx.Err() != nil {
				break
			}
		}
		return rows, short, ctx.Err()
	}
	err = eachKey(ctx, with, need, keys, func(e *Encoded, i int) error {
		draw(group(e, i))
		return nil
	})
	return rows, short, err
}

// sizes are how many rows of each group are drawn, in the order of the groups.
func (s *Sample) sizes(groups []int64) []int64 {
	sizes := make([]int64, len(groups))
	var seen, drawn int64
	for i, n := range groups {
		if s.Rows > 0 {
			sizes[i] = min(n, s.Rows)
			continue
		}
		seen += n
		sizes[i] = min(n, max(0, int64(math.Round(s.Fraction*float64(seen)))-drawn))
		drawn += sizes[i]
	}
	return sizes
}

// eachKey gives the keys of all rows, in their order.
func eachKey(ctx context.Context, with Means, r *table.Reader, keys *Keys, row func(e *Encoded, row int) error) error {
	work := func(p table.Piece) (*Encoded, error) {
		defer p.Rows.Release()
		return keys.Encode(p.Rows), nil
	}
	return block.Ordered(ctx, max(1, with.Threads), with.pieces(r), work, func(e *Encoded) error {
		for i := range e.ends {
			if err := row(e, i); err != nil {
				return err
			}
		}
		return nil
	})
}
