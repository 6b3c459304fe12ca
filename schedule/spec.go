package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // so that time zones work on machines that have no zone files
)

// What happens to ticks that fell due while no scheduler was running.
const (
	CatchUpNone   = "none"   // they are recorded as missed
	CatchUpLatest = "latest" // the newest one runs, the others are recorded as missed
	CatchUpAll    = "all"    // they run in order, at most CatchUpLimit of the newest
)

// What happens to a tick that falls due while its pipeline is still running.
const (
	OverlapSkip          = "skip"           // it is recorded as skipped
	OverlapQueue         = "queue"          // it runs later, in order
	OverlapCancelRunning = "cancel_running" // the running one is cancelled, then it runs
)

// Late is how far behind its time a tick may be and still count as punctual
// under CatchUpNone. It is the resolution of cron, so at most one tick is.
const Late = time.Minute

// A Spec is the `schedule` block of a pipeline file.
type Spec struct {
	Cron         string `yaml:"cron" required:"true" doc:"When to run: minute, hour, day of month, month, day of week, as in \"0 3 * * mon-fri\"; or @hourly, @daily, @weekly, @monthly, @yearly."`
	Timezone     string `yaml:"timezone" default:"UTC" doc:"IANA name of the time zone that the expression is read in, as in Europe/London."`
	CatchUp      string `yaml:"catch_up" default:"latest" enum:"none,latest,all" doc:"What to do with ticks that were missed because no scheduler was running: nothing, run the newest one, or run them all in order."`
	CatchUpLimit int    `yaml:"catch_up_limit" default:"100" min:"1" max:"1000" doc:"The most ticks that wait to run at once: with catch_up all only the newest are caught up, with overlap queue further ticks are skipped."`
	Overlap      string `yaml:"overlap" default:"skip" enum:"skip,queue,cancel_running" doc:"What to do with a tick that falls due while the pipeline is still running: skip it, run it later in order, or cancel the running one."`
}

// A FieldError is a problem with one field of a Spec.
type FieldError struct {
	field, msg, hint string
}

func (e *FieldError) Error() string { return e.msg }

// Field is the YAML name of the field that is wrong.
func (e *FieldError) Field() string { return e.field }

// Hint says what to write instead; it may be empty.
func (e *FieldError) Hint() string { return e.hint }

// Validate reports every field that is wrong as a *FieldError, joined.
func (s Spec) Validate() error {
	var errs []error
	if _, err := parseCron(s.Cron); err != nil {
		errs = append(errs, err)
	}
	if _, err := location(s.Timezone); err != nil {
		errs = append(errs, err)
	}
	if !oneOf(s.CatchUp, "", CatchUpNone, CatchUpLatest, CatchUpAll) {
		errs = append(errs, &FieldError{field: "catch_up", msg: fmt.Sprintf("%q is not none, latest or all", s.CatchUp)})
	}
	if !oneOf(s.Overlap, "", OverlapSkip, OverlapQueue, OverlapCancelRunning) {
		errs = append(errs, &FieldError{field: "overlap", msg: fmt.Sprintf("%q is not skip, queue or cancel_running", s.Overlap)})
	}
	if s.CatchUpLimit < 0 || s.CatchUpLimit > maxLimit {
		errs = append(errs, &FieldError{field: "catch_up_limit", msg: fmt.Sprintf("%d is not between 1 and %d", s.CatchUpLimit, maxLimit)})
	}
	return errors.Join(errs...)
}

