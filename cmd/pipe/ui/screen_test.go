package ui

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pipe/base/diag"
)

// A screen is a terminal as far as the live view needs one. It fails the test
// on anything else: escape sequences that it does not know, control
// characters, and lines that wrap.
type screen struct {
	t             testing.TB
	columns, rows int
	lines         []screenLine // all that were ever written; the last rows of them are visible
	x, y          int          // the cursor, y counting from the first line of all
	style         string
}

type screenLine []screenCell

type screenCell struct{ text, style string }

func newScreen(t testing.TB, columns, rows int) *screen {
	return &screen{t: t, columns: columns, rows: rows, lines: make([]screenLine, 1)}
}

func (s *screen) Write(p []byte) (int, error) {
	csi := regexp.MustCompile(`^\x1b\[([0-9]*)([A-Za-z])`)
	for text := string(p); text != ""; {
		if m := csi.FindStringSubmatch(text); m != nil {
			s.control(m[1], m[2])
			text = text[len(m[0]):]
			continue
		}
		r := []rune(text)[0]
		text = text[len(string(r)):]
		s.put(r)
	}
	return len(p), nil
}

func (s *screen) control(arg, command string) {
	switch command {
	case "A":
		n, _ := strconv.Atoi(arg)
		s.y = max(s.y-n, len(s.lines)-s.rows, 0)
	case "K":
		s.erase(s.y, s.x)
	case "J":
		s.erase(s.y, s.x)
		for y := s.y + 1; y < len(s.lines); y++ {
			s.erase(y, 0)
		}
	case "m":
		s.style = arg
		if arg == "0" {
			s.style = ""
		}
	default:
		s.t.Fatalf("the terminal does not know ESC [ %s %s", arg, command)
	}
}

func (s *screen) erase(y, x int) {
	if x < len(s.lines[y]) {
		s.lines[y] = s.lines[y][:x]
	}
}

func (s *screen) put(r rune) {
	switch {
	case r == '\r':
		s.x = 0
		return
	case r == '\n':
		if s.style != "" {
			s.t.Errorf("a colour is left open at the end of line %q", s.line(s.y, false))
		}
		if s.x, s.y = 0, s.y+1; s.y == len(s.lines) {
			s.lines = append(s.lines, nil)
		}
		return
	case r < ' ' || r >= 0x7f && r < 0xa0:
		s.t.Fatalf("control character %q reaches the terminal", r)
	}
	w := diag.RuneWidth(r)
	if w == 0 {
		s.lines[s.y][s.x-1].text += string(r)
		return
	}
	if s.x+w > s.columns {
		s.t.Fatalf("line %q and %q do not fit %d columns", s.line(s.y, false), r, s.columns)
	}
	line := s.lines[s.y]
	for len(line) < s.x+w {
		line = append(line, screenCell{text: " "})
	}
	line[s.x] = screenCell{string(r), s.style}
	if w == 2 {
		line[s.x+1] = screenCell{style: s.style}
	}
	s.lines[s.y] = line
	s.x += w
}

// line is the text of a line. With styles, runs in a colour are written as
// <colour:text>.
func (s *screen) line(y int, styles bool) string {
	var b strings.Builder
	style := ""
	for _, c := range s.lines[y] {
		if styles && c.style != style {
			if style != "" {
				b.WriteString(">")
			}
			if style = c.style; style != "" {
				b.WriteString("<" + map[string]string{Red: "red", Green: "green", Yellow: "yellow", Cyan: "cyan", Dim: "dim", Bold: "bold"}[style] + ":")
			}
		}
		b.WriteString(c.text)
	}
	if style != "" {
		b.WriteString(">")
	}
	return strings.TrimRight(b.String(), " ")
}

// String is all that was written and not erased, with the cursor.
func (s *screen) String() string { return s.text(false) }

func (s *screen) text(styles bool) string {
	var b strings.Builder
	end := len(s.lines)
	for end > s.y+1 && len(s.lines[end-1]) == 0 {
		end--
	}
	for y := range end {
		text := s.line(y, styles)
		if y == s.y {
			text += "▮"
		}
		fmt.Fprintln(&b, text)
	}
	return b.String()
}
