package fault

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"pipe/artifacts"
)

// A Mode says how a call fails, and which calls count.
type Mode int

const (
	Error     Mode = iota // any call returns Fail.Err; a write has written half by then
	Short                 // a write writes half and reports no error
	FlipRead              // a read gives one wrong bit, once
	FlipWrite             // a write writes one wrong bit
	Truncate              // the file is cut to half after its rename
)

// String is the name of the mode.
func (m Mode) String() string {
	return [...]string{"error", "short write", "flipped bit in a read", "flipped bit in a write", "truncated object"}[m]
}

// Fail is a file system of which the N-th call of a kind fails, counting from
// 1. Syncing is left out: no power is lost, and tests are the faster.
type Fail struct {
	artifacts.FS
	Mode Mode
	N    int
	Err  error // for Mode Error

	mu   sync.Mutex
	seen int
	what string
}

// Failed says which call failed; empty if none did, because there were fewer
// than N.
func (f *Fail) Failed() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.what
}

// hit counts a call and reports whether it is the one that fails.
func (f *Fail) hit(mode Mode, op, name string) bool {
	if f.Mode != mode {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen++; f.seen != f.N {
		return false
	}
	f.what = op + " " + filepath.Base(name)
	return true
}

func (f *Fail) err(op, name string) error {
	if f.hit(Error, op, name) {
		return &fs.PathError{Op: op, Path: name, Err: f.Err}
	}
	return nil
}

func (f *Fail) MkdirAll(dir string) error {
	if err := f.err("mkdir", dir); err != nil {
		return err
	}
	return f.FS.MkdirAll(dir)
}

func (f *Fail) Create(name string) (artifacts.FSFile, error) {
	if err := f.err("create", name); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Create(name))
}

func (f *Fail) Open(name string) (artifacts.FSFile, error) {
	if err := f.err("open", name); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Open(name))
}

func (f *Fail) Append(name string) (artifacts.FSFile, error) {
	if err := f.err("append", name); err != nil {
		return nil, err
	}
	return f.wrap(f.FS.Append(name))
}

func (f *Fail) wrap(file artifacts.FSFile, err error) (artifacts.FSFile, error) {
	if err != nil {
		return nil, err
	}
	return &failFile{file, f}, nil
}

func (f *Fail) Lstat(name string) (fs.FileInfo, error) {
	if err := f.err("stat", name); err != nil {
		return nil, err
	}
	return f.FS.Lstat(name)
}

func (f *Fail) ReadDir(dir string) ([]fs.DirEntry, error) {
	if err := f.err("readdir", dir); err != nil {
		return nil, err
	}
	return f.FS.ReadDir(dir)
}

func (f *Fail) Rename(from, to string) error {
	if err := f.err("rename", to); err != nil {
		return err
	}
	if err := f.FS.Rename(from, to); err != nil {
		return err
	}
	if f.hit(Truncate, "truncate", to) {
		return cut(to)
	}
	return nil
}

// cut leaves the first half of a read-only file.
func cut(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if err := os.Chmod(name, 0o600); err != nil {
		return err
	}
	return os.Truncate(name, info.Size()/2)
}

func (f *Fail) Remove(name string) error {
	if err := f.err("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

func (f *Fail) RemoveAll(dir string) error {
	if err := f.err("remove all", dir); err != nil {
		return err
	}
	return f.FS.RemoveAll(dir)
}

func (f *Fail) Touch(name string, t time.Time) error {
	if err := f.err("touch", name); err != nil {
		return err
	}
	return f.FS.Touch(name, t)
}

func (f *Fail) SyncDir(dir string) error { return f.err("syncdir", dir) }

type failFile struct {
	artifacts.FSFile
	fs *Fail
}

func (f *failFile) Read(p []byte) (int, error) {
	if err := f.fs.err("read", ""); err != nil {
		return 0, err
	}
	n, err := f.FSFile.Read(p)
	if n > 0 && f.fs.hit(FlipRead, "read", "") {
		p[n/2] ^= 0x10
	}
	return n, err
}

func (f *failFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fs.err("read at", ""); err != nil {
		return 0, err
	}
	return f.FSFile.ReadAt(p, off)
}

func (f *failFile) Write(p []byte) (int, error) {
	if err := f.fs.err("write", ""); err != nil {
		n, _ := f.FSFile.Write(p[:len(p)/2])
		return n, err
	}
	if f.fs.hit(Short, "write", "") {
		return f.FSFile.Write(p[:len(p)/2])
	}
	if len(p) > 0 && f.fs.hit(FlipWrite, "write", "") {
		wrong := append([]byte(nil), p...)
		wrong[len(p)/2] ^= 0x10
		return f.FSFile.Write(wrong)
	}
	return f.FSFile.Write(p)
}

func (f *failFile) Stat() (fs.FileInfo, error) {
	if err := f.fs.err("fstat", ""); err != nil {
		return nil, err
	}
	return f.FSFile.Stat()
}

func (f *failFile) Chmod(mode fs.FileMode) error {
	if err := f.fs.err("chmod", ""); err != nil {
		return err
	}
	return f.FSFile.Chmod(mode)
}

func (f *failFile) Sync() error { return f.fs.err("sync", "") }
