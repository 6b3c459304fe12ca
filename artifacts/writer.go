package artifacts

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A Writer is an artifact that has no name yet. It becomes one with Commit and
// vanishes with Discard, which does nothing after Commit, so that
//
//	w, err := store.Create()
//	if err != nil { ... }
//	defer w.Discard()
//
// is always right. A Writer is for one goroutine at a time.
type Writer struct {
	s    *Store
	mem  []byte // all bytes, as long as they are few,
	path string // and then of the temp file
	f    FSFile
	buf  []byte  // what is neither written to the file nor hashed yet
	sum  *digest // of the bytes in the file
	sent int64   // bytes of the file that the disk was asked to take
	size int64
	id   ID    // of all bytes, once there will be no more
	err  error // the first failure; nothing works after it
	done bool
}

// inMemory is how many bytes a Writer keeps before it makes a file. What the
// store has already then costs no file at all.
const inMemory = 32 << 10

// Create begins a new artifact.
func (s *Store) Create() (*Writer, error) {
	return &Writer{s: s}, nil
}

// spill makes the temp file, and moves to it what was kept in memory.
func (w *Writer) spill() (err error) {
	if w.f, w.path, err = w.s.createTemp(); err != nil {
		return err
	}
	_, err = w.f.Write(w.mem)
	return storeError("write", w.path, err)
}

// stream goes on in a file, behind a buffer.
func (w *Writer) stream() error {
	if err := w.spill(); err != nil {
		return err
	}
	w.sum = newDigest()
	w.sum.add(w.mem)
	w.mem, w.buf = nil, make([]byte, 0, chunkSize)
	return nil
}

// createTemp makes a file with a random name in tmp. It is locked: that tells
// Sweep that the process that writes it is alive, however long it idles.
func (s *Store) createTemp() (f FSFile, path string, err error) {
	var random [12]byte
	rand.Read(random[:])
	path = filepath.Join(s.tmp(), hex.EncodeToString(random[:]))
	f, err = s.fs.Create(path)
	if errors.Is(err, fs.ErrNotExist) { // somebody removed tmp, which is harmless
		if err = s.mkdir(s.tmp()); err == nil {
			f, err = s.fs.Create(path)
		}
	}
	if err != nil {
		return nil, "", storeError("create a file", path, err)
	}
	if err := lockShared(f); err != nil {
		f.Close()
		s.fs.Remove(path)
		return nil, "", storeError("lock a file", path, err)
	}
	return f, path, nil
}

// drain writes what is in the buffer to the file, while it is hashed.
func (w *Writer) drain() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	w.sum.add(w.buf)
	n, err := w.f.Write(w.buf)
	if err == nil && n < len(w.buf) {
		err = io.ErrShortWrite
	}
	w.err = storeError("write", w.path, err)
	w.buf = w.sum.next(w.buf)
	if file, ok := w.f.(*os.File); ok && w.err == nil && w.size-w.sent >= sendAtOnce {
		startWriting(file, w.sent, w.size-w.sent)
		w.sent = w.size
	}
	return w.err
}

// sendAtOnce is how much is written before the disk is asked to take it. So the
// disk works while more is made, and sync waits for the last piece only: 3 ms in
// place of 65 behind 190 MB.
const sendAtOnce = 8 << 20

// room gives memory for the next bytes: that of the Writer up to inMemory, and
// then the rest of the buffer.
func (w *Writer) room() ([]byte, error) {
	switch {
	case w.done:
		return nil, errors.New("artifact store: write after Commit or Discard")
	case w.err != nil:
		return nil, w.err
	case !w.id.IsZero():
		return nil, errors.New("artifact store: write after the end")
	}
	if w.f == nil {
		if len(w.mem) < inMemory {
			if w.mem == nil {
				w.mem = make([]byte, 0, smallest)
			}
			w.mem = slices.Grow(w.mem, 1)
			return w.mem[len(w.mem):min(cap(w.mem), inMemory)], nil
		}
		if w.err = w.stream(); w.err != nil {
			return nil, w.err
		}
	}
	if len(w.buf) == cap(w.buf) {
		if err := w.drain(); err != nil {
			return nil, err
		}
	}
	return w.buf[len(w.buf):cap(w.buf)], nil
}

// filled takes in what was put into room.
func (w *Writer) filled(n int) {
	w.size += int64(n)
	if w.f == nil {
		w.mem = w.mem[:len(w.mem)+n]
	} else {
		w.buf = w.buf[:len(w.buf)+n]
	}
}

// smallest is the memory that a Writer begins with.
const smallest = 512

// Write adds bytes. After an error, Commit fails too.
func (w *Writer) Write(p []byte) (int, error) {
	for n := 0; ; {
		room, err := w.room()
		if err != nil {
			return n, err
		}
		k := copy(room, p[n:])
		w.filled(k)
		if n += k; n == len(p) {
			return n, nil
		}
	}
}

