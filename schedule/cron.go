package schedule

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// A cronSchedule is a parsed expression in a time zone.
type cronSchedule struct {
	// wall matches readings of a clock, written as times in UTC, so that the
	// matcher never meets a jump.
	wall      cron.SpecSchedule
	everyHour bool
	loc       *time.Location
}

// anyValue is the bit by which cron.SpecSchedule tells "*" from a list of all
// values: of day of month and day of week both must match if one is "*", else
// either.
const anyValue = uint64(1) << 63

// A cronField is one of the five parts of an expression.
type cronField struct {
	name     string
	min, max int
	names    []string // of the values from min on
}

var cronFields = [5]cronField{
	{name: "minute", min: 0, max: 59},
	{name: "hour", min: 0, max: 23},
	{name: "day of month", min: 1, max: 31},
	{name: "month", min: 1, max: 12, names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{name: "day of week", min: 0, max: 7, names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}}, // 7 is Sunday too
}

var cronShorthands = map[string]string{
	"@hourly":   "0 * * * *",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@weekly":   "0 0 * * 0",
	"@monthly":  "0 0 1 * *",
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
}

// parseCron reads five fields of lists of `*`, `N`, `N-M`, each with an
// optional `/step`. Months and days have names. The error is a *FieldError
// that says which of the fields is wrong.
func parseCron(expr string) (*cronSchedule, error) {
	fail := func(hint, format string, args ...any) (*cronSchedule, error) {
		return nil, &FieldError{field: "cron", msg: fmt.Sprintf(format, args...), hint: hint}
	}
	const example = `five fields: minute, hour, day of month, month, day of week, as in "0 3 * * *" for every day at 03:00`
	if len(expr) > 1000 {
		return fail(example, "the expression is %d characters long", len(expr))
	}
	if strings.Contains(expr, "TZ=") {
		return fail("use the setting `timezone`", "a time zone has no place in the expression")
	}
	text := strings.TrimSpace(expr)
	if strings.HasPrefix(text, "@") {
		full, ok := cronShorthands[strings.ToLower(text)]
		if !ok {
			return fail("use @hourly, @daily, @weekly, @monthly, @yearly or "+example, "unknown shorthand %q", text)
		}
		text = full
	}
	parts := strings.Fields(text)
	if len(parts) != len(cronFields) {
		return fail(example, "%q has %d fields instead of 5", expr, len(parts))
	}
	var bits [5]uint64
	for i, f := range cronFields {
		b, err := f.parse(parts[i])
		if err != nil {
			return fail(fmt.Sprintf("%s is %d to %d, a list 1,2, a range 1-5, or * with a step */2", f.name, f.min, f.max),
				"%s %q: %v", f.name, parts[i], err)
		}
		bits[i] = b
	}
	if bits[4]&(1<<7) != 0 {
		bits[4] = bits[4]&^(1<<7) | 1
	}
	const allHours = 1<<24 - 1
	c := &cronSchedule{
		wall: cron.SpecSchedule{
			Second: 1, Minute: bits[0], Hour: bits[1], Dom: bits[2], Month: bits[3], Dow: bits[4],
			Location: time.UTC,
		},
		everyHour: bits[1]&allHours == allHours,
		loc:       time.UTC,
	}
	// The matcher looks five years ahead, which from here include a 29 February.
	if _, ok := c.next(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC)); !ok {
		return fail("check day of month against month", "%q never falls due: there is no such date", expr)
	}
	return c, nil
}

// parse gives the set of values as bits, with anyValue for an unrestricted
// field.
func (f cronField) parse(text string) (uint64, error) {
	var set uint64
	for element := range strings.SplitSeq(text, ",") {
		b, err := f.parseElement(element)
		if err != nil {
			return 0, err
		}
		set |= b
	}
	return set, nil
}

func (f cronField) parseElement(element string) (uint64, error) {
	if element == "" {
		return 0, fmt.Errorf("empty element in the list")
	}
	span, stepText, stepped := strings.Cut(element, "/")
	step := 1
	if stepped {
		n, err := strconv.Atoi(stepText)
		if err != nil || n < 1 || n > f.max {
			return 0, fmt.Errorf("step %q is not between 1 and %d", stepText, f.max)
		}
		step = n
	}
	var low, high int
	var flag uint64
	if span == "*" || span == "?" {
		low, high = f.min, f.max
		if f.name == "day of week" {
			high = 6
		}
		if step == 1 {
			flag = anyValue
		}
	} else {
		lowText, highText, ranged := strings.Cut(span, "-")
		var err error
		if low, err = f.value(lowText); err != nil {
			return 0, err
		}
		switch {
		case ranged:
			if high, err = f.value(highText); err != nil {
				return 0, err
			}
			if high < low {
				return 0, fmt.Errorf("the range %s ends before it begins", span)
			}
		case stepped:
			return 0, fmt.Errorf("a step needs a range: write %s-%d/%d or */%d", span, f.max, step, step)
		default:
			high = low
		}
	}
	for v := low; v <= high; v += step {
		flag |= 1 << v
	}
	return flag, nil
}

func (f cronField) value(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.min + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || text[0] == '+' || text[0] == '-' {
		if f.names != nil {
			return 0, fmt.Errorf("%q is neither a number nor a name such as %q", text, f.names[0])
		}
		return 0, fmt.Errorf("%q is not a number", text)
	}
	if n < f.min || n > f.max {
		return 0, fmt.Errorf("%d is not between %d and %d", n, f.min, f.max)
	}
	return n, nil
}

// next is the first tick after a time, by the rules of the package
// documentation. It walks the stretches of time between two jumps of the
// clock; inside each, wall and elapsed time differ by a constant.
func (c *cronSchedule) next(after time.Time) (time.Time, bool) {
	after = after.In(c.loc)
	start, end := after.ZoneBounds()
	shift := offset(after)
	// passed is the reading that the clock had reached at most: a jump back
	// repeats readings, which must not match again.
	passed := after.Add(shift)
	if !start.IsZero() && !c.everyHour {
		if before := start.Add(offset(start.Add(-1)) - time.Second); before.After(passed) {
			passed = before
		}
	}
	for {
		wall := c.wall.Next(passed.UTC())
		if wall.IsZero() {
			return time.Time{}, false
		}
		tick := wall.Add(-shift)
		if end.IsZero() || tick.Before(end) {
			return tick.In(c.loc), true
		}
		jump := offset(end) - shift
		if !c.everyHour && tick.Before(end.Add(jump)) {
			return end.In(c.loc), true // the clock never showed this reading
		}
		passed = end.Add(shift - time.Second)
		shift += jump
		if c.everyHour {
			passed = end.Add(shift - time.Second)
		}
		_, end = end.ZoneBounds()
	}
}

// offset is how far the clock of t's time zone is ahead of UTC.
func offset(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}
