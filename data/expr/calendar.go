package expr

import "pipe/base/calendar"

const (
	microsPerDay = calendar.SecondsPerDay * 1_000_000
	nanosPerDay  = calendar.SecondsPerDay * 1_000_000_000
)

// What functions make of dates and times is in the years of calendar.FirstYear to
// calendar.LastYear.
const (
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
		year, month, _ := calendar.Civil(days)
		n, _ := calendar.Divide(year*12+month-1, u.months)
		return n
	case u.days == 7:
		n, _ := calendar.Divide(days+3, 7)
		return n
	}
	return days
}

// start is the first day of the unit that a day is in.
func (u *unit) start(days int64) int64 {
	switch {
	case u.months > 0:
		first := u.count(days) * u.months
		year, month := calendar.Divide(first, 12)
		return calendar.Days(year, month+1, 1)
	case u.days == 7:
		return u.count(days)*7 - 3
	}
	return days
}
