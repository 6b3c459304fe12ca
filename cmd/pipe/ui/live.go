package ui

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"pipe/runner"
)

const (
	frameTime = 100 * time.Millisecond

	// appear is when the live part comes up: a run that is over before shows
	// its lines and nothing that flickers.
	appear = 300 * time.Millisecond

	// maxLive is the height of the live part.
	maxLive = 12
)

// A liveView redraws what is under way at the bottom of a terminal; what is
// finished scrolls up and stays. Events only take notes. The drawing is done
// by a goroutine of its own, so that a terminal that stands still (Ctrl-S)
// does not stop the run.
type liveView struct {
	w    io.Writer
	size func() (columns, rows int)
	now  func() time.Time

	control func(sequence string) string // makes one that w lets through to the terminal

	stop, stopped chan struct{} // nil before start

	mu     sync.Mutex
	script          // what is known, guarded by mu
	kept   []string // lines that stay and are not on the screen yet, guarded by mu
	over   bool     // nothing is under way any more, guarded by mu
	asked  bool     // somebody has asked the run to stop, guarded by mu

	shown []int  // columns of the live lines that are on the screen
	last  string // what was written last
}

func newLiveView(w io.Writer, s script, size func() (columns, rows int), now func() time.Time) *liveView {
	s.progress = newProgress(now())
	return &liveView{w: w, size: size, script: s, now: now, control: func(sequence string) string { return sequence }}
}

// start draws a frame every now and then until Close.
func (v *liveView) start() *liveView {
	v.stop, v.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(v.stopped)
		tick := time.NewTicker(frameTime)
		defer tick.Stop()
		for {
			select {
			case <-v.stop:
				return
			case <-tick.C:
				v.draw()
			}
		}
	}()
	return v
}

// Close takes the live part off the screen.
func (v *liveView) Close() {
	if v.stop != nil {
		close(v.stop)
		<-v.stopped
	}
	v.mu.Lock()
	v.over = true
	v.mu.Unlock()
	v.draw()
}

// Stopping says that the run was asked to stop: a stage may need a moment.
func (v *liveView) Stopping() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = true
}

func (v *liveView) Event(ev runner.Event) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.apply(ev, v.now())
	columns, _ := v.size()
	v.kept = append(v.kept, v.lines(ev, columns-1)...)
	if _, ok := ev.(runner.RunFinished); ok {
		v.over = true
	}
}

// draw writes the lines that stay over the live part, and the live part anew
// below them. Lines are written in place and never take the last column, so
// that nothing flickers and nothing wraps. The cursor stays visible and ends
// on a line of its own: whenever the process dies, the terminal is in order.
func (v *liveView) draw() {
	columns, rows := v.size()
	now := v.now()
	v.mu.Lock()
	kept := v.kept
	v.kept = nil
	var live []string
	var widths []int
	if !v.over && now.Sub(v.begun) >= appear {
		live, widths = v.live(now, columns, rows)
	}
	v.mu.Unlock()

	var b strings.Builder
	for _, line := range append(kept, live...) {
		b.WriteString(line + v.control("\x1b[K") + "\n") // erase what is left of the old line
	}
	b.WriteString(v.control("\x1b[J")) // and the lines below
	if len(kept) == 0 && b.String() == v.last {
		return
	}
	v.last = b.String()
	up := v.control("\r") // over what was typed meanwhile
	if n := heightOf(v.shown, columns); n > 0 {
		up = v.control(fmt.Sprintf("\r\x1b[%dA", n))
	}
	v.shown = widths
	// Nobody is left to be told that the terminal is gone.
	_, _ = io.WriteString(v.w, up+v.last)
}

// heightOf is the number of rows that lines take after the terminal may have
// become narrower, which wraps them.
func heightOf(widths []int, columns int) int {
	n := 0
	for _, w := range widths {
		n += max(1, (w+columns-1)/columns)
	}
	return n
}

// live lists the running stages and what waits, as far as they fit; if they do
// not fit, it ends with a line that counts.
func (v *liveView) live(now time.Time, columns, rows int) (lines []string, widths []int) {
	room := max(1, min(rows-2, maxLive))
	nameW := min(v.nameW, max(8, columns/3))
	done, failed := v.finished()
	left := len(v.order) - done
	counting := left > room || v.asked
	if counting {
		room--
	}
	put := func(line ...span) {
		text := paintLine(v.paint, columns-1, line...)
		plain := paintLine(Unpainted, columns-1, line...)
		lines, widths = append(lines, text), append(widths, Width(plain))
	}
	spin := []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}[now.Sub(v.begun)/frameTime%10]
	underWay := v.underWay()
	for _, s := range underWay[:min(room, len(underWay))] {
		line := []span{{"", "  "}, {Cyan, spin}, {"", " " + Pad(StageName(s.name, nameW), nameW) + "  "}}
		put(append(line, s.activity(now, columns-1-widthOf(line), 24)...)...)
	}
	if !counting {
		for _, name := range v.order {
			if v.stages[name].status == "" {
				put(span{Dim, "  · " + Pad(StageName(name, nameW), nameW) + "  " + cmp.Or(v.stages[name].waits, "waiting")})
			}
		}
		return lines, widths
	}
	if v.asked {
		put(span{Yellow, "  stopping; press Ctrl-C again to end at once"})
		return lines, widths
	}
	line := []span{{Dim, fmt.Sprintf("  %d of %d stages done, %d running", done, len(v.order), len(underWay))}}
	if failed > 0 {
		line = append(line, span{Red, fmt.Sprintf(", %d failed", failed)})
	}
	put(append(line, span{Dim, ", " + coarse(now.Sub(v.begun))})...)
	return lines, widths
}