// ReadFrom adds all that r gives.
func (w *Writer) ReadFrom(r io.Reader) (n int64, err error) {
	for {
		room, err := w.room()
		if err != nil {
			return n, err
		}
		k, err := r.Read(room)
		w.filled(k)
		n += int64(k)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// Size returns the number of bytes written so far.
func (w *Writer) Size() int64 { return w.size }

// Discard drops what was written. It does nothing after Commit.
func (w *Writer) Discard() {
	if w.done {
		return
	}
	w.done = true
	if w.sum != nil {
		w.sum.end()
	}
	if w.f == nil {
		return
	}
	// An error here leaves a file that Sweep removes.
	w.f.Close()
	w.s.fs.Remove(w.path)
}

// Reset drops what was written, so that it can be written anew. It does nothing
// after Commit or Discard.
func (w *Writer) Reset() {
	if !w.done {
		w.Discard()
		*w = Writer{s: w.s}
	}
}

// Commit gives the bytes their name and makes them durable. Content that the
// store has already is kept if it is sound and replaced if it is damaged. If
// Commit fails, nothing was written as far as anybody can see.
func (w *Writer) Commit() (ID, int64, error) {
	c := w.s.CommitAll([]*Writer{w})[0]
	return c.ID, c.Size, c.Err
}

// seal ends the writing and finds the name of the bytes.
func (w *Writer) seal() (ID, error) {
	switch {
	case w.done:
		return ID{}, errors.New("artifact store: Commit after Commit or Discard")
	case w.err != nil:
		return ID{}, w.err
	case !w.id.IsZero():
		return w.id, nil
	case w.f == nil:
		w.id = Sum(w.mem)
		return w.id, nil
	}
	if err := w.flush(); err != nil {
		return ID{}, err
	}
	w.id = w.sum.sum()
	w.buf = nil
	return w.id, nil
}

// flush puts all bytes into the temp file.
func (w *Writer) flush() error {
	if err := w.drain(); err != nil {
		return err
	}
	info, err := w.f.Stat()
	if err != nil {
		return storeError("stat", w.path, err)
	}
	if info.Size() != w.size {
		return storeError("write", w.path, fmt.Errorf("%d bytes are in the file, want %d: %w", info.Size(), w.size, io.ErrShortWrite))
	}
	return nil
}

// keep reports whether the bytes that the store has under id are known to be
// sound, and renews their age, on which Sweep depends. Any doubt means no: then they
// are replaced, which costs less than to read and hash what is large.
func (s *Store) keep(id ID, size int64) bool {
	info, err := s.fs.Lstat(s.path(id))
	if err != nil || size > keepInMemory && !s.verified.is(id, info) || size <= keepInMemory && !s.sound(id, size) {
		return false
	}
	return s.touch(id) == nil
}

// sound hashes the bytes that the store has under id.
func (s *Store) sound(id ID, size int64) bool {
	f, err := s.fs.Open(s.path(id))
	if err != nil {
		return false
	}
	defer f.Close()
	got, _, err := hashReader(f, size)
	return err == nil && got == id
}

// complete makes the temp file what the artifact shall be: all bytes, and
// read-only. Then it has to be synced, and named.
func (w *Writer) complete() error {
	if w.f == nil {
		if err := w.spill(); err != nil {
			return err
		}
		if err := w.flush(); err != nil {
			return err
		}
	}
	return storeError("change the mode of a file", w.path, w.f.Chmod(0o444))
}

// sync waits until the bytes are on the disk.
func (w *Writer) sync() error { return storeError("sync a file", w.path, w.f.Sync()) }

// moveTo gives the temp file another name.
func (w *Writer) moveTo(path string) error {
	if err := w.f.Close(); err != nil { // before the rename: Windows insists
		return storeError("close a file", w.path, err)
	}
	err := w.s.fs.Rename(w.path, path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := w.s.mkdir(filepath.Dir(path)); err != nil {
			return storeError("make directory", filepath.Dir(path), err)
		}
		err = w.s.fs.Rename(w.path, path)
	}
	if err != nil {
		return storeError("rename a file", path, err)
	}
	// The temp name is free now; removing it could hit somebody else's file.
	w.done = true
	return nil
}

// name moves the temp file to its name. What becomes visible is complete, on
// the disk, and read-only.
func (w *Writer) name(id ID) error {
	path := w.s.path(id)
	err := w.moveTo(path)
	if err != nil && w.s.sound(id, w.size) { // Windows replaces no file that is open
		w.s.fs.Remove(w.path)
		w.done = true
		return storeError("renew", path, w.s.touch(id))
	}
	if err != nil {
		return err
	}
	if w.size > keepInMemory {
		if info, err := w.s.fs.Lstat(path); err == nil && info.Size() == w.size {
			w.s.verified.remember(id, info)
		}
	}
	return nil
}
