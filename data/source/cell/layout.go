package cell

import (
	"fmt"
	"strings"

	"pipe/base/calendar"
	"pipe/base/diag"
)

// A Layout is how dates, times or both are written, in the words of strftime. It
// reads what strptime reads: numbers may lack the zeros before them, and names
// are English, in any case, short or in full.
type Layout struct {
	text   string
	parts  []part
	padded bool // numbers have their zeros
}

// A part is a directive, or a text if it is 0.
type part struct {
	directive byte
	text      string
	unit      epoch
	fixed     bool // has all its digits, since another number is beside it
}

func (p part) number() bool {
	return p.directive != 0 && strings.IndexByte("YymdjHIMSf", p.directive) >= 0
}

// An epoch is a Layout of whole numbers that count from 1970, by the nanoseconds
// of one.
type epoch int64

// epochs are the layouts that are no words of strftime.
var epochs = map[string]epoch{"unix": 1e9, "unix_ms": 1e6, "unix_us": 1e3, "unix_ns": 1}

const unixDirective = 's' // the only part of a layout that is an epoch

// aliases are directives that stand for several.
var aliases = map[byte]string{'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'R': "%H:%M", 'D': "%m/%d/%y", 'e': "%d", 'h': "%b", 'B': "%b", 'A': "%a"}

// directives are the others, with what they read.
const directives = "YymdbajHIMSfpz%"

// String is the layout as it was written.
func (l *Layout) String() string { return l.text }

// ParseLayout reads a layout. at is where in it the error is, in bytes.
func ParseLayout(text string) (l *Layout, at int, err error) {
	l = &Layout{text: text}
	if unit, ok := epochs[text]; ok {
		l.parts = []part{{directive: unixDirective, unit: unit}}
		return l, 0, nil
	}
	expanded := make([]byte, 0, 2*len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '%' || i+1 == len(text) {
			if text[i] == '%' {
				return nil, i, fmt.Errorf("%q ends in the middle of a directive", text)
			}
			expanded = append(expanded, text[i])
			continue
		}
		i++
		switch c := text[i]; {
		case aliases[c] != "":
			expanded = append(expanded, aliases[c]...)
		case strings.IndexByte(directives, c) >= 0:
			expanded = append(expanded, '%', c)
		default:
			return nil, i - 1, diag.WithHint(fmt.Errorf("%%%c is no directive of a date or time", c),
				"%Y year, %m month, %d day, %H hour, %M minute, %S second, %f decimals of it; see the documentation of ingest for all")
		}
	}
	for i := 0; i < len(expanded); i++ {
		if expanded[i] == '%' {
			i++
			if expanded[i] != '%' {
				l.parts = append(l.parts, part{directive: expanded[i]})
				continue
			}
		}
		if n := len(l.parts); n > 0 && l.parts[n-1].directive == 0 {
			l.parts[n-1].text += string(expanded[i])
			continue
		}
		l.parts = append(l.parts, part{text: string(expanded[i])})
	}
	return l, 0, l.check()
}

// check finds out whether the directives say a date or a time, once.
func (l *Layout) check() error {
	has := map[byte]int{}
	for i, p := range l.parts {
		if has[p.directive]++; p.directive != 0 && has[p.directive] > 1 {
			return fmt.Errorf("%q has %%%c twice", l.text, p.directive)
		}
		if i > 0 && p.number() && l.parts[i-1].number() {
			l.parts[i-1].fixed, l.parts[i].fixed = true, true
		}
	}
	year, month, day := has['Y']+has['y'], has['m']+has['b'], has['d']
	hour := has['H'] + has['I']
	switch {
	case len(l.text) == 0:
		return fmt.Errorf("it is empty")
	case len(has) == 0 || has[0] == len(l.parts):
		return diag.WithHint(fmt.Errorf("%q has no directives", l.text), `write it as strftime has it, such as "%d.%m.%Y"`)
	case year > 1 || month > 1 || hour > 1:
		return fmt.Errorf("%q says a part of a date or time in two ways", l.text)
	case has['j'] > 0 && month+day > 0:
		return fmt.Errorf("%q has both %%j, the day of the year, and a month or day", l.text)
	case (has['I'] > 0) != (has['p'] > 0):
		return fmt.Errorf("%q has only one of %%I, the hour up to 12, and %%p, AM or PM", l.text)
	case day > 0 && month == 0, month+has['j'] > 0 && year == 0, has['a'] > 0 && year == 0:
		return fmt.Errorf("%q has a part of a date without those above it: a date needs a year", l.text)
	case has['M'] > 0 && hour == 0, has['S'] > 0 && has['M'] == 0, has['f'] > 0 && has['S'] == 0, has['z'] > 0 && hour == 0:
		return fmt.Errorf("%q has a part of a time without those above it: a time needs an hour", l.text)
	case has['z'] > 0 && year == 0:
		return fmt.Errorf("%q has a zone without a date", l.text)
	}
	return nil
}

// Type is that of a column of the layout, if nothing else is said: Date, Time or
// Timestamp, and TimestampNs of what counts nanoseconds.
func (l *Layout) Type() Type { return l.typeOf(l.parts[0].unit == 1) }

// typeOf is the type of a column with or without nanoseconds.
func (l *Layout) typeOf(nanos bool) Type {
	var date, clock bool
	for _, p := range l.parts {
		switch p.directive {
		case 'Y', 'y':
			date = true
		case 'H', 'I':
			clock = true
		case unixDirective:
			date, clock = true, true
		}
	}
	switch {
	case date && clock && nanos:
		return TimestampNs
	case date && clock:
		return Timestamp
	case clock && nanos:
		return TimeNs
	case clock:
		return Time
	}
	return Date
}

// Fits says whether a column of the layout can have a type.
func (l *Layout) Fits(t Type) bool {
	switch l.typeOf(false) {
	case Date:
		return t == Date || t == Timestamp
	case Time:
		return t == Time || t == TimeNs
	}
	return t == Timestamp || t == TimestampNs
}

// read reads a text by the layout.
func (l *Layout) read(b []byte) (m moment, ok bool) {
	m, rest, ok := l.prefix(b)
	return m, ok && len(rest) == 0
}

// prefix reads the start of a text, and gives the rest.
func (l *Layout) prefix(b []byte) (m moment, rest []byte, ok bool) {
	year, month, day, yday := 1970, 1, 1, 0
	hour, noon, minute, second, nanos := 0, 0, 0, 0, 0
	for i := range l.parts {
		p := &l.parts[i]
		full := l.padded || p.fixed
		ok = true
		switch p.directive {
		case 0:
			if len(b) < len(p.text) || string(b[:len(p.text)]) != p.text {
				return m, nil, false
			}
			b = b[len(p.text):]
		case 'Y':
			year, b, ok = digits(b, 4, 4)
		case 'y':
			if year, b, ok = digits(b, 2, 2); year < 69 { // as POSIX has it
				year += 100
			}
			year += 1900
		case 'm':
			month, b, ok = few(b, full, 2)
		case 'd':
			day, b, ok = few(b, full, 2)
		case 'j':
			yday, b, ok = few(b, full, 3)
			ok = ok && yday > 0
		case 'b':
			month, b, ok = name(b, monthNames)
		case 'a':
			m.weekday, b, ok = name(b, dayNames)
		case 'H':
			hour, b, ok = few(b, full, 2)
			ok = ok && hour < 24
		case 'I':
			hour, b, ok = few(b, full, 2)
			ok = ok && hour >= 1 && hour <= 12
			hour %= 12
		case 'M':
			minute, b, ok = few(b, full, 2)
			ok = ok && minute < 60
		case 'S':
			second, b, ok = few(b, full, 2)
			ok = ok && second < 60
		case 'f':
			n := len(b)
			nanos, b, ok = digits(b, 1, 9)
			for n -= len(b); n < 9; n++ {
				nanos *= 10
			}
		case 'p':
			if len(b) < 2 || b[1]|0x20 != 'm' || b[0]|0x20 != 'a' && b[0]|0x20 != 'p' {
				return m, nil, false
			}
			if b[0]|0x20 == 'p' {
				noon = 12
			}
			b = b[2:]
		case 'z':
			m.zone, b, ok = zonePrefix(b)
			m.zoned = true
		case unixDirective:
			m, ok = readEpoch(b, p.unit)
			return m, nil, ok
		}
		if !ok {
			return m, nil, false
		}
	}
	if yday > 0 {
		if int64(yday) > calendar.DaysInYear(int64(year)) {
			return m, nil, false
		}
		m.days = calendar.Days(int64(year), 1, int64(yday))
	} else if days, ok := daysOf(year, month, day); ok {
		m.days = int64(days)
	} else {
		return m, nil, false
	}
	m.nanos = int64((hour+noon)*3600+minute*60+second)*1e9 + int64(nanos)
	if m.weekday > 0 && calendar.Weekday(m.days)%7+1 != int64(m.weekday) {
		return m, nil, false
	}
	return m, b, true
}

// digits reads a number of at least and at most so many digits.
func digits(b []byte, least, most int) (v int, rest []byte, ok bool) {
	i := 0
	for ; i < len(b) && i < most && b[i]-'0' < 10; i++ {
		v = v*10 + int(b[i]-'0')
	}
	return v, b[i:], i >= least
}

// few reads a number of some digits, or of fewer unless it has to be full.
func few(b []byte, full bool, most int) (v int, rest []byte, ok bool) {
	if full {
		return digits(b, most, most)
	}
	return digits(b, 1, most)
}

var (
	monthNames = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}
	dayNames   = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}
)

