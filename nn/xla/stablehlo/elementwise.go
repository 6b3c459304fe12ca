package stablehlo

import (
	"fmt"
	"slices"
)

// Binary is an operation on each two elements: "add", "maximum", "power", "and", ...
func (f *Func) Binary(op string, a, b Value) Value {
	same(op, a, b)
	return f.emit(a.Shape, a.Type, "stablehlo.%s %s, %s : %s", op, a.name, b.name, a.typ())
}

// Unary is an operation on each element: "exponential", "sqrt", "not", ...
func (f *Func) Unary(op string, a Value) Value {
	return f.emit(a.Shape, a.Type, "stablehlo.%s %s : %s", op, a.name, a.typ())
}

// The arithmetic of values of one shape and type.

func (f *Func) Add(a, b Value) Value { return f.Binary("add", a, b) }
func (f *Func) Sub(a, b Value) Value { return f.Binary("subtract", a, b) }
func (f *Func) Mul(a, b Value) Value { return f.Binary("multiply", a, b) }
func (f *Func) Div(a, b Value) Value { return f.Binary("divide", a, b) }
func (f *Func) Max(a, b Value) Value { return f.Binary("maximum", a, b) }
func (f *Func) Min(a, b Value) Value { return f.Binary("minimum", a, b) }

// Plus adds a number to each element, Times multiplies by one.
func (f *Func) Plus(a Value, v float64) Value  { return f.Add(a, f.Like(v, a)) }
func (f *Func) Times(a Value, v float64) Value { return f.Mul(a, f.Like(v, a)) }

// Erf is the error function. CHLO is the layer of StableHLO for what backends
// expand by themselves: https://openxla.org/stablehlo/generated/chlo.
func (f *Func) Erf(a Value) Value {
	return f.emit(a.Shape, a.Type, "chlo.erf %s : %s -> %s", a.name, a.typ(), a.typ())
}

// Compare gives booleans: "EQ", "NE", "LT", "LE", "GT", "GE".
func (f *Func) Compare(direction string, a, b Value) Value {
	same(direction, a, b)
	kind := "UNSIGNED"
	if a.Type.float() {
		kind = "FLOAT"
	} else if a.Type == I32 {
		kind = "SIGNED"
	}
	return f.emit(a.Shape, I1, "stablehlo.compare %s, %s, %s, %s : (%s, %s) -> %s",
		direction, a.name, b.name, kind, a.typ(), b.typ(), tensor(a.Shape, I1))
}

// Select is a where p is true, else b. A p of no dimensions chooses all of one.
func (f *Func) Select(p, a, b Value) Value {
	same("select", a, b)
	return f.emit(a.Shape, a.Type, "stablehlo.select %s, %s, %s : %s, %s", p.name, a.name, b.name, p.typ(), a.typ())
}

// Finite says of each element whether it is a number and not infinite.
func (f *Func) Finite(a Value) Value {
	return f.emit(a.Shape, I1, "stablehlo.is_finite %s : (%s) -> %s", a.name, a.typ(), tensor(a.Shape, I1))
}

// Convert changes the type. Fractions are cut off.
func (f *Func) Convert(a Value, t Type) Value {
	if a.Type == t {
		return a
	}
	return f.emit(a.Shape, t, "stablehlo.convert %s : (%s) -> %s", a.name, a.typ(), tensor(a.Shape, t))
}

// Barrier is a itself, but what is done with the result is not mixed with how a was
// made.
func (f *Func) Barrier(a Value) Value {
	return f.emit(a.Shape, a.Type, "stablehlo.optimization_barrier %s : %s", a.name, a.typ())
}

// Bits takes the bits of elements for another type of the same size.
func (f *Func) Bits(a Value, t Type) Value {
	return f.emit(a.Shape, t, "stablehlo.bitcast_convert %s : (%s) -> %s", a.name, a.typ(), tensor(a.Shape, t))
}

// Reshape keeps the order of the elements.
func (f *Func) Reshape(a Value, shape ...int) Value {
	if slices.Equal(a.Shape, shape) {
		return a
	}
	if Size(shape) != a.Size() {
		panic(fmt.Sprintf("stablehlo: reshape %s to %v", a.typ(), shape))
	}
	return f.emit(shape, a.Type, "stablehlo.reshape %s : (%s) -> %s", a.name, a.typ(), tensor(shape, a.Type))
}

