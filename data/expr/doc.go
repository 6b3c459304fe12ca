// Package expr is the language of expressions over the columns of a table:
// `weight / height ** 2`, `month(date)`, `price > 0 and not is_missing(sqft)`.
//
// An expression is parsed once (Parse), checked once against the columns that
// there are (Check, Bind), and evaluated in batches (Program). Each row is
// computed from that row alone: there is no clock, no randomness and no
// aggregate, so that the result depends neither on how rows are cut into
// batches nor on how many goroutines evaluate them.
//
// A value that is missing makes what is computed of it missing; `and`, `or` and
// `not` are the three-valued ones of SQL. A NaN in a table is a missing value, as
// it is everywhere else. What has no value (1/0, log(-1)) is missing, too, and is
// counted with an example (Notes). What would be wrong without a trace, an integer
// beyond 64 bits or a text that is no number, is an error with its row, or missing
// inside of try().
package expr