// name reads a name or its first three letters, as its place in a list that
// starts with 1.
func name(b []byte, names []string) (at int, rest []byte, ok bool) {
	for i, n := range names {
		for _, n := range []string{n, n[:3]} {
			if len(b) >= len(n) && strings.EqualFold(string(b[:len(n)]), n) {
				return i + 1, b[len(n):], true
			}
		}
	}
	return 0, b, false
}

// zonePrefix reads Z, +01, +0100 or +01:00 as seconds ahead of UTC.
func zonePrefix(b []byte) (seconds int64, rest []byte, ok bool) {
	if len(b) > 0 && b[0]|0x20 == 'z' {
		return 0, b[1:], true
	}
	for _, n := range []int{6, 5, 3} {
		if len(b) < n {
			continue
		}
		if micros, ok := parseZone(b[:n]); ok {
			return micros / 1e6, b[n:], true
		}
	}
	return 0, b, false
}

// readEpoch reads a whole number of units since 1970.
func readEpoch(b []byte, unit epoch) (m moment, ok bool) {
	v, ok := parseInt(b)
	if !ok {
		return m, false
	}
	units := perDay * 1e9 / int64(unit)
	m.days = v / units
	rest := v % units
	if rest < 0 {
		rest, m.days = rest+units, m.days-1
	}
	m.nanos, m.zoned = rest*int64(unit), true
	return m, true
}
