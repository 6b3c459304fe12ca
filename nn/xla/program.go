package xla

import (
	"errors"
	"fmt"
	"math"

	"pipe/nn/backend"
	"pipe/nn/graph"
	"pipe/nn/xla/pjrt"
)

// A program is graphs as one compiled module.
//
// Runs are queued: of a program whose data is all on the device a few are only
// noted, until there are as many as their numbers are brought over at once, or
// somebody needs what comes out.
type program struct {
	*module
	d        *Device
	compiled *compilation
	exec     *pjrt.Executable
	given    []buffers // memory of a call
	outs     []buffers

	next    []uint32 // numbers of the run that comes next
	table   []uint32 // of those that wait
	waiting int
	turn    int     // of the next run on the device
	counter buffers // the number of the next run
	log     buffers
	flight  *flight   // of the runs that wait, or of the last ones
	index   int       // of the last run in it
	large   []buffers // results of the last run
}

// A flight is runs that are started together.
type flight struct {
	first int                  // turn of the first run
	fetch *pjrt.Fetch[float32] // of the log; nil: they were not started
	rows  []float32            // of the log, once they are there
	known bool                 // the fetch was waited for, or the start failed
	err   error
}

func (d *Device) program(parts []backend.Part, o backend.JoinOptions) (*program, error) {
	m, err := d.build(parts, o)
	if err != nil {
		return nil, err
	}
	p := &program{module: m, d: d, next: make([]uint32, m.lanes), table: make([]uint32, m.turns*m.lanes), large: make([]buffers, len(m.large))}
	p.compiled = d.begin(m.text)
	return p, nil
}

// prepare waits for the compiler before the first run.
func (p *program) prepare() (err error) {
	if p.exec != nil {
		return nil
	}
	x, err := p.compiled.wait(p.d.ctx)
	if err != nil {
		return err
	}
	m := p.module
	results := len(m.changed) + len(m.large)
	arguments := 1 + len(m.args)
	if m.row > 0 {
		results++
	}
	if m.turns > 1 {
		arguments, results = arguments+1, results+1
		if m.row > 0 {
			arguments++
		}
	}
	if x.Outputs() != results {
		return fmt.Errorf("%s: the program has %d results, not %d", p.d.Name(), x.Outputs(), results)
	}
	p.given, p.outs = make([]buffers, arguments), make([]buffers, results)
	if m.turns > 1 {
		if p.counter, err = put(p.d, []uint32{0}, false); err != nil {
			return err
		}
		if m.row > 0 {
			if p.log, err = put(p.d, make([]float32, m.turns*m.row), false, m.turns, m.row); err != nil {
				return err
			}
		}
	}
	p.exec = x
	return nil
}

// Run asks for a run.
func (p *program) Run(step uint64) error {
	if p.d.pending != nil && p.d.pending != p {
		if err := p.d.flush(); err != nil {
			return err
		}
	}
	if p.waiting == 0 {
		p.flight = &flight{first: p.turn}
	}
	p.next[0], p.next[1] = uint32(step), uint32(step>>32)
	row := (p.turn + p.waiting) % p.turns
	copy(p.table[row*p.lanes:], p.next)
	p.index = p.waiting
	p.waiting++
	p.d.pending = p
	if p.waiting == p.turns {
		return p.d.flush()
	}
	return nil
}

// flush starts the runs that wait.
func (p *program) flush() error {
	n := p.waiting
	p.waiting = 0
	if err := p.prepare(); err != nil {
		return err
	}
	table, err := put(p.d, p.table, false, p.turns, p.lanes)
	if err != nil {
		return err
	}
	defer table.free()
	for range n {
		if err := p.launch(table); err != nil {
			return err
		}
	}
	if p.row == 0 {
		return nil
	}
	p.flight.fetch, err = pjrt.Begin[float32](p.log[0])
	return err
}

