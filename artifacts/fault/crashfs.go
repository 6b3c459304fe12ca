package fault

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"pipe/artifacts"
)

// FS passes the points of the store. With power, the crash also takes back
// what the disk was not told to keep.
func (c *Crash) FS(below artifacts.FS, power bool) artifacts.FS {
	f := &crashFS{FS: below, crash: c, disk: &disk{content: map[string]bool{}, names: map[string]bool{}}}
	if power {
		c.disk = f.disk
	}
	return f
}

type crashFS struct {
	artifacts.FS
	crash *Crash
	disk  *disk
}

func (f *crashFS) MkdirAll(dir string) error {
	var made []string
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Lstat(d); err == nil || d == filepath.Dir(d) {
			break
		}
		made = append(made, d)
	}
	err := f.FS.MkdirAll(dir)
	for _, d := range made {
		f.disk.named(d)
	}
	f.crash.At("store.mkdir")
	return err
}

func (f *crashFS) Create(name string) (artifacts.FSFile, error) {
	f.crash.At("store.create.before")
	file, err := f.FS.Create(name)
	if err != nil {
		return nil, err
	}
	f.disk.written(name)
	f.crash.At("store.create.after")
	return &crashFile{file, f, name}, nil
}

func (f *crashFS) Append(name string) (artifacts.FSFile, error) {
	file, err := f.FS.Append(name)
	if err != nil {
		return nil, err
	}
	f.disk.change(func() { f.disk.content[name] = true })
	return &crashFile{file, f, name}, nil
}

func (f *crashFS) Rename(from, to string) error {
	f.crash.At("store.rename.before")
	err := f.FS.Rename(from, to)
	if err == nil {
		f.disk.renamed(from, to)
		f.crash.At("store.rename.after")
	}
	return err
}

func (f *crashFS) Remove(name string) error {
	f.crash.At("store.remove.before")
	err := f.FS.Remove(name)
	f.crash.At("store.remove.after")
	return err
}

func (f *crashFS) Touch(name string, t time.Time) error {
	err := f.FS.Touch(name, t)
	f.crash.At("store.touch.after")
	return err
}

func (f *crashFS) SyncDir(dir string) error {
	f.crash.At("store.syncdir.before")
	err := f.FS.SyncDir(dir)
	if err == nil {
		f.disk.syncedDir(dir)
	}
	f.crash.At("store.syncdir.after")
	return err
}

type crashFile struct {
	artifacts.FSFile
	fs   *crashFS
	name string // under which it was created
}

// Write writes in two halves, so that a block can be torn.
func (f *crashFile) Write(p []byte) (int, error) {
	f.fs.crash.At("store.write.before")
	half, err := f.FSFile.Write(p[:len(p)/2])
	if err != nil {
		return half, err
	}
	f.fs.crash.At("store.write.half")
	rest, err := f.FSFile.Write(p[len(p)/2:])
	f.fs.crash.At("store.write.after")
	return half + rest, err
}

func (f *crashFile) Chmod(mode fs.FileMode) error {
	err := f.FSFile.Chmod(mode)
	f.fs.crash.At("store.chmod.after")
	return err
}

func (f *crashFile) Sync() error {
	f.fs.crash.At("store.sync.before")
	err := f.FSFile.Sync()
	if err == nil {
		f.fs.disk.synced(f.name)
	}
	f.fs.crash.At("store.sync.after")
	return err
}

// A disk knows what a loss of power would take: file contents and names that
// were not synced.
type disk struct {
	mu      sync.Mutex
	content map[string]bool // paths of files whose bytes may be lost
	names   map[string]bool // paths whose entry in the directory may be lost
}

func (d *disk) change(change func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change()
}

func (d *disk) named(path string)   { d.change(func() { d.names[path] = true }) }
func (d *disk) written(path string) { d.change(func() { d.content[path], d.names[path] = true, true }) }
func (d *disk) synced(path string)  { d.change(func() { delete(d.content, path) }) }

func (d *disk) renamed(from, to string) {
	d.change(func() {
		if d.content[from] {
			d.content[to] = true
		}
		delete(d.content, from)
		delete(d.names, from)
		d.names[to] = true
	})
}

func (d *disk) syncedDir(dir string) {
	d.change(func() {
		for path := range d.names {
			if filepath.Dir(path) == filepath.Clean(dir) {
				delete(d.names, path)
			}
		}
	})
}

// losePower undoes what was not synced, and keeps d locked: the machine is off.
// Half of the bytes of an unsynced file stay, which is worse than none.
func (d *disk) losePower() {
	d.mu.Lock()
	for path := range d.content {
		if info, err := os.Lstat(path); err == nil {
			_ = os.Chmod(path, 0o600)
			_ = os.Truncate(path, info.Size()/2)
		}
	}
	for path := range d.names {
		// The name of the lock does not matter, and a directory takes along
		// what is in it. The database syncs its own names.
		if !strings.HasSuffix(path, ".lock") {
			_ = os.RemoveAll(path)
		}
	}
}
