package main

import (
	"fmt"
	"io"
	"strings"

	"pipe/base/diag"
)

// width is the number of columns that a text takes on a terminal.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += diag.RuneWidth(r)
	}
	return n
}

// cut shortens a text to a number of columns.
func cut(s string, columns int) string {
	if len(s) <= columns || width(s) <= columns {
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

// pad brings a text to a number of columns exactly.
func pad(s string, columns int) string {
	s = cut(s, columns)
	return s + spaces(columns-width(s))
}

// padLeft aligns a text to the right. One that is longer stays whole.
func padLeft(s string, columns int) string { return spaces(columns-width(s)) + s }

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
		if width(s) <= room || len(lines) == maxLines-1 {
			return append(lines, lead+cut(s, room))
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
		total += width(s.text)
	}
	cutting := total > columns
	var b strings.Builder
	for _, s := range spans {
		text := s.text
		if cutting {
			if w := width(text); w < columns {
				columns -= w
			} else {
				text, columns = cut(text+"…", columns), 0
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

// writeTable prints rows in aligned columns. Cells come from outside, so
// control characters are made visible.
func writeTable(w io.Writer, header []string, rows [][]string) error {
	widths := make([]int, len(header))
	lines := append([][]string{header}, rows...)
	for i, cells := range lines {
		clean := make([]string, len(cells))
		for j, c := range cells {
			clean[j] = diag.Visible(c)
			widths[j] = max(widths[j], width(clean[j]))
		}
		lines[i] = clean
	}
	var b strings.Builder
	for _, cells := range lines {
		var line strings.Builder
		for j, c := range cells {
			line.WriteString(c + spaces(widths[j]-width(c)+2))
		}
		fmt.Fprintln(&b, strings.TrimRight(line.String(), " "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
