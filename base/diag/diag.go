// Package diag holds problems that belong to a place in a text file, says how
// they are printed, and attaches hints to errors. It knows nothing about what
// the text means and never decides what is wrong.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Severity says how bad a problem is. The zero value is Error.
type Severity int

const (
	Error   Severity = iota // nothing can be done until it is mended
	Warning                 // work can go on
	Note                    // worth to be known
)

func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Note:
		return "note"
	case Warning:
		return "warning"
	}
	return fmt.Sprintf("severity(%d)", int(s))
}

// MarshalText is String, for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Pos is a place in a file. Line and Column count from 1; Column counts
// Unicode code points. A zero Column means the whole line, a zero Line the
// whole file.
type Pos struct {
	File   string
	Line   int
	Column int
}

// String is file:line:column without the parts that are unknown.
func (p Pos) String() string {
	var b strings.Builder
	b.WriteString(Visible(p.File))
	for _, n := range []int{p.Line, p.Column} {
		if n <= 0 {
			break
		}
		if b.Len() > 0 {
			b.WriteByte(':')
		}
		fmt.Fprintf(&b, "%d", n)
	}
	return b.String()
}

// Compare orders positions by file, line and column.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(
		cmp.Compare(p.File, q.File),
		cmp.Compare(p.Line, q.Line),
		cmp.Compare(p.Column, q.Column),
	)
}

// A Diagnostic is one problem at one place.
type Diagnostic struct {
	Severity Severity
	Pos      Pos
	Msg      string // one line, lower case, without the position
	Hint     string // what to type or do next; may be empty or several lines
	Line     string // the source line at Pos, without its line end; may be empty
}

// Error is the problem on one line, without the source line and the hint.
func (d Diagnostic) Error() string {
	msg := Visible(d.Msg)
	if d.Severity != Error {
		msg = d.Severity.String() + ": " + msg
	}
	if pos := d.Pos.String(); pos != "" {
		return pos + ": " + msg
	}
	return msg
}

// A List is a set of problems and, if it holds an Error, an error.
type List []Diagnostic

// Error is one line for each problem; Render says more.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.Error()
	}
	return strings.Join(lines, "\n")
}

// Err is the list if any problem in it is an Error, else nil.
func (l List) Err() error {
	for _, d := range l {
		if d.Severity == Error {
			return l
		}
	}
	return nil
}

// Sort puts the problems in the order of their positions, keeps the order of
// those at one place, and drops repetitions.
func (l *List) Sort() {
	slices.SortStableFunc(*l, func(a, b Diagnostic) int { return a.Pos.Compare(b.Pos) })
	// Repetitions share a place but need not be neighbours there.
	seen := make(map[Diagnostic]bool, len(*l))
	*l = slices.DeleteFunc(*l, func(d Diagnostic) bool {
		d.Line = "" // follows from Pos, and may be huge
		dup := seen[d]
		seen[d] = true
		return dup
	})
}
