// Package graph says what is computed, and not by whom: operators as values,
// the shapes they make, and the gradients that flow back through them.
//
// A Graph is a list of operators on leaves: inputs, parameters and states. An
// operator is a struct whose exported fields say all about it, so that it can be
// printed, compared and looked at by type; a backend lowers it by a type switch
// and says which one it does not know. Values are float32, row-major. The first
// dimension is that of the examples: (N, D) for rows, (N, T, D) for sequences,
// (N, C, H, W) for images.
//
// gorgonia builds an expression graph behind it and differentiates that, in
// gorgonia.go, which is all there is of it.
//
// # Several results
//
// A gradient flows through the first result of an operator only. Further ones are
// what its gradient needs to know: the gates of an LSTM, the mean and deviation of
// a norm. The gradient of a fused operator gives those of its inputs as its
// results, nil standing for none.
//
// # What changes
//
// A State or a Param may be changed in place by an Updater: an optimiser, a sum
// over batches, a running mean. A leaf is what it was at the begin of the run to
// all that read it, and nothing that is added after an update may read it: that
// takes the result of the update. So a backend that cannot change memory in place
// computes the same.
//
// # Adding an operator
//
// Here, in the file of its family: a struct with its attributes, and
//
//   - Name, which people see in errors and profiles,
//   - Infer, which checks the shapes of the inputs and gives those of the results,
//   - Grad, which adds operators that compute the gradients of inputs (those that
//     Call.Wants) and gives their nodes. An operator that is part of a gradient
//     embeds backward and has none.
//
// Optional: Stops (Stopper) for inputs that no gradient flows to, Updates
// (Updater), and Decompose (Decomposer): what a fused operator means in primitive
// ones, which package reference computes in float64. The tests of package cpu hold
// an operator against its decomposition, forward and backward, and against
// difference quotients: a row each.
//
// In nn/cpu, in the file of the same family: a case that emits the kernels. If
// there is none that does it, a kernel is two files of its family in package
// kernel: the C function in a header, and in Go the constant, the struct that it
// reads and its reference. What C knows of these is made by
//
//	go run ./nn/cpu/kernel/layout nn/cpu/kernel
//
// In nn/xla, in the file of the same family again: a case with the recipe, which
// says the same in StableHLO, and in its test a row that holds the two against each
// other on a plugin (PIPE_XLA). An operator without a recipe fails the tests.
//
// An activation is a name and a meaning in activation.go, and the function of that
// name in elementwise.h and elementwise.go of the kernels and in dense.go of
// nn/xla. A layer that is made of operators that are there needs nothing here: it
// is a type of package nn, which says in one file what its settings, its shapes and
// its operators are.
package graph
