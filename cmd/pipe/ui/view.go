package ui

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/runner"
)

// A View shows a run to whoever watches it.
type View interface {
	Event(runner.Event)
	Stopping() // the run was asked to stop: a stage may need a moment
	Close()    // is called after the last event, also where there was none
}

// Options say how a run is shown.
type Options struct {
	JSON    bool // as events for programs
	Verbose bool // with what the stages say
	Live    bool // the terminal can move its cursor
	Paint   func(color, text string) string
	Next    func(*runner.Result) []string // what to type next; may be nil
}

// NewView chooses how a run is shown on a stream.
func NewView(out *Output, opt Options) View {
	if opt.JSON {
		return &jsonView{enc: NewJSONEncoder(out)}
	}
	s := script{paint: opt.Paint, verbose: opt.Verbose, nextStep: opt.Next}
	if _, _, ok := out.Size(); ok && opt.Live {
		size := func() (int, int) {
			columns, rows, ok := out.Size()
			if !ok {
				return 80, 24
			}
			return columns, rows
		}
		live := newLiveView(out, s, size, time.Now)
		live.control = out.control
		return live.start()
	}
	return newPlainView(out, s, time.Now)
}

// manyStages is from where on cached stages are only counted: nobody reads ten
// thousand lines that say that nothing happened.
const manyStages = 50

// A script decides what lines stay of a run; the two views for people differ
// in when they write them, and in what they show meanwhile.
type script struct {
	*progress
	paint    func(color, text string) string
	verbose  bool
	nextStep func(*runner.Result) []string // what to type next; may be nil
}

// lines are what is to be said of an event, each at most so many columns.
func (s *script) lines(ev runner.Event, columns int) []string {
	nameW := min(s.nameW, max(8, columns/3))
	indent := 4 + nameW + 2
	message := func(color, text string, stage string) []string {
		first := "    "
		if color == Yellow {
			first = "  ! "
		}
		lines := wrap(first+Pad(StageName(stage, nameW), nameW)+"  "+text, columns, indent, 20)
		for i := range lines {
			lines[i] = s.paint(color, lines[i])
		}
		return lines
	}
	switch ev := ev.(type) {
	case runner.RunStarted:
		return []string{paintLine(s.paint, columns, span{Bold, ev.Pipeline}, span{Dim, "  run " + ev.RunID})}
	case runner.StageStarted:
		if s.verbose {
			return message(Dim, ev.Kind+": "+ev.Reason, ev.Stage)
		}
	case runner.StageWaiting:
		return message(Dim, Waiting(ev), ev.Stage)
	case runner.StageLog:
		switch {
		case ev.Level >= slog.LevelWarn:
			if g := s.group(ev.Stage); g != nil && !s.verbose && !g.warns(ev.Message) {
				return nil
			}
			text, hint := runner.SplitHint(logText(ev))
			lines := message(Yellow, text, ev.Stage)
			if hint != "" {
				lines = append(lines, wrap(strings.Repeat(" ", indent)+"hint: "+hint, columns, indent+6, 20)...)
			}
			return lines
		case s.verbose:
			return message(Dim, logText(ev), ev.Stage)
		}
	case runner.StageRetry:
		text := fmt.Sprintf("attempt %d failed: %s; again in %s", ev.Attempt, OneLine(ev.Err.Error()), Duration(ev.Delay))
		return message(Yellow, text, ev.Stage)
	case runner.StageFinished:
		if g := s.group(ev.Stage); g != nil && !s.verbose {
			var lines []string
			if ev.Status != lineage.Cached && ev.Status != lineage.Succeeded {
				lines = append(lines, paintLine(s.paint, columns, finishedLine(ev, nameW)...))
			}
			if g.over() && (g.cached < g.total || len(s.order) <= manyStages) {
				g.told = true
				lines = append(lines, paintLine(s.paint, columns, g.line(ev.Stage, nameW)...))
			}
			return lines
		}
		if ev.Status == lineage.Cached && len(s.order) > manyStages && !s.verbose {
			return nil
		}
		return []string{paintLine(s.paint, columns, finishedLine(ev, nameW)...)}
	case runner.RivalMeasured:
		text := fmt.Sprintf("measures %s (%s) on the same data, to compare", ev.Label, ev.Model.Short())
		return []string{paintLine(s.paint, columns, span{Dim, "    " + Pad(StageName(ev.Stage, nameW), nameW) + "  " + text})}
	case runner.GateJudged:
		sign, color, text := Gate(ev)
		lines := wrap("  "+sign+" "+Pad(StageName(ev.Stage, nameW), nameW)+"  "+diag.Visible(text), columns, indent, 20)
		for i := range lines {
			lines[i] = s.paint(color, lines[i])
		}
		return lines
	case runner.RunFinished:
		lines := append(s.unfinished(columns, nameW), wrap(Summary(s.pipeline, ev.Result), columns, 2, 3)...)
		if s.nextStep != nil {
			lines = append(lines, s.nextStep(ev.Result)...) // whole, so that it can be copied
		}
		return lines
	}
	return nil
}

