package relation

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"pipe/base/diag"
)

// A Span is a length of time: months, whose lengths differ, or nanoseconds.
type Span struct {
	Months int64
	Nanos  int64
	text   string
}

var spanUnits = []struct {
	name   string
	months int64
	nanos  int64
}{
	{"ns", 0, 1}, {"us", 0, 1e3}, {"ms", 0, 1e6}, {"mo", 1, 0}, // before s and m
	{"s", 0, 1e9}, {"m", 0, 60e9}, {"h", 0, 3600e9}, {"d", 0, 86400e9}, {"w", 0, 7 * 86400e9},
	{"q", 3, 0}, {"y", 12, 0},
}

// ParseSpan reads a length of time, such as 1h, 15m, 1d12h, 2w, or 1mo, 1q, 1y.
func ParseSpan(text string) (Span, error) {
	s := Span{text: text}
	wrong := func() (Span, error) {
		return Span{}, diag.WithHint(fmt.Errorf("%q is no length of time", diag.Shorten(text)),
			"write whole numbers with units: ns, us, ms, s, m (minutes), h, d, w, mo (months), q, y, as in 15m or 1d12h")
	}
	rest, long := text, false
	for rest != "" {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		overflow := errors.Is(err, strconv.ErrRange)
		if err != nil && !overflow {
			return wrong()
		}
		rest = rest[digits:]
		found := false
		for _, u := range spanUnits {
			if strings.HasPrefix(rest, u.name) {
				rest, found = rest[len(u.name):], true
				if per := max(u.nanos, u.months); overflow || n > (math.MaxInt64-max(s.Months, s.Nanos))/per {
					long = true
					break
				}
				s.Months += n * u.months
				s.Nanos += n * u.nanos
				break
			}
		}
		if !found {
			return wrong()
		}
	}
	if long {
		return Span{}, diag.WithHint(fmt.Errorf("%q is too long", diag.Shorten(text)), "the longest time is 106751d, about 292 years")
	}
	if s.Months > 0 && s.Nanos > 0 {
		return Span{}, diag.WithHint(fmt.Errorf("%q mixes months, which have different lengths, with shorter units", text), "write one or the other")
	}
	if s.Months == 0 && s.Nanos == 0 {
		return wrong()
	}
	return s, nil
}

func (s Span) String() string { return s.text }
