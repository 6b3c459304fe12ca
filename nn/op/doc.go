// Package op holds the fused operators of pipe's networks, each a gorgonia.Op
// with a symbolic gradient made of further fused operators, and the machine
// that runs them.
//
// A Graph builds one gorgonia graph and is the only way to make a node, so that
// what gorgonia expects of an operator, and the surprises that its expression
// graphs hold for those who bring their own, are dealt with here once.
//
// Each operator says by which kernel instructions it is computed (lower). A
// Machine lowers a whole graph into one program of nn/vm; gorgonia's
// TapeMachine, which tests use as an oracle, runs each operator by itself on
// the Go reference of the kernels.
//
// Values are float32, row-major. The first dimension is that of the examples:
// (N, D) for rows, (N, T, D) for sequences, (N, C, H, W) for images.
package op
