package stablehlo

import (
	"fmt"
	"slices"
	"strings"
)

// A Type is that of an element.
type Type string

// The types.
const (
	F32  Type = "f32"
	F64  Type = "f64" // where float32 has too few bits
	BF16 Type = "bf16"
	I32  Type = "i32"
	U8   Type = "ui8"
	U32  Type = "ui32"
	U64  Type = "ui64"
	I1   Type = "i1" // a boolean
)

// float says whether numbers of the type have a fraction.
func (t Type) float() bool { return t == F32 || t == F64 || t == BF16 }

// Bytes is the memory of an element.
func (t Type) Bytes() int {
	switch t {
	case I1, U8:
		return 1
	case BF16:
		return 2
	case F64, U64:
		return 8
	}
	return 4
}

// A Value is a result of an operation, or an argument. It is small, since recipes
// pass many of them around.
type Value struct{ *operand }

type operand struct {
	name  string
	Shape []int
	Type  Type
}

func value(name string, shape []int, t Type) Value { return Value{&operand{name, shape, t}} }

// None says whether it is the zero Value, which is none.
func (v Value) None() bool { return v.operand == nil }

// Size is how many elements it has.
func (v Value) Size() int { return Size(v.Shape) }

// Size is how many elements a shape has.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func (v Value) typ() string { return tensor(v.Shape, v.Type) }

// tensor is a type as it is written.
func tensor(shape []int, t Type) string {
	var b strings.Builder
	b.WriteString("tensor<")
	for _, d := range shape {
		fmt.Fprintf(&b, "%dx", d)
	}
	return b.String() + string(t) + ">"
}

func list(dims []int) string { return "[" + join(dims) + "]" }

// array is a list as an attribute of most operations.
func array(dims []int) string {
	if len(dims) == 0 {
		return "array<i64>"
	}
	return "array<i64: " + join(dims) + ">"
}

func join(dims []int) string {
	var parts []string
	for _, d := range dims {
		parts = append(parts, fmt.Sprint(d))
	}
	return strings.Join(parts, ", ")
}

func names(values []Value) (names, types string) {
	var n, t []string
	for _, v := range values {
		n, t = append(n, v.name), append(t, v.typ())
	}
	return strings.Join(n, ", "), strings.Join(t, ", ")
}

// same panics if two values differ in shape or type.
func same(op string, a, b Value) {
	if !slices.Equal(a.Shape, b.Shape) || a.Type != b.Type {
		panic(fmt.Sprintf("stablehlo: %s of %s and %s", op, a.typ(), b.typ()))
	}
}
