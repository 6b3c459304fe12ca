package lineage

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mattn/go-sqlite3"

	"pipe/base/diag"
	"pipe/base/infile"
)

// access is how SQLite opens a database.
type access struct {
	path    string // of the file that is opened
	options string // in its address
	copy    string // the folder of a copy, to be removed; empty if there is none
}

func (a access) close() error {
	if a.copy == "" {
		return nil
	}
	return os.RemoveAll(a.copy)
}

// makeFile makes an empty database with the permissions of its folder, which
// several users may share. SQLite gives them to the files that it makes beside it;
// by itself it would keep the group out.
func makeFile(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if folder, err := os.Stat(dir); err == nil {
		_ = f.Chmod(folder.Mode() & 0o666) // a file system without permissions
	}
	return f.Close()
}

// accessTo finds out how to read a database. Even to read one in its log mode,
// SQLite writes: it makes the log and its index, or takes them over. Who may not
// write to the folder reads without them, and who could write to the folder alone
// must not make files that the owner of the database cannot write to.
func accessTo(path string) (access, error) {
	plain := access{path: path}
	if mayWrite(path) && mayWrite(filepath.Dir(path)) {
		return plain, nil
	}
	wal, err := os.Stat(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) || err == nil && wal.Size() == 0 {
		// All that was written is in the file. Who begins to write this very moment
		// is not seen, and changes the file only when the log is full or at his end.
		return access{path: path, options: "&immutable=1"}, nil
	}
	if err != nil {
		return plain, err
	}
	if _, err := os.Stat(path + "-shm"); err == nil {
		return plain, nil // SQLite reads both as they are
	}
	return copied(path)
}

// copied gives a copy of a database with its log. There is no index of the log, so
// nobody is writing.
func copied(path string) (_ access, err error) {
	dir, err := os.MkdirTemp("", "pipe-lineage-")
	if err != nil {
		return access{}, err
	}
	a := access{path: filepath.Join(dir, filepath.Base(path)), copy: dir}
	for _, end := range []string{"", "-wal"} {
		if err := copyFile(a.path+end, path+end); err != nil {
			return access{}, errors.Join(err, a.close())
		}
	}
	return a, nil
}

func copyFile(to, from string) error {
	src, err := infile.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// notShared explains why nothing can be written: a file beside the database that
// somebody else has made.
func (d *DB) notShared(err error) error {
	var e sqlite3.Error
	if !errors.As(err, &e) || e.Code != sqlite3.ErrReadonly && e.Code != sqlite3.ErrCantOpen {
		return err
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		name := d.path + end
		if _, statErr := os.Stat(name); statErr == nil && !mayWrite(name) {
			return diag.WithHint(err, "this user may not write to "+name+": whose it is can allow it with `chmod g+w`, "+
				"and a folder that several users share wants `chmod g+rwxs`")
		}
	}
	return err
}
