package expr

const (
	secondsPerDay = 86400
	microsPerDay  = secondsPerDay * 1_000_000
	nanosPerDay   = secondsPerDay * 1_000_000_000
)

// What functions make of dates and times is in the years that have four digits, which
// all that reads files knows.
const (
	firstYear, lastYear = 1, 9999
	firstDay, lastDay   = -719162, 2932896 // 0001-01-01 and 9999-12-31, in days since 1970

	beyondYears     = "is beyond the years 1 to 9999"
	beyondYearsTodo = "try(...) around it makes it missing"
)

// perDay is how many units of a kind a day has; 0 if the kind has no days.
func perDay(k Kind) int64 {
	switch k {
	case Date:
		return 1
	case Timestamp, Time:
		return microsPerDay
	case TimestampNs, TimeNs:
		return nanosPerDay
	}
	return 0
}

// isMoment says whether values are points in time with a time of day.
func isMoment(k Kind) bool { return k == Timestamp || k == TimestampNs }

// apart divides a value into whole days since 1970 and the rest in its unit.
func apart(v, perDay int64) (days, rest int64) {
	days, rest = v/perDay, v%perDay
	if rest < 0 {
		days, rest = days-1, rest+perDay
	}
	return days, rest
}

// civil is the year, month and day of days since 1970-01-01 in the proleptic
// Gregorian calendar (H. Hinnant, chrono-compatible low-level date algorithms).
func civil(days int64) (year, month, day int64) {
	z := days + 719468
	era, ofEra := apart(z, 146097)
	yearOfEra := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*ofYear + 2) / 153
	day = ofYear - (153*m+2)/5 + 1
	month = m + 3
	if m >= 10 {
		month = m - 9
	}
	year = yearOfEra + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// daysOf is civil the other way round.
func daysOf(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era, ofEra := apart(year, 400)
	ofYear := (153*(month-3)+2)/5 + day - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

func daysIn(year, month int64) int64 {
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

// weekday is 1 for Monday to 7 for Sunday.
func weekday(days int64) int64 {
	_, w := apart(days+3, 7)
	return w + 1
}

// isoWeek is the week of ISO 8601: that of the Thursday of the same week.
func isoWeek(days int64) int64 {
	thursday := days + 4 - weekday(days)
	year, _, _ := civil(thursday)
	return (thursday-daysOf(year, 1, 1))/7 + 1
}

// A unit of time is a number of months, of days, or a part of a day.
type unit struct {
	name                string
	months, days, nanos int64
}

var units = []unit{
	{name: "year", months: 12}, {name: "quarter", months: 3}, {name: "month", months: 1},
	{name: "week", days: 7}, {name: "day", days: 1},
	{name: "hour", nanos: 3600e9}, {name: "minute", nanos: 60e9}, {name: "second", nanos: 1e9},
	{name: "millisecond", nanos: 1e6}, {name: "microsecond", nanos: 1e3},
}

// count is the number of the unit that a day is in, for units of days and longer.
func (u *unit) count(days int64) int64 {
	switch {
	case u.months > 0:
		year, month, _ := civil(days)
		n, _ := apart(year*12+month-1, u.months)
		return n
	case u.days == 7:
		n, _ := apart(days+3, 7)
		return n
	}
	return days
}

// start is the first day of the unit that a day is in.
func (u *unit) start(days int64) int64 {
	switch {
	case u.months > 0:
		first := u.count(days) * u.months
		year, month := apart(first, 12)
		return daysOf(year, month+1, 1)
	case u.days == 7:
		return u.count(days)*7 - 3
	}
	return days
}

// addMonths moves a day by months. The day that a month does not have is its last.
func addMonths(days, months int64) int64 {
	year, month, day := civil(days)
	y, m := apart(year*12+month-1+months, 12)
	return daysOf(y, m+1, min(day, daysIn(y, m+1)))
}
