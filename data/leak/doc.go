// Package leak looks at some rows of a table for columns that tell the target in a way
// that new rows will not: copies of it, columns that alone predict it nearly without
// fault, and identifiers. It sees a sample, and says of how many rows it speaks.
package leak
