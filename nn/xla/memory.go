package xla

import (
	"fmt"

	"pipe/nn/graph"
	"pipe/nn/xla/stablehlo"
)

// A memory is what the variables of a device hold while a function is built: the
// arguments that they come in with, and what has become of them.
type memory struct {
	f       *stablehlo.Func
	scratch map[*variable]bool
	cells   map[cellAt]*cell
	args    *arguments
}

// arguments are those of a function behind the first few, in order.
type arguments struct{ list []argument }

// An argument is a part of a variable, or what no run changes.
type argument struct {
	cell  *cell
	fixed *buffers
}

// buffer is the argument on the device.
func (a argument) buffer() (buffers, error) {
	if a.cell != nil {
		return a.cell.variable.buffer(a.cell.part)
	}
	return *a.fixed, nil
}

// A cellAt is a part of a variable.
type cellAt struct {
	variable *variable
	part     int
}

type cell struct {
	cellAt
	arg     stablehlo.Value // none of scratch memory
	now     stablehlo.Value // flat
	changed bool
}

// cell is the part of a variable. The first who asks makes it an argument.
func (m *memory) cell(at cellAt) *cell {
	if c, ok := m.cells[at]; ok {
		return c
	}
	v := at.variable
	size := v.sizes[at.part]
	c := &cell{cellAt: at}
	if m.scratch[v] {
		c.now = m.f.Const(0, stablehlo.F32, size) // nobody is to read it before it was written
	} else {
		shape := []int{size}
		if v.shape != nil {
			shape = v.shape
		}
		c.arg = m.f.Arg(stablehlo.F32, v.divided, shape...)
		c.now = m.f.Reshape(c.arg, size)
		m.args.list = append(m.args.list, argument{cell: c})
	}
	m.cells[at] = c
	return c
}

// read is what a place holds.
func (m *memory) read(v *variable, from, size int) (value, error) {
	parts, err := v.within(from, size)
	if err != nil {
		return value{}, err
	}
	var list []stablehlo.Value
	for _, p := range parts {
		list = append(list, m.cell(cellAt{v, p}).now)
	}
	if len(list) == 1 {
		return value{whole: list[0]}, nil
	}
	return value{parts: list}, nil
}

// write changes what a place holds.
func (m *memory) write(l *lowering, v *variable, from int, leaf *graph.Node) error {
	size := leaf.Shape().Size()
	parts, err := v.within(from, size)
	if err != nil {
		return err
	}
	var sizes []int
	for _, p := range parts {
		sizes = append(sizes, v.sizes[p])
	}
	for i, now := range l.cut(l.changed[leaf], sizes) {
		c := m.cell(cellAt{v, parts[i]})
		c.now, c.changed = now, true
	}
	return nil
}

// within lists the parts of a variable that a place consists of.
func (v *variable) within(from, size int) ([]int, error) {
	var list []int
	at := 0
	for i, n := range v.sizes {
		if at >= from && at+n <= from+size {
			list = append(list, i)
			size, from = size-n, from+n
		}
		at += n
	}
	if size != 0 || list == nil {
		return nil, fmt.Errorf("a place of a variable is not made of its parts")
	}
	return list, nil
}
