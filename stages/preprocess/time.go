package preprocess

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/data/order"
	"pipe/data/relation"
	"pipe/data/source/block"
	"pipe/data/table"
	"pipe/pipeline/settings"
)

// maxHeld bounds the bytes of times or groups of rows that are in memory. What is
// beyond it is in a file.
const maxHeld = 16 << 20

// A timeAssigner cuts the rows at points in time, the earliest to the first part.
type timeAssigner struct {
	column int
	cuts   []float64  // the first time of each part but the first; nil: each series has its own
	series *seriesCut // nil without series
	part   func(cuts []float64, t float64) int8
}

// timed is the first pass over a column of times.
func (s *Split) timed(ctx context.Context, with means, r *table.Reader) (assigner, error) {
	column, err := table.Column(r.Schema(), s.Time)
	if err != nil {
		return nil, fmt.Errorf("time: %w", err)
	}
	cutter, part, err := s.cutter(r.Schema().Field(column))
	if err != nil {
		return nil, err
	}
	a := &timeAssigner{column: column, part: part}
	if s.Within != "" {
		a.series, err = cutSeries(ctx, with, r, s.Within, s.Time, cutter)
		return a, err
	}
	only, err := r.Select(s.Time)
	if err != nil {
		return nil, fmt.Errorf("time: %w", err)
	}
	store := order.NewStore(maxHeld, with.scratch)
	defer store.Close()
	times := store.NewColumn()
	sorted := func(p table.Piece) (order.Run, error) {
		defer p.Rows.Release()
		values, err := timesOf(s.Time, p.Rows.Column(0), p.At)
		return order.Sort(values), err
	}
	if err := block.Ordered(ctx, max(1, with.threads), only.Pieces(math.MaxInt64/2), sorted, times.Add); err != nil {
		return nil, err
	}
	a.cuts, err = cutter(times.Len(), times.Each)
	if err == nil && slices.Contains(a.cuts, math.Inf(1)) {
		err = s.tooFewTimes(times)
	}
	return a, err
}

// tooFewTimes is the error of times of which there are fewer than parts.
func (s *Split) tooFewTimes(times *order.Column) error {
	different, parts := 0, len(s.Parts)
	if err := times.Each(func(uint64, int64) { different++ }); err != nil {
		return err
	}
	if f := s.Folds; f != nil {
		if f.Test != nil {
			return diag.WithHint(fmt.Errorf("folds: nothing is earlier than %d parts of %s", f.Of, f.Test.Text), "make fewer folds, or shorter ones")
		}
		parts = f.Of + 1
	}
	return diag.WithHint(fmt.Errorf("time: column %q has %d different times for %d parts, and rows of one time are never divided", s.Time, different, parts),
		"make fewer parts, or cut by a column of finer times")
}

// A cutter cuts times that visits come in order of. A part that gets none has the
// cut +Inf.
type cutter func(rows int64, times func(visit func(key uint64, n int64)) error) ([]float64, error)

// cutter says where times are cut, and to which part a time belongs.
func (s *Split) cutter(f arrow.Field) (cutter, func(cuts []float64, t float64) int8, error) {
	spans := make(map[string]float64)
	for _, l := range s.lengths() {
		length, err := lengthOf(l.text, f)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", l.setting, err)
		}
		spans[l.setting] = length
	}
	gap := spans["gap"]
	if s.Folds == nil {
		weights := weightsOf(s.shares())
		byShare := func(n int64, times func(func(uint64, int64)) error) ([]float64, error) {
			return cutsOf(times, apportion(n, weights))
		}
		return byShare, func(cuts []float64, t float64) int8 { return between(cuts, t, gap) }, nil
	}
	folds, test := s.Folds, spans["folds.test"]
	rolling := func(n int64, times func(func(uint64, int64)) error) ([]float64, error) {
		if test > 0 {
			return cutsBack(times, folds.Of, test)
		}
		sizes := make([]int64, folds.Of+1) // TimeSeriesSplit of scikit-learn
		for i := range sizes {
			sizes[i] = n / int64(len(sizes))
		}
		sizes[0] += n % int64(len(sizes))
		return cutsOf(times, sizes)
	}
	train, hasTrain := spans["folds.train"]
	return rolling, func(cuts []float64, t float64) int8 {
		cut, after := cuts[folds.Fold-1], math.Inf(1)
		if folds.Fold < len(cuts) {
			after = cuts[folds.Fold]
		}
		switch {
		case t >= after:
			return noPart
		case t >= cut:
			return 1
		case t >= cut-gap, hasTrain && !math.IsInf(cut, 1) && t < cut-gap-train:
			return noPart
		}
		return 0
	}, nil
}

// A length is how long something is, in time or in the numbers of the column that the
// rows are cut by.
type length struct{ setting, text string }

