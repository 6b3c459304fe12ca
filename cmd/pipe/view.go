package main

import (
	"fmt"
	"io"
	"log/slog"
	"time"

	"pipe/base/diag"
	"pipe/lineage"
	"pipe/runner"
)

// A view shows a run to whoever watches it. close is called after the last
// event, also where there was none.
type view interface {
	event(runner.Event)
	close()
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
		if color == yellow {
			first = "  ! "
		}
		lines := wrap(first+pad(stage, nameW)+"  "+text, columns, indent, 20)
		for i := range lines {
			lines[i] = s.paint(color, lines[i])
		}
		return lines
	}
	switch ev := ev.(type) {
	case runner.RunStarted:
		return []string{paintLine(s.paint, columns, span{bold, ev.Pipeline}, span{dim, "  run " + ev.RunID})}
	case runner.StageStarted:
		if s.verbose {
			return message(dim, ev.Kind+": "+ev.Reason, ev.Stage)
		}
	case runner.StageWaiting:
		return message(dim, waitingText(ev), ev.Stage)
	case runner.StageLog:
		switch {
		case ev.Level >= slog.LevelWarn:
			return message(yellow, logText(ev), ev.Stage)
		case s.verbose:
			return message(dim, logText(ev), ev.Stage)
		}
	case runner.StageRetry:
		text := fmt.Sprintf("attempt %d failed: %s; again in %s", ev.Attempt, oneLine(ev.Err.Error()), duration(ev.Delay))
		return message(yellow, text, ev.Stage)
	case runner.StageFinished:
		if ev.Status == lineage.Cached && len(s.order) > manyStages && !s.verbose {
			return nil
		}
		return []string{paintLine(s.paint, columns, finishedLine(ev, nameW)...)}
	case runner.RivalMeasured:
		text := fmt.Sprintf("measures %s (%s) on the same data, to compare", ev.Label, ev.Model.Short())
		return []string{paintLine(s.paint, columns, span{dim, "    " + pad(ev.Stage, nameW) + "  " + text})}
	case runner.GateJudged:
		sign, color, text := gateText(ev)
		lines := wrap("  "+sign+" "+pad(ev.Stage, nameW)+"  "+diag.Visible(text), columns, indent, 20)
		for i := range lines {
			lines[i] = s.paint(color, lines[i])
		}
		return lines
	case runner.RunFinished:
		lines := wrap(summary(s.pipeline, ev.Result), columns, 2, 3)
		if s.nextStep != nil {
			lines = append(lines, s.nextStep(ev.Result)...) // whole, so that it can be copied
		}
		return lines
	}
	return nil
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

func (v *plainView) event(ev runner.Event) {
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
	if now.Sub(v.lastLine[stage]) < quiet {
		return
	}
	v.lastLine[stage] = now
	line := append([]span{{"", "  > " + pad(stage, v.nameW) + "  "}}, v.stages[stage].activity(now, plainColumns, 0)...)
	fmt.Fprintln(v.w, paintLine(v.paint, plainColumns, line...))
}

func (v *plainView) close() {}
