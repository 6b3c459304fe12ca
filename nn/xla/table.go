package xla

import (
	"fmt"

	"pipe/nn/backend"
	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

// A table is rows of a data set on the device.
type table struct {
	rows, width int
	t           stablehlo.Type
	on          buffers
}

// Table brings rows to the device.
func (d *Device) Table(c backend.Content) (backend.Table, error) {
	t := &table{rows: c.Rows}
	var err error
	switch {
	case c.U8 != nil:
		t.t, t.width = stablehlo.U8, len(c.U8)/c.Rows
		t.on, err = put(d, c.U8, false, t.rows, t.width)
	case c.I32 != nil:
		t.t, t.width = stablehlo.I32, len(c.I32)/c.Rows
		t.on, err = put(d, c.I32, false, t.rows, t.width)
	default:
		t.t, t.width = stablehlo.F32, len(c.F32)/c.Rows
		t.on, err = put(d, c.F32, false, t.rows, t.width)
	}
	if err != nil {
		return nil, fmt.Errorf("bring %d rows to %s: %w", c.Rows, d.Name(), err)
	}
	return t, nil
}

// Close frees the memory.
func (t *table) Close() { t.on.free() }

// An order is in which order the rows of tables are taken.
type order struct {
	d    *Device
	rows int
	on   *buffers // the same for all programs, whatever is written
}

// Order makes an order of rows, at first as they are.
func (d *Device) Order(rows int) (backend.Order, error) {
	o := &order{d: d, rows: rows, on: new(buffers)}
	list := make([]int32, rows)
	for i := range list {
		list[i] = int32(i)
	}
	return o, o.Write(list)
}

// Write changes the order for all runs that are asked for from now on.
func (o *order) Write(rows []int32) error {
	if len(rows) != o.rows {
		return fmt.Errorf("an order of %d rows is written with %d", o.rows, len(rows))
	}
	if err := o.d.flush(); err != nil {
		return err
	}
	b, err := put(o.d, rows, false, o.rows)
	if err != nil {
		return err
	}
	o.on.free()
	*o.on = b
	return nil
}

// Close frees the memory.
func (o *order) Close() { o.on.free() }

// A feed makes leaves of rows of tables.
type feed struct {
	f    *stablehlo.Func
	from stablehlo.Value // the first row of the batch, a scalar of I32
	seen map[any]stablehlo.Value
	args *arguments
}

// arg is a table or an order as an argument.
func (f *feed) arg(what any, on *buffers, t stablehlo.Type, shape ...int) stablehlo.Value {
	v, ok := f.seen[what]
	if !ok {
		v = f.f.Arg(t, false, shape...)
		f.seen[what] = v
		f.args.list = append(f.args.list, argument{fixed: on})
	}
	return v
}

// leaf is the rows of a batch.
func (f *feed) leaf(n *graph.Node, r backend.Rows) (stablehlo.Value, error) {
	t, ours := r.Table.(*table)
	rows := n.Shape()[0]
	if !ours || rows > t.rows || t.width*rows != n.Shape().Size() {
		return stablehlo.Value{}, fmt.Errorf("%v does not fit the rows of its table", n)
	}
	all := f.arg(t, &t.on, t.t, t.rows, t.width)
	var v stablehlo.Value
	if r.Order == nil {
		v = f.f.At(all, f.from, rows)
	} else {
		o, ours := r.Order.(*order)
		if !ours || o.rows != t.rows {
			return stablehlo.Value{}, fmt.Errorf("%v has a table of %d rows and an order of others", n, t.rows)
		}
		v = f.f.Rows(all, f.f.At(f.arg(o, o.on, stablehlo.I32, o.rows), f.from, rows))
	}
	if f.f.Devices > 1 && rows%f.f.Devices == 0 {
		v = f.f.Divide(v)
	}
	v = f.f.Convert(v, stablehlo.F32)
	if r.Scale != 0 && r.Scale != 1 {
		v = f.f.Times(v, r.Scale)
	}
	if r.Center != nil {
		channels := n.Shape()[1]
		v = f.f.Reshape(v, v.Shape[0], channels, v.Size()/v.Shape[0]/channels)
		v = f.f.Div(f.f.Sub(v, f.channels(r.Center, v.Shape)), f.channels(r.Deviation, v.Shape))
	}
	return f.f.Reshape(v, n.Shape()...), nil
}

// channels is a number for each channel, in a shape of rows, channels and what they have.
func (f *feed) channels(list []float64, shape []int) stablehlo.Value {
	parts := make([]stablehlo.Value, len(list))
	for c, v := range list {
		parts[c] = f.f.Const(v, stablehlo.F32, 1)
	}
	return f.f.Broadcast(f.f.Concat(0, parts...), []int{1}, shape...)
}
