package xla

import (
	"cmp"
	"fmt"
	"slices"

	"pipe/nn/backend"
	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

// A module is the text of a program, and what its arguments and results are.
//
// The arguments are the numbers that change with each run (lanes), for a few runs
// at once; the number of the run; the results of the last runs (log); and the parts
// of variables. The results are the next number, the log, the parts that change,
// and what is too large for the log.
type module struct {
	text     string
	turns    int                 // runs for which lanes are given at once
	lanes    int                 // numbers of a run
	small    map[*graph.Node]int // the lane at which a leaf begins
	own      map[*graph.Node]*variable
	logged   map[*graph.Node]int // where in a row of the log a node begins
	row      int                 // numbers of a row of the log
	large    []*graph.Node       // results of their own, in order
	args     []argument          // behind the lanes and the number of the run
	changed  []*cell             // those of them that are results, in order
	products float64             // floating point operations of the products
	ledger   *ledger             // of a draft
}

const (
	firstLane = 3    // lanes are the step, in two words, the row that a batch begins at, and small leaves
	laneLimit = 64   // numbers of a leaf that is written for each run
	logLimit  = 4096 // numbers of a result that is looked at in the log
)

// build puts graphs into one function.
func (d *Device) build(parts []backend.Part, o backend.JoinOptions) (*module, error) {
	f := &stablehlo.Func{Exact: d.o.Precision == Float32, Devices: d.o.Devices}
	m := &module{small: map[*graph.Node]int{}, own: map[*graph.Node]*variable{}, logged: map[*graph.Node]int{}, lanes: firstLane, turns: d.Ahead()}
	if d.draft {
		f.Common = stablehlo.NewCommon()
		m.ledger = &ledger{roots: map[*graph.Node]int{}, common: f.Common}
	}
	for _, p := range parts {
		if err := p.Graph.Err(); err != nil {
			return nil, err
		}
		updated := updatedLeaves(p.Graph)
		for _, n := range p.Graph.Leaves() {
			place, placed := p.Places[n]
			_, tabled := p.Rows[n]
			switch {
			case tabled:
			case placed && place.Batch:
				m.turns = 1 // a batch comes with each run
			case placed:
			case n.Shape().Size() <= laneLimit && !updated[n]:
				m.small[n] = m.lanes
				m.lanes += n.Shape().Size()
			default:
				m.own[n] = d.variable(make([]float32, n.Shape().Size()))
			}
		}
	}
	args := &arguments{}
	mem := &memory{f: f, scratch: map[*variable]bool{}, cells: map[cellAt]*cell{}, args: args}
	for _, v := range o.Scratch {
		mem.scratch[v.(*variable)] = true
	}

	table := f.Arg(stablehlo.U32, false, m.turns, m.lanes)
	lanes, turn, counter := table, stablehlo.Value{}, stablehlo.Value{}
	if m.turns > 1 {
		counter = f.Arg(stablehlo.U32, false)
		turn = f.Binary("and", counter, f.Uint(uint64(m.turns-1), stablehlo.U32))
		lanes = f.At(table, turn, 1)
	}
	lanes = f.Reshape(lanes, m.lanes)
	halted, err := m.halted(mem, o)
	if err != nil {
		return nil, err
	}

	feed := &feed{f: f, from: f.Convert(f.Reshape(f.Slice(lanes, 0, 2, 3)), stablehlo.I32), seen: map[any]stablehlo.Value{}, args: args}
	nodes := map[*graph.Node]stablehlo.Value{} // that are kept or guarded
	for _, p := range parts {
		l := newLowering(f, d.compute())
		l.cudnn, l.ordered, l.piece = d.cudnn(), d.o.Deterministic, cmp.Or(d.o.piece, pieceSteps)
		l.ledger = m.ledger
		l.step = m.step(f, lanes)
		if err := m.lower(l, mem, feed, p, lanes); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name(), err)
		}
		m.ledger.keep(slices.Concat(p.Keep, o.Guard)...)
		for _, n := range slices.Concat(p.Keep, o.Guard) {
			if _, ok := l.values[n]; ok {
				nodes[n] = l.Convert(l.of(n), stablehlo.F32)
			}
		}
	}
	results := m.results(f, mem, o, nodes, halted)
	m.keep(f, parts, nodes, turn, &results, counter)
	m.text = f.Module(results...)
	m.products = f.Products
	m.args = args.list
	return m, nil
}

// step is the number that random numbers are drawn for: the first two lanes.
func (m *module) step(f *stablehlo.Func, lanes stablehlo.Value) stablehlo.Value {
	word := func(i int) stablehlo.Value {
		return f.Convert(f.Reshape(f.Slice(lanes, 0, i, i+1)), stablehlo.U64)
	}
	return f.Binary("or", word(0), f.Binary("shift_left", word(1), f.Uint(32, stablehlo.U64)))
}

