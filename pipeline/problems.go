package pipeline

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"pipe/base/diag"
)

// problems collects what is wrong with one file, so that everything is
// reported at once.
type problems struct {
	file   string
	lines  []string // of the source, for the messages
	list   diag.List
	warned int    // how many of the list are warnings
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

// warn is at for what is allowed but looks like a mistake.
func (p *problems) warn(n *yaml.Node, hint, format string, args ...any) {
	p.at(n, hint, format, args...)
	p.list[len(p.list)-1].Severity = diag.Warning
	p.warned++
}

// errors is how many errors were added so far. Who compares it with an earlier
// number knows whether something in between went well.
func (p *problems) errors() int { return len(p.list) - p.warned }

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
