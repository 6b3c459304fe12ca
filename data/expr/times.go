package expr

import (
	"math"
	"math/bits"

	"pipe/base/calendar"
	"pipe/base/diag"
)

func times() []function {
	part := func(name, doc string, of func(days int64) int64) function {
		return function{name: name, doc: doc, least: 1, most: 1, check: dayPart(of)}
	}
	clock := func(name, doc string, nanos, wrap int64) function {
		return function{name: name, doc: doc, least: 1, most: 1, check: clockPart(nanos, wrap)}
	}
	return []function{
		part("year", "The year of a date or timestamp.", func(d int64) int64 { y, _, _ := calendar.Civil(d); return y }),
		part("quarter", "The quarter, from 1 to 4.", func(d int64) int64 { _, m, _ := calendar.Civil(d); return (m + 2) / 3 }),
		part("month", "The month, from 1.", func(d int64) int64 { _, m, _ := calendar.Civil(d); return m }),
		part("week", "The week of ISO 8601, from 1 to 53: the first has the first Thursday of the year.", calendar.Week),
		part("day", "The day of the month.", func(d int64) int64 { _, _, day := calendar.Civil(d); return day }),
		part("weekday", "The day of the week, from 1 for Monday to 7 for Sunday.", calendar.Weekday),
		part("day_of_year", "The day of the year, from 1.", calendar.DayOfYear),
		clock("hour", "The hour of a timestamp, which is in UTC, or of a time of day.", 3600e9, 24),
		clock("minute", "The minute.", 60e9, 60),
		clock("second", "The whole second.", 1e9, 60),
		{name: "epoch", doc: "The seconds since 1970-01-01 UTC of a date or timestamp, a decimal number.", least: 1, most: 1, check: checkEpoch},
		{name: "seconds_between", usage: "seconds_between(from, to)", doc: "The seconds from one timestamp or time to another, a decimal number.", least: 2, most: 2, check: checkSeconds},
		{name: "date_diff", usage: "date_diff('unit', from, to)", doc: "How many borders of a unit (year, quarter, month, week, day, hour, minute, second) lie between, as in SQL: from December 31st to January 1st it is one year. Of dates `to - from` is the days.", least: 3, most: 3, check: checkDiff},
		{name: "date_trunc", usage: "date_trunc('unit', x)", doc: "The begin of the unit that a date or timestamp is in. Weeks begin on Monday.", least: 2, most: 2, check: checkTrunc},
		{name: "date_add", usage: "date_add('unit', count, x)", doc: "So many units later. A day that a month does not have is its last. Of dates `x + 7` is a week later. Beyond the years 1 to 9999 it is an error.", least: 3, most: 3, check: checkAdd},
		{name: "make_date", usage: "make_date(year, month, day)", doc: "The date of three whole numbers, in the years 1 to 9999.", least: 3, most: 3, check: strictly(Date, makeDate, aWhole)},
	}
}

const (
	dated   = "a date or timestamp"
	clocked = "a timestamp or a time of day"
)

// dayPart is a number of the day of a date or timestamp.
func dayPart(of func(days int64) int64) func(*checker, *part) error {
	return func(c *checker, p *part) error {
		if err := c.want(p, 0, dated, Date, Timestamp, TimestampNs); err != nil {
			return err
		}
		per := perDay(p.args[0].kind)
		p.kind, p.run = Int, func(_ *machine, _ *part, in []*vec, out *vec) {
			last, value := int64(math.MinInt64), int64(0)
			for i, v := range in[0].i {
				days, _ := calendar.Divide(v, per)
				if days != last { // rows of one day are often together
					last, value = days, of(days)
				}
				out.i[i] = value
			}
		}
		return nil
	}
}

