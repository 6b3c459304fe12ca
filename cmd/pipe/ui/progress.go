package ui

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/runner"
)

// A progress is what is known of a run while it goes on. Both views for people
// draw from it.
type progress struct {
	pipeline string
	runID    string
	begun    time.Time
	order    []string
	stages   map[string]*stageProgress
	groups   map[string]*caseGroup // stages of many cases
	nameW    int                   // columns of the longest name
}

type stageProgress struct {
	name        string
	status      string // "", running, or a lineage.Status
	begun       time.Time
	attempt     int
	again       time.Time // when the next attempt begins, if the last one failed
	done, total int64
	firstDone   int64     // progress when it was first reported,
	firstAt     time.Time // and when: the rate is measured from there
	curve       string    // the curve that is shown: a loss, of the validation part if there is one
	value       float64
	waits       string // for whom, if another process is making the same
}

func newProgress(now time.Time) *progress {
	return &progress{begun: now, stages: map[string]*stageProgress{}}
}

// running is the status of a stage that is under way.
const running = "running"

// maxName is how many columns the name of a stage may take.
const maxName = 40

// apply takes in an event at a time.
func (p *progress) apply(ev runner.Event, now time.Time) {
	switch ev := ev.(type) {
	case runner.RunStarted:
		p.pipeline, p.runID, p.order = ev.Pipeline, ev.RunID, ev.Stages
		p.groups = groupsOf(ev.Stages)
		for _, name := range ev.Stages {
			p.stages[name] = &stageProgress{name: name}
			p.nameW = min(maxName, max(p.nameW, Width(name)))
		}
	case runner.RivalMeasured:
		p.order = slices.Clone(p.order)
		for _, s := range ev.Plan.Steps {
			p.order = append(p.order, s.Name)
			p.stages[s.Name] = &stageProgress{name: s.Name}
			p.nameW = min(maxName, max(p.nameW, Width(s.Name)))
		}
	case runner.StageStarted:
		if g := p.group(ev.Stage); g != nil && g.begun.IsZero() {
			g.begun = now
		}
		*p.stages[ev.Stage] = stageProgress{name: ev.Stage, status: running, begun: now, attempt: ev.Attempt}
	case runner.StageWaiting:
		p.stages[ev.Stage].waits = Waiting(ev)
	case runner.StageProgress:
		s := p.stages[ev.Stage]
		if s.firstAt.IsZero() {
			s.firstDone, s.firstAt = ev.Done, now
		}
		if s.begun.IsZero() { // it downloads its files, before it starts
			s.begun = now
		}
		s.done, s.total = ev.Done, ev.Total
	case runner.StagePoint:
		p.stages[ev.Stage].point(ev.Name, ev.Value)
	case runner.StageRetry:
		p.stages[ev.Stage].again = now.Add(ev.Delay)
	case runner.StageFinished:
		if g := p.group(ev.Stage); g != nil {
			g.add(ev, now)
		}
		p.stages[ev.Stage].status = string(ev.Status)
	}
}

// point keeps the curve that tells most about a training that is under way.
func (s *stageProgress) point(name string, value float64) {
	rank := func(n string) int {
		switch {
		case n == "validation.loss":
			return 3
		case strings.HasSuffix(n, ".loss") || n == "loss":
			return 2
		case n == "":
			return 0
		default:
			return 1
		}
	}
	if rank(name) >= rank(s.curve) {
		s.curve, s.value = name, value
	}
}

// Waiting says whom a stage waits for.
func Waiting(ev runner.StageWaiting) string {
	switch {
	case ev.Lacks != "" && ev.Holder != "":
		return fmt.Sprintf("waiting for %s (held by %s)", ev.Lacks, diag.Visible(ev.Holder))
	case ev.Lacks != "":
		return "waiting for " + ev.Lacks
	case ev.PID == 0:
		return "made by another process"
	}
	return fmt.Sprintf("made by another process (pid %d)", ev.PID)
}

// finished counts the stages that are over, and those of them that failed.
func (p *progress) finished() (all, failed int) {
	for _, s := range p.stages {
		switch s.status {
		case "", running:
			continue
		case string(lineage.Failed), string(lineage.RequirementFailed):
			failed++
		}
		all++
	}
	return all, failed
}

// underWay lists the stages under way, in the order of the plan.
func (p *progress) underWay() []*stageProgress {
	var list []*stageProgress
	for _, name := range p.order {
		if s := p.stages[name]; s.status == running {
			list = append(list, s)
		}
	}
	return list
}

// Columns of the parts of an activity. They are reserved before there is
// something to say, so that nothing jumps when it comes.
const (
	rateWidth  = 8
	leftWidth  = 11 // "12m05s left"
	valueWidth = 9  // "1.234e-05"
	minBar     = 6
)

