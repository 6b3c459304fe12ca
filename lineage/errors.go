package lineage

import (
	"errors"
	"fmt"
	"strings"

	"github.com/mattn/go-sqlite3"
)

// An Error is a failure of the database, with the file that it happened in.
type Error struct {
	Op   string // what was being done
	Path string // of the database
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("lineage: %s %s: %v", e.Op, e.Path, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Hint says what to do next.
func (e *Error) Hint() string {
	var h interface{ Hint() string }
	if errors.As(e.Err, &h) {
		return h.Hint()
	}
	var s sqlite3.Error
	if !errors.As(e.Err, &s) {
		return "run again; if it fails again, `pipe check` says whether the database is sound"
	}
	switch s.Code {
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return fmt.Sprintf("move %s and the files %s-wal and %s-shm away and run the pipelines again (artifacts stay, history is lost), "+
			"or rescue rows with `sqlite3 %s .recover`", e.Path, e.Path, e.Path, e.Path)
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return fmt.Sprintf("another process has been writing for more than %.0f seconds: wait for it, or look for a program that keeps the database open in a transaction", busyTimeout.Seconds())
	case sqlite3.ErrFull:
		return fmt.Sprintf("free some space on the disk that holds %s, then run again", e.Path)
	case sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrPerm:
		return fmt.Sprintf("make %s and its directory readable and writable for the user that runs pipe", e.Path)
	case sqlite3.ErrIoErr:
		return fmt.Sprintf("the disk that holds %s may be failing: look at the log of the system, and run `pipe check`", e.Path)
	}
	return "run again; if it fails again, `pipe check` says whether the database is sound"
}

// IsDamaged reports whether an error says that the file of the database does
// not hold what SQLite wrote.
func IsDamaged(err error) bool {
	var s sqlite3.Error
	return errors.As(err, &s) && (s.Code == sqlite3.ErrCorrupt || s.Code == sqlite3.ErrNotADB)
}

// errReadOnly is the cause when a method that writes is called on a DB from
// OpenReadOnly.
var errReadOnly = errors.New("the database was opened read-only")

// ErrUnmade says that a database has no schema yet: the process that made it was
// killed, or has not come to that.
var ErrUnmade = errors.New("there is nothing in the lineage database: its making was cut off, or has not ended")

// IsOld says that a database cannot be read as it is, since an earlier version
// of pipe made it. Open migrates it.
func IsOld(err error) bool {
	var old *oldError
	return errors.As(err, &old)
}

type oldError struct{ error }

func (e *oldError) Unwrap() error { return e.error }

// A RefError says that a reference names nothing, or more than one thing.
type RefError struct {
	Ref        string
	Msg        string
	Candidates []string // what it could mean, or what there is; may be empty
	Next       string   // what to do where there are none; may be empty
	Elsewhere  string   // the reference with which another run of the pipeline has it; may be empty
}

func (e *RefError) Error() string { return fmt.Sprintf("%q %s", e.Ref, e.Msg) }

// Hint lists the candidates.
func (e *RefError) Hint() string {
	if e.Elsewhere != "" {
		return "the newest run that has it: " + e.Elsewhere
	}
	if len(e.Candidates) == 0 && e.Next != "" {
		return e.Next
	}
	if len(e.Candidates) == 0 {
		return "`pipe ls` lists the runs"
	}
	const most = 30
	if more := len(e.Candidates) - most; more > 0 {
		return fmt.Sprintf("one of: %s and %d more", strings.Join(e.Candidates[:most], ", "), more)
	}
	return "one of: " + strings.Join(e.Candidates, ", ")
}
