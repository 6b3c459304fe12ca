package timeline

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"

	"pipe/base/calendar"
	"pipe/base/diag"
	"pipe/base/exact"
	"pipe/data/relation"
	"pipe/data/table"
)

const (
	day = 86400_000_000_000 // nanoseconds

	// mostCount bounds times that are whole numbers, so that no difference overflows.
	mostCount = 1 << 53
)

// A Clock numbers the equal steps of time that a column goes by.
type Clock struct {
	Type string `json:"type"` // of the column: timestamp, date, int64, ...
	Step string `json:"step"` // 1h, 1mo, or a whole number
	// Origin is the time of step 0, as the column holds it. Of months it is where in its month each
	// step is, of which step 0 begins with 1970-01.
	Origin int64 `json:"origin"`
	// Month is in which of its months a step of several is, from 0.
	Month int64 `json:"month,omitempty"`
	// LastDay says that steps of months are at the end of each.
	LastDay bool `json:"last_day,omitempty"`

	months int64 // of a step; 0: it has a fixed length
	length int64 // of a step, in units of the column
	perDay int64 // units of the column; 0: whole numbers
	field  arrow.DataType
}

// newClock reads how a column goes. Its origin is not known yet.
func newClock(column string, t arrow.DataType, step string) (Clock, error) {
	c := Clock{Type: table.TypeName(t), Step: step, field: t}
	unit := int64(0) // nanoseconds
	switch table.ClassOf(t) {
	case table.ClassWhole:
	case table.ClassDate:
		unit, c.perDay = day, 1
	case table.ClassTimestamp:
		unit = 1000
		if ts, ok := t.(*arrow.TimestampType); ok && ts.Unit == arrow.Nanosecond {
			unit = 1
		}
		c.perDay = day / unit
	default:
		return c, diag.WithHint(fmt.Errorf("time: column %q is %s, which has no order in time", column, table.TypeName(t)),
			fmt.Sprintf("read it as a time: `columns: {%s: timestamp}` of the ingest stage; whole numbers and dates do as well", column))
	}
	if unit == 0 {
		n, err := strconv.ParseInt(step, 10, 64)
		if err != nil || n < 1 || n > mostCount {
			return c, diag.WithHint(fmt.Errorf("step: %q is no distance of whole numbers, which the column %q holds", diag.Shorten(step), column), "write a whole number from 1")
		}
		c.length = n
		return c, nil
	}
	span, err := relation.ParseSpan(step)
	if err != nil {
		return c, fmt.Errorf("step: %w", err)
	}
	if span.Nanos%unit != 0 {
		return c, diag.WithHint(fmt.Errorf("step: column %q is %s, which has no steps of %s", column, c.Type, step), "write a longer time")
	}
	c.months, c.length = span.Months, span.Nanos/unit
	return c, nil
}

// begin sets the origin by the first time of all, and by all times if steps are months.
func (c *Clock) begin(times []int64) {
	if len(times) == 0 {
		return
	}
	if c.months == 0 {
		c.Origin = slices.Min(times)
		return
	}
	c.LastDay = true
	first := slices.Min(times)
	for _, t := range times {
		days, _ := calendar.Divide(t, c.perDay)
		year, month, d := calendar.Civil(days)
		c.LastDay = c.LastDay && d == calendar.DaysIn(year, month)
	}
	days, rest := calendar.Divide(first, c.perDay)
	year, month, d := calendar.Civil(days)
	_, c.Month = calendar.Divide(year*12+month-1-1970*12, c.months)
	c.Origin = (d-1)*c.perDay + rest
}

// number is the step of a time; ok is false if it is between two.
func (c *Clock) number(t int64) (step int64, ok bool) {
	if c.months > 0 {
		days, _ := calendar.Divide(t, c.perDay)
		year, month, _ := calendar.Civil(days)
		step, _ = calendar.Divide(year*12+month-1-1970*12, c.months)
		return step, true
	}
	step, rest := calendar.Divide(t-c.Origin, c.length)
	return step, rest == 0
}

// At is the time of a step, as the column holds it.
func (c *Clock) At(step int64) int64 {
	if c.months == 0 {
		return c.Origin + step*c.length
	}
	year, month := calendar.Divide(1970*12+step*c.months+c.Month, 12)
	d, rest := calendar.Divide(c.Origin, c.perDay)
	last := calendar.DaysIn(year, month+1) - 1
	if d = min(d, last); c.LastDay {
		d = last
	}
	return (calendar.Days(year, month+1, 1)+d)*c.perDay + rest
}

