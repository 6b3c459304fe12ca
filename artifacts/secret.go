package artifacts

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pipe/base/infile"
)

// secretSize is the length of the secret of a store in bytes.
const secretSize = 32

// maxSecretFile bounds the file that holds it, in bytes.
const maxSecretFile = 1 << 10

// Secret is a random value of this store, made once, with which hashes of what
// must not be guessed are keyed. It is in no bundle, and must not leave the
// store. A store that was opened for reading and has none gives nil.
func (s *Store) Secret() ([]byte, error) {
	s.secret.Lock()
	defer s.secret.Unlock()
	if s.secret.value != nil {
		return s.secret.value, nil
	}
	path := filepath.Join(s.dir, "secret")
	value, err := readSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		if s.readOnly {
			return nil, nil
		}
		if err = s.makeSecret(path); err == nil {
			value, err = readSecret(path) // perhaps that of another process
		}
	}
	if err != nil {
		return nil, storeError("read the secret of the store", path, err)
	}
	s.secret.value = value
	return value, nil
}

func readSecret(path string) ([]byte, error) {
	text, err := infile.ReadAll(path, maxSecretFile)
	if err != nil {
		return nil, err
	}
	value, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err == nil && len(value) != secretSize {
		err = fmt.Errorf("it has %d bytes, want %d", len(value), secretSize)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; without this file a new one is made, and stages with env run again", err)
	}
	return value, nil
}

// makeSecret makes the file unless there is one. Only the owner reads it or, where
// a group shares the store, the group.
func (s *Store) makeSecret(path string) error {
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(s.dir); err == nil && info.Mode()&0o020 != 0 {
		mode = 0o640
	}
	var random [secretSize]byte
	rand.Read(random[:])
	f, temp, err := s.createTemp()
	if err != nil {
		return err
	}
	defer s.fs.Remove(temp)
	defer f.Close()
	if err := f.Chmod(mode); err != nil {
		return err
	}
	_, err = f.Write([]byte(hex.EncodeToString(random[:]) + "\n"))
	if err = errors.Join(err, f.Sync()); err != nil {
		return err
	}
	// Unlike a rename, a link does not replace what somebody else has made.
	if err := os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return s.fs.SyncDir(s.dir)
}
