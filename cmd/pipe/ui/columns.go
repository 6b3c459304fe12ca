package ui

import (
	"fmt"
	"io"
	"strings"

	"pipe/base/diag"
)

// Width is the number of columns that a text takes on a terminal.
func Width(s string) int {
	n := 0
	for _, r := range s {
		n += diag.RuneWidth(r)
	}
	return n
}

// Cut shortens a text to a number of columns.
func Cut(s string, columns int) string {
	if len(s) <= columns || Width(s) <= columns {
		return s
	}
	at, n := 0, 0
	for i, r := range s {
		n += diag.RuneWidth(r)
		if n > columns-1 { // one column is for the sign that something is missing
			at = i
			break
		}
	}
	if columns < 1 {
		return ""
	}
	return s[:at] + "…"
}

// Pad brings a text to a number of columns exactly.
func Pad(s string, columns int) string {
	s = Cut(s, columns)
	return s + spaces(columns-Width(s))
}

// padLeft aligns a text to the right. One that is longer stays whole.
func padLeft(s string, columns int) string { return spaces(columns-Width(s)) + s }

func spaces(n int) string { return strings.Repeat(" ", max(0, n)) }

// wrap breaks a text into lines that fit, at spaces where there are any. The
// lines after the first are indented. What goes beyond maxLines is left out.
func wrap(s string, columns, indent, maxLines int) []string {
	indent = min(indent, columns/2)
	var lines []string
	for room := columns; ; room = columns - indent {
		lead := ""
		if len(lines) > 0 {
			lead = spaces(indent)
		}
		if Width(s) <= room || len(lines) == maxLines-1 {
			return append(lines, lead+Cut(s, room))
		}
		at := breakAt(s, room)
		lines = append(lines, lead+strings.TrimRight(s[:at], " "))
		s = strings.TrimLeft(s[at:], " ")
	}
}

// breakAt is the index after the last space within a number of columns, or
// that of the first rune beyond them.
func breakAt(s string, columns int) int {
	n, space := 0, 0
	for i, r := range s {
		if n += diag.RuneWidth(r); n > columns && i > 0 {
			if space > 0 && strings.TrimSpace(s[:space]) != "" {
				return space
			}
			return i
		}
		if r == ' ' {
			space = i + 1
		}
	}
	return len(s)
}

// A span is a piece of a line in one colour.
type span struct{ color, text string }

// paintLine joins spans to a line of at most so many columns. It is cut before
// it is coloured, so that no colour is left open.
func paintLine(paint func(color, text string) string, columns int, spans ...span) string {
	total := 0
	for _, s := range spans {
		total += Width(s.text)
	}
	cutting := total > columns
	var b strings.Builder
	for _, s := range spans {
		text := s.text
		if cutting {
			if w := Width(text); w < columns {
				columns -= w
			} else {
				text, columns = Cut(text+"…", columns), 0
			}
		}
		if text != "" {
			b.WriteString(paint(s.color, text))
		}
		if cutting && columns == 0 {
			break
		}
	}
	return b.String()
}

// Table prints rows in aligned columns. Cells come from outside, so
// control characters are made visible.
func Table(w io.Writer, header []string, rows [][]string) error {
	widths := make([]int, len(header))
	lines := append([][]string{header}, rows...)
	for i, cells := range lines {
		clean := make([]string, len(cells))
		for j, c := range cells {
			clean[j] = diag.Visible(c)
			widths[j] = max(widths[j], Width(clean[j]))
		}
		lines[i] = clean
	}
	var b strings.Builder
	for _, cells := range lines {
		var line strings.Builder
		for j, c := range cells {
			line.WriteString(c + spaces(widths[j]-Width(c)+2))
		}
		fmt.Fprintln(&b, strings.TrimRight(line.String(), " "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
