// Package trees trains gradient boosted decision trees and predicts with them.
//
// Each round adds a tree for each output, grown leaf by leaf on the gradients of the
// loss (Friedman 2001; histograms as in LightGBM, Ke et al. 2017). Columns are
// cut into at most 255 bins by their quantiles; missing values have a bin of their own.
//
// The same input gives the same bits on any number of threads: sums of gradients are whole
// numbers, whose sum does not depend on the order, and everything that is drawn at random
// follows from the seed, the round and the row.
package trees

// Engine is the numeric class: programs with the same Engine train the same trees from the
// same input.
const Engine = "trees/2"
