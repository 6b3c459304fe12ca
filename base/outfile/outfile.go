// Package outfile writes to the files that people name. It owns what it means
// to write to a path: a regular file is replaced whole or not at all, and what
// is no regular file is written to and stays what it is. It knows nothing of
// what files hold.
package outfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pipe/base/infile"
)

// Write writes a file with what write gives. Until all of it is there, a
// regular file that was there before stays as it was, and so it does if write
// fails. A symbolic link stays, and what it leads to is written. A device, a
// named pipe, and an open file of this process such as /dev/stdout are written to
// as a shell does. For the reader of a pipe it waits until ctx ends.
func Write(ctx context.Context, path string, write func(io.Writer) error) error {
	if fd, ok := descriptor(path); ok {
		f, err := duplicate(fd)
		if err != nil {
			return &fs.PathError{Op: "write", Path: path, Err: err}
		}
		return finish(ctx, f, write)
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return &fs.PathError{Op: "write", Path: path, Err: errors.New("is a folder")}
	case err == nil && !info.Mode().IsRegular():
		return through(ctx, path, os.O_WRONLY, write)
	case err == nil:
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		return replace(real, info.Mode().Perm(), write)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if _, err := os.Lstat(path); err == nil { // a link to a file that is to be made
		return through(ctx, path, os.O_WRONLY|os.O_CREATE, write)
	}
	return replace(path, 0o644, write)
}

// descriptor is the number of the open file of this process that a path is
// another name of, as /dev/stdout is. Where it is a regular file it must not be
// replaced, and not be opened anew either, which would begin at its start.
func descriptor(path string) (fd int, ok bool) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return 0, false
	}
	for range 40 { // links in each other that a system follows
		for _, dir := range []string{"/dev/fd/", "/proc/self/fd/", fmt.Sprintf("/proc/%d/fd/", os.Getpid())} {
			if name, below := strings.CutPrefix(abs, dir); below {
				fd, err := strconv.Atoi(name)
				return fd, err == nil && fd >= 0
			}
		}
		to, err := os.Readlink(abs)
		if err != nil {
			return 0, false
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(abs), to)
		}
		abs = filepath.Clean(to)
	}
	return 0, false
}

// tempPrefix begins the names of temporary files.
const tempPrefix = ".pipe-"

// replace writes a temporary file and then gives it the name.
func replace(path string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*")
	if err != nil {
		return named(err, path)
	}
	defer func() { err = named(err, path) }()
	defer os.Remove(f.Name()) // after the rename there is nothing to remove
	defer f.Close()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// named lets an error speak of the file that was asked for, not of the temporary
// one beside it.
func named(err error, path string) error {
	var at *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &link):
		return &fs.PathError{Op: "write", Path: path, Err: link.Err}
	case errors.As(err, &at) && strings.HasPrefix(filepath.Base(at.Path), tempPrefix):
		at.Path = path
	}
	return err
}

// through writes to what is there.
func through(ctx context.Context, path string, flags int, write func(io.Writer) error) error {
	f, err := open(path, flags)
	for errors.Is(err, errNoReader) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", err, ctx.Err())
		case <-time.After(20 * time.Millisecond): // nothing tells that a reader came
		}
		f, err = open(path, flags)
	}
	if err != nil {
		return err
	}
	return finish(ctx, f, write)
}

// finish writes to an open file until ctx ends, and closes it.
func finish(ctx context.Context, f *os.File, write func(io.Writer) error) error {
	stop := context.AfterFunc(ctx, func() { f.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	err := write(f)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = ctx.Err()
	}
	return errors.Join(err, f.Close())
}

// Append opens a file for appending, and makes it if there is none. A named
// pipe that nobody reads is an error: nothing is waited for.
func Append(path string) (*os.File, error) {
	return open(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE)
}

var errNoReader = errors.New("is a named pipe that nobody reads")

func open(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|infile.NoWait, 0o666)
	if errors.Is(err, syscall.ENXIO) {
		cause := errNoReader
		if info, statErr := os.Stat(path); statErr == nil && info.Mode()&fs.ModeNamedPipe == 0 {
			cause = &infile.TypeError{Mode: info.Mode()}
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: cause}
	}
	return f, err
}
