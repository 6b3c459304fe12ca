package exec

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"pipe/base/diag"
)

// Bounds of what is kept of a command's output.
const (
	maxLine  = 4 << 10 // longer lines are cut
	maxLog   = 1 << 20 // after that only the end is shown
	tailSize = 20      // lines in an error
)

// A capture passes on what a command prints, line by line.
type capture struct {
	log    *slog.Logger
	mask   *mask
	logged int // bytes
	hidden int // lines that were not passed on
	last   []string
	line   []byte
	cut    bool // line is only the start of what was printed
}

func newCapture(log *slog.Logger, m *mask) *capture { return &capture{log: log, mask: m} }

// readFrom reads until the output is closed, or an error, which means the
// same: there is nothing more to come.
func (c *capture) readFrom(r io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		c.write(buf[:n])
		if err != nil {
			break
		}
	}
	if len(c.line) > 0 || c.cut {
		c.endLine()
	}
	if c.hidden > 0 {
		c.log.Warn(fmt.Sprintf("the command printed %d further lines, which are not shown", c.hidden))
	}
}

func (c *capture) write(p []byte) {
	for len(p) > 0 {
		part, rest, ended := bytes.Cut(p, []byte("\n"))
		// A secret that is cut would not be recognised.
		room := maxLine + c.mask.longest - len(c.line)
		if len(part) > room {
			part, c.cut = part[:room], true
		}
		c.line = append(c.line, part...)
		if ended {
			c.endLine()
		}
		p = rest
	}
}

func (c *capture) endLine() {
	text := c.mask.hide(strings.TrimSuffix(string(c.line), "\r"))
	if len(text) > maxLine {
		text, c.cut = text[:maxLine], true
	}
	text = diag.Visible(text)
	if c.cut {
		text += " ..."
	}
	c.line, c.cut = c.line[:0], false
	if len(c.last) == tailSize {
		copy(c.last, c.last[1:])
		c.last = c.last[:tailSize-1]
	}
	c.last = append(c.last, text)
	if c.logged += len(text); c.logged > maxLog {
		c.hidden++
		return
	}
	c.log.Info(text)
}

// tail is the end of the output, as the end of an error message.
func (c *capture) tail() string {
	if len(c.last) == 0 {
		return ""
	}
	return "; its last lines:\n  " + strings.Join(c.last, "\n  ")
}
