package runner

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"unicode/utf8"
)

// What a stage warned of is told and kept with its execution, up to so many
// warnings of so many bytes; the log has all.
const (
	maxWarnings     = 50
	maxWarningBytes = 4096
)

// warnings are those of one attempt.
type warnings struct {
	mu    sync.Mutex
	first []string
	more  int
}

// add says whether the message is still one of the first.
func (w *warnings) add(message string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.first) == maxWarnings {
		w.more++
		return false
	}
	message = strings.ToValidUTF8(message, "\ufffd")
	if cut := maxWarningBytes; len(message) > cut {
		for !utf8.RuneStart(message[cut]) {
			cut--
		}
		message = message[:cut] + "..."
	}
	w.first = append(w.first, message)
	return true
}

func (w *warnings) list() []string {
	rest := w.rest()
	w.mu.Lock()
	defer w.mu.Unlock()
	return append(w.first[:len(w.first):len(w.first)], rest...)
}

// rest is a message about those that are not among the first, if there are any.
func (w *warnings) rest() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.more == 0 {
		return nil
	}
	return []string{fmt.Sprintf("and %d more warnings: see pipe logs", w.more)}
}

// A logHandler turns records into one-line messages.
type logHandler struct {
	send  func(slog.Level, string)
	attrs string
}

func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
		return true
	})
	h.send(r.Level, b.String())
	return nil
}

// SplitHint parts the message of a warning from what it says to do, which is its last
// attribute.
func SplitHint(message string) (text, hint string) {
	const begin = " hint="
	if at := strings.LastIndex(message, begin); at >= 0 {
		return message[:at], message[at+len(begin):]
	}
	return message, ""
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		fmt.Fprintf(&b, " %s=%v", a.Key, a.Value)
	}
	return &logHandler{send: h.send, attrs: b.String()}
}

// WithGroup drops the name of the group: messages are for people.
func (h *logHandler) WithGroup(string) slog.Handler { return h }