// activity says how far a running stage is: share, rate, time left, and the
// curve that it draws. What does not fit is left out: the rate first, the bar
// next, then the time. maxBar is the longest bar, 0 for none.
func (s *stageProgress) activity(now time.Time, columns, maxBar int) []span {
	if !s.again.IsZero() {
		return []span{{Yellow, fmt.Sprintf("attempt %d failed", s.attempt)}, {Dim, "  again in " + coarse(s.again.Sub(now))}}
	}
	var line []span
	if s.attempt > 1 {
		line = append(line, span{Yellow, fmt.Sprintf("attempt %d  ", s.attempt)})
	}
	var curve []span
	if s.curve != "" {
		curve = []span{{"", "  " + diag.Visible(s.curve) + " " + Number(s.value)}}
		columns -= max(0, valueWidth-Width(Number(s.value)))
	}
	rate, left := s.speed(now)
	if s.total == 0 {
		line = append(line, span{Dim, padLeft(coarse(now.Sub(s.begun)), tookWidth)})
		if rate != "" {
			line = append(line, span{"", "  " + rate})
		}
		return append(line, curve...)
	}
	percent := []span{{"", fmt.Sprintf("%3.0f%%", math.Floor(s.share()*100))}}
	speed := []span{{"", "  " + padLeft(rate, rateWidth)}}
	remaining := []span{{"", "  " + padLeft(left, leftWidth)}}
	bar := min(maxBar, minBar) // as it is while room is sought
	fits := func(parts ...[]span) bool { return widthOf(line, curve, percent)+bar+2+widthOf(parts...) <= columns }
	if !fits(speed, remaining) {
		speed = nil
	}
	if !fits(remaining) {
		bar = 0
	}
	if !fits(remaining) {
		remaining = nil
	}
	if bar > 0 {
		bar = min(maxBar, columns-2-widthOf(line, percent, speed, remaining, curve))
		full := int(s.share() * float64(bar))
		line = append(line, span{Green, strings.Repeat("━", full)}, span{Dim, strings.Repeat("┄", bar-full)}, span{"", "  "})
	}
	return slices.Concat(line, percent, speed, remaining, curve)
}

func widthOf(lines ...[]span) int {
	n := 0
	for _, line := range lines {
		for _, s := range line {
			n += Width(s.text)
		}
	}
	return n
}

func (s *stageProgress) share() float64 {
	return min(1, max(0, float64(s.done)/float64(max(1, s.total))))
}

// speed tells how fast a stage is and how long it still takes, once there is
// enough to tell it from.
func (s *stageProgress) speed(now time.Time) (rate, left string) {
	worked, elapsed := s.done-s.firstDone, now.Sub(s.firstAt)
	if worked <= 0 || elapsed < time.Second/2 {
		return "", ""
	}
	perSecond := float64(worked) / elapsed.Seconds()
	seconds := float64(max(0, s.total-s.done)) / perSecond
	return rateText(perSecond), coarse(time.Duration(min(seconds, 1e8)*float64(time.Second))) + " left"
}

// coarse is a duration in whole seconds: one that is looked at while it
// changes must not flicker.
func coarse(d time.Duration) string {
	d = max(0, d).Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
}

func rateText(perSecond float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if perSecond >= u.size {
			return fmt.Sprintf("%.1f%s/s", perSecond/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.1f/s", perSecond)
}

// tookWidth aligns what follows how long a stage took.
const tookWidth = 6

// finishedLine is what is worth saying of a stage that ended.
func finishedLine(ev runner.StageFinished, nameW int) []span {
	sign, color := mark(ev.Status)
	line := []span{{"", "  "}, {color, sign}, {"", " " + Pad(StageName(ev.Stage, nameW), nameW) + "  "}}
	took := padLeft(Duration(ev.Duration), tookWidth)
	metrics := ""
	if text := stageMetricsText(ev.Metrics); text != "" {
		metrics = "  " + text
	}
	switch ev.Status {
	case lineage.Cached:
		return append(line, span{Dim, padLeft("cached", tookWidth) + metrics})
	case lineage.Succeeded:
		return append(line, span{"", took + metrics})
	case lineage.RequirementFailed:
		return append(line, span{"", took + "  "}, span{Yellow, "below its requirement"}, span{"", metrics})
	case lineage.Interrupted:
		return append(line, span{"", took + "  "}, span{Yellow, "interrupted"})
	case lineage.Cancelled:
		return append(line, span{"", took + "  "}, span{Dim, "cancelled"})
	default:
		return append(line, span{"", took + "  "}, span{Red, "failed"})
	}
}

func Join(parts ...string) string {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	return strings.Join(parts, "  ")
}

// mark is the sign in front of a stage.
func mark(status lineage.Status) (sign, color string) {
	switch status {
	case lineage.Succeeded:
		return "✓", Green
	case lineage.Cached:
		return "=", Dim
	case lineage.RequirementFailed:
		return "!", Yellow
	case lineage.Interrupted:
		return "■", Yellow
	case lineage.Cancelled:
		return "■", Dim
	default:
		return "✗", Red
	}
}

// logText is a message of a stage in one line.
func logText(ev runner.StageLog) string {
	level := ""
	if ev.Level >= slog.LevelWarn {
		level = strings.ToLower(ev.Level.String()) + ": "
	}
	return diag.Visible(level + strings.TrimRight(ev.Message, "\n"))
}

// Summary is the last line of a run.
func Summary(pipelineName string, res *runner.Result) string {
	text := fmt.Sprintf("%s: %s", pipelineName, Plural(len(res.Stages), "stage"))
	for _, part := range []struct {
		status lineage.Status
		word   string
	}{
		{lineage.Succeeded, "run"}, {lineage.Cached, "cached"}, {lineage.Failed, "failed"},
		{lineage.RequirementFailed, "below its requirement"}, {lineage.Interrupted, "interrupted"}, {lineage.Cancelled, "cancelled"}, {lineage.Skipped, "not begun"},
	} {
		if n := res.Count(part.status); n > 0 {
			text += fmt.Sprintf(", %d %s", n, part.word)
		}
	}
	return fmt.Sprintf("%s in %s", text, Duration(res.Duration))
}
