package trees

import (
	"math"
	"slices"
)

// alone is how many rows times columns are not worth more than one thread.
const alone = 1 << 15

// divideRows are those of a leaf that one thread takes at a time.
const divideRows = 1 << 14

// A grower grows one tree after another on a table.
type grower struct {
	cfg      *Config
	t        *table
	columns  []Column
	monotone bool
	units    units
	drawn    []int   // columns of this tree
	all      []int32 // rows of the table
	rows     []int32 // of this round, those of a leaf side by side
	lefts    []int32 // while the rows of a leaf are divided
	spare    []int32 // likewise
	cells    []cell  // of each row of the table
	sum      cell    // of the rows of this round
	ordered  []cell  // of the rows of a leaf
	unused   []histogram
	found    []split
}

// leafRows is a leaf that may be divided.
type leafRows struct {
	node, depth int
	from, to    int // in rows
	sum         cell
	hist        histogram
	low, high   float64 // of its value
	best        split
}

// grown is a tree with what training needs of it.
type grown struct {
	Tree
	sides  []*[binStride]bool // of each question
	leaves []leafRows
}

func newGrower(cfg *Config, t *table, columns []Column) *grower {
	g := &grower{cfg: cfg, t: t, columns: columns, lefts: make([]int32, t.rows), spare: make([]int32, t.rows), cells: make([]cell, t.rows), ordered: make([]cell, t.rows)}
	g.monotone = slices.ContainsFunc(columns, func(c Column) bool { return c.Monotone != 0 })
	g.found = make([]split, len(columns))
	for r := range t.rows {
		g.all = append(g.all, int32(r))
	}
	return g
}

// quantise takes the derivatives of the j-th output for the rows of this round.
func (g *grower) quantise(o *objective, j int) {
	grad, hess := o.grad[j], o.hess[j]
	chunks := (len(g.rows) + chunkRows - 1) / chunkRows
	part := func(c int) []int32 { return g.rows[c*chunkRows : min((c+1)*chunkRows, len(g.rows))] }
	var most extent
	for _, e := range o.most[j] {
		most.add(e.g, e.h)
	}
	g.units = unitsFor(most.g, most.h, len(g.rows))
	sums := make([]cell, chunks)
	parallel(g.cfg.Threads, chunks, func(c int) {
		units := g.units
		var sum cell
		for _, r := range part(c) {
			d := units.cell(grad[r], hess[r])
			g.cells[r] = d
			sum.add(&d)
		}
		sums[c] = sum
	})
	g.sum = cell{}
	for i := range sums {
		g.sum.add(&sums[i])
	}
}

// grow grows a tree by always dividing the leaf from which the loss falls the most.
func (g *grower) grow() *grown {
	out := &grown{}
	root := leafRows{to: len(g.rows), sum: g.sum, low: math.Inf(-1), high: math.Inf(1)}
	add := func(l *leafRows) {
		l.node = len(out.Nodes)
		out.Nodes, out.sides = append(out.Nodes, Node{Rows: l.to - l.from}), append(out.sides, nil)
	}
	add(&root)
	root.hist = g.histogram(&root)
	root.best.column = nobody
	g.look(&root)
	leaves := []leafRows{root}
	for len(leaves) < g.cfg.MaxLeaves {
		at := nobody
		for i := range leaves {
			if b := &leaves[i].best; b.column != nobody && (at == nobody || b.better(&leaves[at].best)) {
				at = i
			}
		}
		if at == nobody {
			break
		}
		l := leaves[at]
		b := &g.t.bins[l.best.column]
		sides := l.best.sides(b)
		left, right := g.divide(&l, sides)
		add(&left)
		add(&right)
		n := l.best.node(b)
		n.Left, n.Right, n.Rows = left.node, right.node, l.to-l.from
		out.Nodes[l.node], out.sides[l.node] = n, sides
		leaves = append(leaves, right)
		leaves[at] = left
		if len(leaves) < g.cfg.MaxLeaves {
			g.children(&l, &leaves[at], &leaves[len(leaves)-1])
		} else {
			g.free(l.hist)
		}
	}
	for i := range leaves {
		g.free(leaves[i].hist)
		leaves[i].hist = nil
	}
	out.leaves = leaves
	return out
}

// divide sorts the rows of a leaf into those that go left and right, in their order.
func (g *grower) divide(l *leafRows, sides *[binStride]bool) (left, right leafRows) {
	n := g.part(g.rows[l.from:l.to], g.t.columns[l.best.column], sides)
	left = leafRows{depth: l.depth + 1, from: l.from, to: l.from + n, sum: l.best.left, low: l.low, high: l.high, best: split{column: nobody}}
	right = leafRows{depth: l.depth + 1, from: l.from + n, to: l.to, sum: l.sum.less(l.best.left), low: l.low, high: l.high, best: split{column: nobody}}
	if mono := g.columns[l.best.column].Monotone; mono != 0 {
		lg, lh := g.units.sums(left.sum)
		rg, rh := g.units.sums(right.sum)
		mid := (g.value(lg, lh, l.low, l.high) + g.value(rg, rh, l.low, l.high)) / 2
		if mono > 0 {
			left.high, right.low = mid, mid
		} else {
			left.low, right.high = mid, mid
		}
	}
	return left, right
}

