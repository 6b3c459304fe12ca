package artifacts

import (
	"io"
	"io/fs"
	"os"
	"time"

	"pipe/base/infile"
)

// linkError is the error of a rename.
type linkError = os.LinkError

// FS is every call that the store makes to the file system below it, so that
// tests can let any one of them fail.
type FS interface {
	MkdirAll(dir string) error
	Chmod(name string, mode fs.FileMode) error
	Create(name string) (FSFile, error) // exclusive, for reading and writing
	Open(name string) (FSFile, error)   // a regular file, for reading
	Append(name string) (FSFile, error) // one that is there, for reading and writing
	Lstat(name string) (fs.FileInfo, error)
	ReadDir(dir string) ([]fs.DirEntry, error)
	Rename(from, to string) error
	Remove(name string) error
	RemoveAll(dir string) error
	Touch(name string, t time.Time) error
	SyncDir(dir string) error
}

// An FSFile is what the store does with an open file.
type FSFile interface {
	io.Reader
	io.ReaderAt
	io.Seeker
	io.Writer
	io.Closer
	Stat() (fs.FileInfo, error)
	Sync() error
	Chmod(mode fs.FileMode) error
	Truncate(size int64) error
	Fd() uintptr
}

type osFS struct{}

// SystemFS is the file system of the machine.
func SystemFS() FS { return osFS{} }

func (osFS) MkdirAll(dir string) error                 { return os.MkdirAll(dir, 0o777) }
func (osFS) Chmod(name string, m fs.FileMode) error    { return os.Chmod(name, m) }
func (osFS) Lstat(name string) (fs.FileInfo, error)    { return os.Lstat(name) }
func (osFS) ReadDir(dir string) ([]fs.DirEntry, error) { return os.ReadDir(dir) }
func (osFS) Rename(from, to string) error              { return os.Rename(from, to) }
func (osFS) Remove(name string) error                  { return os.Remove(name) }
func (osFS) RemoveAll(dir string) error                { return os.RemoveAll(dir) }
func (osFS) Touch(name string, t time.Time) error      { return os.Chtimes(name, t, t) }

func (osFS) Create(name string) (FSFile, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err // not f: a nil *os.File in an interface is not nil
	}
	return f, nil
}

func (osFS) Append(name string) (FSFile, error) {
	if info, err := os.Lstat(name); err != nil {
		return nil, err
	} else if err := infile.Check(name, info); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_RDWR|infile.NoWait, 0)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (osFS) Open(name string) (FSFile, error) {
	f, err := infile.Open(name)
	if err != nil {
		return nil, err
	}
	return f, nil
}
