package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"pipe/base/diag"
)

// ANSI colours.
const (
	Red    = "31"
	Green  = "32"
	Yellow = "33"
	Cyan   = "36"
	Dim    = "2"
	Bold   = "1"
)

// Unpainted leaves text alone.
func Unpainted(_, text string) string { return text }

// Duration is for people: three digits are enough.
func Duration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 2, 64) + "ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 2, 64) + "s"
	default:
		return coarse(d)
	}
}

// Number prints a value with four significant digits, and whole numbers whole.
func Number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e9 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// Bytes prints a size in binary units.
func Bytes(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	v, exp := float64(n)/unit, 0
	for v >= unit && exp < 4 {
		v /= unit
		exp++
	}
	return fmt.Sprintf("%.1f %ciB", v, "KMGTP"[exp])
}

// OneLine makes a message that may come from anywhere fit for a list.
func OneLine(s string) string { return diag.Visible(strings.Join(strings.Fields(s), " ")) }

// WriteJSON prints a document for scripts.
func WriteJSON(w io.Writer, v any) error {
	enc := NewJSONEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// NewJSONEncoder writes JSON that says the same in fewer kinds of characters:
// those that could steer a terminal are escapes of JSON.
func NewJSONEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(VisibleJSON{w})
	enc.SetEscapeHTML(false)
	return enc
}

// VisibleJSON passes JSON on with what could steer a terminal escaped.
type VisibleJSON struct{ W io.Writer }

// Write gets whole values. What is to be escaped is inside of their strings.
func (v VisibleJSON) Write(p []byte) (int, error) {
	var b []byte
	for rest := p; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == '\n' || diag.IsVisible(r):
			b = append(b, rest[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			b = fmt.Appendf(b, `\u%04x\u%04x`, high, low)
		default:
			b = fmt.Appendf(b, `\u%04x`, r)
		}
		rest = rest[size:]
	}
	if _, err := v.W.Write(b); err != nil {
		return 0, err
	}
	return len(p), nil
}

// LocalTime is a time by the clock on the wall.
func LocalTime(t time.Time) string { return t.Local().Format(time.DateTime) }

// Plural counts something.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