// part puts the rows that go left before the others, and says how many they are.
func (g *grower) part(rows []int32, column []uint8, sides *[binStride]bool) int {
	if len(rows) < alone || g.cfg.Threads < 2 {
		n := separate(rows, rows, g.spare, column, sides)
		copy(rows[n:], g.spare)
		return n
	}
	// Each chunk is separated by itself, and then put behind those before it.
	chunks := (len(rows) + divideRows - 1) / divideRows
	lefts := make([]int, chunks+1)
	bounds := func(c int) (from, to int) { return c * divideRows, min((c+1)*divideRows, len(rows)) }
	parallel(g.cfg.Threads, chunks, func(c int) {
		from, to := bounds(c)
		lefts[c+1] = separate(rows[from:to], g.lefts[from:to], g.spare[from:to], column, sides)
	})
	for c := range chunks {
		lefts[c+1] += lefts[c]
	}
	n := lefts[chunks]
	parallel(g.cfg.Threads, chunks, func(c int) {
		from, to := bounds(c)
		k := lefts[c+1] - lefts[c]
		copy(rows[lefts[c]:], g.lefts[from:from+k])
		copy(rows[n+from-lefts[c]:], g.spare[from:to-k])
	})
	return n
}

// separate puts the rows that go left and those that go right one behind the other, and says
// how many go left. Left may be the rows themselves.
func separate(rows, left, right []int32, column []uint8, sides *[binStride]bool) (n int) {
	m := 0
	for _, r := range rows { // without a branch, which nothing could foretell
		goes := 0
		if sides[column[r]] {
			goes = 1
		}
		left[n], right[m] = r, r
		n, m = n+goes, m+1-goes
	}
	return n
}

// divisible says whether the rows of a leaf may make two.
func (g *grower) divisible(l *leafRows) bool {
	return l.to-l.from >= 2*g.cfg.MinRows && (g.cfg.MaxDepth == 0 || l.depth < g.cfg.MaxDepth)
}

// children finds the best splits of two new leaves. The histogram of the one with fewer rows is
// added up, that of the other one is what is left of their parent's.
func (g *grower) children(parent, left, right *leafRows) {
	small, large := left, right
	if small.to-small.from > large.to-large.from {
		small, large = large, small
	}
	if !g.divisible(left) && !g.divisible(right) {
		g.free(parent.hist)
		return
	}
	small.hist = g.histogram(small)
	large.hist = parent.hist
	for _, c := range g.drawn {
		large.hist.subtract(c, g.t.bins[c].count()+1, small.hist)
	}
	g.look(small)
	g.look(large)
}

// look finds the best split of a leaf.
func (g *grower) look(l *leafRows) {
	if !g.divisible(l) {
		return
	}
	found := g.found
	work := func(i int) { found[i] = g.find(g.drawn[i], l) }
	if len(g.drawn) < 8 {
		parallel(1, len(g.drawn), work)
	} else {
		parallel(g.cfg.Threads, len(g.drawn), work)
	}
	for i := range g.drawn {
		if f := &found[i]; f.column != nobody && (l.best.column == nobody || f.better(&l.best)) {
			l.best = *f
		}
	}
}

// threads are those that work on the histogram of a leaf.
func (g *grower) threads(l *leafRows) int {
	if (l.to-l.from)*len(g.drawn) < alone {
		return 1
	}
	return g.cfg.Threads
}

// histogram is that of the rows of a leaf.
func (g *grower) histogram(l *leafRows) histogram {
	h := g.fresh()
	rows, ordered := g.rows[l.from:l.to], g.cells
	if len(rows) < g.t.rows {
		ordered = g.ordered
		parallel(g.threads(l), (len(rows)+divideRows-1)/divideRows, func(c int) {
			from := c * divideRows
			for i, r := range rows[from:min(from+divideRows, len(rows))] {
				ordered[from+i] = g.cells[r]
			}
		})
	}
	threads := g.threads(l)
	size := together
	if len(g.drawn) < together*threads {
		size = (len(g.drawn) + threads - 1) / threads
	}
	parallel(threads, (len(g.drawn)+size-1)/size, func(i int) {
		h.fill(g.drawn[i*size:min((i+1)*size, len(g.drawn))], g.t, rows, ordered)
	})
	return h
}

func (g *grower) fresh() histogram {
	if n := len(g.unused); n > 0 {
		h := g.unused[n-1]
		g.unused = g.unused[:n-1]
		return h
	}
	return make(histogram, len(g.columns)*binStride)
}

func (g *grower) free(h histogram) {
	if h != nil {
		g.unused = append(g.unused, h)
	}
}

// leafOf is the node of the leaf that a row of a table comes to.
func (t *grown) leafOf(columns [][]uint8, row int) int {
	at := 0
	for {
		n := &t.Nodes[at]
		if n.Leaf() {
			return at
		}
		if t.sides[at][columns[n.Column][row]] {
			at = n.Left
		} else {
			at = n.Right
		}
	}
}
