package cell

import (
	"strings"
	"sync"
)

// A usualDate is a way in which people write dates.
type usualDate struct {
	layout string
	padded bool // with all zeros, or it may be the number of a version
	short  bool // has two digits of a year, so nobody can be sure
}

// usualDates are the ways that are known without being told. The two of a pair
// that differ in day and month are told apart by a day above 12.
var usualDates = [...]usualDate{
	{layout: "%Y/%m/%d"}, {layout: "%d.%m.%Y", padded: true}, {layout: "%d/%m/%Y"}, {layout: "%m/%d/%Y"},
	{layout: "%d-%m-%Y", padded: true}, {layout: "%m-%d-%Y", padded: true},
	{layout: "%d-%b-%Y"}, {layout: "%d %b %Y"}, {layout: "%b %d, %Y"},
	{layout: "%d.%m.%y", padded: true, short: true}, {layout: "%d/%m/%y", short: true}, {layout: "%m/%d/%y", short: true},
}

// usualClocks may stand behind them.
var usualClocks = [...]string{"", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f"}

// usualLayouts are the layouts of usualDates and usualClocks.
type usualLayouts struct {
	dates  [len(usualDates)]*Layout
	clocks [len(usualClocks)]*Layout
}

var usual = sync.OnceValue(func() *usualLayouts {
	var u usualLayouts
	for i, d := range usualDates {
		u.dates[i] = mustLayout(d.layout)
		u.dates[i].padded = d.padded
	}
	for i, c := range usualClocks {
		if u.clocks[i] = new(Layout); c != "" {
			u.clocks[i] = mustLayout(c)
		}
	}
	return &u
})

func mustLayout(text string) *Layout {
	l, _, err := ParseLayout(text)
	if err != nil {
		panic(err) // it is a constant
	}
	return l
}

const months = "janfebmaraprmayjunjulaugsepoctnovdec"

// A lead is how a date begins: with so many digits and what is behind them, or
// with the name of a month, which has none.
type lead struct {
	digits int
	behind byte
}

// leadOf is a quick no for most texts: a date starts with one, two or four digits
// or with the name of a month, and it ends with a digit or with AM or PM.
func leadOf(text []byte) (l lead, ok bool) {
	if last := text[len(text)-1]; len(text) < 6 || last-'0' > 9 && last|0x20 != 'm' {
		return l, false
	}
	n := 0
	for n < len(text) && text[n]-'0' < 10 {
		n++
	}
	switch {
	case n == 0:
		month := [3]byte{text[0] | 0x20, text[1] | 0x20, text[2] | 0x20}
		return l, strings.Index(months, string(month[:]))%3 == 0
	case n == 3 || n > 4 || n == len(text):
		return l, false
	}
	return lead{n, text[n]}, strings.IndexByte("/.- ", text[n]) >= 0
}

// may says whether a date that is written in this way may begin so.
func (d *usualDate) may(l lead) bool {
	if l.digits == 0 || d.layout[1] == 'b' {
		return l.digits == 0 && d.layout[1] == 'b'
	}
	return l.behind == d.layout[2] && (l.digits == 4) == (d.layout[1] == 'Y')
}

// lookDate counts a text that may be a date, and says whether it is one.
func (o *odd) lookDate(in *Rules, text []byte) (is bool) {
	l, ok := leadOf(text)
	if !ok {
		return false
	}
	u := usual()
	nanos, far := false, false
	for i := range usualDates {
		if !usualDates[i].may(l) {
			continue
		}
		m, rest, ok := u.dates[i].prefix(text)
		if !ok {
			continue
		}
		for k, c := range usualClocks {
			if (c == "") != (len(rest) == 0) || c != "" && c[0] != rest[0] {
				continue
			}
			clock, rest, ok := u.clocks[k].prefix(rest)
			if !ok || len(rest) > 0 {
				continue
			}
			if m.nanos = clock.nanos; k == 0 || in.Notation.in(m) {
				o.written[i][k]++
				is, nanos, far = true, nanos || m.nanos%1e3 != 0, far || !fitsNanos(m.days)
			}
		}
	}
	if nanos {
		o.nanos++
	}
	if far {
		o.far++
	}
	return is
}

// found are dates in one way of writing them, or none if layout is nil.
type found struct {
	layout, also *Layout // also is another way in which they are all written
	short        bool    // of two digits of a year
	count        int64
}

// sure says whether there is one way to read them.
func (f *found) sure() bool { return f.layout != nil && f.also == nil && !f.short }

// dates finds how dates are written if at least so many values are.
func (o *odd) dates(least int64) (f found) {
	for i, clocks := range o.written {
		for k, n := range clocks {
			if n == 0 || n < least || n < f.count {
				continue
			}
			layout := mustLayout(usualDates[i].layout + usualClocks[k])
			if n > f.count {
				f = found{layout: layout, short: usualDates[i].short, count: n}
			} else {
				f.also = layout
			}
		}
	}
	return f
}
