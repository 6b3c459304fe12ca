package preprocess

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// unit is the denominator that fractions are counted in: 0.15 is exactly
// 150,000,000,000 of them, which as a float64 it is not exactly.
const unit = 1e12

// weightsOf turns fractions into whole numbers in proportion to them.
func weightsOf(fractions []float64) []uint64 {
	weights := make([]uint64, len(fractions))
	for i, f := range fractions {
		weights[i] = uint64(math.Round(f * unit))
	}
	return weights
}

func total(weights []uint64) uint64 {
	var sum uint64
	for _, w := range weights {
		sum += w
	}
	return sum
}

// shares divides n by the weights: the whole numbers, and what is left of each
// share in units of 1/total(weights).
func shares(n int64, weights []uint64) (whole []int64, rest []uint64) {
	sum := total(weights)
	whole, rest = make([]int64, len(weights)), make([]uint64, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(n), w)
		q, r := bits.Div64(hi, lo, sum) // w <= sum, so that q <= n
		whole[i], rest[i] = int64(q), r
	}
	return whole, rest
}

// apportion divides n among parts by the method of the largest remainder: each
// part gets its share rounded up or down, and the sizes add up to n. Of equal
// remainders the first goes first.
func apportion(n int64, weights []uint64) []int64 {
	sizes, rest := shares(n, weights)
	left := n
	for _, s := range sizes {
		left -= s
	}
	for _, p := range largest(rest)[:left] {
		sizes[p]++
	}
	return sizes
}

// largest orders indices by falling value, equal ones by index.
func largest[T cmp.Ordered](values []T) []int {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	return order
}

// apportionStrata divides each of several strata among parts, so that
//
//   - the parts of a stratum add up to it,
//   - each cell is its exact share rounded up or down, so less than one row off,
//   - and each part in total is its exact share rounded up or down.
//
// Such a rounding always exists (Cox, 1987). Among these, part totals are those
// of apportion if possible, and a stratum of at least as many rows as there are
// parts is in every part if exchanging single rows with other strata can do it.
// A stratum of one row is in the part alone, whatever its share, unless that is -1.
// The result is indexed by stratum, then part.
func apportionStrata(counts []int64, weights []uint64, alone int) [][]int64 {
	r := newRounding(counts, weights, alone)
	var n int64
	for _, c := range counts {
		n += c
	}
	// Bring the totals to their targets, as far as rounding allows.
	want := apportion(n, weights)
	floor, rest := shares(n, weights)
	r.move(
		func(p int) bool { return r.totals[p] > want[p] },
		func(p int) bool { return r.totals[p] < want[p] })
	ceiling := func(p int) int64 {
		if rest[p] > 0 {
			return floor[p] + 1
		}
		return floor[p]
	}
	r.move(
		func(p int) bool { return r.totals[p] > ceiling(p) },
		func(p int) bool { return r.totals[p] < ceiling(p) })
	r.move(
		func(p int) bool { return r.totals[p] > floor[p] },
		func(p int) bool { return r.totals[p] < floor[p] })
	r.spread(counts)
	return r.quotas()
}

// A rounding is a table of strata by parts whose cells are being rounded.
type rounding struct {
	floor  [][]int64
	open   [][]bool // the exact share is no whole number
	up     [][]bool // the cell is rounded up
	totals []int64  // by part
}

// newRounding rounds stratum by stratum, and carries what each part got too
// little or too much on to the next.
func newRounding(counts []int64, weights []uint64, alone int) *rounding {
	parts, sum := len(weights), int64(total(weights))
	r := &rounding{totals: make([]int64, parts)}
	owed := make([]int64, parts) // in units of 1/sum
	for _, n := range counts {
		whole, rest := shares(n, weights)
		open, up := make([]bool, parts), make([]bool, parts)
		left := n
		if n == 1 && alone >= 0 {
			for p := range parts {
				owed[p] += whole[p]*sum + int64(rest[p])
				whole[p], rest[p] = 0, 0
			}
			whole[alone] = 1
			owed[alone] -= sum
		}
		for p := range parts {
			left -= whole[p]
			open[p] = rest[p] > 0
			owed[p] += int64(rest[p])
			r.totals[p] += whole[p]
		}
		for _, p := range largest(owed) {
			if left > 0 && open[p] {
				up[p] = true
				owed[p] -= sum
				r.totals[p]++
				left--
			}
		}
		r.floor, r.open, r.up = append(r.floor, whole), append(r.open, open), append(r.up, up)
	}
	return r
}

// movable says whether stratum c can be rounded up in part q in place of p.
func (r *rounding) movable(c, p, q int) bool {
	return r.up[c][p] && r.open[c][q] && !r.up[c][q]
}

// shift rounds stratum c up in part q in place of p.
func (r *rounding) shift(c, p, q int) {
	r.up[c][p], r.up[c][q] = false, true
	r.totals[p]--
	r.totals[q]++
}

// move takes rows, one by one, from parts that have too many to parts that have
// too few, along shortest chains of shifts through other parts, until there is
// no such chain left.
func (r *rounding) move(tooMany, tooFew func(part int) bool) {
	parts := len(r.totals)
	for {
		from, found := make([]int, parts), -1 // from[q]: the part before q in a chain
		var queue []int
		for p := range parts {
			from[p] = -1
			if tooMany(p) {
				from[p] = p
				queue = append(queue, p)
			}
		}
		for len(queue) > 0 && found < 0 {
			p := queue[0]
			queue = queue[1:]
			for q := range parts {
				if from[q] >= 0 || r.stratum(p, q) < 0 {
					continue
				}
				from[q] = p
				if tooFew(q) {
					found = q
					break
				}
				queue = append(queue, q)
			}
		}
		if found < 0 {
			return
		}
		// From the end to the start, so that no step uses what another made.
		for q := found; from[q] != q; q = from[q] {
			r.shift(r.stratum(from[q], q), from[q], q)
		}
	}
}

// stratum finds one that can be rounded up in q in place of p, or -1.
func (r *rounding) stratum(p, q int) int {
	for c := range r.up {
		if r.movable(c, p, q) {
			return c
		}
	}
	return -1
}

// spread brings strata into parts that they are missing from, in exchange for
// a row of another stratum that has one to spare there.
func (r *rounding) spread(counts []int64) {
	parts := len(r.totals)
	for c, n := range counts {
		if n < int64(parts) {
			continue
		}
		for q := range parts {
			if r.floor[c][q] > 0 || r.up[c][q] || !r.open[c][q] {
				continue
			}
			for p := range parts {
				if r.floor[c][p] == 0 || !r.movable(c, p, q) {
					continue
				}
				if d := r.donor(q, p); d >= 0 {
					r.shift(c, p, q)
					r.shift(d, q, p)
					break
				}
			}
		}
	}
}

// donor finds a stratum that stays in part p if a row of it goes to q, or -1.
func (r *rounding) donor(p, q int) int {
	for d := range r.up {
		if r.floor[d][p] > 0 && r.movable(d, p, q) {
			return d
		}
	}
	return -1
}

func (r *rounding) quotas() [][]int64 {
	for c, floor := range r.floor {
		for p, up := range r.up[c] {
			if up {
				floor[p]++
			}
		}
	}
	return r.floor
}
