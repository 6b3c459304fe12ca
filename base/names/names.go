// Package names owns what may be a name: in a pipeline file, in a bundle that
// comes from elsewhere, and wherever a name becomes a part of a path. It knows
// nothing of what is named.
package names

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// Max is the longest name, in bytes: names become parts of file names and
	// table cells.
	Max = 100

	// MaxText is the longest text that names something, in bytes.
	MaxText = 4096
)

var (
	pattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	dotFree = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]*$`)
)

// Check says what is wrong with the name of a pipeline, a parameter or a run, as
// the end of a sentence, and what to do; both are empty if nothing is. A name
// can be that of a file in any folder.
func Check(name string) (msg, hint string) {
	return match(name, pattern, "names are letters, digits and any of _ . - and do not begin with . or -")
}

// CheckPart is Check for stages, ports, labels and kinds. A dot stands between
// the parts of a reference, so none of them can have one.
func CheckPart(name string) (msg, hint string) {
	return match(name, dotFree, "names are letters, digits, _ and -, and do not begin with -")
}

func match(name string, pattern *regexp.Regexp, rule string) (msg, hint string) {
	switch {
	case name == "":
		return "is empty", rule
	case len(name) > Max:
		return fmt.Sprintf("is longer than %d bytes", Max), ""
	case !pattern.MatchString(name):
		return fmt.Sprintf("cannot be %q", shorten(name)), rule
	}
	return "", ""
}

// CheckText is Check for what is named after data, such as metrics, curves and
// files: any text of one line.
func CheckText(text string) (msg, hint string) {
	const rule = "any text of one line will do"
	switch {
	case text == "":
		return "is empty", rule
	case len(text) > MaxText:
		return fmt.Sprintf("is longer than %d bytes", MaxText), ""
	case !utf8.ValidString(text):
		return "is not UTF-8", rule
	case strings.ContainsFunc(text, unicode.IsControl):
		return fmt.Sprintf("cannot be %q, which holds control characters", shorten(text)), rule
	}
	return "", ""
}

// shorten cuts what would fill a message.
func shorten(text string) string {
	const most = 60
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "..."
}
