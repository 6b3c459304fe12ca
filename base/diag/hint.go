package diag

import (
	"slices"
	"strings"
)

// A hinter is an error that knows what to do next. Packages that cannot
// import diag give their errors this method.
type hinter interface{ Hint() string }

type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }
func (e *hinted) Hint() string  { return e.hint }

// WithHint attaches to err what to type or do next. The text of the error
// stays as it is. A nil err or an empty hint changes nothing.
func WithHint(err error, hint string) error {
	if err == nil || hint == "" {
		return err
	}
	return &hinted{err, hint}
}

// HintOf collects the hints in the tree of err, one on each line: the hint
// nearest to the cause comes first, since it is the most specific, and no
// hint appears twice. It is empty if there are none.
func HintOf(err error) string {
	var hints []string
	collectHints(err, &hints)
	return strings.Join(hints, "\n")
}

func collectHints(err error, hints *[]string) {
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			collectHints(inner, hints)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			collectHints(inner, hints)
		}
	}
	h, ok := err.(hinter)
	if !ok {
		return
	}
	if hint := h.Hint(); hint != "" && !slices.Contains(*hints, hint) {
		*hints = append(*hints, hint)
	}
}
