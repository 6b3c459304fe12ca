// Package calendar counts days in the proleptic Gregorian calendar: the one of
// today, also where another one was in use. A day is a number of days since
// 1970-01-01.
package calendar

// The years that have four digits, which all that reads files knows, and their first
// and last days.
const (
	FirstYear, LastYear = 1, 9999
	FirstDay, LastDay   = -719162, 2932896
)

// SecondsPerDay are those of every day: time has no leap seconds.
const SecondsPerDay = 86400

// Divide divides a number by a positive one. The rest is not negative.
func Divide(v, by int64) (whole, rest int64) {
	whole, rest = v/by, v%by
	if rest < 0 {
		whole, rest = whole-1, rest+by
	}
	return whole, rest
}

// Civil is the year, month and day of the month of a day (H. Hinnant,
// chrono-compatible low-level date algorithms).
func Civil(days int64) (year, month, day int64) {
	z := days + 719468
	era, ofEra := Divide(z, 146097)
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

// Days is Civil the other way round. The day may be one that the month does not have.
func Days(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era, ofEra := Divide(year, 400)
	ofYear := (153*(month-3)+2)/5 + day - 1
	return era*146097 + ofEra*365 + ofEra/4 - ofEra/100 + ofYear - 719468
}

// DaysIn is how many days a month has.
func DaysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if IsLeap(year) {
			return 29
		}
		return 28
	}
	return 31
}

// IsLeap says whether a year has a 29th of February.
func IsLeap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// DaysInYear is how many days a year has.
func DaysInYear(year int64) int64 {
	if IsLeap(year) {
		return 366
	}
	return 365
}

// Weekday is 1 for Monday to 7 for Sunday.
func Weekday(days int64) int64 {
	_, w := Divide(days+3, 7)
	return w + 1
}

// DayOfYear counts from 1.
func DayOfYear(days int64) int64 {
	year, _, _ := Civil(days)
	return days - Days(year, 1, 1) + 1
}

// Week is the week of ISO 8601, from 1 to 53: the first has the first Thursday of the
// year.
func Week(days int64) int64 {
	thursday := days + 4 - Weekday(days)
	return (DayOfYear(thursday)-1)/7 + 1
}

// AddMonths moves a day by months. A day that the month does not have is its last.
func AddMonths(days, months int64) int64 {
	year, month, day := Civil(days)
	y, m := Divide(year*12+month-1+months, 12)
	return Days(y, m+1, min(day, DaysIn(y, m+1)))
}
