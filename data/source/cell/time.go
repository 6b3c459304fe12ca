package cell

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
	year += century * 100
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return civilDays(year, month, day), true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// civilDays counts the days from 1970-01-01 in the proleptic Gregorian
// calendar (H. Hinnant, chrono-compatible low-level date algorithms).
func civilDays(year, month, day int) int32 {
	year += 400 // keeps every quotient positive, takes off one era below
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	yearOfEra := year % 400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return int32((era-1)*146097 + dayOfEra - 719468)
}

// parseTimestamp reads 2006-01-02, followed by T or a space, 15:04 or 15:04:05
// with up to nine decimals (those after the sixth must be zero), and nothing,
// Z, +01:00 or +0100, as microseconds since 1970-01-01 UTC. Without a zone the
// time is UTC. A date alone is its midnight.
func parseTimestamp(b []byte) (micros int64, ok bool) {
	if len(b) < 10 {
		return 0, false
	}
	days, ok := parseDate(b[:10])
	if !ok {
		return 0, false
	}
	micros = int64(days) * 86400e6
	b = b[10:]
	if len(b) == 0 {
		return micros, true
	}
	if len(b) < 6 || b[0] != 'T' && b[0] != ' ' || b[3] != ':' {
		return 0, false
	}
	hour, ok1 := twoDigits(b, 1)
	minute, ok2 := twoDigits(b, 4)
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, false
	}
	micros += int64(hour*60+minute) * 60e6
	b = b[6:]
	if len(b) > 0 && b[0] == ':' {
		part, rest, ok := parseSeconds(b[1:])
		if !ok {
			return 0, false
		}
		micros, b = micros+part, rest
	}
	shift, ok := parseZone(b)
	return micros - shift, ok
}

// parseSeconds reads 05 or 05.123456 and gives what follows.
func parseSeconds(b []byte) (micros int64, rest []byte, ok bool) {
	if len(b) < 2 {
		return 0, nil, false
	}
	seconds, ok := twoDigits(b, 0)
	if !ok || seconds > 59 {
		return 0, nil, false
	}
	micros = int64(seconds) * 1e6
	b = b[2:]
	if len(b) == 0 || b[0] != '.' && b[0] != ',' {
		return micros, b, true
	}
	i, unit := 1, int64(1e5)
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		if unit == 0 && b[i] != '0' || i > 9 {
			return 0, nil, false
		}
		micros += int64(b[i]-'0') * unit
		unit /= 10
	}
	return micros, b[i:], i > 1
}

// parseZone reads what follows a time as the microseconds that it is ahead of
// UTC.
func parseZone(b []byte) (micros int64, ok bool) {
	switch {
	case len(b) == 0, len(b) == 1 && b[0] == 'Z':
		return 0, true
	case len(b) == 6 && b[3] == ':':
	case len(b) == 5:
	default:
		return 0, false
	}
	if b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	hours, ok1 := twoDigits(b, 1)
	minutes, ok2 := twoDigits(b, len(b)-2)
	if !ok1 || !ok2 || hours > 23 || minutes > 59 {
		return 0, false
	}
	micros = int64(hours*60+minutes) * 60e6
	if b[0] == '-' {
		micros = -micros
	}
	return micros, true
}
