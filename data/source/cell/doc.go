// Package cell makes typed columns of values that come as text: it owns which
// types a column of a table may be inferred to have, which texts mean a missing
// value, how numbers, dates and truth values are written, and what people are
// told of values that may surprise them. A reader of any format that has no
// types of its own, or one for each value, hands it the texts twice: first to a
// Tally of each column, from which a Survey knows the types, then to a Builder.
package cell
