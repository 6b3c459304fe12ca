package artifacts

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// A NotFoundError says that the store has no artifact of that ID.
type NotFoundError struct {
	ID   ID
	Path string // where it would be
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("artifact %s is not in the store (no file %s)", e.ID.Short(), e.Path)
}

// Is makes errors.Is(err, fs.ErrNotExist) true.
func (e *NotFoundError) Is(target error) bool { return target == fs.ErrNotExist }

// Hint says what to do next.
func (e *NotFoundError) Hint() string {
	return "run the pipeline again, or `pipe check --repair`: the stage that made it will make it again"
}

// A DamagedError says that the bytes under an ID are not those it names.
type DamagedError struct {
	ID     ID
	Path   string
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("artifact %s is damaged: %s: %s", e.ID.Short(), e.Path, e.Reason)
}

// Hint says how to repair it.
func (e *DamagedError) Hint() string {
	return "`pipe check --repair` puts it into quarantine and makes it again"
}

// A StoreError is a failure of the file system below the store.
type StoreError struct {
	Op  string // what was being done: "write", "sync", ...
	Dir string // the directory it was done in
	Err error
}

func (e *StoreError) Error() string {
	// The cause of a PathError repeats the operation and a random file name;
	// people need the directory.
	cause := e.Err
	var p *fs.PathError
	var l *linkError
	if errors.As(cause, &p) {
		cause = p.Err
	} else if errors.As(cause, &l) {
		cause = l.Err
	}
	return fmt.Sprintf("artifact store: %s in %s: %v", e.Op, e.Dir, cause)
}

// Unwrap returns the error of the file system.
func (e *StoreError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *StoreError) Hint() string {
	switch {
	case errors.Is(e.Err, syscall.ENOSPC), errors.Is(e.Err, syscall.EDQUOT):
		return fmt.Sprintf("free some space on the disk that holds %s (`pipe gc` removes artifacts that nothing refers to), then run again", e.Dir)
	case errors.Is(e.Err, syscall.EROFS):
		return fmt.Sprintf("%s is on a read-only file system: put the store where it can be written", e.Dir)
	case errors.Is(e.Err, fs.ErrPermission):
		return fmt.Sprintf("make %s writable for the user that runs pipe", e.Dir)
	case errors.Is(e.Err, syscall.EXDEV):
		return fmt.Sprintf("%s must be on the same file system as the objects directory beside it", e.Dir)
	case errors.Is(e.Err, syscall.EMFILE):
		return "too many files are open: raise the limit with `ulimit -n`"
	case errors.Is(e.Err, syscall.EIO):
		return fmt.Sprintf("the disk that holds %s may be failing: look at the log of the system, and run `pipe check`", e.Dir)
	}
	return "run again; if it fails again, `pipe check` says whether the store is sound"
}

func storeError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &StoreError{Op: op, Dir: filepath.Dir(path), Err: err}
}
