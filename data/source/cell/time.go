package cell

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"time"

	"pipe/base/calendar"
)

// parseBool reads true and false in the three ways in which programs write
// them, and 1 and 0.
func parseBool(b []byte) (v, ok bool) {
	switch string(b) {
	case "true", "True", "TRUE", "1":
		return true, true
	case "false", "False", "FALSE", "0":
		return false, true
	}
	return false, false
}

// twoDigits reads b[i] and b[i+1].
func twoDigits(b []byte, i int) (int, bool) {
	c, d := b[i]-'0', b[i+1]-'0'
	return int(c)*10 + int(d), c < 10 && d < 10
}

// parseDate reads 2006-01-02 as days since 1970-01-01.
func parseDate(b []byte) (days int32, ok bool) {
	if len(b) != 10 || b[4] != '-' || b[7] != '-' {
		return 0, false
	}
	century, ok1 := twoDigits(b, 0)
	year, ok2 := twoDigits(b, 2)
	month, ok3 := twoDigits(b, 5)
	day, ok4 := twoDigits(b, 8)
	if !(ok1 && ok2 && ok3 && ok4) {
		return 0, false
	}
	return daysOf(year+century*100, month, day)
}

// daysOf counts the days from 1970-01-01 to a date. ok is false if there is none.
func daysOf(year, month, day int) (days int32, ok bool) {
	y, m, d := int64(year), int64(month), int64(day)
	if m < 1 || m > 12 || d < 1 || d > calendar.DaysIn(y, m) {
		return 0, false
	}
	return int32(calendar.Days(y, m, d)), true
}

// parseTimestamp reads a timestamp, see scanTimestamp, as microseconds since
// 1970-01-01 UTC, if it has no finer ones. Without a zone the time is UTC. A date
// alone is its midnight.
func parseTimestamp(b []byte) (micros int64, ok bool) {
	m, ok := scanTimestamp(b)
	if !ok {
		return 0, false
	}
	return m.micros()
}

// scanTimestamp reads 2006-01-02, followed by T or a space, 15:04 or 15:04:05
// with up to nine decimals, and nothing or a zone, see parseZone.
func scanTimestamp(b []byte) (m moment, ok bool) {
	if len(b) < 10 {
		return m, false
	}
	days, ok := parseDate(b[:10])
	if !ok {
		return m, false
	}
	m.days = int64(days)
	b = b[10:]
	if len(b) == 0 {
		return m, true
	}
	if b[0]|0x20 != 't' && b[0] != ' ' {
		return m, false
	}
	var seconds bool
	if m.nanos, seconds, b, ok = scanClock(b[1:]); !ok || len(b) == 0 {
		return m, ok
	}
	if b[0] == ' ' {
		b = b[1:]
	}
	if len(b) == 3 && !seconds && b[0]|0x20 != 'u' {
		return m, false // 15:04-16 is a span of time
	}
	shift, ok := parseZone(b)
	m.zone, m.zoned = shift/1e6, true
	return m, ok && len(b) > 0
}

// scanClock reads 15:04, 15:04:05 or 15:04:05.123456789 at the start of a text,
// as nanoseconds, and says whether there are seconds.
func scanClock(b []byte) (nanos int64, seconds bool, rest []byte, ok bool) {
	if len(b) < 5 || b[2] != ':' {
		return 0, false, nil, false
	}
	hour, ok1 := twoDigits(b, 0)
	minute, ok2 := twoDigits(b, 3)
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false, nil, false
	}
	nanos = int64(hour*60+minute) * 60e9
	b = b[5:]
	if len(b) == 0 || b[0] != ':' {
		return nanos, false, b, true
	}
	part, rest, ok := parseSeconds(b[1:])
	return nanos + part, true, rest, ok
}

// parseSeconds reads 05 or 05.123456789 and gives what follows.
func parseSeconds(b []byte) (nanos int64, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, false
	}
	seconds, ok := twoDigits(b, 0)
	if !ok || seconds > 59 {
		return 0, nil, false
	}
	nanos = int64(seconds) * 1e9
	b = b[2:]
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return nanos, b, true
	}
	i, unit := 1, int64(1e8)
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		if i > 9 {
			return 0, nil, false
		}
		nanos += int64(b[i]-'0') * unit
		unit /= 10
	}
	return nanos, b[i:], i > 1
}

// parseZone reads what follows a time as the microseconds that it is ahead of
// UTC: Z, UTC, +01, +0100 or +01:00, in any case, or nothing.
func parseZone(b []byte) (micros int64, ok bool) {
	switch len(b) {
	case 0:
		return 0, true
	case 1:
		return 0, b[0]|0x20 == 'z'
	case 3, 5:
		if b[0]|0x20 == 'u' {
			return 0, strings.EqualFold(string(b), "utc")
		}
	case 6:
		if b[3] != ':' {
			return 0, false
		}
	default:
		return 0, false
	}
	if b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, ok1 := twoDigits(b, 1)
	minutes, ok2 := 0, true
	if len(b) > 3 {
		minutes, ok2 = twoDigits(b, len(b)-2)
	}
	if !ok1 || !ok2 || hours > 23 || minutes > 59 {
		return 0, false
	}
	micros = int64(hours*60+minutes) * 60e6
	if b[0] == '-' {
		micros = -micros
	}
	return micros, true
}

