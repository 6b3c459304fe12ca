// Package estimate says what a training will cost before anything is trained: the
// memory that it takes, and the time on processors that are at hand or not. It
// counts what the programs of the training do, and divides by what a processor can.
package estimate
