package preprocess

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/order"
	"pipe/data/table"
)

// noPart is the part of a row that is dropped.
const noPart = -1

// An assigner says which part each row goes to. It is asked for the batches of
// the table in order, once.
type assigner interface {
	assign(rec arrow.RecordBatch, parts []int8) error
}

// A quotaAssigner draws parts at random so that every stratum fills its quotas
// exactly and every way to do so is equally likely. It needs memory for the
// strata only: what a row gets depends on what is left when its turn comes.
type quotaAssigner struct {
	stream random.Stream
	row    uint64
	left   [][]int64 // by stratum and part
	total  []int64   // by stratum
	column int       // of the strata, -1: all rows are one stratum
	index  map[string]int
	absent int // stratum of missing values
}

func newQuotaAssigner(seed uint64, quotas [][]int64) *quotaAssigner {
	a := &quotaAssigner{stream: random.New(seed, "split", 0), left: quotas, column: -1}
	for _, parts := range quotas {
		var n int64
		for _, q := range parts {
			n += q
		}
		a.total = append(a.total, n)
	}
	return a
}

func (a *quotaAssigner) assign(rec arrow.RecordBatch, parts []int8) error {
	var keys []string
	var valid []bool
	if a.column >= 0 {
		var err error
		if keys, valid, err = table.Texts(rec.Column(a.column)); err != nil {
			return err
		}
	}
	for i := range parts {
		stratum := 0
		switch {
		case valid != nil && !valid[i]:
			stratum = a.absent
		case keys != nil:
			stratum = a.index[keys[i]]
		}
		parts[i] = int8(a.draw(stratum))
		a.row++
	}
	return nil
}

// draw takes one of the places that are left in a stratum.
func (a *quotaAssigner) draw(stratum int) int {
	place := int64(a.stream.IntN(a.row, int(a.total[stratum])))
	a.total[stratum]--
	left := a.left[stratum]
	for p := range left {
		if place < left[p] {
			left[p]--
			return p
		}
		place -= left[p]
	}
	panic("preprocess: quotas do not add up to the rows of a stratum")
}

// maxStrata bounds the strata: with more of them the column is no property
// that parts could have alike.
const maxStrata = 10_000

// newStratified makes an assigner that gives each part its share of every
// value of a column. Rows without a value are a stratum of their own.
func newStratified(seed uint64, keys *keyCounts, weights []uint64) (*quotaAssigner, error) {
	names := slices.Sorted(maps.Keys(keys.counts))
	counts := make([]int64, len(names), len(names)+1)
	index := make(map[string]int, len(names))
	for i, name := range names {
		counts[i], index[name] = *keys.counts[name], i
	}
	if keys.missing > 0 {
		counts = append(counts, keys.missing)
	}
	if len(counts) > maxStrata {
		return nil, tooManyStrata(keys.name)
	}
	a := newQuotaAssigner(seed, apportionStrata(counts, weights))
	a.column, a.index, a.absent = keys.column, index, len(names)
	return a, nil
}

func tooManyStrata(column string) error {
	return diag.WithHint(fmt.Errorf("stratify: column %q has more than %d different values", column, maxStrata),
		"stratify by a column with few values, such as the class to predict")
}

// keyCounts are the values of a column and how often they occur.
type keyCounts struct {
	name    string
	column  int
	counts  map[string]*int64
	missing int64
}

func (k *keyCounts) add(arr arrow.Array) error {
	keys, valid, err := table.Texts(arr)
	if err != nil {
		return fmt.Errorf("column %q: %w", k.name, err)
	}
	for i, key := range keys {
		if valid != nil && !valid[i] {
			k.missing++
			continue
		}
		n, ok := k.counts[key]
		if !ok {
			// A key in memory of its own: this one dies with the record. A map that is
			// assigned a key that it has would take over the memory of that.
			n = new(int64)
			k.counts[strings.Clone(key)] = n
		}
		*n++
	}
	return nil
}

// A keyAssigner sends rows with equal values to one part.
type keyAssigner struct {
	method string // for messages
	name   string // of the column
	column int
	parts  map[string]int
	base   int64
}

func (a *keyAssigner) assign(rec arrow.RecordBatch, parts []int8) error {
	keys, valid, err := table.Texts(rec.Column(a.column))
	if err != nil {
		return fmt.Errorf("%s: column %q: %w", a.method, a.name, err)
	}
	for i, key := range keys {
		if valid != nil && !valid[i] {
			return missingKey(a.method, a.name, a.base+int64(i))
		}
		part, ok := a.parts[key]
		if !ok {
			return diag.WithHint(fmt.Errorf("%s: column %q, row %d: the value %q belongs to no part", a.method, a.name, a.base+int64(i)+1, key),
				"name it under `values`, or under `drop` to leave such rows out")
		}
		parts[i] = int8(part)
	}
	a.base += rec.NumRows()
	return nil
}

func missingKey(method, name string, row int64) error {
	return diag.WithHint(fmt.Errorf("%s: column %q, row %d: the value is missing, so the row belongs to no part", method, name, row+1),
		"fill it in where the table is made, or leave the row out")
}

// A timeAssigner cuts the rows at points in time, the earliest to the first part.
type timeAssigner struct {
	name   string
	column int
	cuts   []float64 // the first time of each part but the first
}

// newTimed makes an assigner from the times of all rows. A cut lies between two
// times, never among rows of one: that which is nearest to the sizes, the earlier one
// of two, if it leaves a time for each part.
func newTimed(name string, column int, times *order.Column, sizes []int64) (*timeAssigner, error) {
	different := 0
	if err := times.Each(func(uint64, int64) { different++ }); err != nil {
		return nil, err
	}
	if different < len(sizes) {
		return nil, diag.WithHint(fmt.Errorf("time: column %q has %d different times for %d parts, and rows of one time are never divided", name, different, len(sizes)),
			"make fewer parts, or cut by a column of finer times")
	}
	a := &timeAssigner{name: name, column: column}
	end, at := sizes[0], 0 // rows before the next cut, as they are wanted; the number of the time
	var before int64       // rows of earlier times
	err := times.Each(func(key uint64, n int64) {
		if next := len(a.cuts) + 1; next < len(sizes) && at >= next {
			last := different-at == len(sizes)-next // the rest needs all times that are left
			if last || distance(before, end) <= distance(before+n, end) {
				a.cuts = append(a.cuts, order.Number(key))
				end += sizes[next]
			}
		}
		before += n
		at++
	})
	return a, err
}

func distance(a, b int64) int64 { return max(a-b, b-a) }

func (a *timeAssigner) assign(rec arrow.RecordBatch, parts []int8) error {
	times, _, err := table.Floats(rec.Column(a.column))
	if err != nil {
		return err // the first pass has read the column alike
	}
	for i, t := range times[:len(parts)] {
		part := 0
		for part < len(a.cuts) && t >= a.cuts[part] {
			part++
		}
		parts[i] = int8(part)
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

// errNoRows is the error of a table that cannot be divided.
var errNoRows = errors.New("the table has no rows to divide")
