package main

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"pipe/base/diag"
	"pipe/cmd/pipe/ui"
)

// What an artifact holds must not steer the terminal, whatever pieces it comes
// in, and text must arrive whole.
func TestCatOnATerminal(t *testing.T) {
	long := strings.Repeat("ä", longestLine)
	for _, test := range []struct{ text, want string }{
		{"a,b\n1,\t2\n", "a,b\n1,\t2\n"},
		{"red \x1b[31m\nno line end", "red \\x1b[31m\nno line end"},
		{"carriage\r\n", "carriage\\r\n"},
		{long, long},
	} {
		for _, size := range []int{1, 7, 1 << 20} {
			var b bytes.Buffer
			w := &pipeWriter{to: ui.NewOutput(&b), screen: true}
			// The writer is no io.ReaderFrom, so the pieces are those of the buffer.
			if _, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{strings.NewReader(test.text)}, make([]byte, size)); err != nil {
				t.Fatal(err)
			}
			if err := w.flush(); err != nil {
				t.Fatal(err)
			}
			if b.String() != test.want {
				t.Errorf("in pieces of %d: %.60q became %.60q", size, test.text, b.String())
			}
		}
	}
	for _, data := range []string{"text\x00", "\xff\xfe\n"} {
		w := &pipeWriter{to: ui.NewOutput(io.Discard), screen: true, hint: "use get"}
		if _, err := w.Write([]byte(data)); !errors.Is(err, errNoText) || diag.HintOf(err) != "use get" {
			t.Errorf("%q: error %v", data, err)
		}
	}
}

type goneReader struct{}

func (goneReader) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// A table of any size is not read to its end for a reader that went away.
func TestCatEndsWithItsReader(t *testing.T) {
	w := &pipeWriter{to: ui.NewOutput(goneReader{})}
	if _, err := w.Write([]byte("x")); !errors.Is(err, errReaderGone) {
		t.Errorf("error %v", err)
	}
}
