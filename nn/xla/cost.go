package xla

import (
	"cmp"
	"slices"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

// An Operation is an operator of a program, with what it takes of a processor if
// it is computed by itself. XLA fuses some with others, which then move less.
type Operation struct {
	Layer    string  // that it belongs to
	Name     string  // of the operator
	Products float64 // floating point operations of products
	Pieces   int     // that are computed one after the other
	Windows  int     // those of them that are convolutions
	Moved    int64   // bytes that are read and written
}

// A Share is memory that a layer takes.
type Share struct {
	Layer string `json:"layer"`
	Bytes int64  `json:"bytes"`
}

// A ledger keeps what operators take, in the order in which they are computed.
type ledger struct {
	entries []entry
	results []result // of operators, in the order in which they are made
	roots   map[*graph.Node]int
	common  *stablehlo.Common // products that several operators make
}

// An entry is an operator.
type entry struct {
	Operation
	of, makes []int // results that it reads, and its own
	lasts     bool  // it changes a variable
	needed    bool
	until     int // the last of its operations
}

// A result is a value in memory from when it is made to when it is last used, both
// counted in operators.
type result struct {
	layer       string
	bytes       int64
	kept        bool // it is looked at after a run
	gradient    bool // of a parameter, for the optimizer behind all of it
	light       bool // made element by element: who reads it can make it
	multiplied  bool // it is an operand of a product, and has to be there
	first, last int
}

// forever is later than any operator: what is left when a program ends.
const forever = 1 << 30

// entry begins an entry for an operator that is about to be lowered, and gives what
// ends it.
func (g *ledger) entry(l *lowering, c *graph.Call) func() {
	if g == nil {
		return func() {}
	}
	products, dots, windows, operands := l.Products, l.Dots, l.Convolutions, l.Operands
	return func() {
		// Between one product and the next there is something to do.
		g.add(l, c, Operation{Layer: c.Scope, Name: c.Op.Name(), Products: l.Products - products,
			Pieces: max(1, 2*(l.Dots-dots)-1), Windows: l.Convolutions - windows}, l.Operands-operands)
	}
}

// add makes an entry of an operator, whose products have so many bytes of operands
// and results.
func (g *ledger) add(l *lowering, c *graph.Call, o Operation, operands int64) {
	e := entry{Operation: o, until: l.Position()}
	for _, n := range c.In {
		if r, ok := g.roots[n]; ok {
			e.of = append(e.of, r)
		}
	}
	switch c.Op.(type) {
	case graph.Reshape: // another name for the same memory
		if len(e.of) > 0 {
			g.roots[c.Out[0]] = e.of[0]
		}
		return
	case graph.Assign: // the gradient of a parameter stays where it is
		if r, ok := g.roots[c.In[1]]; ok {
			g.results[r].gradient = true
		}
		return
	case graph.Constant:
		return
	case graph.SquareSums: // each sum is made when there is what is summed
		e.of, e.Pieces = nil, len(c.In)
	}
	u, updates := c.Op.(graph.Updater)
	if updates {
		e.lasts = true
		for _, i := range u.Updates() {
			if i < len(c.In) && c.In[i] != nil {
				e.Moved += 4 * int64(c.In[i].Shape().Size()) // written where it is
			}
		}
	}
	var seen []*graph.Node
	_, picks := c.Op.(graph.Embedding) // rows of its second input
	if _, bag := c.Op.(graph.Bag); bag {
		picks = true
	}
	for i, n := range c.In {
		if n != nil && !slices.Contains(seen, n) && !(picks && i == 1) {
			e.Moved += size(l.values[n])
			seen = append(seen, n)
		}
	}
	for i, n := range c.Out {
		v, made := l.values[n]
		if !made || updates {
			continue
		}
		r := result{layer: c.Scope, bytes: size(v)}
		if e.Moved += r.bytes; picks {
			e.Moved += r.bytes
		}
		r.light = i == 0 && o.Products == 0 && len(e.of) > 0 && g.results[e.of[0]].bytes == r.bytes
		g.roots[n] = len(g.results)
		e.makes = append(e.makes, len(g.results))
		g.results = append(g.results, r)
	}
	e.Moved = max(e.Moved, operands)
	g.entries = append(g.entries, e)
}

// keep says that nodes are looked at after a run.
func (g *ledger) keep(nodes ...*graph.Node) {
	if g == nil {
		return
	}
	for _, n := range nodes {
		if r, ok := g.roots[n]; ok {
			g.results[r].kept = true
		}
	}
}

// settle finds out which operators are needed at all, and how long results are. Then
// it takes away what XLA does not keep: results made element by element for others
// of that kind, of what is there anyway.
func (g *ledger) settle() {
	for i := len(g.entries) - 1; i >= 0; i-- {
		e := &g.entries[i]
		e.needed = e.lasts
		for _, k := range e.makes {
			r := &g.results[k]
			if r.kept || r.gradient {
				r.last = forever
			}
			r.first, r.last = i, max(r.last, i)
			e.needed = e.needed || r.last > i
		}
		if !e.needed {
			continue
		}
		for _, k := range e.of {
			g.results[k].last = max(g.results[k].last, i)
			g.results[k].multiplied = g.results[k].multiplied || e.Products > 0
		}
	}
	g.share()
	for i := range g.results {
		r := &g.results[i]
		if r.light && !r.multiplied && r.last != forever && g.remade(i, r.last) {
			g.entries[r.first].Moved -= r.bytes
			r.bytes = 0
		}
	}
}

// share adds what is kept since a later operator makes the same product.
func (g *ledger) share() {
	at := func(operation int) int {
		i, _ := slices.BinarySearchFunc(g.entries, operation, func(e entry, o int) int { return cmp.Compare(e.until, o) })
		return min(i, len(g.entries)-1)
	}
	for _, p := range g.common.Products {
		if first, last := at(p.First), at(p.Again); g.entries[first].needed && g.entries[last].needed {
			g.results = append(g.results, result{layer: g.entries[first].Layer, bytes: p.Bytes, first: first, last: last})
		}
	}
}

// remade says whether a result can be made again, up to an operator, of what is there
// then.
func (g *ledger) remade(i, at int) bool {
	r := &g.results[i]
	if !r.light {
		return false
	}
	for _, k := range g.entries[r.first].of {
		if g.results[k].last < at && !g.remade(k, at) {
			return false
		}
	}
	return true
}

// operations lists those that are needed.
func (g *ledger) operations() (list []Operation) {
	for _, e := range g.entries {
		if e.needed {
			list = append(list, e.Operation)
		}
	}
	return list
}

// most is the memory of results when there are most of them: all of it, and what of
// it is gradients of parameters; and the layers that the rest belongs to, the largest
// first.
func (g *ledger) most() (bytes, gradients int64, shares []Share) {
	change := make([]int64, len(g.entries)+1)
	for _, r := range g.results {
		if g.entries[r.first].needed {
			change[r.first] += r.bytes
			change[min(r.last+1, len(g.entries))] -= r.bytes
		}
	}
	var now int64
	when := 0
	for i, c := range change[:len(g.entries)] {
		if now += c; now > bytes {
			bytes, when = now, i
		}
	}
	layers := map[string]int64{}
	for _, r := range g.results {
		switch {
		case r.first > when || when > r.last || !g.entries[r.first].needed:
		case r.gradient:
			gradients += r.bytes
		default:
			layers[r.layer] += r.bytes
		}
	}
	for layer, n := range layers {
		if n > 0 {
			shares = append(shares, Share{layer, n})
		}
	}
	slices.SortFunc(shares, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Layer, b.Layer))
	})
	return bytes, gradients, shares
}

// size is the memory of a value in bytes.
func size(v value) int64 {
	if v.parts == nil {
		return bytesOf(v.whole)
	}
	var n int64
	for _, p := range v.parts {
		n += bytesOf(p)
	}
	return n
}

func bytesOf(v stablehlo.Value) int64 { return int64(v.Size()) * int64(v.Type.Bytes()) }