// lower adds a graph: its leaves, its operators, and what they leave in variables.
func (m *module) lower(l *lowering, mem *memory, feed *feed, p backend.Part, lanes stablehlo.Value) error {
	place := func(n *graph.Node) (v *variable, from int, ok bool, err error) {
		if v := m.own[n]; v != nil {
			return v, 0, true, nil
		}
		at, placed := p.Places[n]
		if !placed {
			return nil, 0, false, nil
		}
		v, ours := at.Variable.(*variable)
		if !ours {
			return nil, 0, false, fmt.Errorf("%v has no place in a variable of this backend", n)
		}
		if at.Batch {
			v.batch(n.Shape(), l.Devices)
		}
		return v, at.From, true, nil
	}
	for _, n := range p.Graph.Leaves() {
		if rows, ok := p.Rows[n]; ok {
			v, err := feed.leaf(n, rows)
			if err != nil {
				return err
			}
			l.leaf(n, value{whole: v})
			continue
		}
		v, from, placed, err := place(n)
		if err != nil {
			return err
		}
		if !placed {
			at := m.small[n]
			words := l.Slice(lanes, 0, at, at+n.Shape().Size())
			l.leaf(n, value{whole: l.Bits(words, stablehlo.F32)})
			continue
		}
		held, err := mem.read(v, from, n.Shape().Size())
		if err != nil {
			return fmt.Errorf("%v: %w", n, err)
		}
		l.leaf(n, held)
	}
	if err := l.graph(p.Graph); err != nil {
		return err
	}
	for _, n := range p.Graph.Leaves() {
		if _, changed := l.changed[n]; !changed {
			continue
		}
		v, from, _, err := place(n)
		if err != nil {
			return err
		}
		if err := mem.write(l, v, from, n); err != nil {
			return err
		}
	}
	return nil
}

// halted is the part of the variable that says that training has stopped; nil: there is none.
func (m *module) halted(mem *memory, o backend.JoinOptions) (*cell, error) {
	if o.Halt == nil {
		return nil, nil
	}
	v, ours := o.Halt.(*variable)
	if !ours || v.Size() != 1 {
		return nil, fmt.Errorf("the halt is no variable of one number of this backend")
	}
	return mem.cell(cellAt{v, 0}), nil
}

// results are what goes on in variables: what has changed, unless a guard says no.
func (m *module) results(f *stablehlo.Func, mem *memory, o backend.JoinOptions, nodes map[*graph.Node]stablehlo.Value, halted *cell) []stablehlo.Value {
	var good stablehlo.Value
	if halted != nil {
		good = f.Compare("EQ", f.Reshape(halted.now), f.Const(0, stablehlo.F32))
		for _, n := range o.Guard {
			good = f.Binary("and", good, f.All("and", f.Finite(nodes[n])))
		}
		if len(o.Guard) > 0 {
			one := f.Const(1, stablehlo.F32, 1)
			halted.now, halted.changed = f.Select(good, halted.now, one), true
		}
	}
	var results []stablehlo.Value
	for _, a := range mem.args.list {
		c := a.cell
		if c == nil || !c.changed {
			continue
		}
		now := c.now
		if halted != nil && c != halted {
			now = f.Select(good, now, f.Reshape(c.arg, now.Size()))
		}
		f.Donate(c.arg, len(results))
		results = append(results, f.Reshape(now, c.arg.Shape...))
		m.changed = append(m.changed, c)
	}
	return results
}

// keep adds the results that are looked at: small ones in a row of the log, which
// a few runs share.
func (m *module) keep(f *stablehlo.Func, parts []backend.Part, nodes map[*graph.Node]stablehlo.Value, turn stablehlo.Value, results *[]stablehlo.Value, counter stablehlo.Value) {
	var row []stablehlo.Value
	var large []stablehlo.Value
	for _, p := range parts {
		for _, n := range p.Keep {
			v, size := nodes[n], n.Shape().Size()
			if size > logLimit {
				m.large, large = append(m.large, n), append(large, v)
				continue
			}
			m.logged[n] = m.row
			m.row += size
			row = append(row, f.Reshape(v, size))
		}
	}
	if m.row > 0 {
		now := f.Reshape(f.Concat(0, row...), 1, m.row)
		if m.turns > 1 {
			log := f.Arg(stablehlo.F32, false, m.turns, m.row)
			f.Donate(log, len(*results))
			now = f.Put(log, now, turn)
		}
		*results = append(*results, now)
	}
	if m.turns > 1 {
		f.Donate(counter, len(*results))
		*results = append(*results, f.Add(counter, f.Uint(1, stablehlo.U32)))
	}
	*results = append(*results, large...)
}

// updatedLeaves are those that operators change.
func updatedLeaves(g *graph.Graph) map[*graph.Node]bool {
	set := map[*graph.Node]bool{}
	for _, c := range g.Calls() {
		u, ok := c.Op.(graph.Updater)
		if !ok {
			continue
		}
		for _, i := range u.Updates() {
			if i < len(c.In) && c.In[i] != nil {
				set[c.In[i]] = true
			}
		}
	}
	return set
}
