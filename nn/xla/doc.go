// Package xla is the backend of GPUs: it lowers graphs of operators to StableHLO
// (nn/xla/stablehlo), which XLA compiles as one program, and runs them through a
// plugin (nn/xla/pjrt).
//
// Each operator has a recipe, by a type switch for each family as in nn/cpu. There
// is no second implementation of any model.
package xla
