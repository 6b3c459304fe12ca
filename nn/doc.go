// Package nn trains networks and runs them. It works on rows of float32
// features, tokens and labels, and knows nothing of tables or pipelines.
//
// A Spec says what a network looks like, layer by layer or by the name of a
// preset; a Signature says what its inputs and outputs mean. Shapes follow from
// the two before anything is computed. Train makes a Model of them, which is one
// file (see Model.WriteTo), and a Predictor runs a Model forward.
//
// The network becomes a graph of operators (nn/graph), which is differentiated
// symbolically and compiled by a backend (nn/backend; nn/cpu is this processor,
// nn/xla a GPU): one program for training, one for the last partial batch of an epoch, one for the
// step of the optimizer and one for each batch size that it is run forward with,
// all over one store of parameters.
//
// Everything random is a function of (seed, purpose, step, index), every sum
// has a fixed order, and the kernels of nn/cpu/kernel give the same bits on every
// processor; hence the same data, configuration and seed give the same model to
// the bit on any number of threads and on amd64 as on arm64.
package nn

// Engine is the numeric class: programs with the same Engine train the same
// bits on a CPU. It goes up when a kernel, an order of summation or a random stream
// changes what is computed.
const Engine = "nn-f32/3"
