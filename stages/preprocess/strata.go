package preprocess

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"pipe/base/random"
	"pipe/data/order"
	"pipe/data/source/block"
	"pipe/data/table"
)

// Of a key of a group and a stratum the last bits are those of the stratum, of which
// there are maxStrata and the missing one; what is left of the rank of the group is
// enough that two of a million groups are taken for one once in 500 times, and then
// stay together.
const stratumBits = 14

// A strataGroup is a group with the rows that it has of each stratum.
type strataGroup struct {
	rank   uint64
	strata []stratumCount
	spread float64 // the sum of squared shares of strata
}

type stratumCount struct {
	stratum int
	n       int64
}

// newStratifiedGroups makes an assigner that keeps groups together, so that each part
// has about its share of every value of another column. Groups that are large for
// their strata come first, equal ones in random order. Each goes to the part where it
// does the least harm: the sum over strata and parts of the squared distance to the
// share, each in proportion to what it should be, as Sechidis, Tsoumakas and Vlahavas
// (2011) and scikit-learn's StratifiedGroupKFold do it, here for parts of any size.
func newStratifiedGroups(ctx context.Context, with means, r *table.Reader, name string, keys *keyCounts, weights []uint64) (*groupAssigner, error) {
	index, totals, err := keys.strata()
	if err != nil {
		return nil, err
	}
	column, err := table.Column(r.Schema(), name)
	if err != nil {
		return nil, fmt.Errorf("group: %w", err)
	}
	a := &groupAssigner{method: "group", name: name, column: column, shift: stratumBits, stream: random.New(with.seed, "split.group", 0)}
	groups, err := a.count(ctx, with, r, keys.name, index)
	if err != nil {
		return nil, err
	}
	if len(groups) < len(weights) {
		return nil, tooFewGroups(name, len(groups), len(weights))
	}
	for i := range groups {
		g := &groups[i]
		for _, c := range g.strata {
			share := float64(c.n) / float64(totals[c.stratum])
			g.spread += float64(share * share)
		}
	}
	slices.SortFunc(groups, func(a, b strataGroup) int {
		return cmp.Or(cmp.Compare(b.spread, a.spread), cmp.Compare(a.rank, b.rank))
	})
	parts := fill(groups, totals, weights)
	at := make([]int, len(groups))
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(i, j int) int { return cmp.Compare(groups[i].rank, groups[j].rank) })
	for _, i := range at {
		a.ranks, a.parts = append(a.ranks, groups[i].rank), append(a.parts, parts[i])
	}
	return a, nil
}

// fill gives each group, in turn, the part where it does the least harm. The last
// groups go to parts that have none, if there are no more of them than such parts.
func fill(groups []strataGroup, totals []int64, weights []uint64) []int8 {
	all := float64(total(weights))
	share := make([]float64, len(weights))
	over := make([][]float64, len(weights)) // by part and stratum: rows beyond the share
	for p, w := range weights {
		share[p] = float64(w) / all
		over[p] = make([]float64, len(totals))
		for s, n := range totals {
			over[p][s] = -float64(share[p] * float64(n))
		}
	}
	parts := make([]int8, len(groups))
	empty, used := len(weights), make([]bool, len(weights))
	for i, g := range groups {
		best, least := -1, 0.0
		for p := range weights {
			if len(groups)-i <= empty && used[p] {
				continue
			}
			harm := 0.0
			for _, c := range g.strata {
				n, of := float64(c.n), float64(totals[c.stratum])
				harm += float64(n*(2*over[p][c.stratum]+n)) / float64(of*of)
			}
			if harm /= share[p]; best < 0 || harm < least {
				best, least = p, harm
			}
		}
		if !used[best] {
			used[best] = true
			empty--
		}
		for _, c := range g.strata {
			over[best][c.stratum] += float64(c.n)
		}
		parts[i] = int8(best)
	}
	return parts
}

// count counts the rows of each group by stratum. Rows are sorted beyond a bound in a
// file; the groups are in memory.
func (a *groupAssigner) count(ctx context.Context, with means, r *table.Reader, strata string, index map[string]int) ([]strataGroup, error) {
	only, err := r.Select(a.name, strata)
	if err != nil {
		return nil, fmt.Errorf("stratify: %w", err)
	}
	store := order.NewStore(maxHeld, with.scratch)
	defer store.Close()
	rows := store.NewColumn()
	sorted := func(p table.Piece) (order.Run, error) {
		defer p.Rows.Release()
		ranks, valid, err := a.rank(p.Rows.Column(0))
		if err != nil {
			return nil, err
		}
		values, known, err := table.Texts(p.Rows.Column(1))
		if err != nil {
			return nil, err // the first pass has read the column alike
		}
		for i, rank := range ranks {
			if valid != nil && !valid[i] {
				return nil, missingKey("group", a.name, p.At+int64(i))
			}
			stratum := len(index)
			if known == nil || known[i] {
				stratum = index[values[i]]
			}
			ranks[i] = rank<<stratumBits | uint64(stratum)
		}
		return order.SortKeys(ranks), nil
	}
	if err := block.Ordered(ctx, max(1, with.threads), only.Pieces(math.MaxInt64/2), sorted, rows.Add); err != nil {
		return nil, err
	}
	var groups []strataGroup
	err = rows.Each(func(key uint64, n int64) {
		if rank := key >> stratumBits; len(groups) == 0 || groups[len(groups)-1].rank != rank {
			groups = append(groups, strataGroup{rank: rank})
		}
		g := &groups[len(groups)-1]
		g.strata = append(g.strata, stratumCount{int(key & (1<<stratumBits - 1)), n})
	})
	return groups, err
}
