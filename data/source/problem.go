package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"pipe/base/diag"
)

// maxShown is how many problems of a file are reported, maxHints how many
// different hints they give.
const (
	maxShown = 5
	maxHints = 2
)

// HintUTF8 is what to do about text that is not UTF-8.
const HintUTF8 = "convert the file to UTF-8, for example with iconv"

// A Problem is something in a file that cannot be read.
type Problem struct {
	Line   int64  // of the file, counted from 1; of a part of it while that is read
	Char   int    // byte of the line, counted from 1; 0 if the line says enough
	Row    int64  // data row, counted from 1; 0 for the header
	Column string // empty if it is the whole record
	Msg    string
	Hint   string
}

func (p *Problem) text(file string) string {
	s := fmt.Sprintf("%s:%d: ", file, p.Line)
	if p.Char > 0 {
		s = fmt.Sprintf("%s:%d:%d: ", file, p.Line, p.Char)
	}
	if p.Row > 0 {
		s += fmt.Sprintf("row %d", p.Row)
	} else {
		s += "header"
	}
	if p.Column != "" {
		s += fmt.Sprintf(", column %q", p.Column)
	}
	return s + ": " + p.Msg
}

// Err is the problem as an error.
func (p *Problem) Err(file string) error { return diag.WithHint(errors.New(p.text(file)), p.Hint) }

// Problems keeps the first few problems of a file and counts them all: who
// mends a file wants to know of more than one.
type Problems struct {
	Ended bool // nothing after the last problem can be read

	first []Problem
	count int64
}

// Few says whether the next problem will be shown.
func (ps *Problems) Few() bool { return ps.count < maxShown }

// None says whether there is no problem.
func (ps *Problems) None() bool { return ps.count == 0 }

// Add adds a problem.
func (ps *Problems) Add(p Problem) {
	if ps.count++; len(ps.first) < maxShown {
		ps.first = append(ps.first, p)
	}
}

// Append adds the problems of the next part of the file, which starts after the
// given numbers of lines and rows.
func (ps *Problems) Append(next *Problems, lines, rows int64) {
	for _, p := range next.first {
		p.Line += lines
		p.Row += rows
		if len(ps.first) < maxShown {
			ps.first = append(ps.first, p)
		}
	}
	ps.count += next.count
	ps.Ended = next.Ended
}

// Err gives what is to be reported about a file, nil if nothing is wrong.
func (ps *Problems) Err(file string) error {
	if ps.count == 0 {
		return nil
	}
	var lines, hints []string
	for _, p := range ps.first {
		lines = append(lines, p.text(file))
		if p.Hint != "" && len(hints) < maxHints && !slices.Contains(hints, p.Hint) {
			hints = append(hints, p.Hint)
		}
	}
	if more := ps.count - int64(len(ps.first)); more > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more problems", file, more))
	}
	return diag.WithHint(errors.New(strings.Join(lines, "\n")), strings.Join(hints, "\n"))
}
