package artifacts

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"time"
)

// A Part is the beginning of an artifact whose bytes come from elsewhere and take
// long, such as a download. What has come is kept beyond the end of the process that
// got it, however that ends: the bytes in a file, and how many of them are sure to be
// there in the checkpoint of the same name. For one goroutine at a time.
type Part struct {
	*Writer
	name  string
	mark  string
	saved int64     // bytes that will be there in any case
	every int64     // after how many bytes they become more
	at    time.Time // when they did
}

// partState is the checkpoint of a Part.
type partState struct {
	Mark string `json:"mark"`
	Size int64  `json:"size"`
}

// Between two times that bytes become sure to be there come so many, or so much time.
const (
	savedEvery = 64 << 20
	savedAfter = 2 * time.Second
)

// maxPartState bounds what is read of a checkpoint that may be of something else.
const maxPartState = 64 << 10

func (s *Store) parts() string { return filepath.Join(s.dir, "parts") }

func (s *Store) part(name string) string { return filepath.Join(s.parts(), name) }

// Part goes on with what has come of something, or begins it. Only the holder of
// the claim of that name may call it, who calls Keep, Commit or Discard in the end.
func (s *Store) Part(name string) (*Part, error) {
	p := &Part{Writer: &Writer{s: s, path: s.part(name)}, name: name, every: savedEvery}
	state, ok := s.partState(name)
	if ok {
		f, err := s.fs.Append(p.path)
		if err == nil {
			if err = p.resume(f, state); err == nil {
				return p, nil
			}
			f.Close()
		}
	}
	// There is none, or none that can be trusted: whatever is there is of no use.
	if err := s.RemoveCheckpoint(name); err != nil {
		return nil, err
	}
	f, err := s.fs.Create(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = s.mkdir(s.parts()); err == nil {
			f, err = s.fs.Create(p.path)
		}
	}
	if err != nil {
		return nil, storeError("create a file", p.path, err)
	}
	s.share(p.path, 0o666)
	p.begin(f)
	return p, nil
}

// partState reads the checkpoint of a Part.
func (s *Store) partState(name string) (state partState, ok bool) {
	r, err := s.OpenCheckpoint(name)
	if err != nil {
		return state, false
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, maxPartState))
	return state, err == nil && json.Unmarshal(text, &state) == nil && state.Size > 0
}

func (p *Part) begin(f FSFile) {
	p.f, p.sum, p.buf, p.size, p.saved = f, newDigest(), make([]byte, 0, chunkSize), 0, 0
	p.at = p.s.now()
}

// resume takes in the bytes that are sure to be there.
func (p *Part) resume(f FSFile, state partState) error {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() < state.Size {
		return errors.Join(err, errors.New("the file is shorter than it was"))
	}
	if err := f.Truncate(state.Size); err != nil {
		return err
	}
	p.begin(f)
	for p.size < state.Size {
		n, err := io.ReadFull(f, p.buf[:min(int64(cap(p.buf)), state.Size-p.size)])
		if err != nil {
			p.sum.end()
			return err
		}
		chunk := p.buf[:n]
		p.sum.add(chunk)
		p.buf = p.sum.next(chunk)
		p.size += int64(n)
	}
	p.mark, p.saved = state.Mark, state.Size
	return nil
}

// Mark says of which bytes it is the beginning; empty if nobody knows.
func (p *Part) Mark() string { return p.mark }

// Begin drops what has come. What is written next is the beginning of the bytes that
// the mark stands for; without one it is not kept.
func (p *Part) Begin(mark string) error {
	if p.mark = mark; p.size == 0 {
		return p.err
	}
	if err := p.s.dropCheckpoint(p.name); err != nil {
		return err
	}
	p.sum.end()
	if err := p.f.Truncate(0); err != nil {
		return storeError("truncate a file", p.path, err)
	}
	if _, err := p.f.Seek(0, io.SeekStart); err != nil {
		return storeError("seek", p.path, err)
	}
	p.begin(p.f)
	return nil
}

// Write adds bytes.
func (p *Part) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if err == nil && p.mark != "" && p.size > p.saved && (p.size-p.saved >= p.every || p.s.now().Sub(p.at) >= savedAfter) {
		err = p.save()
	}
	return n, err
}

// save makes what has come durable.
func (p *Part) save() error {
	if err := p.drain(); err != nil {
		return err
	}
	if err := p.f.Sync(); err != nil {
		return storeError("sync a file", p.path, err)
	}
	if p.saved == 0 {
		for _, dir := range []string{p.s.parts(), p.s.dir} {
			if err := p.s.fs.SyncDir(dir); err != nil {
				return storeError("sync", filepath.Join(dir, "*"), err)
			}
		}
	}
	text, err := json.Marshal(partState{p.mark, p.size})
	if err != nil {
		return err
	}
	err = p.s.SaveCheckpoint(p.name, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err == nil {
		p.saved, p.at = p.size, p.s.now()
	}
	return err
}

// Keep ends the use of the Part, and reports whether what has come is there for the
// next one.
func (p *Part) Keep() bool {
	if p.done {
		return false
	}
	if p.mark != "" && p.size > p.saved {
		_ = p.save() // else there is what was saved before
	}
	if p.saved == 0 {
		p.Discard()
		return false
	}
	p.done = true
	p.sum.end()
	return p.f.Close() == nil
}

// Discard drops what has come. It does nothing after Keep and Commit.
func (p *Part) Discard() {
	if !p.done {
		p.Writer.Discard()
		_ = p.s.dropCheckpoint(p.name) // which is of nothing any more
	}
}

// Commit makes an artifact of all that has come.
func (p *Part) Commit() (ID, int64, error) {
	id, size, err := p.Writer.Commit()
	if dropErr := p.s.dropCheckpoint(p.name); err == nil {
		err = dropErr
	}
	return id, size, err
}

// dropCheckpoint is RemoveCheckpoint without the Part.
func (s *Store) dropCheckpoint(name string) error {
	path := s.checkpoint(name)
	err := s.fs.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return storeError("remove a checkpoint", path, err)
}

// removePart removes what has come of something.
func (s *Store) removePart(name string) error {
	err := s.fs.Remove(s.part(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return storeError("remove a file", s.part(name), err)
}

// sweepParts removes those that have no checkpoint and are nobody's work.
func (s *Store) sweepParts() (removed int, err error) {
	entries, err := s.fs.ReadDir(s.parts())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, storeError("list", s.part("*"), err)
	}
	for _, e := range entries {
		ok, err := s.sweepPart(e.Name())
		if err != nil {
			return removed, err
		}
		if ok {
			removed++
		}
	}
	return removed, nil
}

func (s *Store) sweepPart(name string) (removed bool, err error) {
	claim, err := s.Claim(name)
	if claimed := (*ClaimedError)(nil); errors.As(err, &claimed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer claim.Release()
	if _, err := s.fs.Lstat(s.checkpoint(name)); !errors.Is(err, fs.ErrNotExist) {
		return false, storeError("stat", s.checkpoint(name), err)
	}
	info, err := s.fs.Lstat(s.part(name))
	if err != nil || !info.Mode().IsRegular() || !info.ModTime().Before(s.now().Add(-Grace)) {
		return false, nil // gone meanwhile, not ours, or young
	}
	return true, s.removePart(name)
}
