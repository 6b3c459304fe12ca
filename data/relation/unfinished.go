package relation

import (
	"context"
	"maps"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/calendar"
	"pipe/data/table"
)

// An Unfinished window is the last one of a table, whose rows end before it does.
type Unfinished struct {
	Begin, Last string // when it begins, and the time of its last row
	begin       int64
}

const (
	lookedAt = 24 // windows, from the last one back
	usual    = 95 // of 100 gaps between times
)

// Unfinished says whether the rows of the last window end before it does. That is so if its end is further behind the
// last row than 95 of 100 gaps between times are long, or than the end of each of the 23 windows before is behind
// theirs. Gaps are of days, and of windows that are shorter than a week of 24ths of the window. It is nil if the window
// is whole, if too little is known, and if there are no windows.
func (a *Aggregator) Unfinished(ctx context.Context, r *table.Reader) (*Unfinished, error) {
	if a.window == nil {
		return nil, nil
	}
	w := a.window
	only, err := r.Select(w.Column)
	if err != nil {
		return nil, err
	}
	last, some := int64(math.MinInt64), false
	if err = eachTime(ctx, only, func(t int64) { last, some = max(last, t), true }); err != nil || !some {
		return nil, err
	}
	begin, grain := w.begin(last), w.grain()
	first := begin
	for range lookedAt - 1 {
		first = w.begin(first - 1)
	}
	lasts, grains := map[int64]int64{}, map[int64]bool{} // of each window, and those that have rows
	err = eachTime(ctx, only, func(t int64) {
		if t < first {
			return
		}
		b := w.begin(t)
		if before, ok := lasts[b]; !ok || t > before {
			lasts[b] = t
		}
		grains[floorDiv(t, grain)] = true
	})
	end := w.end(begin)
	if err != nil || len(grains) < 2 || end < begin {
		return nil, err
	}
	most := int64(math.MinInt64) // by which the rows of another window ended before it
	for b, t := range lasts {
		if b != begin {
			most = max(most, w.end(b)-t)
		}
	}
	if w.Every.Months > 0 {
		most += 3 * day / w.unit // months of one row each end by so much earlier or later
	}
	if near := (floorDiv(last, grain)+gap(grains))*grain >= end; near && (len(lasts) == 1 || end-last <= most) {
		return nil, nil
	}
	return &Unfinished{Begin: w.text(begin), Last: w.text(last), begin: begin}, nil
}

// gap is how far apart times are at most, but for the few that are further apart.
func gap(grains map[int64]bool) int64 {
	times := slices.Sorted(maps.Keys(grains))
	gaps := make([]int64, len(times)-1)
	for i := range gaps {
		gaps[i] = times[i+1] - times[i]
	}
	slices.Sort(gaps)
	return gaps[(len(gaps)*usual+99)/100-1]
}

// eachTime visits the times of the only column of a table.
func eachTime(ctx context.Context, r *table.Reader, visit func(t int64)) error {
	for rec, err := range r.Batches() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		col := rec.Column(0)
		value := countsOf(col)
		for row := range col.Len() {
			if col.IsValid(row) {
				visit(value(row))
			}
		}
	}
	return nil
}

// grain is how exactly times are looked at to know how far apart they are.
func (w *window) grain() int64 {
	if w.Every.Months > 0 || w.Every.Nanos >= 7*day {
		return day / w.unit
	}
	return max(1, w.Every.Nanos/w.unit/24)
}

// end is where a window ends that begins at a time.
func (w *window) end(begin int64) int64 {
	if w.Every.Months == 0 {
		return begin + w.Every.Nanos/w.unit
	}
	perDay := day / w.unit
	months := monthOf(begin, perDay) + w.Every.Months
	return calendar.Days(floorDiv(months, 12), floorMod(months, 12)+1, 1) * perDay
}

// text is a time as people read it.
func (w *window) text(t int64) string {
	var col arrow.Array
	if w.field.Type.ID() == arrow.DATE32 {
		col = table.NewArray([]arrow.Date32{arrow.Date32(t)}, nil)
	} else {
		col = timesOf(w.field.Type, []int64{t}, []bool{true})
	}
	defer col.Release()
	return table.Text(col, 0)
}

// Without gives to emit the rows of other windows than this one.
func (a *Aggregator) Without(u *Unfinished, emit func(arrow.RecordBatch) error) func(arrow.RecordBatch) error {
	at := len(a.spec.By) // the column of windows
	return func(rec arrow.RecordBatch) error {
		col := rec.Column(at)
		value := countsOf(col)
		var places []table.Place
		for row := range col.Len() {
			if col.IsNull(row) || value(row) != u.begin {
				places = append(places, table.Place{Row: int32(row)})
			}
		}
		if len(places) == 0 {
			return nil
		}
		left, err := table.Combine(rec.Schema(), []arrow.RecordBatch{rec}, places)
		if err != nil {
			return err
		}
		defer left.Release()
		return emit(left)
	}
}