// unfinished has the stages of which some cases were run, and others not for what failed.
func (s *script) unfinished(columns, nameW int) []string {
	var lines []string
	for _, stage := range s.order {
		g := s.group(stage)
		if g == nil || s.verbose || g.told || g.over() || g.good == g.cached {
			continue
		}
		g.told = true
		lines = append(lines, paintLine(s.paint, columns, g.line(stage, nameW)...))
	}
	return lines
}

// A plainView writes one line for each thing that happens: for logs, pipes
// and CI.
type plainView struct {
	script
	w        io.Writer
	lastLine map[string]time.Time // of a running stage
	now      func() time.Time
}

func newPlainView(w io.Writer, s script, now func() time.Time) *plainView {
	s.progress = newProgress(now())
	return &plainView{w: w, script: s, lastLine: map[string]time.Time{}, now: now}
}

// quiet is how long a running stage may be silent: a log that shows nothing
// for longer looks like a hang, one that shows every epoch hides the rest.
const quiet = 10 * time.Second

// plainColumns is the length of a line that goes to a file.
const plainColumns = 1000

func (v *plainView) Event(ev runner.Event) {
	now := v.now()
	v.apply(ev, now)
	for _, line := range v.lines(ev, plainColumns) {
		fmt.Fprintln(v.w, line)
	}
	switch ev := ev.(type) {
	case runner.StageStarted:
		v.lastLine[ev.Stage] = now
	case runner.StageProgress:
		v.stillRunning(ev.Stage, now)
	case runner.StagePoint:
		v.stillRunning(ev.Stage, now)
	}
}

func (v *plainView) stillRunning(stage string, now time.Time) {
	last, ok := v.lastLine[stage]
	if !ok { // it downloads its files, before it starts
		last, v.lastLine[stage] = now, now
	}
	if now.Sub(last) < quiet {
		return
	}
	v.lastLine[stage] = now
	line := append([]span{{"", "  > " + Pad(StageName(stage, v.nameW), v.nameW) + "  "}}, v.stages[stage].activity(now, plainColumns, 0)...)
	fmt.Fprintln(v.w, paintLine(v.paint, plainColumns, line...))
}

func (v *plainView) Close() {}

func (v *plainView) Stopping() {}

// NewWarnings shows nothing of a run but its warnings: standard output may be the
// result, and the run is over in a moment.
func NewWarnings(out *Output, paint func(color, text string) string) View {
	return warningView{newPlainView(out, script{paint: paint}, time.Now)}
}

type warningView struct{ *plainView }

func (v warningView) Event(ev runner.Event) {
	switch ev := ev.(type) {
	case runner.RunStarted:
		v.apply(ev, v.now())
	case runner.StageLog, runner.StageRetry:
		for _, line := range v.lines(ev, plainColumns) {
			fmt.Fprintln(v.w, line)
		}
	}
}

// ShowRepeated says of a run that nothing had to be done, and what the stages
// had warned of.
func ShowRepeated(out *Output, paint func(color, text string) string, same *lineage.Repeated, took time.Duration) {
	events := []runner.Event{runner.RunStarted{RunID: same.RunID, Pipeline: same.Pipeline}}
	for _, w := range same.Warnings {
		events = append(events, runner.StageLog{Stage: w.Stage, Level: slog.LevelWarn, Message: w.Message})
	}
	s := script{progress: newProgress(time.Now()), paint: paint}
	for _, w := range same.Warnings {
		s.nameW = min(maxName, max(s.nameW, Width(w.Stage)))
	}
	columns, _, ok := out.Size()
	if !ok {
		columns = plainColumns
	}
	for _, ev := range events {
		for _, line := range s.lines(ev, columns) {
			fmt.Fprintln(out, line)
		}
	}
	fmt.Fprintf(out, "%s: %s, %d cached in %s\n", same.Pipeline, Plural(same.Stages, "stage"), same.Stages, Duration(took))
}
