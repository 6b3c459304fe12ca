// Package preprocess holds the kinds of stages that prepare tables for
// training: split divides the rows of a table among parts, and preprocess
// fits feature transforms on one part and applies them to all, and apply does
// only the latter. replay takes new rows through what comes before.
package preprocess

import (
	"fmt"

	"pipe/base/diag"
	"pipe/data/table"
	"pipe/pipeline"
	"pipe/pipeline/settings"
)

// Kinds lists the kinds of this package.
func Kinds() []pipeline.Kind {
	return []pipeline.Kind{preprocessKind(), applyKind(), replayKind(), splitKind()}
}

// openTable opens the table behind an input port, to be read by batches that are
// released before the next ones are read. The caller closes both.
func openTable(env pipeline.Env, port string) (*pipeline.Input, *table.Reader, error) {
	in, err := env.Open(port)
	if err != nil {
		return nil, nil, err
	}
	r, err := table.Open(in, in.Size())
	if err != nil {
		in.Close()
		return nil, nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	return in, r.Reusing(), nil
}

// fieldError makes an error of a setting with a hint.
func fieldError(field, hint, format string, args ...any) error {
	return diag.WithHint(settings.FieldErrorf(field, format, args...), hint)
}