// launch starts a run.
func (p *program) launch(table buffers) error {
	args := append(p.given[:0], table)
	if p.turns > 1 {
		args = append(args, p.counter)
	}
	for _, a := range p.module.args {
		b, err := a.buffer()
		if err != nil {
			return err
		}
		args = append(args, b)
	}
	if p.turns > 1 && p.row > 0 {
		args = append(args, p.log)
	}
	if err := p.d.run(p.exec, args, p.outs); err != nil {
		return fmt.Errorf("%s: %w", p.d.Name(), err)
	}
	outs := p.outs
	for i, c := range p.changed {
		c.variable.become(c.part, outs[i])
	}
	outs = outs[len(p.changed):]
	if p.row > 0 {
		p.log.free()
		p.log, outs = outs[0], outs[1:]
	}
	if p.turns > 1 {
		p.counter.free()
		p.counter, outs = outs[0], outs[1:]
	}
	for i, b := range outs {
		p.large[i].free()
		p.large[i] = b
	}
	p.turn = (p.turn + 1) % p.turns
	return nil
}

// From says at which row of its tables the next run begins.
func (p *program) From(row int) { p.next[2] = uint32(row) }

// Write fills a leaf, for the runs that are asked for from now on.
func (p *program) Write(leaf *graph.Node, from []float32) {
	if v := p.own[leaf]; v != nil {
		p.d.failed = errors.Join(p.d.failed, v.Write(from))
		return
	}
	at := p.small[leaf]
	for i, x := range from[:min(len(from), leaf.Shape().Size())] {
		p.next[at+i] = math.Float32bits(x)
	}
}

// Read copies a node that was kept, or a leaf of the program's own.
func (p *program) Read(n *graph.Node, into []float32) error {
	if v := p.own[n]; v != nil {
		return v.Read(into)
	}
	return p.Later(n)(into)
}

// Later is Read of the last run, whenever it is called.
func (p *program) Later(n *graph.Node) func(into []float32) error {
	if at, ok := p.logged[n]; ok {
		b := p.flight
		row := (b.first+p.index)%p.turns*p.row + at
		return func(into []float32) error {
			if err := b.wait(p.d); err != nil {
				return err
			}
			copy(into, b.rows[row:row+n.Shape().Size()])
			return nil
		}
	}
	if err := p.d.flush(); err != nil {
		return func([]float32) error { return err }
	}
	for i, l := range p.module.large {
		if l != n {
			continue
		}
		fetch, err := pjrt.Begin[float32](p.large[i][0])
		return func(into []float32) error {
			if err != nil {
				return err
			}
			data, err := fetch.Wait()
			copy(into, data)
			return err
		}
	}
	return func([]float32) error { return fmt.Errorf("%v was not kept", n) }
}

// wait waits for the log of a flight, and starts it if it was not.
func (b *flight) wait(d *Device) error {
	if b.fetch == nil && !b.known {
		if err := d.flush(); err != nil {
			return err
		}
	}
	if !b.known {
		b.known = true
		b.rows, b.err = b.fetch.Wait()
	}
	return b.err
}

// Bytes is the memory that the device needs for a run, beside variables.
func (p *program) Bytes() int {
	x, err := p.compiled.wait(p.d.ctx)
	if err != nil {
		return 0
	}
	bytes, err := working(x)
	if err != nil {
		return 0
	}
	return int(bytes)
}

// Flops is the number of floating point operations of products in a run.
func (p *program) Flops() float64 { return p.products }

// Profile says nothing: the device has no pieces.
func (p *program) Profile(int) []backend.Timing { return nil }

// FirstNonFinite says nothing: the device cannot tell.
func (p *program) FirstNonFinite() (backend.Fault, bool) { return backend.Fault{}, false }

// Close frees what the program has on the device.
func (p *program) Close() error {
	if p.d.pending == p {
		p.d.pending = nil
	}
	if f := p.flight; f != nil && f.fetch != nil && !f.known {
		f.known = true
		_, f.err = f.fetch.Wait()
	}
	for _, b := range append([]buffers{p.counter, p.log}, p.large...) {
		b.free()
	}
	var errs []error
	for _, v := range p.own {
		errs = append(errs, v.Close())
	}
	return errors.Join(append(errs, p.d.abandon(p.compiled))...)
}
