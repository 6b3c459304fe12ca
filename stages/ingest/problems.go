package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"pipe/base/diag"
)

// maxShown is how many problems of a file are reported, maxHints how many
// different hints they give.
const (
	maxShown = 5
	maxHints = 2
)

// A problem is a record that cannot be read.
type problem struct {
	line   int64  // of the file, counted from 1; of a block while it is scanned
	row    int64  // data row, counted from 1; 0 for the header
	column string // empty if it is the whole record
	msg    string
	hint   string
}

func (p *problem) text(file string) string {
	s := fmt.Sprintf("%s:%d: ", file, p.line)
	if p.row > 0 {
		s += fmt.Sprintf("row %d", p.row)
	} else {
		s += "header"
	}
	if p.column != "" {
		s += fmt.Sprintf(", column %q", p.column)
	}
	return s + ": " + p.msg
}

// problems keeps the first few problems and counts them all.
type problems struct {
	first []problem
	count int64
	ended bool // nothing after the last problem was read
}

func (ps *problems) add(p problem) {
	if ps.count++; len(ps.first) < maxShown {
		ps.first = append(ps.first, p)
	}
}

// append adds the problems of the next block, which starts after the given
// numbers of lines and rows.
func (ps *problems) append(next *problems, lines, rows int64) {
	for _, p := range next.first {
		p.line += lines
		p.row += rows
		if len(ps.first) < maxShown {
			ps.first = append(ps.first, p)
		}
	}
	ps.count += next.count
	ps.ended = next.ended
}

// err gives what is to be reported about a file, nil if nothing is wrong.
func (ps *problems) err(file string) error {
	if ps.count == 0 {
		return nil
	}
	var lines, hints []string
	for _, p := range ps.first {
		lines = append(lines, p.text(file))
		if p.hint != "" && len(hints) < maxHints && !slices.Contains(hints, p.hint) {
			hints = append(hints, p.hint)
		}
	}
	if more := ps.count - int64(len(ps.first)); more > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more problems", file, more))
	}
	return diag.WithHint(errors.New(strings.Join(lines, "\n")), strings.Join(hints, "\n"))
}

// quoteText quotes a text for a message, its beginning if it is long.
func quoteText(b []byte) string {
	const limit = 40
	if len(b) <= limit {
		return strconv.Quote(string(b))
	}
	cut := limit
	for cut > limit-utf8.UTFMax && !utf8.RuneStart(b[cut]) {
		cut--
	}
	return strconv.Quote(string(b[:cut])) + "..."
}

// errBadValue says that a text is not a value of a declared type. To take what
// is a number for missing is never the way out.
func errBadValue(text []byte, t columnType) (msg, hint string) {
	q := quoteText(text)
	article := "a"
	if t == int64Type {
		article = "an"
	}
	msg = fmt.Sprintf("%s is not %s %s", q, article, t)
	_, number := scanNumber(text)
	switch {
	case len(text) == 0: // in quotes, or it would be missing
		return msg, "set quoted_missing: true if a value in quotes can be missing"
	case t == int64Type && float64Type.accepts(text):
		return msg, "declare the column as float64 in columns:"
	case number && (t == int64Type || t == float64Type):
		return msg, "declare the column as string in columns:"
	}
	hint = fmt.Sprintf("declare the column as string in columns:, or if %s means that a value is missing, add it to missing:", q)
	switch t {
	case boolType:
		hint = "a bool is true or false, or 1 or 0; " + hint
	case dateType:
		hint = "a date is written 2006-01-02; " + hint
	case timestampType:
		hint = "a timestamp is written 2006-01-02T15:04:05Z or 2006-01-02 15:04:05; " + hint
	}
	return msg, hint
}