// Broadcast puts the dimensions of a at dims of a shape and repeats it along the others.
func (f *Func) Broadcast(a Value, dims []int, shape ...int) Value {
	if slices.Equal(a.Shape, shape) {
		return a
	}
	return f.emit(shape, a.Type, "stablehlo.broadcast_in_dim %s, dims = %s : (%s) -> %s", a.name, list(dims), a.typ(), tensor(shape, a.Type))
}

// Fill is a scalar in each place of a shape.
func (f *Func) Fill(a Value, shape ...int) Value { return f.Broadcast(a, nil, shape...) }

// Transpose puts dimension perm[i] at i.
func (f *Func) Transpose(a Value, perm ...int) Value {
	shape := make([]int, len(perm))
	for i, p := range perm {
		shape[i] = a.Shape[p]
	}
	return f.emit(shape, a.Type, "stablehlo.transpose %s, dims = %s : (%s) -> %s", a.name, list(perm), a.typ(), tensor(shape, a.Type))
}

// Reverse turns the order along dimensions around.
func (f *Func) Reverse(a Value, dims ...int) Value {
	return f.emit(a.Shape, a.Type, "stablehlo.reverse %s, dims = %s : %s", a.name, list(dims), a.typ())
}

// Concat joins values along a dimension.
func (f *Func) Concat(dim int, parts ...Value) Value {
	if len(parts) == 1 {
		return parts[0]
	}
	shape := slices.Clone(parts[0].Shape)
	shape[dim] = 0
	for _, p := range parts {
		shape[dim] += p.Shape[dim]
	}
	n, t := names(parts)
	return f.emit(shape, parts[0].Type, "stablehlo.concatenate %s, dim = %d : (%s) -> %s", n, dim, t, tensor(shape, parts[0].Type))
}

// Slice is the elements of a dimension from one on, below another.
func (f *Func) Slice(a Value, dim, from, to int) Value {
	if from == 0 && to == a.Shape[dim] {
		return a
	}
	shape := slices.Clone(a.Shape)
	shape[dim] = to - from
	text := ""
	for i, d := range a.Shape {
		if i > 0 {
			text += ", "
		}
		if i == dim {
			text += fmt.Sprintf("%d:%d", from, to)
		} else {
			text += fmt.Sprintf("0:%d", d)
		}
	}
	return f.emit(shape, a.Type, "stablehlo.slice %s [%s] : (%s) -> %s", a.name, text, a.typ(), tensor(shape, a.Type))
}

// At is size elements of the first dimension, from a place on that is computed: a
// scalar. The other dimensions are whole.
func (f *Func) At(a, from Value, size int) Value {
	shape := append([]int{size}, a.Shape[1:]...)
	starts := []Value{from}
	for range a.Shape[1:] {
		starts = append(starts, f.Const(0, from.Type))
	}
	n, t := names(starts)
	return f.emit(shape, a.Type, "stablehlo.dynamic_slice %s, %s, sizes = %s : (%s, %s) -> %s", a.name, n, list(shape), a.typ(), t, tensor(shape, a.Type))
}

// Put is a with part in place of what is in its first dimension from a computed
// place on, a scalar.
func (f *Func) Put(a, part, from Value) Value {
	starts := []Value{from}
	for range a.Shape[1:] {
		starts = append(starts, f.Const(0, from.Type))
	}
	n, t := names(starts)
	return f.emit(a.Shape, a.Type, "stablehlo.dynamic_update_slice %s, %s, %s : (%s, %s, %s) -> %s", a.name, part.name, n, a.typ(), part.typ(), t, a.typ())
}

// Pad puts a number around a value: before and behind each dimension, and between
// its elements. Negative edges cut.
func (f *Func) Pad(a Value, v float64, low, high, interior []int) Value {
	shape := make([]int, len(a.Shape))
	for i, d := range a.Shape {
		shape[i] = low[i] + d + high[i] + max(0, d-1)*interior[i]
	}
	if slices.Equal(a.Shape, shape) && slices.Equal(low, make([]int, len(low))) {
		return a
	}
	fill := f.Const(v, a.Type)
	return f.emit(shape, a.Type, "stablehlo.pad %s, %s, low = %s, high = %s, interior = %s : (%s, %s) -> %s",
		a.name, fill.name, list(low), list(high), list(interior), a.typ(), fill.typ(), tensor(shape, a.Type))
}
