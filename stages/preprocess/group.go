package preprocess

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/diag"
	"pipe/base/random"
	"pipe/data/order"
	"pipe/data/source/block"
	"pipe/data/table"
)

// A groupAssigner keeps rows with equal values together. It knows a group by its
// rank: 64 bits that are drawn for a hash of its name, so that the order of the
// groups depends on nothing but names and seed. In a million groups two have the
// same rank once in 30 million times, and then stay together.
type groupAssigner struct {
	method string // for messages
	name   string // of the column
	column int
	stream random.Stream
	shift  int      // the bits of a rank that are left out
	ranks  []uint64 // in order
	parts  []int8
	base   int64
}

// newGrouped makes an assigner that keeps groups together. They come in the order
// of their ranks, and each goes to the part that is furthest below its share. The
// last groups go to parts that have none yet, if there are no more of them than such
// parts.
//
// The ranks of all rows are sorted, beyond a bound in a file. In memory each group
// has 9 bytes.
func newGrouped(ctx context.Context, with means, r *table.Reader, name string, weights []uint64) (*groupAssigner, error) {
	column, err := table.Column(r.Schema(), name)
	if err != nil {
		return nil, fmt.Errorf("group: %w", err)
	}
	only, err := r.Select(name)
	if err != nil {
		return nil, fmt.Errorf("group: %w", err)
	}
	a := &groupAssigner{method: "group", name: name, column: column, stream: random.New(with.seed, "split.group", 0)}
	store := order.NewStore(maxHeld, with.scratch)
	defer store.Close()
	rows := store.NewColumn()
	sorted := func(p table.Piece) (order.Run, error) {
		defer p.Rows.Release()
		ranks, valid, err := a.rank(p.Rows.Column(0))
		if err != nil {
			return nil, err
		}
		there := ranks[:0]
		for i, rank := range ranks {
			if valid == nil || valid[i] { // it is an error of its row
				there = append(there, rank)
			}
		}
		return order.SortKeys(there), nil
	}
	if err := block.Ordered(ctx, max(1, with.threads), only.Pieces(math.MaxInt64/2), sorted, rows.Add); err != nil {
		return nil, err
	}
	n := 0
	if err := rows.Each(func(uint64, int64) { n++ }); err != nil {
		return nil, err
	}
	if table.ClassOf(r.Schema().Field(column).Type) == table.ClassReal && int64(n) > r.NumRows()/2 {
		return nil, tooManyDecimals("group", name, n, r.NumRows())
	}
	if n < len(weights) {
		return nil, tooFewGroups(name, n, len(weights))
	}
	a.ranks, a.parts = make([]uint64, 0, n), make([]int8, 0, n)
	below := apportion(rows.Len(), weights)
	empty, used := len(below), make([]bool, len(below))
	err = rows.Each(func(rank uint64, count int64) {
		best := -1
		for p := range below {
			if n-len(a.ranks) <= empty && used[p] {
				continue
			}
			if best < 0 || below[p] > below[best] {
				best = p
			}
		}
		if !used[best] {
			used[best] = true
			empty--
		}
		below[best] -= count
		a.ranks, a.parts = append(a.ranks, rank), append(a.parts, int8(best))
	})
	return a, err
}

func tooFewGroups(column string, groups, parts int) error {
	return diag.WithHint(fmt.Errorf("group: column %q has %d groups for %d parts", column, groups, parts),
		"make fewer parts, or group by a column with more values")
}

// rank gives the ranks of the groups of some rows, and which rows have one; nil if
// all have.
func (a *groupAssigner) rank(arr arrow.Array) (ranks []uint64, valid []bool, err error) {
	keys, valid, err := table.Texts(arr)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: column %q: %w", a.method, a.name, err)
	}
	ranks = make([]uint64, len(keys))
	for i, key := range keys {
		ranks[i] = a.stream.Uint64(fnv1a(key)) >> a.shift
	}
	return ranks, valid, nil
}

// fnv1a is the hash of that name, of 64 bits.
func fnv1a(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func (a *groupAssigner) assign(rec arrow.RecordBatch, parts []int8) error {
	ranks, valid, err := a.rank(rec.Column(a.column))
	if err != nil {
		return err
	}
	for i, rank := range ranks {
		if valid != nil && !valid[i] {
			return missingKey(a.method, a.name, a.base+int64(i))
		}
		at, _ := slices.BinarySearch(a.ranks, rank) // the first pass has seen all of them
		parts[i] = a.parts[at]
	}
	a.base += rec.NumRows()
	return nil
}
