package main

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
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	dim    = "2"
	bold   = "1"
)

// painter gives a function that colours text for an output, or leaves it alone.
func (a *app) painter(o *output) func(code, text string) string {
	if !a.colored(o) {
		return unpainted
	}
	return o.paint
}

func unpainted(_, text string) string { return text }

// duration is for people: three digits are enough.
func duration(d time.Duration) string {
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

// number prints a value with four significant digits, and whole numbers whole.
func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e9 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// bytesText prints a size in binary units.
func bytesText(n int64) string {
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

// oneLine makes a message that may come from anywhere fit for a list.
func oneLine(s string) string { return diag.Visible(strings.Join(strings.Fields(s), " ")) }

// writeJSON prints a document for scripts.
func writeJSON(w io.Writer, v any) error {
	enc := newJSONEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// newJSONEncoder writes JSON that says the same in fewer kinds of characters:
// those that could steer a terminal are escapes of JSON.
func newJSONEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(visibleJSON{w})
	enc.SetEscapeHTML(false)
	return enc
}

type visibleJSON struct{ w io.Writer }

// Write gets whole values. What is to be escaped is inside of their strings.
func (v visibleJSON) Write(p []byte) (int, error) {
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
	if _, err := v.w.Write(b); err != nil {
		return 0, err
	}
	return len(p), nil
}
