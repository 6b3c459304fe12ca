package preprocess

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/random"
	"pipe/data/order"
	"pipe/data/source/block"
	"pipe/data/table"
)

// A seriesCut has cuts for each series of a table. A series is known by a rank, as a
// group is (see groupAssigner).
type seriesCut struct {
	of    groupAssigner
	cuts  []float64 // of all series, one behind the other
	width int       // cuts of a series
}

// A moment is a time of a series.
type moment struct{ rank, time uint64 }

const momentBytes = 16

// drawers is how many files' worth of moments there are, which are sorted one after
// the other.
const drawers = 64

// Moments holds those of all rows by series: in memory up to a bound, what is beyond
// it in a file.
type moments struct {
	scratch func() (string, error)
	file    *os.File
	size    int64
	held    int64
	drawer  [drawers]struct {
		held []moment
		put  [][2]int64 // where the file has more: offset and number
	}
}

func (m *moments) add(list []moment) error {
	for _, at := range list {
		d := &m.drawer[at.rank>>58]
		d.held = append(d.held, at)
	}
	if m.held += momentBytes * int64(len(list)); m.held <= maxHeld {
		return nil
	}
	m.held = 0
	if m.file == nil {
		dir := ""
		var err error
		if m.scratch != nil {
			if dir, err = m.scratch(); err != nil {
				return err
			}
		}
		if m.file, err = os.CreateTemp(dir, "series"); err != nil {
			return fmt.Errorf("put times aside: %w", err)
		}
	}
	var buf []byte
	for i := range m.drawer {
		d := &m.drawer[i]
		buf = buf[:0]
		for _, at := range d.held {
			buf = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(buf, at.rank), at.time)
		}
		if _, err := m.file.WriteAt(buf, m.size); err != nil {
			return fmt.Errorf("put times aside: %w", err)
		}
		d.put = append(d.put, [2]int64{m.size, int64(len(d.held))})
		m.size += int64(len(buf))
		d.held = d.held[:0]
	}
	return nil
}

// take gives the moments of a drawer in order.
func (m *moments) take(i int) ([]moment, error) {
	d := &m.drawer[i]
	list := d.held
	d.held = nil
	for _, p := range d.put {
		buf := make([]byte, momentBytes*p[1])
		if _, err := m.file.ReadAt(buf, p[0]); err != nil {
			return nil, fmt.Errorf("read times that were put aside: %w", err)
		}
		for ; len(buf) > 0; buf = buf[momentBytes:] {
			list = append(list, moment{binary.LittleEndian.Uint64(buf), binary.LittleEndian.Uint64(buf[8:])})
		}
	}
	slices.SortFunc(list, func(a, b moment) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.time, b.time)) })
	return list, nil
}

func (m *moments) close() error {
	if m.file == nil {
		return nil
	}
	return errors.Join(m.file.Close(), os.Remove(m.file.Name()))
}

// cutSeries cuts the times of each series for itself.
func cutSeries(ctx context.Context, with means, r *table.Reader, name, time string, cut cutter) (*seriesCut, error) {
	column, err := table.Column(r.Schema(), name)
	if err != nil {
		return nil, fmt.Errorf("within: %w", err)
	}
	only, err := r.Select(name, time)
	if err != nil {
		return nil, fmt.Errorf("within: %w", err)
	}
	c := &seriesCut{of: groupAssigner{method: "within", name: name, column: column, stream: random.New(0, "split.series", 0)}}
	all := &moments{scratch: with.scratch}
	defer all.close()
	read := func(p table.Piece) ([]moment, error) {
		defer p.Rows.Release()
		ranks, valid, err := c.of.rank(p.Rows.Column(0))
		if err != nil {
			return nil, err
		}
		times, err := timesOf(time, p.Rows.Column(1), p.At)
		if err != nil {
			return nil, err
		}
		list := make([]moment, len(ranks))
		for i, rank := range ranks {
			if valid != nil && !valid[i] {
				return nil, missingKey("within", name, p.At+int64(i))
			}
			list[i] = moment{rank, order.Key(times[i])}
		}
		return list, nil
	}
	if err := block.Ordered(ctx, max(1, with.threads), only.Pieces(math.MaxInt64/2), read, all.add); err != nil {
		return nil, err
	}
	for i := range drawers {
		list, err := all.take(i)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		for len(list) > 0 {
			n := 1
			for n < len(list) && list[n].rank == list[0].rank {
				n++
			}
			one := list[:n]
			list = list[n:]
			cuts, err := cut(int64(n), func(visit func(uint64, int64)) error {
				for from := 0; from < n; {
					to := from + 1
					for to < n && one[to].time == one[from].time {
						to++
					}
					visit(one[from].time, int64(to-from))
					from = to
				}
				return nil
			})
			if err != nil {
				return nil, err
			}
			c.of.ranks, c.cuts, c.width = append(c.of.ranks, one[0].rank), append(c.cuts, cuts...), len(cuts)
		}
	}
	return c, nil
}

func (c *seriesCut) assign(rec arrow.RecordBatch, times []float64, parts []int8, part func(cuts []float64, t float64) int8) error {
	ranks, _, err := c.of.rank(rec.Column(c.of.column))
	if err != nil {
		return err
	}
	for i, rank := range ranks {
		at, _ := slices.BinarySearch(c.of.ranks, rank) // the first pass has seen all of them
		parts[i] = part(c.cuts[at*c.width:(at+1)*c.width], times[i])
	}
	return nil
}
