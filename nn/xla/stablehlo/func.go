package stablehlo

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A Func is a module with one function under construction. The zero value is
// empty and ready.
type Func struct {
	// Exact makes products of float32 in float32, not on tensor cores in fewer bits.
	Exact bool
	// Devices share the work: arguments are whole on each, or divided (see Arg). 0 is 1.
	Devices int
	// Products counts the floating point operations of products, two for each
	// multiplication and addition.
	Products float64
	// Dots counts the products themselves, those of a loop as often as it turns.
	Dots int
	// Convolutions counts those of Dots that are convolutions.
	Convolutions int
	// Operands is how many bytes the operands and results of products have.
	Operands int64
	// Common finds products that are made twice of the same, which XLA makes once.
	Common *Common

	args      []argument
	body      strings.Builder
	n         int
	constants map[string]Value
	regions   int // that are open
	turns     int // of the loop that is open
}

type argument struct {
	value   Value
	donated int // to which result; -1: to none
	divided bool
}

// product counts a product of a and b that gives v, of so many multiplications.
func (f *Func) product(a, b, v Value, factors ...int) {
	if f.Common.again(f.n, v) {
		return
	}
	turns := max(1, f.turns)
	f.Dots += turns
	for _, v := range []Value{a, b, v} {
		f.Operands += int64(turns) * int64(v.Size()) * int64(v.Type.Bytes())
	}
	n := 2 * float64(turns)
	for _, x := range factors {
		n *= float64(x)
	}
	f.Products += n
}

func (f *Func) emit(shape []int, t Type, format string, a ...any) Value {
	f.n++
	v := value(fmt.Sprintf("%%%d", f.n), slices.Clone(shape), t)
	text := fmt.Sprintf(format, a...)
	fmt.Fprintf(&f.body, "    %s = %s\n", v.name, text)
	if f.regions == 0 {
		f.Common.add(f.n, v.name, text)
	}
	return v
}

// Arg adds an argument. If it is divided, each of several devices has a part of
// its first dimension.
func (f *Func) Arg(t Type, divided bool, shape ...int) Value {
	v := value(fmt.Sprintf("%%arg%d", len(f.args)), slices.Clone(shape), t)
	f.args = append(f.args, argument{v, -1, divided})
	return v
}

// Donate gives the memory of an argument to a result of the same type, counted
// from 0: after a run the argument is gone.
func (f *Func) Donate(arg Value, result int) {
	for i := range f.args {
		if f.args[i].value.name == arg.name {
			f.args[i].donated = result
			return
		}
	}
	panic("stablehlo: donate what is no argument")
}

// Module ends the function with its results and gives the text.
func (f *Func) Module(results ...Value) string {
	var args, types []string
	for _, a := range f.args {
		var attrs []string
		if a.donated >= 0 {
			attrs = append(attrs, fmt.Sprintf("tf.aliasing_output = %d : i32", a.donated))
		}
		if f.Devices > 1 {
			attrs = append(attrs, sharding(len(a.value.Shape), a.divided))
		}
		text := a.value.name + ": " + a.value.typ()
		if attrs != nil {
			text += " {" + strings.Join(attrs, ", ") + "}"
		}
		args = append(args, text)
	}
	head, mesh := "", ""
	for _, r := range results {
		text := r.typ()
		if f.Devices > 1 {
			text += " {" + sharding(len(r.Shape), false) + "}"
		}
		types = append(types, text)
	}
	if f.Devices > 1 {
		head = fmt.Sprintf(" attributes {mhlo.num_partitions = %d : i32, mhlo.num_replicas = 1 : i32}", f.Devices)
		mesh = fmt.Sprintf("  sdy.mesh @devices = <[\"batch\"=%d]>\n", f.Devices)
	}
	given, plain := names(results)
	return fmt.Sprintf("module @pipe%s {\n%s  func.func public @main(%s) -> (%s) {\n%s    return %s : %s\n  }\n}\n",
		head, mesh, strings.Join(args, ", "), strings.Join(types, ", "), f.body.String(), given, plain)
}

// sharding says how a value of a rank is divided among devices, in the words of
// Shardy: https://openxla.org/shardy.
func sharding(rank int, divided bool) string {
	dims := make([]string, rank)
	for i := range dims {
		if dims[i] = "{}"; i == 0 && divided {
			dims[i] = `{"batch"}`
		}
	}
	return "sdy.sharding = #sdy.sharding<@devices, [" + strings.Join(dims, ", ") + "]>"
}

// Divide divides the first dimension of a value among the devices.
func (f *Func) Divide(a Value) Value {
	dims := make([]string, len(a.Shape))
	for i := range dims {
		if dims[i] = "{}"; i == 0 {
			dims[i] = `{"batch"}`
		}
	}
	return f.emit(a.Shape, a.Type, "sdy.sharding_constraint %s <@devices, [%s]> : %s", a.name, strings.Join(dims, ", "), a.typ())
}

// constant is emitted once, however often it is asked for. In a region it is an
// operation of the region.
func (f *Func) constant(shape []int, t Type, text string) Value {
	key := text + tensor(shape, t)
	if v, ok := f.constants[key]; ok && f.regions == 0 {
		return v
	}
	v := f.emit(shape, t, "stablehlo.constant dense<%s> : %s", text, tensor(shape, t))
	if f.regions == 0 {
		if f.constants == nil {
			f.constants = map[string]Value{}
		}
		f.constants[key] = v
	}
	return v
}

// number is a number as it is written, to the bit.
func number(v float64, t Type) string {
	switch t {
	case F32:
		return fmt.Sprintf("0x%08X", math.Float32bits(float32(v)))
	case F64:
		return fmt.Sprintf("0x%016X", math.Float64bits(v))
	case BF16:
		return fmt.Sprintf("0x%04X", nearest(float32(v)))
	case I1:
		return fmt.Sprint(v != 0)
	}
	return fmt.Sprint(int64(v))
}

// nearest is a number in bfloat16, rounded to even.
func nearest(v float32) uint16 {
	bits := math.Float32bits(v)
	if v != v {
		return uint16(bits>>16) | 1<<6 // stays no number
	}
	return uint16((bits + 0x7FFF + bits>>16&1) >> 16)
}

// Const is one number in each place of a shape.
func (f *Func) Const(v float64, t Type, shape ...int) Value {
	return f.constant(shape, t, number(v, t))
}

// Uint is Const for whole numbers of any size.
func (f *Func) Uint(v uint64, t Type, shape ...int) Value {
	return f.constant(shape, t, fmt.Sprint(v))
}

// Like is a number in the shape and type of a value.
func (f *Func) Like(v float64, a Value) Value { return f.Const(v, a.Type, a.Shape...) }

// Iota counts from 0 along a dimension.
func (f *Func) Iota(t Type, dim int, shape ...int) Value {
	return f.emit(shape, t, "stablehlo.iota dim = %d : %s", dim, tensor(shape, t))
}
