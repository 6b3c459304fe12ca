package feature

import (
	"math"

	"pipe/base/calendar"
	"pipe/base/exact"
)

// A DatePart is a number of a time.
type DatePart string

// The parts of times.
const (
	Elapsed   DatePart = "elapsed" // days since a start
	Year      DatePart = "year"
	Quarter   DatePart = "quarter"
	Month     DatePart = "month"
	Week      DatePart = "week"
	Day       DatePart = "day"
	Weekday   DatePart = "weekday"
	DayOfYear DatePart = "day_of_year"
	IsWeekend DatePart = "is_weekend"
	TimeOfDay DatePart = "time_of_day"
	Hour      DatePart = "hour"
	Minute    DatePart = "minute"
	Second    DatePart = "second"
)

// Enum implements settings.Enum.
func (DatePart) Enum() []string {
	names := make([]string, len(dateParts))
	for i, p := range dateParts {
		names[i] = string(p.name)
	}
	return names
}

// kind is what is known of a part, nil if there is no such part.
func (p DatePart) kind() *datePart {
	for i := range dateParts {
		if dateParts[i].name == p {
			return &dateParts[i]
		}
	}
	return nil
}

// A datePart is a part of the day of a time, or of its time of day.
type datePart struct {
	name           DatePart
	ofDay, ofClock bool
	scaled         bool // it is a number whose range can be changed
	// period is the length of its cycle, 0 if it has none, and cycle that of the cycle
	// that a day is in, if they differ. A cycle begins with first.
	period, first int64
	cycle         func(days int64) int64
	of            func(days int64) int64 // the part of a day
	unit          int64                  // microseconds of the part of the clock
}

var dateParts = [...]datePart{
	{name: Elapsed, ofDay: true, scaled: true},
	{name: Year, ofDay: true, scaled: true, of: func(d int64) int64 { y, _, _ := calendar.Civil(d); return y }},
	{name: Quarter, ofDay: true, scaled: true, period: 4, first: 1, of: func(d int64) int64 { _, m, _ := calendar.Civil(d); return (m + 2) / 3 }},
	{name: Month, ofDay: true, scaled: true, period: 12, first: 1, of: func(d int64) int64 { _, m, _ := calendar.Civil(d); return m }},
	{name: Week, ofDay: true, scaled: true, period: 53, first: 1, of: calendar.Week, cycle: func(d int64) int64 {
		y, _, _ := calendar.Civil(d + 4 - calendar.Weekday(d)) // the one that the week belongs to
		return calendar.Week(calendar.Days(y, 12, 28))
	}},
	{name: Day, ofDay: true, scaled: true, period: 31, first: 1, of: func(d int64) int64 { _, _, day := calendar.Civil(d); return day },
		cycle: func(d int64) int64 { y, m, _ := calendar.Civil(d); return calendar.DaysIn(y, m) }},
	{name: Weekday, ofDay: true, scaled: true, period: 7, first: 1, of: calendar.Weekday},
	{name: DayOfYear, ofDay: true, scaled: true, period: 366, first: 1, of: calendar.DayOfYear,
		cycle: func(d int64) int64 { y, _, _ := calendar.Civil(d); return calendar.DaysInYear(y) }},
	{name: IsWeekend, ofDay: true, of: func(d int64) int64 { return (calendar.Weekday(d)) / 6 }},
	{name: TimeOfDay, ofClock: true, scaled: true, period: microsPerDay, unit: 1},
	{name: Hour, ofClock: true, scaled: true, period: 24, unit: 3600e6},
	{name: Minute, ofClock: true, scaled: true, period: 60, unit: 60e6},
	{name: Second, ofClock: true, scaled: true, period: 60, unit: 1e6},
}

// apart divides a time into its day and the microseconds of it.
func apart(x float64) (days int64, rest float64) {
	d := math.Floor(x / microsPerDay)
	return int64(d), x - d*microsPerDay
}

// listed says whether the values of a part are few whole numbers.
func (p *datePart) listed() bool { return p.period > 0 && p.period <= 366 }

// clock is the part of the time of day.
func (p *datePart) clock(x float64) float64 {
	_, rest := apart(x)
	return float64(int64(rest) / p.unit % p.period)
}

// numbers sets out to the part of each time; NaN is missing.
func (p *datedPart) numbers(times, out []float64) {
	of := p.Part.kind()
	switch {
	case p.Part == Elapsed:
		since := float64(p.Since)
		for i, x := range times {
			out[i] = (x - since) / microsPerDay
		}
	case p.Part == TimeOfDay:
		for i, x := range times {
			_, rest := apart(x)
			out[i] = rest / microsPerDay
		}
	case of.unit > 0:
		for i, x := range times {
			out[i] = x
			if x == x {
				out[i] = of.clock(x)
			}
		}
	default:
		last, value := int64(math.MinInt64), 0.0
		for i, x := range times {
			if x != x {
				out[i] = x
				continue
			}
			days, _ := apart(x)
			if days != last { // rows of one day are often together
				last, value = days, float64(of.of(days))
			}
			out[i] = value
		}
	}
}

// turns gives the sine and the cosine of the part of each time that is there.
func (p *datedPart) turns(times []float64, set func(row int, sin, cos float32)) {
	of := p.Part.kind()
	wave := func(part, period float64) (sin, cos float32) {
		s, c := exact.SinCos(2 * math.Pi * part / period)
		return float32(s), float32(c)
	}
	last := math.NaN()
	var sin, cos float32
	for row, x := range times {
		if x != x {
			continue
		}
		if of.unit > 0 {
			if part := of.clock(x); part != last {
				last = part
				sin, cos = wave(part, float64(of.period))
			}
		} else if days, _ := apart(x); float64(days) != last {
			last = float64(days)
			period := of.period
			if of.cycle != nil {
				period = of.cycle(days)
			}
			sin, cos = wave(float64(of.of(days)-of.first), float64(period))
		}
		set(row, sin, cos)
	}
}
