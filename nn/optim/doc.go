// Package optim is what training does to parameters: how they are drawn
// (Initializer), how gradients change them (Optimizer, Updater) and how the
// learning rate goes on (Schedule). It knows nothing of networks: parameters are
// ranges of one slice.
//
// The rules are those of PyTorch where it has them; testdata/oracle.json holds
// what it gives.
package optim