// Warnings are what is allowed and may mean something else than was meant.
func (s Spec) Warnings() []*FieldError {
	var list []*FieldError
	if parts := strings.Fields(s.Cron); len(parts) == len(cronFields) {
		// Other crons take a field that begins with * for one that leaves all
		// days, and then ask for both.
		day, week := parts[2], parts[4]
		stepped := func(f string) bool { return strings.HasPrefix(f, "*/") && f != "*/1" }
		if (stepped(day) || stepped(week)) && !(isAny(day) || isAny(week)) {
			list = append(list, &FieldError{field: "cron",
				msg:  fmt.Sprintf("it runs on days that match %q or %q, where other crons ask for both", day, week),
				hint: "if that is meant, write a range in place of *, as in 1-31/2, which all crons read alike"})
		}
	}
	if loc, err := location(s.Timezone); err == nil {
		winter := time.Date(2026, 1, 1, 0, 0, 0, 0, loc)
		name, seconds := winter.Zone()
		summer, _ := winter.AddDate(0, 6, 0).Zone()
		switch {
		case seconds != 0 && name == loc.String() && summer == name:
			list = append(list, &FieldError{field: "timezone", hint: locationHint,
				msg: fmt.Sprintf("%s is %s all the year, also when clocks go by summer time", name, utcOffset(seconds))})
		case seconds != 0 && strings.HasPrefix(loc.String(), "Etc/GMT"):
			list = append(list, &FieldError{field: "timezone", hint: locationHint,
				msg: fmt.Sprintf("%s is %s: its sign is the other way around", loc, utcOffset(seconds))})
		}
	}
	return list
}

func isAny(field string) bool { return field == "*" || field == "?" || field == "*/1" }

func utcOffset(seconds int) string {
	return time.Unix(0, 0).In(time.FixedZone("", seconds)).Format("UTC-07:00")
}

// Expression identifies the ticks of the schedule: two specs with the same
// expression fall due at the same times.
func (s Spec) Expression() string {
	return strings.Join(strings.Fields(s.Cron), " ") + " " + zoneName(s.Timezone)
}

// Next is the first tick after a time, in the time zone of the schedule; ok is
// false if there is none (or the Spec is not valid). It has no memory of what
// ran, see Due for that.
func (s Spec) Next(after time.Time) (tick time.Time, ok bool) {
	c, err := s.compile()
	if err != nil {
		return time.Time{}, false
	}
	return c.next(after)
}

// Due sorts the ticks in (watermark, now] into those to run and those that the
// catch-up policy gives up, both oldest first. Both are empty while the clock
// is behind the watermark, or if the watermark is the zero time. Of a very
// long absence only the newest missed ticks are listed, up to the largest
// CatchUpLimit.
func (s Spec) Due(watermark, now time.Time) (run, missed []time.Time) {
	c, err := s.compile()
	if err != nil || watermark.IsZero() {
		return nil, nil
	}
	var due []time.Time
	for t, ok := c.next(watermark); ok && !t.After(now); t, ok = c.next(t) {
		if len(due) == 8*maxLimit {
			due = append(due[:0], due[6*maxLimit:]...)
		}
		due = append(due, t)
	}
	keep := 0
	switch s.CatchUp {
	case CatchUpNone:
		if n := len(due); n > 0 && now.Sub(due[n-1]) < Late {
			keep = 1
		}
	case CatchUpAll:
		keep = min(len(due), s.limit())
	default:
		keep = min(len(due), 1)
	}
	cut := len(due) - keep
	return due[cut:], due[max(cut-maxLimit, 0):cut]
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// limit is CatchUpLimit, for a Spec that no decoder filled in too.
func (s Spec) limit() int {
	if s.CatchUpLimit <= 0 {
		return defaultLimit
	}
	return s.CatchUpLimit
}

func (s Spec) compile() (*cronSchedule, error) {
	c, err := parseCron(s.Cron)
	if err != nil {
		return nil, err
	}
	if c.loc, err = location(s.Timezone); err != nil {
		return nil, err
	}
	return c, nil
}

// local gives a time in the time zone of the schedule.
func (s Spec) local(t time.Time) time.Time {
	loc, err := location(s.Timezone)
	if err != nil {
		return t
	}
	return t.In(loc)
}

func zoneName(name string) string {
	if name == "" {
		return "UTC"
	}
	return name
}

const locationHint = `write an IANA name such as "Europe/London", "America/New_York" or "UTC"`

// location refuses "Local": the same file would mean other times on another
// machine.
func location(name string) (*time.Location, error) {
	const hint = locationHint
	name = zoneName(name)
	if name == "Local" {
		return nil, &FieldError{field: "timezone", msg: "Local depends on the machine", hint: hint}
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, &FieldError{field: "timezone", msg: fmt.Sprintf("unknown time zone %q", name), hint: hint}
	}
	return loc, nil
}

func oneOf(s string, allowed ...string) bool {
	for _, a := range allowed {
		if s == a {
			return true
		}
	}
	return false
}