// parseTime reads a time of day as microseconds since midnight.
func parseTime(b []byte) (micros int64, ok bool) {
	nanos, _, rest, ok := scanClock(b)
	return nanos / 1e3, ok && len(rest) == 0 && nanos%1e3 == 0
}

// parseTimeNs reads a time of day as nanoseconds since midnight.
func parseTimeNs(b []byte) (nanos int64, ok bool) {
	nanos, _, rest, ok := scanClock(b)
	return nanos, ok && len(rest) == 0
}

// Micros reads a date, a timestamp or a time of day as its whole microseconds, since
// 1970-01-01 UTC or since midnight. Timestamps may lack the time, and are in UTC
// without a zone. ok is false for other texts and other types.
func Micros(t Type, text string) (micros int64, ok bool) {
	switch b := []byte(text); t {
	case Date:
		days, ok := parseDate(b)
		return int64(days) * perDay * 1e6, ok
	case Timestamp, TimestampNs:
		m, ok := scanTimestamp(b)
		m.nanos -= m.nanos % 1e3
		if micros, fits := m.micros(); fits {
			return micros, ok
		}
	case Time, TimeNs:
		nanos, ok := parseTimeNs(b)
		return nanos / 1e3, ok
	}
	return 0, false
}

// parseTimestampNs reads a timestamp as nanoseconds since 1970-01-01 UTC.
func parseTimestampNs(b []byte) (nanos int64, ok bool) {
	m, ok := scanTimestamp(b)
	if !ok {
		return 0, false
	}
	return m.nanoseconds()
}

// A moment is what a text says of a date and a time of day.
type moment struct {
	days    int64 // since 1970-01-01
	nanos   int64 // of the day
	zone    int64 // seconds ahead of UTC, if zoned
	zoned   bool
	weekday int // that it names, from 1 for Sunday; 0 if it names none
}

// at puts a time without a zone into one. An hour that clocks show twice is the
// first, one that they leave out is none.
func (m *moment) at(zone *time.Location) bool {
	local := m.days*perDay + m.nanos/1e9
	for _, near := range []int64{-perDay, perDay} {
		_, offset := time.Unix(local+near, 0).In(zone).Zone()
		if _, is := time.Unix(local-int64(offset), 0).In(zone).Zone(); is == offset {
			m.zone, m.zoned = int64(offset), true
			return true
		}
	}
	return false
}

// LocalKey is the metadata of a column of timestamps, in data with types, that are in no
// zone: they are as clocks show them. No table has it.
const LocalKey = "pipe.local"

// Local is a time since 1970 that clocks show in the zone of the notation, in parts of a
// second, since 1970 UTC. An hour that they show twice is the first, one that they leave
// out is none.
func (n *Notation) Local(v, perSecond int64) (utc int64, ok bool) {
	seconds, _ := calendar.Divide(v, perSecond)
	days, rest := calendar.Divide(seconds, perDay)
	m := moment{days: days, nanos: rest * 1e9}
	if !m.at(n.Zone) {
		return 0, false
	}
	utc = v - m.zone*perSecond
	return utc, (utc < v) == (m.zone > 0) || m.zone == 0
}

const perDay = calendar.SecondsPerDay

// maxDays bounds the days of which a timestamp holds the microseconds.
const maxDays = math.MaxInt64/(perDay*1_000_000) - 1

// micros are those since 1970 UTC, if there are no finer ones.
func (m *moment) micros() (int64, bool) {
	if m.nanos%1e3 != 0 || m.days > maxDays || m.days < -maxDays {
		return 0, false
	}
	return (m.days*perDay-m.zone)*1e6 + m.nanos/1e3, true
}

// nanoseconds are those since 1970 UTC, if an int64 holds them: from 1677 to 2262.
func (m *moment) nanoseconds() (int64, bool) {
	seconds := m.days*perDay - m.zone
	if !fitsNanos(m.days) {
		return 0, false
	}
	return seconds*1e9 + m.nanos, true
}

// isBeyond says of a text that is of no type whether it is a time that is finer than
// one: with more than nine decimals of a second, or with nanoseconds in a year that
// they do not reach.
func isBeyond(text []byte) bool {
	if len(text) < len("15:04:05.1234567890") || text[2] != ':' && text[4] != '-' {
		return false
	}
	at := bytes.IndexAny(text, ".,")
	if at < 0 {
		return false
	}
	const most = len("123456789")
	from := min(at+1+most, len(text))
	to := from
	for to < len(text) && text[to]-'0' < 10 {
		to++
	}
	near := slices.Concat(text[:from], text[to:])
	if m, ok := scanTimestamp(near); ok {
		return to > from || m.nanos%1e3 != 0 && !fitsNanos(m.days)
	}
	_, ok := parseTimeNs(near)
	return ok && to > from
}

// fitsNanos says whether the nanoseconds of a day, in any zone, are those of a
// TimestampNs.
func fitsNanos(days int64) bool {
	const most = math.MaxInt64/(perDay*1_000_000_000) - 2
	return days <= most && days >= -most
}
