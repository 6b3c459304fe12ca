package graph

import "slices"

// A Shape is the dimensions of a value, row-major. The empty one is that of a
// scalar; nil is that of an input that is left out.
type Shape []int

// Size is how many numbers a value has.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// Equal says whether two shapes are the same.
func (s Shape) Equal(o Shape) bool { return slices.Equal(s, o) }

// last is the size of the last axis, 0 of a scalar.
func (s Shape) last() int {
	if len(s) == 0 {
		return 0
	}
	return s[len(s)-1]
}

// withLast is s with another last axis.
func (s Shape) withLast(n int) Shape {
	s = slices.Clone(s)
	s[len(s)-1] = n
	return s
}

// vector says whether an input, which may be left out, has shape (n).
func (s Shape) vector(n int) bool { return s == nil || len(s) == 1 && s[0] == n }
