package artifacts

import (
	"io/fs"
	"os"
)

// Several users may share a store: its folder then belongs to their group, may be
// written by it, and hands its group on (mode 2775). What is made in a store has the
// permissions of its folder, whatever the umask of who makes it, as in a shared
// repository of Git.

// shareMode are the bits that are handed on.
const shareMode = fs.ModePerm | fs.ModeSetgid

// mkdir makes a directory of the store.
func (s *Store) mkdir(dir string) error {
	if err := s.fs.MkdirAll(dir); err != nil {
		return err
	}
	s.share(dir, shareMode)
	return nil
}

// share gives a directory or a file of the store the permissions of its folder, as
// far as they are in mask. Only the user who made it can; for others it is done.
func (s *Store) share(name string, mask fs.FileMode) {
	folder, err := s.fs.Lstat(s.dir + "/.") // which may be a link
	if err != nil {
		return
	}
	info, err := s.fs.Lstat(name)
	if err != nil {
		return
	}
	if want := folder.Mode() & mask; info.Mode()&mask != want {
		_ = s.fs.Chmod(name, want)
	}
}

// shareFile does the same for a file that is open.
func shareFile(f *os.File, dir string) {
	folder, err := os.Stat(dir)
	if err != nil {
		return
	}
	info, err := f.Stat()
	if err != nil {
		return
	}
	if want := folder.Mode() & 0o666; info.Mode().Perm() != want {
		_ = f.Chmod(want)
	}
}
