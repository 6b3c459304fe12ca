package nn

import (
	"fmt"

	"pipe/data/tensor"
	"pipe/nn/backend"
)

// A resident is a set in the memory of a device, in the types that its rows are
// stored in.
type resident struct {
	x       []backend.Rows // by input
	lengths []backend.Rows // of ragged ones
	targets backend.Rows
	weights backend.Rows
	order   backend.Order // nil: rows are taken as they are
	y, w    []float32     // targets and weights of the network, row by row
	listed  []int32
}

// bytes is what a set takes on a device.
func (s *set) bytes() int64 {
	width := 4*len(s.heads) + 4 // targets and weight
	for i := range s.inputs {
		in := &s.inputs[i]
		width += in.Type.Size() * in.Shape.Size()
		if in.Ragged {
			width += 4
		}
	}
	return int64(width) * int64(s.rows)
}

// resident brings a set to a device. Those who train take its rows in an order.
func (s *set) resident(d backend.Device, ordered bool) (r *resident, err error) {
	r = &resident{x: make([]backend.Rows, len(s.inputs)), lengths: make([]backend.Rows, len(s.inputs)), y: make([]float32, s.rows*len(s.heads)), w: make([]float32, s.rows)}
	content := make([]backend.Content, len(s.inputs))
	lengths := make([][]float32, len(s.inputs))
	for i := range s.inputs {
		in := &s.inputs[i]
		all := tensor.Rows{}
		all.Grow(in.Type, s.rows*in.Shape.Size())
		content[i] = backend.Content{Rows: s.rows, F32: all.F32, I32: all.I32, U8: all.U8}
		if in.Ragged {
			lengths[i] = make([]float32, s.rows)
		}
	}
	err = s.each(true, func(from int, b *Batch) error {
		rows := len(b.Weights)
		for i := range s.inputs {
			s.inputs[i].store(&content[i], lengths[i], &b.Inputs[i], from, rows)
		}
		s.scaled(b, r.y[from*len(s.heads):(from+rows)*len(s.heads)], r.w[from:from+rows])
		return nil
	})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	table := func(c backend.Content) (rows backend.Rows) {
		if err == nil {
			rows.Table, err = d.Table(c)
		}
		return rows
	}
	for i := range s.inputs {
		r.x[i] = table(content[i])
		r.x[i].Scale = s.inputs[i].Scale
		r.x[i].Center, r.x[i].Deviation = s.inputs[i].Center, s.inputs[i].Deviation
		content[i] = backend.Content{}
		if lengths[i] != nil {
			r.lengths[i] = table(backend.Content{Rows: s.rows, F32: lengths[i]})
		}
	}
	r.targets = table(backend.Content{Rows: s.rows, F32: r.y})
	r.weights = table(backend.Content{Rows: s.rows, F32: r.w})
	if err == nil && ordered {
		r.order, err = d.Order(s.rows)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.name, err)
	}
	return r, nil
}

// store puts the rows of a batch to their places in a table: what a ragged row
// lacks stays 0.
func (in *Input) store(c *backend.Content, lengths []float32, rows *tensor.Rows, first, n int) {
	size := in.Shape.Size()
	for i := range n {
		from, to := rows.Row(i, size)
		to = min(to, from+size)
		at := (first + i) * size
		switch in.Type {
		case tensor.U8:
			copy(c.U8[at:], rows.U8[from:to])
		case tensor.I32:
			copy(c.I32[at:], rows.I32[from:to])
		default:
			copy(c.F32[at:], rows.F32[from:to])
		}
		if lengths != nil {
			lengths[first+i] = float32((to - from) / in.step())
		}
	}
}

// take says in which order the rows are taken from now on.
func (r *resident) take(o *order) error {
	if r.order == nil {
		return nil
	}
	rows := make([]int, 1)
	r.listed = r.listed[:0]
	for from := range o.rows {
		o.take(rows, from)
		r.listed = append(r.listed, int32(rows[0]))
	}
	return r.order.Write(r.listed)
}

// plain is the same rows as they are.
func (r *resident) plain() *resident {
	if r == nil {
		return nil
	}
	p := *r
	p.order = nil
	return &p
}

// ordered is rows in the order of training.
func (r *resident) ordered(rows backend.Rows) backend.Rows {
	rows.Order = r.order
	return rows
}

func (r *resident) close() {
	for _, t := range append(append(r.x, r.lengths...), r.targets, r.weights) {
		if t.Table != nil {
			t.Table.Close()
		}
	}
	if r.order != nil {
		r.order.Close()
	}
}
