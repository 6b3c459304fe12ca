//go:build unix

package exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"pipe/base/diag"
)

// lines is a log that hands on its messages.
type lines chan string

func (l lines) Enabled(context.Context, slog.Level) bool { return true }
func (l lines) Handle(_ context.Context, r slog.Record) error {
	l <- r.Message
	return nil
}
func (l lines) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l lines) WithGroup(string) slog.Handler      { return l }

func script(t *testing.T, text string, log lines) command {
	t.Helper()
	return command{called: func(string) {},
		argv: []string{"sh", "-c", text}, dir: t.TempDir(), path: "/usr/bin:/bin",
		log: slog.New(log), on: NewSupervisor(), mask: newMask(nil), grace: time.Minute,
	}
}

// fifo makes a named pipe in the work folder. Its content ends when the last
// process that has it open for writing has died.
func fifo(t *testing.T, c command) (untilClosed func()) {
	t.Helper()
	path := filepath.Join(c.dir, "alive")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	opened := make(chan *os.File, 1)
	go func() {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
		}
		opened <- f
	}()
	return func() {
		f := <-opened
		defer f.Close()
		if _, err := io.Copy(io.Discard, f); err != nil {
			t.Error(err)
		}
	}
}

func TestCancellationEndsTheWholeGroup(t *testing.T) {
	tests := []struct {
		name, script string
		grace        time.Duration
	}{
		{"by a signal to end", `exec 3> alive; sleep 1000 & echo ready; wait`, time.Minute},
		{"by force", `trap "" TERM; sh -c 'trap "" TERM; echo ready; while :; do sleep 1000; done' > /dev/stdout 3> alive & wait; while :; do sleep 1000; done`, time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			log := make(lines, 100)
			c := script(t, tt.script, log)
			c.grace = tt.grace
			untilClosed := fifo(t, c)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- c.run(ctx) }()
			if got := <-log; got != "ready" {
				t.Fatalf("first line is %q", got)
			}
			cancel()
			if err := <-done; !errors.Is(err, context.Canceled) {
				t.Errorf("error %v, want context.Canceled", err)
			}
			untilClosed()
		})
	}
}

func TestProcessesLeftBehindAreKilled(t *testing.T) {
	log := make(lines, 100)
	c := script(t, `exec 3> alive; sleep 1000 & echo started`, log)
	untilClosed := fifo(t, c)
	if err := c.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	untilClosed()
}

func TestTimeoutIsTheCause(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	c := script(t, "sleep 1000", make(lines, 100))
	if err := c.run(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want context.DeadlineExceeded", err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	const count, filler = 15000, "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 123456"
	log := make(lines, count)
	c := script(t, `head -c 10000 /dev/zero | tr '\0' a; echo; yes "`+filler+`" | head -n 15000; printf 'caf\351 \033[31mend'; exit 1`, log)
	err := c.run(t.Context())
	close(log)
	if err == nil {
		t.Fatal("no error")
	}
	var total int
	var first, last string
	for line := range log {
		if first == "" {
			first = line
		}
		last = line
		total += len(line)
	}
	if len(first) != maxLine+len(" ...") || !strings.HasSuffix(first, "a ...") {
		t.Errorf("a line of 10,000 characters became one of %d", len(first))
	}
	if total > maxLog+200 {
		t.Errorf("%d bytes were passed on, the most are %d", total, maxLog)
	}
	shown := (maxLog - len(first)) / len(filler)
	if want := fmt.Sprintf("the command printed %d further lines, which are not shown", count-shown+1); last != want {
		t.Errorf("the last line is %q, want %q", last, want)
	}
	if want := strings.Repeat("\n  "+filler, tailSize-1) + "\n" + `  caf\xe9 \x1b[31mend`; !strings.HasSuffix(err.Error(), want) {
		t.Errorf("the error is %q", err)
	}
}

// The system says of these scripts that they do not exist, or less.
func TestHintsOnScripts(t *testing.T) {
	tests := map[string]struct {
		script string
		argv   []string
		want   string
	}{
		"Windows line ends":         {"#!/bin/sh\r\necho\r\n", []string{"./run.sh"}, `run.sh has the line ends of Windows (CRLF), which shells cannot read: save it with LF, for example sed -i 's/\r$//' run.sh`},
		"Windows line ends, called": {"#!/bin/sh\r\necho\r\nexit 3\r\n", []string{"sh", "run.sh"}, `run.sh has the line ends of Windows (CRLF), which shells cannot read: save it with LF, for example sed -i 's/\r$//' run.sh`},
		"Windows line ends, env":    {"#!/usr/bin/env sh\r\n", []string{"sh", "-c", "./run.sh"}, `run.sh has the line ends of Windows (CRLF), which shells cannot read: save it with LF, for example sed -i 's/\r$//' run.sh`},
		"no interpreter":            {"#! /opt/none/python -u\n", []string{"./run.sh"}, "its first line names the interpreter /opt/none/python, which is not there"},
		"no first line":             {"echo\n", []string{"./run.sh"}, "begin the script with a line such as #!/bin/sh, or write command: [sh, SCRIPT]; a program must be built for this machine"},
		"its own failure":           {"#!/bin/sh\nexit 3\n", []string{"./run.sh"}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := script(t, "", make(lines, 100))
			c.argv, c.scripts = tt.argv, []string{"run.sh"}
			if err := os.WriteFile(filepath.Join(c.dir, "run.sh"), []byte(tt.script), 0o700); err != nil {
				t.Fatal(err)
			}
			err := c.run(t.Context())
			if err == nil {
				t.Fatal("no error")
			}
			if got := diag.HintOf(err); got != tt.want {
				t.Errorf("%v\nhint %s\nwant %s", err, got, tt.want)
			}
		})
	}
}
