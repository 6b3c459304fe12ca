package settings

import (
	"errors"
	"fmt"
	"strings"

	"pipe/base/address"
	"pipe/base/diag"
)

// Problems collects what is wrong with one file, so that everything is
// reported at once.
type Problems struct {
	File string
	List diag.List // in the order in which they were found
	// Notes are what is worth to be known, and no problem.
	Notes diag.List

	lines  []string // of the source, for the messages, without what may let somebody in
	warned int      // how many of the list are warnings
	shapes shapes   // read once, however many stages share them
}

// NewProblems is for a file of a name, which may be empty, and its text.
func NewProblems(file string, source []byte) *Problems {
	return &Problems{
		File:   file,
		lines:  strings.Split(address.Conceal(string(source)), "\n"),
		shapes: make(shapes),
	}
}

// At adds an error at the position of n, or about the whole file if n is nil.
// The hint may be empty.
func (p *Problems) At(n *Node, hint, format string, args ...any) {
	d := diag.Diagnostic{
		Pos:  diag.Pos{File: p.File},
		Msg:  fmt.Sprintf(format, args...),
		Hint: hint,
	}
	if n != nil {
		d.Pos.Line, d.Pos.Column = n.Line, n.Column
		d.Line = p.Line(n.Line)
	}
	p.List = append(p.List, d)
}

// Warn is At for what is allowed but looks like a mistake.
func (p *Problems) Warn(n *Node, hint, format string, args ...any) {
	p.At(n, hint, format, args...)
	p.List[len(p.List)-1].Severity = diag.Warning
	p.warned++
}

// Note is At for what is worth to be known.
func (p *Problems) Note(n *Node, hint, format string, args ...any) {
	p.At(n, hint, format, args...)
	last := len(p.List) - 1
	note := p.List[last]
	note.Severity = diag.Note
	p.List, p.Notes = p.List[:last], append(p.Notes, note)
}

// Errors is how many errors were added so far. Who compares it with an earlier
// number knows whether something in between went well.
func (p *Problems) Errors() int { return len(p.List) - p.warned }

// Line is the text of a source line, counted from 1, without its line end.
func (p *Problems) Line(number int) string {
	if number < 1 || number > len(p.lines) {
		return ""
	}
	return strings.TrimSuffix(p.lines[number-1], "\r")
}

// Err is nil if there are no problems, else a diag.List sorted by position.
func (p *Problems) Err() error {
	p.List.Sort()
	return p.List.Err()
}

// Report adds an error as Validator returns it about settings that were written
// as n: each of those that are joined, a FieldError at its field, all else at
// owner.
func (p *Problems) Report(err error, n, owner *Node) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			p.Report(e, n, owner)
		}
		return
	}
	hint := diag.HintOf(err)
	at := owner
	var fe *FieldError
	if errors.As(err, &fe) {
		if found := n.Find(fe.Field); found != nil {
			at = found
		}
		if key := n.findKey(fe.Field); fe.Key && key != nil {
			at = key
		}
	}
	var inside interface{ Offset() int }
	if errors.As(err, &inside) {
		at = p.within(at, inside.Offset())
	}
	if fe != nil && fe.Warning {
		p.Warn(at, hint, "%v", err)
		return
	}
	p.At(at, hint, "%v", err)
}

// within is the place of a byte of a text, as far as it was written as it reads: in
// quotes, plain or folded over lines, but not with escapes before it. If it was
// not, or the text came from elsewhere, that is the place of the text.
func (p *Problems) within(n *Node, offset int) *Node {
	if !n.IsScalar() || n.replaced || offset < 0 || offset > len(n.Value) {
		return n
	}
	line, rest := n.Line, []rune(p.Line(n.Line))
	column := min(max(n.Column-1, 0), len(rest))
	switch {
	case column == len(rest):
		return n
	case rest[column] == '"' || rest[column] == '\'':
		column++
	case rest[column] == '|' || rest[column] == '>':
		column = len(rest) // what follows stands below
	}
	blank := func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' }
	// next is the place of a character that is no blank.
	next := func(want rune) bool {
		for {
			for column < len(rest) && blank(rest[column]) {
				column++
			}
			if column < len(rest) {
				return rest[column] == want
			}
			if line++; line > len(p.lines) {
				return false
			}
			rest, column = []rune(p.Line(line)), 0
		}
	}
	for _, r := range n.Value[:offset] {
		if blank(r) {
			continue
		}
		if !next(r) {
			return n
		}
		column++
	}
	for _, r := range n.Value[offset:] {
		if !blank(r) {
			if !next(r) {
				return n
			}
			break
		}
	}
	return At(line, column+1)
}
