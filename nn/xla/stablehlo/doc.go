// Package stablehlo writes StableHLO modules as text: https://openxla.org/stablehlo/spec.
//
// A Func is one function under construction. Its methods add an operation each
// and give what it results in. They panic where operands do not fit, which is a
// mistake of the caller and never of a user: shapes have been inferred before.
package stablehlo
