package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/term"

	"pipe/base/diag"
	"pipe/base/names"
	"pipe/base/outfile"
)

// An output is a stream for people that remembers its first error, so that the
// many places that print need not, and that is silent from then on. Nothing that
// is written to it steers a terminal.
type output struct {
	w io.Writer

	mu    sync.Mutex
	err   error
	seal  string // around what may steer the terminal; empty until there is some
	begun []byte // of a code point
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write(o.spell(p))
	return len(p), nil
}

func (o *output) write(p []byte) {
	if o.err == nil && len(p) > 0 {
		_, o.err = o.w.Write(p)
	}
}

// failure is what went wrong with the stream. A reader that went away
// ("pipe ls | head") has what it wanted: that is no failure.
func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.write([]byte(diag.VisibleLines(string(o.begun)))) // what never got an end
	o.begun = nil
	if o.err == nil || errors.Is(o.err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("cannot write the output: %w", o.err)
}

// broken says that nothing more can be written.
func (o *output) broken() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err != nil
}

// is says whether a path is another name of the stream.
func (o *output) is(path string) bool {
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

// write writes what a command gives to the file that -o names; "-" is standard
// output. It says whether that is a file that people can be told of.
func (a *app) write(ctx context.Context, path string, write func(io.Writer) error) (isFile bool, err error) {
	if path == "-" || a.out.is(path) {
		return false, write(a.out.data())
	}
	return true, outfile.Write(ctx, path, write)
}

// fileNamed is the file in this folder that is called after something in the
// database, which somebody else may have made.
func fileNamed(name, ending string) (string, error) {
	if msg, _ := names.Check(name); msg != "" {
		return "", diag.Usage(diag.WithHint(fmt.Errorf("the name %s, so no file can be called after it", msg), "name the file with -o FILE"))
	}
	return name + ending, nil
}

// size gives the size of the terminal behind the stream, if there is one.
func (o *output) size() (columns, rows int, ok bool) {
	f, isFile := o.w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, 0, false
	}
	columns, rows, err := term.GetSize(int(f.Fd()))
	return columns, rows, err == nil && columns > 0 && rows > 0
}
