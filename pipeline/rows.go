package pipeline

import "context"

// Rows are rows of an artifact that come from rows of an input, in order.
type Rows struct {
	Input string  // port
	From  []int64 // the row of the input, from 0, of each; nil: each from the one in the same place
	N     int64   // if From is nil, how many; 0 is all of them
}

// A RowTracer is a Stage that knows which rows of its inputs the rows of its outputs
// come from. Nothing is recorded of that while it runs: a stage makes the same of the
// same inputs and the same seed, so that it can be asked at any time.
type RowTracer interface {
	// TraceRows gives, for outputs of tables and data sets, where their rows come
	// from, those of several inputs one behind the other. An output that is not there
	// has rows that come from no single ones. env reads the recorded inputs; it keeps
	// nothing that is written.
	TraceRows(ctx context.Context, env Env) (map[string][]Rows, error)
}

// SameRows says that the output has the rows of the input, one for one.
func SameRows(output, input string) map[string][]Rows {
	return map[string][]Rows{output: {{Input: input}}}
}

// A RowMixer is a RowTracer that may put what it computes of a row into other rows.
type RowMixer interface{ MixesRows() bool }
