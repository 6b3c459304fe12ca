package diag

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tabStop is the distance of tab stops in a printed source line.
const tabStop = 4

// wide holds the code points that take two columns of a terminal: the ranges
// of East Asian Width W and F in Unicode 15 (UAX #11), joined where only
// unassigned code points lie between.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, {0x231a, 0x231b, 1}, {0x2329, 0x232a, 1}, {0x23e9, 0x23ec, 1},
		{0x23f0, 0x23f0, 1}, {0x23f3, 0x23f3, 1}, {0x25fd, 0x25fe, 1}, {0x2614, 0x2615, 1},
		{0x2648, 0x2653, 1}, {0x267f, 0x267f, 1}, {0x2693, 0x2693, 1}, {0x26a1, 0x26a1, 1},
		{0x26aa, 0x26ab, 1}, {0x26bd, 0x26be, 1}, {0x26c4, 0x26c5, 1}, {0x26ce, 0x26ce, 1},
		{0x26d4, 0x26d4, 1}, {0x26ea, 0x26ea, 1}, {0x26f2, 0x26f3, 1}, {0x26f5, 0x26f5, 1},
		{0x26fa, 0x26fa, 1}, {0x26fd, 0x26fd, 1}, {0x2705, 0x2705, 1}, {0x270a, 0x270b, 1},
		{0x2728, 0x2728, 1}, {0x274c, 0x274c, 1}, {0x274e, 0x274e, 1}, {0x2753, 0x2755, 1},
		{0x2757, 0x2757, 1}, {0x2795, 0x2797, 1}, {0x27b0, 0x27b0, 1}, {0x27bf, 0x27bf, 1},
		{0x2b1b, 0x2b1c, 1}, {0x2b50, 0x2b50, 1}, {0x2b55, 0x2b55, 1}, {0x2e80, 0x303e, 1},
		{0x3041, 0x3247, 1}, {0x3250, 0x4dbf, 1}, {0x4e00, 0xa4c6, 1}, {0xa960, 0xa97c, 1},
		{0xac00, 0xd7a3, 1}, {0xf900, 0xfaff, 1}, {0xfe10, 0xfe19, 1}, {0xfe30, 0xfe6b, 1},
		{0xff01, 0xff60, 1}, {0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{
		{0x16fe0, 0x18cd5, 1}, {0x18d00, 0x18d08, 1}, {0x1aff0, 0x1b2fb, 1}, {0x1f004, 0x1f004, 1},
		{0x1f0cf, 0x1f0cf, 1}, {0x1f18e, 0x1f18e, 1}, {0x1f191, 0x1f19a, 1}, {0x1f200, 0x1f320, 1},
		{0x1f32d, 0x1f335, 1}, {0x1f337, 0x1f37c, 1}, {0x1f37e, 0x1f393, 1}, {0x1f3a0, 0x1f3ca, 1},
		{0x1f3cf, 0x1f3d3, 1}, {0x1f3e0, 0x1f3f0, 1}, {0x1f3f4, 0x1f3f4, 1}, {0x1f3f8, 0x1f43e, 1},
		{0x1f440, 0x1f440, 1}, {0x1f442, 0x1f4fc, 1}, {0x1f4ff, 0x1f53d, 1}, {0x1f54b, 0x1f54e, 1},
		{0x1f550, 0x1f567, 1}, {0x1f57a, 0x1f57a, 1}, {0x1f595, 0x1f596, 1}, {0x1f5a4, 0x1f5a4, 1},
		{0x1f5fb, 0x1f64f, 1}, {0x1f680, 0x1f6c5, 1}, {0x1f6cc, 0x1f6cc, 1}, {0x1f6d0, 0x1f6d2, 1},
		{0x1f6d5, 0x1f6df, 1}, {0x1f6eb, 0x1f6ec, 1}, {0x1f6f4, 0x1f6fc, 1}, {0x1f7e0, 0x1f7f0, 1},
		{0x1f90c, 0x1f93a, 1}, {0x1f93c, 0x1f945, 1}, {0x1f947, 0x1f9ff, 1}, {0x1fa70, 0x1faf8, 1},
		{0x20000, 0x2fffd, 1}, {0x30000, 0x3fffd, 1},
	},
}

// A cell is what a terminal shows for one code point of a source line.
type cell struct {
	text  string
	width int // columns; zero for marks that sit on the cell before
}

// cells lays out a line without its line end, one cell for each code point
// (each byte where the line is not UTF-8).
func cells(line string) []cell {
	out := make([]cell, 0, len(line))
	column := 0
	for len(line) > 0 {
		r, size := utf8.DecodeRuneInString(line)
		c := layout(r, line[:size], column)
		out = append(out, c)
		column += c.width
		line = line[size:]
	}
	return out
}

func layout(r rune, raw string, column int) cell {
	if r == '\t' {
		width := tabStop - column%tabStop
		return cell{strings.Repeat(" ", width), width}
	}
	if escaped, ok := escape(r, raw); ok {
		return cell{escaped, len(escaped)}
	}
	return cell{raw, RuneWidth(r)}
}

// RuneWidth is the number of columns that a terminal gives to a printable
// code point: two if it is wide, none if it is a mark on the one before.
func RuneWidth(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// escape spells out a code point that would be invisible or would steer a
// terminal: control and format characters (colours, bidirectional overrides,
// zero-width spaces), line separators, and bytes that are not UTF-8. The
// result is ASCII.
func escape(r rune, raw string) (string, bool) {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0]), true
	case r == '\n':
		return `\n`, true
	case r == '\r':
		return `\r`, true
	case r == '\t':
		return `\t`, true
	case !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
		return "", false
	case r <= 0xff:
		return fmt.Sprintf(`\x%02x`, r), true
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r), true
	}
	return fmt.Sprintf(`\U%08x`, r), true
}

// Visible is s on one line, with everything that escape names spelled out.
func Visible(s string) string { return visible(s, "") }

// VisibleLines is Visible for a text of several lines: the ends of lines and the
// tabs in it stay.
func VisibleLines(s string) string { return visible(s, "\n\t") }

// IsVisible says whether Visible leaves a code point as it is.
func IsVisible(r rune) bool {
	_, bad := escape(r, "")
	return !bad
}

func visible(s, kept string) string {
	suspect := func(r rune) bool { return r == utf8.RuneError || !IsVisible(r) && !strings.ContainsRune(kept, r) }
	if strings.IndexFunc(s, suspect) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if escaped, ok := escape(r, s[:size]); ok && !strings.ContainsRune(kept, r) {
			b.WriteString(escaped)
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}
