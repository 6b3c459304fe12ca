// Package cpu computes graphs on the processor: it lowers each operator to
// kernel instructions, by its type, and plans a graph as one program of nn/cpu/vm.
//
// There is a file for each family of operators. A method of the emitter takes an
// operator, says whether it is one of its family, and emits the instructions that
// compute its results. What has no case is an error that names it.
package cpu
