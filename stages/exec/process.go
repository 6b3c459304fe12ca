package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"pipe/base/diag"
)

// A command is a program with all that it gets.
type command struct {
	argv   []string
	dir    string
	path   string               // where to look for the program
	called func(program string) // is told which program of the machine it is
	env    []string
	log    *slog.Logger
	on     *Supervisor
	mask   *mask

	scripts []string // files of the user's in dir
	// grace is how long it has to end after it was asked to, and how long its
	// output may stay open after it has ended.
	grace time.Duration
}

// run runs a command to its end. When ctx ends first, its whole process group
// is asked to end, and killed after the grace; the error is then that of ctx.
// Processes that the command leaves behind are killed in any case, those in
// sessions of their own too (on Linux).
func (c command) run(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	program, err := c.find()
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(c.dir, program); err != nil || !filepath.IsLocal(rel) {
		c.called(program) // one of the files of the stage is recorded as such
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	// Both streams share one pipe, which keeps their lines in order.
	cmd := &exec.Cmd{Path: program, Args: c.argv, Dir: c.dir, Env: c.env, Stdout: write, Stderr: write}
	p, err := c.on.start(cmd)
	write.Close()
	if err != nil {
		return c.scriptHint(fmt.Errorf("cannot start %s: %w", c.argv[0], err), program)
	}
	capture := newCapture(c.log, c.mask)
	captured := make(chan struct{})
	go func() {
		defer close(captured)
		capture.readFrom(read)
	}()
	err = c.wait(ctx, cmd)
	p.end()
	// A process that could not be killed could hold the pipe open for ever.
	if deadlineErr := read.SetReadDeadline(time.Now().Add(c.grace)); deadlineErr != nil {
		read.Close()
	}
	<-captured
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w%s", c.argv[0], context.Cause(ctx), capture.tail())
	}
	return c.scriptHint(fmt.Errorf("%s: %w%s", c.argv[0], err, capture.tail()), program)
}

// wait returns when the command itself has ended. Its error is not nil if ctx
// ended first.
func (c command) wait(ctx context.Context, cmd *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	terminate(cmd)
	timer := time.NewTimer(c.grace)
	defer timer.Stop()
	select {
	case err := <-ended:
		return errors.Join(err, ctx.Err())
	case <-timer.C:
	case <-c.on.force:
	}
	killGroup(cmd.Process.Pid)
	return errors.Join(<-ended, ctx.Err())
}

// find looks up the program: a name in PATH, or a path, which is relative to
// the work folder.
func (c command) find() (string, error) {
	name := c.argv[0]
	if strings.ContainsRune(name, filepath.Separator) {
		full := name
		if !filepath.IsAbs(name) {
			full = filepath.Join(c.dir, name)
		}
		if err := checkExecutable(full); err != nil {
			return "", diag.WithHint(fmt.Errorf("%s: %w", name, err), missingHint(name))
		}
		return full, nil
	}
	for _, dir := range filepath.SplitList(c.path) {
		if !filepath.IsAbs(dir) {
			continue // would depend on where pipe was started
		}
		if full := filepath.Join(dir, name); checkExecutable(full) == nil {
			return full, nil
		}
	}
	return "", diag.WithHint(fmt.Errorf("program %q is not in PATH", name), "PATH is "+c.path)
}

func checkExecutable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		var pathErr *fs.PathError
		if errors.As(err, &pathErr) {
			return pathErr.Err
		}
		return err
	case info.IsDir():
		return errors.New("is a folder")
	case info.Mode()&0o111 == 0:
		return fs.ErrPermission
	}
	return nil
}