// lengths are those that are set.
func (s *Split) lengths() (list []length) {
	add := func(setting string, text *settings.Scalar) {
		if text != nil {
			list = append(list, length{setting, text.Text})
		}
	}
	add("gap", s.Gap)
	if s.Folds != nil {
		add("folds.test", s.Folds.Test)
		add("folds.train", s.Folds.Train)
	}
	return list
}

// between is the part of a time, of which those at a gap or less before a cut are
// in none.
func between(cuts []float64, t, gap float64) int8 {
	part := 0
	for part < len(cuts) && t >= cuts[part] {
		part++
	}
	if part < len(cuts) && t >= cuts[part]-gap {
		return noPart
	}
	return int8(part)
}

// lengthOf is a length of time in the unit of a column.
func lengthOf(text string, f arrow.Field) (float64, error) {
	unit := time.Duration(0)
	switch typ := f.Type.(type) {
	case *arrow.Date32Type:
		unit = 24 * time.Hour
	case *arrow.TimestampType:
		unit = typ.Unit.Multiplier()
	case *arrow.Time64Type:
		unit = typ.Unit.Multiplier()
	default:
		n, ok := distanceOf(text)
		if !ok {
			return 0, diag.WithHint(fmt.Errorf("%q is no distance of numbers, which column %q holds", diag.Shorten(text), f.Name), "write a number above 0")
		}
		return n, nil
	}
	nanos, err := nanosOf(text)
	return float64(nanos) / float64(unit), err
}

// distanceOf reads a distance of numbers.
func distanceOf(text string) (n float64, ok bool) {
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil && n > 0 && !math.IsInf(n, 0)
}

// nanosOf reads a length of time, which months are not.
func nanosOf(text string) (int64, error) {
	span, err := relation.ParseSpan(text)
	if err == nil && span.Months > 0 {
		err = diag.WithHint(fmt.Errorf("%s is not of one length", span), "write days: 30d")
	}
	return span.Nanos, err
}

// cutsOf makes the cuts for parts of some sizes. A cut lies between two times, never
// among rows of one: that which is nearest to the sizes, the earlier one of two, if
// it leaves a time for each part. With fewer times than parts the last parts get none.
func cutsOf(times func(visit func(key uint64, n int64)) error, sizes []int64) ([]float64, error) {
	different := 0
	if err := times(func(uint64, int64) { different++ }); err != nil {
		return nil, err
	}
	parts := min(different, len(sizes))
	cuts := make([]float64, 0, len(sizes)-1)
	end, at := sizes[0], 0 // rows before the next cut, as they are wanted; the number of the time
	var before int64       // rows of earlier times
	err := times(func(key uint64, n int64) {
		if next := len(cuts) + 1; next < parts && at >= next {
			last := different-at == parts-next // the rest needs all times that are left
			if last || distance(before, end) <= distance(before+n, end) {
				cuts = append(cuts, order.Number(key))
				end += sizes[next]
			}
		}
		before += n
		at++
	})
	for len(cuts) < len(sizes)-1 {
		cuts = append(cuts, math.Inf(1))
	}
	return cuts, err
}

// cutsBack cuts lengths of time from the end, the last one with the last time in it.
// If nothing is earlier than they are, all cuts are +Inf.
func cutsBack(times func(visit func(key uint64, n int64)) error, n int, length float64) ([]float64, error) {
	first, last := math.NaN(), math.NaN()
	err := times(func(key uint64, _ int64) {
		if last = order.Number(key); first != first {
			first = last
		}
	})
	cuts := make([]float64, n)
	for i := range cuts {
		cuts[i] = math.Nextafter(last-float64(float64(n-i)*length), math.Inf(1))
	}
	if !(first < cuts[0]) {
		for i := range cuts {
			cuts[i] = math.Inf(1)
		}
	}
	return cuts, err
}

func distance(a, b int64) int64 { return max(a-b, b-a) }

func (a *timeAssigner) assign(rec arrow.RecordBatch, parts []int8) error {
	times, _, err := table.Floats(rec.Column(a.column))
	if err != nil {
		return err // the first pass has read the column alike
	}
	if a.series != nil {
		return a.series.assign(rec, times, parts, a.part)
	}
	for i, t := range times[:len(parts)] {
		parts[i] = a.part(a.cuts, t)
	}
	return nil
}

// timesOf gives the times of some rows, the first of which has the number base.
func timesOf(name string, arr arrow.Array, base int64) ([]float64, error) {
	values, valid, err := table.Floats(arr)
	if err != nil || table.ClassOf(arr.DataType()) == table.ClassBool {
		return nil, diag.WithHint(fmt.Errorf("time: column %q is %s, which has no order in time", name, table.TypeName(arr.DataType())),
			fmt.Sprintf("read it as a date: `columns: {%s: date}` of the ingest stage", name))
	}
	for i, t := range values {
		if valid != nil && !valid[i] || math.IsNaN(t) {
			return nil, missingKey("time", name, base+int64(i))
		}
	}
	return values, nil
}
