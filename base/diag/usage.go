package diag

import (
	"fmt"
	"strings"
)

// A UsageError is a mistake in what somebody asked for, such as a name that does
// not exist or two wishes that exclude each other, in contrast to something
// that went wrong.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Usage makes a mistake of the asker of an error.
func Usage(err error) error { return &UsageError{err} }

// Usagef is Usage of fmt.Errorf.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

// Unknown says that a name does not exist and which one is near.
func Unknown(what, name string, names []string) error {
	err := fmt.Errorf("unknown %s %q", what, name)
	if near, ok := Nearest(name, names); ok {
		return Usage(WithHint(err, fmt.Sprintf("did you mean %q?", near)))
	}
	return Usage(WithHint(err, "known: "+strings.Join(names, ", ")))
}

// ShellWord writes a word of a command that a hint shows as a shell reads it.
func ShellWord(s string) string {
	safe := func(r rune) bool {
		return strings.ContainsRune("/._-+=:,@%", r) || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	if s != "" && strings.TrimFunc(s, safe) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
