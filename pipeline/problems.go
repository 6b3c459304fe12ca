package pipeline

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"pipe/diag"
)

// problems collects what is wrong with one file, so that everything is
// reported at once.
type problems struct {
	file   string
	lines  []string // of the source, for the messages
	list   diag.List
	shapes shapes // read once, however many stages share them
}

func newProblems(file string, source []byte) *problems {
	return &problems{
		file:   file,
		lines:  strings.Split(string(source), "\n"),
		shapes: make(shapes),
	}
}

// at adds an error at the position of n, or about the whole file if n is nil.
// The hint may be empty.
func (p *problems) at(n *yaml.Node, hint, format string, args ...any) {
	d := diag.Diagnostic{
		Pos:  diag.Pos{File: p.file},
		Msg:  fmt.Sprintf(format, args...),
		Hint: hint,
	}
	if n != nil {
		d.Pos.Line, d.Pos.Column = n.Line, n.Column
		d.Line = p.line(n.Line)
	}
	p.list = append(p.list, d)
}

// line is the text of a source line, counted from 1, without its line end.
func (p *problems) line(number int) string {
	if number < 1 || number > len(p.lines) {
		return ""
	}
	return strings.TrimSuffix(p.lines[number-1], "\r")
}

// err is nil if there are no problems, else a diag.List sorted by position.
func (p *problems) err() error {
	p.list.Sort()
	return p.list.Err()
}