// Text is the time of a step for people.
func (c *Clock) Text(step int64) string {
	t := c.At(step)
	if c.perDay == 0 {
		return strconv.FormatInt(t, 10)
	}
	days, rest := calendar.Divide(t, c.perDay)
	year, month, d := calendar.Civil(days)
	text := fmt.Sprintf("%04d-%02d-%02d", year, month, d)
	if c.perDay == 1 {
		return text
	}
	seconds := rest / (c.perDay / 86400)
	text += fmt.Sprintf(" %02d:%02d", seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		text += fmt.Sprintf(":%02d", seconds%60)
	}
	return text
}

// Column is the times of steps as a column.
func (c *Clock) Column(steps []int64) arrow.Array {
	width := c.field.(arrow.FixedWidthDataType).BitWidth() / 8
	values := make([]byte, 0, len(steps)*width)
	var b [8]byte
	for _, s := range steps {
		binary.LittleEndian.PutUint64(b[:], uint64(c.At(s)))
		values = append(values, b[:width]...)
	}
	return table.NewFixedArray(c.field, len(steps), values, nil)
}

// Field is the type of the column.
func (c *Clock) Field() arrow.DataType { return c.field }

// A Period is a part of the calendar that comes again.
type Period string

// Periods lists them, the longest first.
func Periods() []string { return []string{"year", "quarter", "month", "week", "day", "hour"} }

// Enum implements settings.Enum.
func (Period) Enum() []string { return Periods() }

// Fits says whether the column knows the calendar, and steps are shorter than the period.
func (c *Clock) Fits(p Period) error {
	if c.perDay == 0 {
		return diag.WithHint(fmt.Errorf("calendar: the times are whole numbers, of which nobody knows the %s", p), "leave calendar out; `season` says how long a period is")
	}
	switch p {
	case "day", "hour":
		if c.perDay == 1 || c.months > 0 {
			return diag.WithHint(fmt.Errorf("calendar: steps of %s are all at the same time of the %s", c.Step, p), "leave it out")
		}
	case "week", "month":
		if c.months > 0 {
			return diag.WithHint(fmt.Errorf("calendar: steps of %s are longer than a %s", c.Step, p), "leave it out")
		}
	}
	return nil
}

// Share is how much of a period is over at a step, from 0 to 1.
func (c *Clock) Share(p Period, step int64) float64 {
	days, rest := calendar.Divide(c.At(step), c.perDay)
	of := float64(rest) / float64(c.perDay) // of the day
	year, month, d := calendar.Civil(days)
	switch p {
	case "year":
		return (float64(calendar.DayOfYear(days)-1) + of) / float64(calendar.DaysInYear(year))
	case "quarter":
		first := (month - 1) / 3 * 3
		begin, end := calendar.Days(year, first+1, 1), calendar.AddMonths(calendar.Days(year, first+1, 1), 3)
		return (float64(days-begin) + of) / float64(end-begin)
	case "month":
		return (float64(d-1) + of) / float64(calendar.DaysIn(year, month))
	case "week":
		return (float64(calendar.Weekday(days)-1) + of) / 7
	case "day":
		return of
	}
	hours := 24 * of
	return hours - math.Floor(hours)
}

// Waves are the sine and the cosine of where in a period a step is, with k waves in it.
func (c *Clock) Waves(p Period, k int, step int64) (sin, cos float64) {
	turns := float64(k) * c.Share(p, step)
	return exact.SinCos(2 * math.Pi * (turns - math.Floor(turns)))
}

// Check checks a clock that came with a document, and makes it usable.
func (c *Clock) Check(column string) error {
	t, ok := table.TypeNamed(c.Type)
	if !ok {
		return fmt.Errorf("the times are of the unknown type %.20q", c.Type)
	}
	read, err := newClock(column, t, c.Step)
	if err != nil {
		return err
	}
	read.Origin, read.LastDay, read.Month = c.Origin, c.LastDay, c.Month
	if read.months > 0 && (c.Origin < 0 || c.Origin >= 31*read.perDay || c.Month < 0 || c.Month >= read.months) {
		return fmt.Errorf("a step begins %d into its month", c.Origin)
	}
	*c = read
	return nil
}
