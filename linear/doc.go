// Package linear fits linear models to where their loss is least: ridge regression of numbers
// and logistic regression of classes. They have no settings to search for, and so are what
// other models are compared with.
//
// Numbers are standardised by the rows of training, and those that are missing are taken for
// their mean; categories have a weight each. The solution depends on the rows alone: it is
// the same, to the bit, on any number of threads.
package linear
