// Package vm plans and runs programs of kernel instructions: straight lines of
// phases, each of which is cut into tasks.
//
// A Builder collects buffers and instructions. Compile drops what nobody needs,
// finds out how long each buffer is needed, lays them out in one arena, where
// memory is used again as soon as it is free, and gives a Program. A Program
// runs any number of times without allocating. Phases with much work are shared
// out to a fixed pool of goroutines; runs of small ones are one call of C.
//
// The results do not depend on the number of threads: the tasks are fixed by
// the instructions, and each writes to a place of its own.
package vm