// clockPart is a number of the time of day, each so many nanoseconds.
func clockPart(nanos, wrap int64) func(*checker, *part) error {
	return func(c *checker, p *part) error {
		if err := c.want(p, 0, clocked, Timestamp, TimestampNs, Time, TimeNs); err != nil {
			return err
		}
		per := perDay(p.args[0].kind)
		if per == 0 {
			per = microsPerDay // not known yet
		}
		each := nanos / (nanosPerDay / per)
		p.kind, p.run = Int, func(_ *machine, _ *part, in []*vec, out *vec) {
			for i, v := range in[0].i {
				_, rest := calendar.Divide(v, per)
				out.i[i] = rest / each % wrap
			}
		}
		return nil
	}
}

// seconds divides whole units exactly, then rounds once.
func seconds(units, perSecond int64) float64 { return float64(units) / float64(perSecond) }

func checkEpoch(c *checker, p *part) error {
	if err := c.want(p, 0, dated, Date, Timestamp, TimestampNs); err != nil {
		return err
	}
	k := p.args[0].kind
	p.kind, p.run = Float, func(_ *machine, _ *part, in []*vec, out *vec) {
		for i, v := range in[0].i {
			if k == Date {
				out.f[i] = float64(v * calendar.SecondsPerDay)
			} else {
				out.f[i] = seconds(v, perDay(k)/calendar.SecondsPerDay)
			}
		}
	}
	return nil
}

func checkSeconds(c *checker, p *part) error {
	k, err := c.common(p, "the arguments of "+p.name, 0, 1)
	if err != nil {
		return err
	}
	if err := c.want(p, 0, clocked, Timestamp, TimestampNs, Time, TimeNs); err != nil {
		if k == Date {
			err.(*Error).Todo = "the days between dates are to - from"
		}
		return err
	}
	p.kind, p.run = Float, func(m *machine, p *part, in []*vec, out *vec) {
		for i, from := range in[0].i {
			to := in[1].i[i]
			d := to - from
			if (to^from)&(to^d) < 0 {
				m.reject(p, in, out, i, "is beyond what can be counted", "")
			}
			out.f[i] = seconds(d, perDay(k)/calendar.SecondsPerDay)
		}
	}
	return nil
}

// unitArg is the constant first argument of a function of units.
func (c *checker) unitArg(p *part) (*unit, error) {
	text, err := c.literalText(p, 0, "a unit")
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range units {
		if units[i].name == text {
			return &units[i], nil
		}
		names = append(names, units[i].name)
	}
	wrong := errorAt(p.args[0].at, "units are year, quarter, month, week, day, hour, minute, second, millisecond and microsecond", "there is no unit %s", diag.Quote(text))
	if near, ok := diag.Nearest(text, names); ok {
		wrong.Todo = "did you mean '" + near + "'?"
	}
	return nil, wrong
}

// unitOf is unitArg with a value behind it that may have such units.
func (c *checker) unitOf(p *part, i int) (*unit, error) {
	u, err := c.unitArg(p)
	if err != nil {
		return nil, err
	}
	if err := c.want(p, i, dated, Date, Timestamp, TimestampNs); err != nil {
		return nil, err
	}
	if p.args[i].kind == Date && u.nanos > 0 {
		return nil, errorAt(p.args[0].at, "timestamp(x) makes a time of it: its midnight", "a date has no %ss", u.name)
	}
	return u, nil
}

func checkDiff(c *checker, p *part) error {
	k, err := c.common(p, "the arguments of "+p.name, 1, 2)
	if err != nil {
		return err
	}
	u, err := c.unitOf(p, 1)
	if err != nil {
		return err
	}
	p.args = p.args[1:]
	per := perDay(k)
	count := func(v int64) int64 {
		if u.nanos > 0 {
			n, _ := calendar.Divide(v, u.nanos/(nanosPerDay/per))
			return n
		}
		days, _ := calendar.Divide(v, per)
		return u.count(days)
	}
	p.kind, p.run = Int, func(_ *machine, _ *part, in []*vec, out *vec) {
		for i, from := range in[0].i {
			out.i[i] = count(in[1].i[i]) - count(from)
		}
	}
	if u.nanos == 1e3 {
		p.run = func(m *machine, p *part, in []*vec, out *vec) {
			for i, from := range in[0].i {
				a, b := count(from), count(in[1].i[i])
				if out.i[i] = b - a; (b^a)&(b^out.i[i]) < 0 {
					m.reject(p, in, out, i, beyond, "")
				}
			}
		}
	}
	return nil
}

