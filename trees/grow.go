package trees

import (
	"math"
	"slices"
)

// alone is how many rows times columns are not worth more than one thread.
const alone = 1 << 15

// A grower grows one tree after another on a table.
type grower struct {
	cfg      *Config
	t        *table
	columns  []Column
	monotone bool
	units    units
	drawn    []int   // columns of this tree
	rows     []int32 // of this round, those of a leaf side by side
	spare    []int32
	cells    []cell // of each row of the table
	ordered  []cell // of the rows of a leaf
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
	g := &grower{cfg: cfg, t: t, columns: columns, spare: make([]int32, t.rows), cells: make([]cell, t.rows), ordered: make([]cell, t.rows)}
	g.monotone = slices.ContainsFunc(columns, func(c Column) bool { return c.Monotone != 0 })
	g.found = make([]split, len(columns))
	return g
}

// quantise takes the derivatives of the rows of this round.
func (g *grower) quantise(grad, hess []float64) {
	var mostG, mostH float64
	for _, r := range g.rows {
		mostG, mostH = max(mostG, math.Abs(grad[r])), max(mostH, hess[r])
	}
	g.units = unitsFor(mostG, mostH, len(g.rows))
	chunks := (len(g.rows) + chunkRows - 1) / chunkRows
	parallel(g.cfg.Threads, chunks, func(c int) {
		for _, r := range g.rows[c*chunkRows : min((c+1)*chunkRows, len(g.rows))] {
			g.cells[r] = g.units.cell(grad[r], hess[r])
		}
	})
}

// grow grows a tree by always dividing the leaf from which the loss falls the most.
func (g *grower) grow() *grown {
	out := &grown{}
	root := leafRows{to: len(g.rows), low: math.Inf(-1), high: math.Inf(1)}
	for _, r := range g.rows {
		root.sum.add(&g.cells[r])
	}
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
	column := g.t.columns[l.best.column]
	rows := g.rows[l.from:l.to]
	n, m := 0, 0
	for _, r := range rows {
		if sides[column[r]] {
			rows[n] = r
			n++
		} else {
			g.spare[m] = r
			m++
		}
	}
	copy(rows[n:], g.spare[:m])
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
	g.each(large, func(c int) { large.hist.subtract(c, g.t.bins[c].count()+1, small.hist) })
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

// each does something for each column of the tree.
func (g *grower) each(l *leafRows, do func(column int)) {
	threads := g.cfg.Threads
	if (l.to-l.from)*len(g.drawn) < alone {
		threads = 1
	}
	parallel(threads, len(g.drawn), func(i int) { do(g.drawn[i]) })
}

// histogram is that of the rows of a leaf.
func (g *grower) histogram(l *leafRows) histogram {
	h := g.fresh()
	rows := g.rows[l.from:l.to]
	for i, r := range rows {
		g.ordered[i] = g.cells[r]
	}
	g.each(l, func(c int) { h.fill(c, g.t.bins[c].count()+1, g.t.columns[c], rows, g.ordered) })
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
