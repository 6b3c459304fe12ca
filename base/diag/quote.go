package diag

import (
	"fmt"
	"strings"
)

// maxQuote is how many code points of a value a message repeats.
const maxQuote = 40

// Quote is a text in quotes for a message, or its start if it is long.
func Quote(s string) string { return `"` + Shorten(s) + `"` }

// Shorten keeps the start of a text that is too long to be repeated.
func Shorten(s string) string {
	count := 0
	for i := range s {
		if count++; count > maxQuote {
			return s[:i] + "..."
		}
	}
	return s
}

// DidYouMean is the hint that names what was probably meant.
func DidYouMean(name string) string { return fmt.Sprintf("did you mean %q?", name) }

// NearestHint is the hint about a name that is none of the valid ones: the one
// that was probably meant, or all.
func NearestHint(name string, valid []string) string {
	if near, ok := Nearest(name, valid); ok {
		return DidYouMean(near)
	}
	switch len(valid) {
	case 0:
		return "there is nothing to set here"
	case 1:
		return fmt.Sprintf("the only valid name is %s", valid[0])
	}
	return "valid names are " + strings.Join(valid, ", ")
}
