package diag

import (
	"bufio"
	"io"
	"strings"
)

// maxWidth is the number of columns that a source line may take in print.
const maxWidth = 100

// ellipsis stands for the part of a source line that was cut off.
const ellipsis = "..."

// A style is the escape sequences around the parts of a printed problem; its
// zero value is plain text.
type style struct {
	pos, err, warning, caret, hint, reset string
}

var colored = style{
	pos:     "\x1b[1m",
	err:     "\x1b[1;31m",
	warning: "\x1b[1;33m",
	caret:   "\x1b[1;32m",
	hint:    "\x1b[36m",
	reset:   "\x1b[0m",
}

// Render prints the problems in the order of the list, each as
//
//	file:12:5: error: unknown key "epoch"
//	    epoch: 100
//	    ^
//	hint: did you mean "epochs"?
//
// A long source line is cut around the caret. Whatever could steer a terminal
// is shown as an escape, so the text may come from a hostile file.
func (l List) Render(w io.Writer, color bool) error {
	var s style
	if color {
		s = colored
	}
	b := bufio.NewWriter(w)
	for _, d := range l {
		d.render(b, s)
	}
	return b.Flush()
}

func (d Diagnostic) render(b *bufio.Writer, s style) {
	if pos := d.Pos.String(); pos != "" {
		b.WriteString(s.pos + pos + ":" + s.reset + " ")
	}
	paint := s.err
	if d.Severity == Warning {
		paint = s.warning
	}
	b.WriteString(paint + d.Severity.String() + ":" + s.reset + " " + Visible(d.Msg) + "\n")
	if source, indent := excerpt(d.Line, d.Pos.Column); strings.TrimSpace(source) != "" {
		b.WriteString(source + "\n")
		if d.Pos.Column > 0 {
			b.WriteString(strings.Repeat(" ", indent) + s.caret + "^" + s.reset + "\n")
		}
	}
	if d.Hint == "" {
		return
	}
	for hint := range strings.SplitSeq(d.Hint, "\n") {
		b.WriteString(s.hint + "hint:" + s.reset + " " + Visible(hint) + "\n")
	}
}

// excerpt is the part of a source line around a column (from 1) that fits
// into maxWidth, and the number of columns in front of the caret in it.
func excerpt(line string, column int) (source string, indent int) {
	near, skipped := vicinity(strings.TrimRight(line, "\r\n"), column)
	row := cells(near)
	caret := min(max(column-1-skipped, 0), len(row))
	first, last := window(row, caret)
	var b strings.Builder
	if first > 0 || skipped > 0 {
		b.WriteString(ellipsis)
		indent = len(ellipsis)
	}
	for i, c := range row[first:last] {
		b.WriteString(c.text)
		if first+i < caret {
			indent += c.width
		}
	}
	if last < len(row) {
		b.WriteString(ellipsis)
	}
	return b.String(), indent
}

// vicinity is the part of a line that an excerpt around column could show at
// all, and the number of code points in front of it, so that a line of many
// megabytes is not laid out as a whole.
func vicinity(line string, column int) (near string, skipped int) {
	const reach = 8 * maxWidth
	from, seen := 0, 0
	for i := range line {
		if seen == column-reach {
			from, skipped = i, seen
		}
		if seen == max(column, 0)+reach {
			return line[from:i], skipped
		}
		seen++
	}
	return line[from:], skipped
}

// window chooses the cells [first, last) to print: all if they fit, otherwise
// from the start if the caret is well inside then, otherwise with the caret
// in the middle.
func window(row []cell, caret int) (first, last int) {
	if width(row) <= maxWidth {
		return 0, len(row)
	}
	room := maxWidth - len(ellipsis) // kept for the end
	if width(row[:caret]) > maxWidth*2/3 {
		room -= len(ellipsis)
		first = caret
		for left := room / 2; first > 0 && left >= row[first-1].width; first-- {
			left -= row[first-1].width
		}
	}
	last = first
	for last < len(row) && room >= row[last].width {
		room -= row[last].width
		last++
	}
	if last == len(row) { // the end is not cut off: its room is free
		for room += len(ellipsis); first > 0 && room >= row[first-1].width; first-- {
			room -= row[first-1].width
		}
	}
	for first > 0 && first < caret && row[first].width == 0 {
		first++ // a mark without the letter that it sits on
	}
	return first, last
}

func width(row []cell) int {
	n := 0
	for _, c := range row {
		n += c.width
	}
	return n
}
