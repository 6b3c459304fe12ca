package trees

import (
	"cmp"
	"slices"
)

const (
	leastHessian    = 1e-3 // of a child
	categoryRows    = 10   // a category of fewer rows goes with the rest
	categorySmooth  = 10.  // added to the second derivative where categories are put in order
	nobody          = -1
	thresholdBeyond = 3.4028234663852886e38 // all numbers are at most this one
)

// A split is the best question that there is for the rows of a leaf.
type split struct {
	gain    float64
	column  int // nobody: there is none
	bin     int // of numbers: the last that goes left
	in      [4]uint64
	missing bool // goes left
	left    cell
}

// better says whether a split is taken in place of another one. Of equals the first is.
func (s *split) better(t *split) bool { return s.gain > t.gain }

// value is that of a leaf, before the learning rate.
func (g *grower) value(sumG, sumH, low, high float64) float64 {
	return min(max(-sumG/(sumH+g.cfg.L2), low), high)
}

// score is by how much a leaf lowers the loss, twice.
func (g *grower) score(sumG, sumH float64, l *leafRows) float64 {
	if !g.monotone {
		return float64(sumG*sumG) / (sumH + g.cfg.L2)
	}
	v := g.value(sumG, sumH, l.low, l.high)
	return -float64(2*sumG*v) - float64((sumH+g.cfg.L2)*float64(v*v))
}

// try looks at a split, and keeps it if it is the best so far.
func (g *grower) try(best *split, l *leafRows, column int, left cell, parent float64) bool {
	right := l.sum.less(left)
	if left.n() < g.cfg.MinRows || right.n() < g.cfg.MinRows {
		return false
	}
	lg, lh := g.units.sums(left)
	rg, rh := g.units.sums(right)
	if lh < leastHessian || rh < leastHessian {
		return false
	}
	if m := g.columns[column].Monotone; m != 0 {
		a, b := g.value(lg, lh, l.low, l.high), g.value(rg, rh, l.low, l.high)
		if m > 0 && a > b || m < 0 && a < b {
			return false
		}
	}
	gain := g.score(lg, lh, l) + g.score(rg, rh, l) - parent
	if !(gain > best.gain) {
		return false
	}
	best.gain, best.column, best.left = gain, column, left
	return true
}

// find is the best split of a leaf by one column.
func (g *grower) find(column int, l *leafRows) split {
	best := split{column: nobody, gain: g.cfg.MinGain}
	sumG, sumH := g.units.sums(l.sum)
	parent := g.score(sumG, sumH, l)
	cells := l.hist.column(column)
	if b := &g.t.bins[column]; b.category {
		g.findCategories(&best, column, l, cells, b.count(), parent)
	} else {
		g.findNumber(&best, column, l, cells, b.count(), parent)
	}
	return best
}

func (g *grower) findNumber(best *split, column int, l *leafRows, cells *[binStride]cell, n int, parent float64) {
	missing := cells[n]
	for _, side := range []bool{false, true} { // where missing values go
		last := n - 1
		var left cell
		if missing.hn == 0 && side {
			break
		} else if side {
			left = missing
		} else if missing.hn != 0 {
			last = n // all numbers against what is missing
		}
		for b := range last {
			c := &cells[b]
			if c.hn == 0 {
				continue // the same rows as before
			}
			left.add(c)
			if l.sum.n()-left.n() < g.cfg.MinRows {
				break
			}
			if g.try(best, l, column, left, parent) {
				best.bin, best.missing = b, side
			}
		}
	}
	if best.column == column && missing.hn == 0 {
		best.missing = 2*best.left.n() >= l.sum.n()
	}
}

// findCategories puts categories in the order of their mean gradient, in which the best division
// is one of a beginning from the rest (Fisher 1958). Missing values are a category.
func (g *grower) findCategories(best *split, column int, l *leafRows, cells *[binStride]cell, n int, parent float64) {
	type placed struct {
		bin int
		key float64
	}
	var list []placed
	for b := range n + 1 {
		if c := &cells[b]; c.n() >= categoryRows {
			sumG, sumH := g.units.sums(*c)
			list = append(list, placed{b, sumG / (sumH + categorySmooth)})
		}
	}
	slices.SortFunc(list, func(a, b placed) int { return cmp.Or(cmp.Compare(a.key, b.key), a.bin-b.bin) })
	for range 2 {
		var left cell
		var in [4]uint64
		missing := false
		for i := range max(0, len(list)-1) {
			b := list[i].bin
			left.add(&cells[b])
			if b < n {
				in[b>>6] |= 1 << (b & 63)
			} else {
				missing = true
			}
			if g.try(best, l, column, left, parent) {
				best.in, best.missing = in, missing
			}
		}
		slices.Reverse(list)
	}
	if best.column == column && cells[n].hn == 0 {
		best.missing = 2*best.left.n() >= l.sum.n()
	}
}

// sides says which bins of its column go left.
func (s *split) sides(b *bins) *[binStride]bool {
	left := new([binStride]bool)
	n := b.count()
	for i := range n {
		if b.category {
			left[i] = s.in[i>>6]>>(i&63)&1 == 1
		} else {
			left[i] = i <= s.bin
		}
	}
	left[n] = s.missing
	return left
}

// node is the question as the model has it.
func (s *split) node(b *bins) Node {
	n := Node{Column: s.column, Missing: s.missing, Gain: s.gain / 2}
	switch {
	case b.category:
		for i, v := range b.categories {
			if s.in[i>>6]>>(i&63)&1 == 1 {
				n.In = append(n.In, v)
			}
		}
	case s.bin < len(b.edges):
		n.At = b.edges[s.bin]
	default:
		n.At = thresholdBeyond
	}
	return n
}
