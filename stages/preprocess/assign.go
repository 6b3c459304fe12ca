package preprocess

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/base/random"
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
// value of a column, and the one row of a value to the part alone.
func newStratified(seed uint64, keys *keyCounts, weights []uint64, alone int) (*quotaAssigner, error) {
	index, counts, err := keys.strata()
	if err != nil {
		return nil, err
	}
	a := newQuotaAssigner(seed, apportionStrata(counts, weights, alone))
	a.column, a.index, a.absent = keys.column, index, len(index)
	return a, nil
}

// strata numbers the values of a column. Rows without a value are a stratum of
// their own, the last.
func (k *keyCounts) strata() (index map[string]int, counts []int64, err error) {
	names := slices.Sorted(maps.Keys(k.counts))
	counts = make([]int64, len(names), len(names)+1)
	index = make(map[string]int, len(names))
	for i, name := range names {
		counts[i], index[name] = *k.counts[name], i
	}
	if k.missing > 0 {
		counts = append(counts, k.missing)
	}
	if len(counts) > maxStrata {
		return nil, nil, tooManyStrata(k.name)
	}
	return index, counts, nil
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

// errNoRows is the error of a table that cannot be divided.
var errNoRows = errors.New("the table has no rows to divide")
