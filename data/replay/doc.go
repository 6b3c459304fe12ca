// Package replay knows what the rows of a table went through since they were read, and
// takes new rows through the same: columns that were derived, tables that were joined,
// rows that were left out. A table carries it in its metadata, and a transform in its
// document.
package replay
