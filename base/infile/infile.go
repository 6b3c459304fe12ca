// Package infile opens files that others made, for reading. It owns what may be
// read as a file: a regular one, of a size that its reader has bounded, without
// waiting for anybody. It knows nothing of what files hold, and never writes.
//
// A name that comes from outside may lead to a named pipe, on which opening
// waits for ever, to a device that has no end, or to a folder. All that pipe
// reads, from pipeline files to the objects of its store, is opened here.
package infile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Open opens a regular file for reading. The error is an *fs.PathError; that
// about anything but a regular file wraps a *TypeError.
func Open(path string) (*os.File, error) {
	// To open a device can have effects (a tape rewinds), so look first. The
	// open does not wait all the same, and what was opened is looked at again:
	// the name may mean something else by then.
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if err := Check(path, info); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDONLY|NoWait, 0)
	return checked(path, f, err)
}

// OpenIn is Open for a file of a folder, which nothing leads out of.
func OpenIn(root *os.Root, name string) (*os.File, error) {
	if info, err := root.Stat(name); err != nil {
		return nil, err
	} else if err := Check(name, info); err != nil {
		return nil, err
	}
	f, err := root.OpenFile(name, os.O_RDONLY|NoWait, 0)
	return checked(name, f, err)
}

func checked(path string, f *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = Check(path, info)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ReadAll reads a regular file of at most limit bytes. The error about a longer
// one wraps a *SizeError, and of such a file no more than that is read.
func ReadAll(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	tooLarge := &fs.PathError{Op: "read", Path: path, Err: &SizeError{limit}}
	if info.Size() > limit {
		return nil, tooLarge
	}
	// One byte more than allowed is enough to see that it is too much: the file
	// may grow, and those of /proc say that they have no size.
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		return nil, tooLarge
	}
	return data, err
}

// Reader reads from r until ctx ends, so that a long copy does. Its error is
// then that of ctx.
func Reader(ctx context.Context, r io.Reader) io.Reader { return reader{ctx, r} }

type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

// ReaderAt is Reader for reads at offsets.
func ReaderAt(ctx context.Context, r io.ReaderAt) io.ReaderAt { return readerAt{ctx, r} }

type readerAt struct {
	ctx context.Context
	r   io.ReaderAt
}

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.ReadAt(p, off)
}

// A SizeError says that a file is longer than its reader takes.
type SizeError struct{ Limit int64 } // in bytes

func (e *SizeError) Error() string {
	if e.Limit >= 1<<20 {
		return fmt.Sprintf("has more than %d MiB", e.Limit>>20)
	}
	return fmt.Sprintf("has more than %d bytes", e.Limit)
}

// A TypeError says that there is something else in the place of a file.
type TypeError struct{ Mode fs.FileMode }

func (e *TypeError) Error() string {
	return "is not a regular file but " + TypeName(e.Mode)
}

// IsType says whether an error is about something that is not a regular file.
func IsType(err error) bool { return errors.As(err, new(*TypeError)) }

// Check says whether what was found at a path is a regular file.
func Check(path string, info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return &fs.PathError{Op: "open", Path: path, Err: &TypeError{info.Mode()}}
}

// TypeName names what a mode says that a file is.
func TypeName(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "a regular file"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return mode.Type().String()
}
