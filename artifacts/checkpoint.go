package artifacts

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"time"
)

// A checkpoint is how far unfinished work has come, under the name of that
// work (see Claim): one file for each name, of no interest once the work is
// done. It is no artifact, since when it is written is a matter of time.
//
// The file ends in a trailer: magic bytes, the length of what is before it,
// and the SHA-256 of the name, a zero byte and those bytes. So neither a file
// that was cut, nor one that was given to other work, is taken for a checkpoint.
const (
	checkpointMagic   = "pipeckp1"
	checkpointTrailer = len(checkpointMagic) + 8 + sha256.Size
)

func (s *Store) checkpoints() string { return filepath.Join(s.dir, "checkpoints") }

func (s *Store) checkpoint(name string) string { return filepath.Join(s.checkpoints(), name) }

func checkpointHash(name string) hash.Hash {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{0})
	return h
}

// SaveCheckpoint replaces the checkpoint of a piece of work by what write
// writes. When it has returned nil the new one survives a loss of power; when
// it fails, or the process dies, there is the new one or still the old one.
// Only the holder of the claim of that name may call it.
func (s *Store) SaveCheckpoint(name string, write func(io.Writer) error) (err error) {
	f, temp, err := s.createTemp()
	if err != nil {
		return err
	}
	named := false
	defer func() {
		if !named {
			f.Close()
			s.fs.Remove(temp) // if that fails too, Sweep removes it
		}
	}()
	if err := writeCheckpoint(f, name, write); err != nil {
		return storeCause("write a checkpoint", temp, err)
	}
	if err := f.Sync(); err != nil {
		return storeError("sync a checkpoint", temp, err)
	}
	if err := f.Close(); err != nil {
		return storeError("close a checkpoint", temp, err)
	}
	path := s.checkpoint(name)
	err = s.fs.Rename(temp, path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := s.mkdir(s.checkpoints()); err != nil {
			return storeError("make directory", s.checkpoints(), err)
		}
		err = s.fs.Rename(temp, path)
	}
	if err != nil {
		return storeError("rename a checkpoint", path, err)
	}
	named = true // removing the temp name now could hit somebody else's file
	if err := s.fs.SyncDir(s.checkpoints()); err != nil {
		return storeError("sync", path, err)
	}
	if s.syncedCheckpoints.Load() {
		return nil
	}
	if err := s.fs.SyncDir(s.dir); err != nil {
		return storeError("sync", s.checkpoints(), err)
	}
	s.syncedCheckpoints.Store(true)
	return nil
}

// writeCheckpoint writes the bytes and the trailer.
func writeCheckpoint(f FSFile, name string, write func(io.Writer) error) error {
	buf := bufio.NewWriterSize(f, 256<<10)
	sum := &counter{hash: checkpointHash(name)}
	if err := write(io.MultiWriter(buf, sum)); err != nil {
		return err
	}
	trailer := binary.LittleEndian.AppendUint64([]byte(checkpointMagic), uint64(sum.n))
	if _, err := buf.Write(sum.hash.Sum(trailer)); err != nil {
		return err
	}
	if err := buf.Flush(); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if want := sum.n + int64(checkpointTrailer); info.Size() != want {
		return fmt.Errorf("%d bytes are in the file, want %d: %w", info.Size(), want, io.ErrShortWrite)
	}
	return nil
}

// A counter hashes and counts bytes.
type counter struct {
	hash hash.Hash
	n    int64
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.hash.Write(p)
}

// storeCause says that a failure is one of the file system, if it is: write may
// have failed for reasons of its own.
func storeCause(op, path string, err error) error {
	if cause := (*fs.PathError)(nil); errors.As(err, &cause) || errors.Is(err, io.ErrShortWrite) {
		return storeError(op, path, err)
	}
	return err
}

// OpenCheckpoint opens the checkpoint of a piece of work, after it has hashed
// all its bytes. The error is fs.ErrNotExist if there is none, and something
// else if there is one that cannot be trusted; then the work is best begun
// anew. The caller closes what it returns.
func (s *Store) OpenCheckpoint(name string) (io.ReadCloser, error) {
	path := s.checkpoint(name)
	f, err := s.fs.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, storeError("open a checkpoint", path, err)
	}
	c, err := readCheckpoint(f, name)
	if err != nil {
		f.Close()
		return nil, storeCause("read a checkpoint", path, err)
	}
	return c, nil
}

