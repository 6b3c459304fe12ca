// Package op holds the fused operators of pipe's networks: a dense layer with
// its activation, dropout, and the losses, each a gorgonia.Op with a symbolic
// gradient made of further fused operators.
//
// A Graph builds one gorgonia graph and is the only way to make a node, so that
// what gorgonia expects of an operator, and the surprises that its expression
// graphs hold for those who bring their own, are dealt with here once.
//
// # Numbers
//
// Values are float32, row-major, one row per example. The arithmetic is fixed
// to the bit: an element of a matrix product is one chain of multiply, round,
// add, round over the inner index, starting at zero, whatever the number of
// threads (see matmul.go); exponentials and logarithms are this package's own
// (see math.go); every sum over rows runs in row order in float64.
package op
