// Package ui is how the terminal looks: streams for people, colours, tables, and the
// views of a run that goes on. It knows no commands.
package ui

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/term"

	"pipe/base/diag"
)

// An Output is a stream for people that remembers its first error, so that the
// many places that print need not, and that is silent from then on. Nothing that
// is written to it steers a terminal.
type Output struct {
	w io.Writer

	mu    sync.Mutex
	err   error
	seal  string // around what may steer the terminal; empty until there is some
	begun []byte // of a code point
}

// NewOutput is a stream that writes to w.
func NewOutput(w io.Writer) *Output { return &Output{w: w} }

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write(o.spell(p))
	return len(p), nil
}

func (o *Output) write(p []byte) {
	if o.err == nil && len(p) > 0 {
		_, o.err = o.w.Write(p)
	}
}

// Failure is what went wrong with the stream. A reader that went away
// ("pipe ls | head") has what it wanted: that is no failure.
func (o *Output) Failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write([]byte(diag.VisibleLines(string(o.begun)))) // what never got an end
	o.begun = nil
	if o.err == nil || errors.Is(o.err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("cannot write the output: %w", o.err)
}

// Broken says that nothing more can be written.
func (o *Output) Broken() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err != nil
}

// Is says whether a path is another name of the stream.
func (o *Output) Is(path string) bool {
	f, isFile := o.w.(*os.File)
	if !isFile {
		return false
	}
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	other, err := os.Stat(path)
	return err == nil && os.SameFile(mine, other)
}

// Size gives the size of the terminal behind the stream, if there is one.
func (o *Output) Size() (columns, rows int, ok bool) {
	f, isFile := o.w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, 0, false
	}
	columns, rows, err := term.GetSize(int(f.Fd()))
	return columns, rows, err == nil && columns > 0 && rows > 0
}
