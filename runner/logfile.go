package runner

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"pipe/base/names"
	"pipe/base/outfile"
)

// What stages say is kept in one text file for each attempt, not in the
// database: nobody searches it by column, and gigabytes of it would slow down
// everything else.

// maxLogFile bounds the log of one attempt.
const maxLogFile = 16 << 20

// LogFile is the file below dir that keeps what an attempt at a stage said.
// There is none if it said nothing. The error is about names that are none: they
// may come from a database that somebody else has made.
func LogFile(dir, runID, stage string, attempt int) (string, error) {
	if msg, _ := names.Check(runID); msg != "" {
		return "", fmt.Errorf("the name of a run %s", msg)
	}
	if msg, _ := names.CheckStage(stage); msg != "" {
		return "", fmt.Errorf("the name of a stage %s", msg)
	}
	return filepath.Join(dir, runID, stage+"."+strconv.Itoa(attempt)+".log"), nil
}

// A logFile is made with its first line, so that silent stages cost nothing.
// A line that cannot be written is lost: a stage must not fail for its log.
type logFile struct {
	path string // empty: none is kept
	now  func() time.Time

	mu   sync.Mutex
	f    *os.File
	size int
	full bool
}

func (l *logFile) add(level slog.Level, message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path == "" || l.full {
		return
	}
	if l.f == nil {
		if err := l.open(); err != nil {
			l.full = true
			return
		}
	}
	line := fmt.Sprintf("%s %-5s %s\n", l.now().UTC().Format("2006-01-02T15:04:05.000Z"), level, strings.TrimRight(message, "\n"))
	if l.size += len(line); l.size > maxLogFile {
		l.full = true
		line = fmt.Sprintf("the rest is not kept: a log has at most %d MiB\n", maxLogFile>>20)
	}
	if _, err := l.f.WriteString(line); err != nil {
		l.full = true
	}
}

func (l *logFile) open() (err error) {
	if err = os.MkdirAll(filepath.Dir(l.path), 0o777); err == nil {
		l.f, err = outfile.Append(l.path)
	}
	return err
}

func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f != nil {
		l.f.Close()
	}
	l.f, l.full = nil, true
}
