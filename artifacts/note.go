package artifacts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// A note is what somebody found out of an artifact by reading it, kept since that
// takes long: one file for each artifact and kind of note. It can be found out
// again at any time. So nobody waits for the disk when it is written, one that is
// damaged or cannot be read is none, and one of an artifact that is gone goes with
// the next Sweep. A note has the trailer of a checkpoint.

// maxNote bounds the bytes of a note.
const maxNote = 64 << 20

func (s *Store) notes() string { return filepath.Join(s.dir, "notes") }

func noteName(kind string, id ID) string { return kind + "/" + id.String() }

func (s *Store) note(kind string, id ID) string {
	return filepath.Join(s.notes(), kind, id.String())
}

// SaveNote keeps a note of an artifact in place of the one of its kind that there
// may be. A store that was opened for reading keeps notes too, if it can be written:
// who cannot keep one has lost nothing but time.
func (s *Store) SaveNote(kind string, id ID, note []byte) (err error) {
	if len(note) > maxNote {
		return fmt.Errorf("a note of %d bytes, at most %d are kept", len(note), maxNote)
	}
	f, temp, err := s.createTemp()
	if err != nil {
		return err
	}
	err = errors.Join(writeCheckpoint(f, noteName(kind, id), func(w io.Writer) error {
		_, err := w.Write(note)
		return err
	}), f.Close())
	if err == nil {
		s.share(temp, 0o666)
		err = s.nameNote(temp, s.note(kind, id))
	}
	if err != nil {
		s.fs.Remove(temp) // if that fails too, Sweep removes it
		return storeError("write a note", s.note(kind, id), err)
	}
	return nil
}

// nameNote gives a file its name, in a folder that may not be there.
func (s *Store) nameNote(temp, path string) error {
	err := s.fs.Rename(temp, path)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, dir := range []string{s.notes(), filepath.Dir(path)} {
		if err := s.mkdir(dir); err != nil {
			return err
		}
	}
	return s.fs.Rename(temp, path)
}

// Note gives the note of a kind that was kept of an artifact, or nil.
func (s *Store) Note(kind string, id ID) []byte {
	f, err := s.fs.Open(s.note(kind, id))
	if err != nil {
		return nil
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() > maxNote+int64(checkpointTrailer) {
		return nil
	}
	var note bytes.Buffer
	r, err := readCheckpoint(unclosed{f}, noteName(kind, id))
	if err != nil {
		return nil
	}
	if _, err := note.ReadFrom(r); err != nil {
		return nil
	}
	return note.Bytes()
}

// unclosed is a file that its reader does not close.
type unclosed struct{ FSFile }

func (unclosed) Close() error { return nil }

// sweepNotes removes the notes of artifacts that are gone. One that cannot be
// removed does no harm.
func (s *Store) sweepNotes() {
	kinds, err := s.fs.ReadDir(s.notes())
	if err != nil {
		return
	}
	for _, kind := range kinds {
		list, err := s.fs.ReadDir(filepath.Join(s.notes(), kind.Name()))
		if err != nil {
			continue
		}
		for _, e := range list {
			if id, err := ParseID(e.Name()); err == nil {
				if _, err := s.fs.Lstat(s.path(id)); !errors.Is(err, fs.ErrNotExist) {
					continue
				}
			}
			_ = s.fs.Remove(filepath.Join(s.notes(), kind.Name(), e.Name()))
		}
	}
}