func checkTrunc(c *checker, p *part) error {
	u, err := c.unitOf(p, 1)
	if err != nil {
		return err
	}
	p.args, p.lead = p.args[1:], "'"+u.name+"', "
	k := p.args[0].kind
	per := perDay(k)
	p.kind, p.run = k, func(m *machine, p *part, in []*vec, out *vec) {
		for i, v := range in[0].i {
			if u.nanos > 0 {
				_, rest := calendar.Divide(v, u.nanos/(nanosPerDay/per))
				out.i[i] = v - rest
			} else {
				days, _ := calendar.Divide(v, per)
				out.i[i] = u.start(days) * per
			}
			if out.i[i] > v || k == Date && out.i[i] < math.MinInt32 {
				m.reject(p, in, out, i, "is beyond what a "+k.String()+" can be", "")
			}
		}
	}
	return nil
}

func checkAdd(c *checker, p *part) error {
	u, err := c.unitOf(p, 2)
	if err != nil {
		return err
	}
	if err := c.whole(p, 1); err != nil {
		return err
	}
	p.args, p.lead = p.args[1:], "'"+u.name+"', "
	k := p.args[1].kind
	per := perDay(k)
	p.kind, p.run = k, func(m *machine, p *part, in []*vec, out *vec) {
		for i, n := range in[0].i {
			sum, ok := u.add(in[1].i[i], n, per)
			out.i[i] = sum
			switch days, _ := calendar.Divide(sum, per); {
			case k == TimestampNs && !ok:
				m.reject(p, in, out, i, "is beyond what a "+k.String()+" can be", "")
			case !ok || days < calendar.FirstDay || days > calendar.LastDay:
				m.reject(p, in, out, i, beyondYears, beyondYearsTodo)
			}
		}
	}
	return nil
}

// add moves a value by a number of units. ok is false if it gets too large.
func (u *unit) add(v, n, perDay int64) (sum int64, ok bool) {
	const most = 1 << 40 // months and days beyond which no value is
	if u.nanos > 0 {
		each := u.nanos / (nanosPerDay / perDay)
		if each == 0 {
			return 0, false
		}
		hi, lo := bits.Mul64(uint64(n), uint64(each))
		shift := int64(lo)
		if high := int64(hi) - n>>63&each; high != shift>>63 {
			return 0, false
		}
		sum = v + shift
		return sum, (v^sum)&(shift^sum) >= 0
	}
	if n > most || n < -most {
		return 0, false
	}
	days, rest := calendar.Divide(v, perDay)
	to := days + n*u.days
	if u.months > 0 {
		to = calendar.AddMonths(days, n*u.months)
	}
	hi, lo := bits.Mul64(uint64(to), uint64(perDay))
	if high := int64(hi) - to>>63&perDay; high != int64(lo)>>63 {
		return 0, false
	}
	sum = int64(lo) + rest
	return sum, sum >= int64(lo)
}

func makeDate(m *machine, p *part, in []*vec, out *vec) {
	for i, year := range in[0].i {
		month, day := in[1].i[i], in[2].i[i]
		if month < 1 || month > 12 || year < calendar.FirstYear || year > calendar.LastYear || day < 1 || day > calendar.DaysIn(year, month) {
			m.reject(p, in, out, i, "is no date", "try(make_date(...)) is missing there")
			continue
		}
		out.i[i] = calendar.Days(year, month, day)
	}
}