// PeekCheckpoint reads the first bytes of a checkpoint without hashing it, for a
// look at what it is of.
func (s *Store) PeekCheckpoint(name string, most int) ([]byte, error) {
	path := s.checkpoint(name)
	f, err := s.fs.Open(path)
	if err != nil {
		return nil, storeError("open a checkpoint", path, err)
	}
	b, err := io.ReadAll(io.LimitReader(f, int64(most)))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, storeError("read a checkpoint", path, err)
	}
	return b, nil
}

// readCheckpoint verifies an open checkpoint. What fits into keepInMemory is
// given out from there, so that it is the very bytes that were hashed.
func readCheckpoint(f FSFile, name string) (io.ReadCloser, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size() - int64(checkpointTrailer)
	if !info.Mode().IsRegular() || size < 0 {
		return nil, errors.New("the checkpoint is not complete")
	}
	sum := &counter{hash: checkpointHash(name)}
	var kept bytes.Buffer
	var to io.Writer = sum
	if size <= keepInMemory {
		to = io.MultiWriter(sum, &kept)
	}
	buf := make([]byte, 256<<10)
	if _, err := io.CopyBuffer(to, io.LimitReader(f, size), buf); err != nil {
		return nil, err
	}
	trailer := make([]byte, checkpointTrailer)
	if _, err := io.ReadFull(f, trailer); err != nil {
		return nil, fmt.Errorf("the checkpoint is not complete: %w", err)
	}
	want := binary.LittleEndian.AppendUint64([]byte(checkpointMagic), uint64(size))
	if want = sum.hash.Sum(want); sum.n != size || !bytes.Equal(trailer, want) {
		return nil, errors.New("the checkpoint is damaged: its bytes do not have the hash that it names")
	}
	if size <= keepInMemory {
		return io.NopCloser(&kept), f.Close()
	}
	return &checkpointReader{io.NewSectionReader(f, 0, size), f}, nil
}

type checkpointReader struct {
	io.Reader
	io.Closer
}

// RemoveCheckpoint removes the checkpoint of a piece of work, if there is one, with the
// Part that goes with it. Only the holder of the claim of that name may call it.
func (s *Store) RemoveCheckpoint(name string) error {
	if err := s.dropCheckpoint(name); err != nil {
		return err
	}
	return s.removePart(name)
}

// A CheckpointInfo describes a checkpoint that was not opened.
type CheckpointInfo struct {
	Name  string // of the work
	Size  int64  // with the Part of that name
	Saved time.Time
}

// Checkpoints lists the checkpoints, by name.
func (s *Store) Checkpoints() ([]CheckpointInfo, error) {
	entries, err := s.fs.ReadDir(s.checkpoints())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, storeError("list", s.checkpoint("*"), err)
	}
	var list []CheckpointInfo
	for _, e := range entries {
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			return nil, storeError("stat", s.checkpoint(e.Name()), err)
		}
		size := info.Size()
		if part, err := s.fs.Lstat(s.part(e.Name())); err == nil {
			size += part.Size()
		}
		list = append(list, CheckpointInfo{e.Name(), size, info.ModTime()})
	}
	return list, nil
}

// SweepCheckpoints removes the checkpoints for which keep returns false and
// returns what it removed. One whose work is claimed, or that is younger than
// Grace, stays in any case.
func (s *Store) SweepCheckpoints(ctx context.Context, keep func(CheckpointInfo) bool) (removed []CheckpointInfo, err error) {
	list, err := s.Checkpoints()
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		if err := ctx.Err(); err != nil {
			return removed, err
		}
		if keep(c) {
			continue
		}
		ok, err := s.sweepCheckpoint(c.Name)
		if err != nil {
			return removed, err
		}
		if ok {
			removed = append(removed, c)
		}
	}
	return removed, nil
}

// sweepCheckpoint takes the claim, so that nobody saves or opens the checkpoint
// at the same moment, and only then looks at its age.
func (s *Store) sweepCheckpoint(name string) (removed bool, err error) {
	claim, err := s.Claim(name)
	if claimed := (*ClaimedError)(nil); errors.As(err, &claimed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer claim.Release()
	info, err := s.fs.Lstat(s.checkpoint(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, storeError("stat", s.checkpoint(name), err)
	}
	if !info.ModTime().Before(s.now().Add(-Grace)) {
		return false, nil
	}
	return true, s.RemoveCheckpoint(name)
}
