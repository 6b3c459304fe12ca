// Package nn trains fully connected networks and runs them. It works on rows of
// float32 features and knows nothing of tables or pipelines.
//
// A Spec says what a network looks like, a Signature what its inputs and
// outputs mean. Train makes a Model of them, which is one file (see
// Model.WriteTo), and a Predictor runs a Model forward.
//
// The network becomes a gorgonia graph of the fused operators of nn/op, one
// graph for training and one for each batch size that it is run forward with,
// all over one store of parameters. A gorgonia.VM executes a graph.
//
// Everything random is a function of (seed, purpose, step, index), every sum
// has a fixed order, and the last partial batch of an epoch is a full batch
// whose extra rows have weight 0; hence the same data, configuration and seed
// give the same model to the bit on any number of threads.
package nn

import "runtime"

// Engine is the numeric class: programs with the same Engine train the same
// bits. The architecture is part of it because the matrix product outside
// amd64 is compiled Go, which may fuse a product with a sum.
const Engine = "nn-f32/1 " + runtime.GOARCH
