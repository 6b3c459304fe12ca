package schedule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errStore = errors.New("database is locked")

// A memory is what survives the processes of a test: a Store for each.
type memory struct {
	mu        sync.Mutex
	schedules map[string]*memorySchedule
	processes int
	dead      map[int]bool
	remote    bool // whether processes live is only seen from KeepTick
	fail      func(method string) error
}

type memorySchedule struct {
	expression string
	text       string
	holder     int // process that acts for it, 0 if none does
	paused     bool
	since      time.Time // the first watermark
	watermark  time.Time
	ticks      map[int64]*memoryTick // by Unix seconds
}

type memoryTick struct {
	owner    int // 0 while it waits
	asked    bool
	status   string
	finished int // times that it was given an end
	kept     time.Time
}

func newMemory() *memory {
	return &memory{schedules: map[string]*memorySchedule{}, dead: map[int]bool{}}
}

// statuses lists the ticks of a schedule, oldest first.
func (m *memory) statuses(id string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for at, t := range m.schedules[id].ticks {
		status := t.status
		if status == "" {
			status = "open"
		}
		if t.asked {
			status += " asked"
		}
		out = append(out, clockTime(time.Unix(at, 0))+" "+status)
	}
	slices.Sort(out)
	return out
}

// A process is a Store as one process sees it.
type process struct {
	*memory
	id int
}

func (p process) do(method string, f func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead[p.id] {
		return errors.New("the process is dead")
	}
	if p.fail != nil {
		if err := p.fail(method); err != nil {
			return err
		}
	}
	f()
	return nil
}

// schedule finds a schedule, or makes an empty one.
func (m *memory) schedule(id string) *memorySchedule {
	s := m.schedules[id]
	if s == nil {
		s = &memorySchedule{ticks: map[int64]*memoryTick{}}
		m.schedules[id] = s
	}
	return s
}

func (p process) Hold(ctx context.Context, id string) (mine bool, err error) {
	err = p.do("Hold", func() {
		if s := p.schedule(id); s.holder == 0 || p.dead[s.holder] {
			s.holder = p.id
		}
		mine = p.schedules[id].holder == p.id
	})
	return mine, err
}

func (p process) Release(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.schedules[id]; s.holder == p.id {
		s.holder = 0
	}
}

func (p process) EnsureSchedule(ctx context.Context, e Entry, now time.Time) (state State, err error) {
	err = p.do("EnsureSchedule", func() {
		s := p.schedule(e.ID)
		if s.since.IsZero() {
			s.since = now
		}
		if s.expression != e.Spec.Expression() {
			s.expression, s.watermark = e.Spec.Expression(), later(s.watermark, now)
		}
		s.text = e.Text
		state = s.state()
	})
	return state, err
}

func (s *memorySchedule) state() State {
	state := State{Watermark: s.watermark, Paused: s.paused}
	for _, t := range s.ticks {
		if t.asked && t.status == "" {
			state.Asked++
			if t.owner == 0 {
				state.Waiting++
			}
		}
	}
	return state
}

func (p process) States(ctx context.Context, ids []string) (map[string]State, error) {
	states := map[string]State{}
	err := p.do("States", func() {
		for _, id := range ids {
			states[id] = p.schedules[id].state()
		}
	})
	return states, err
}

// change is what a command does to a schedule beside the processes.
func (m *memory) change(id string, f func(s *memorySchedule)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.schedule(id))
}

// ask puts a tick in line.
func (m *memory) ask(id string, at time.Time) {
	m.change(id, func(s *memorySchedule) { s.ticks[at.Unix()] = &memoryTick{asked: true} })
}

func (p process) ClaimTick(ctx context.Context, id string, at time.Time, status, note string) (mine bool, err error) {
	err = p.do("ClaimTick", func() {
		s := p.schedules[id]
		s.watermark = later(s.watermark, at)
		if s.ticks[at.Unix()] == nil {
			s.ticks[at.Unix()] = &memoryTick{owner: p.id, status: status, kept: time.Now()}
			mine = true
		}
	})
	return mine, err
}

func (p process) FinishTick(ctx context.Context, id string, at time.Time, status, note string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.do("FinishTick", func() {
		t := p.schedules[id].ticks[at.Unix()]
		t.status = status
		t.finished++
	})
}

// limit is how long a process counts as alive after its last sign of life, if
// it cannot be seen.
const limit = time.Minute

func (p process) KeepTick(ctx context.Context, id string, at time.Time) error {
	return p.do("KeepTick", func() { p.schedules[id].ticks[at.Unix()].kept = time.Now() })
}

func (p process) TakeAsked(ctx context.Context, id string) (at time.Time, ok bool, err error) {
	err = p.do("TakeAsked", func() {
		ticks := p.schedules[id].ticks
		for _, seconds := range slices.Sorted(maps.Keys(ticks)) {
			if t := ticks[seconds]; t.owner == 0 && t.status == "" {
				t.owner, t.kept = p.id, time.Now()
				at, ok = time.Unix(seconds, 0).UTC(), true
				return
			}
		}
	})
	return at, ok, err
}

func (p process) TakeOverTicks(ctx context.Context, id string, asked bool) (open []Tick, err error) {
	err = p.do("TakeOverTicks", func() {
		for at, t := range p.schedules[id].ticks {
			gone := p.dead[t.owner] || p.remote && time.Since(t.kept) > limit
			if t.status == "" && t.owner != 0 && t.owner != p.id && gone && (t.asked || !asked) {
				open = append(open, Tick{At: time.Unix(at, 0).UTC(), Asked: t.asked})
				t.owner, t.kept = p.id, time.Now()
			}
		}
		slices.SortFunc(open, func(a, b Tick) int { return a.At.Compare(b.At) })
	})
	return open, err
}

// clockTime is the day and time of day, for short tables.
func clockTime(t time.Time) string { return t.UTC().Format("02 15:04") }

// A journal collects what runs began and how they ended.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) addf(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, clockTime(time.Now())+"  "+fmt.Sprintf(format, args...))
}

// A daemon is a Scheduler in a process of its own.
type daemon struct {
	scheduler *Scheduler
	process   process
	cancel    context.CancelFunc
	stopped   chan struct{}
	done      chan struct{}
}

// start runs a Scheduler whose runs take the given time and write to j.
func (m *memory) start(t testing.TB, j *journal, takes time.Duration, edit func(*Scheduler), listed ...Entry) *daemon {
	m.mu.Lock()
	m.processes++
	p := process{m, m.processes}
	m.mu.Unlock()
	s := &Scheduler{
		Store:   p,
		Entries: func(context.Context) ([]Entry, error) { return listed, nil },
		Log:     slog.New(slog.DiscardHandler),
		Start: func(ctx context.Context, tick Tick) error {
			again := ""
			if tick.Again {
				again = " again"
			}
			j.addf("%s %s begins%s", tick.Entry.Name, clockTime(tick.At), again)
			select {
			case <-time.After(takes):
				j.addf("%s %s ends", tick.Entry.Name, clockTime(tick.At))
				return nil
			case <-ctx.Done():
				j.addf("%s %s is cancelled", tick.Entry.Name, clockTime(tick.At))
				return ctx.Err()
			}
		},
	}
	if edit != nil {
		edit(s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	d := &daemon{s, p, cancel, make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(d.done)
		if err := s.Run(ctx, d.stopped); err != nil {
			t.Error(err)
		}
	}()
	synctest.Wait()
	return d
}

// stop ends the process as the first signal does.
func (d *daemon) stop() {
	close(d.stopped)
	<-d.done
	d.bury()
}

// interrupt ends it as the second signal does.
func (d *daemon) interrupt() {
	d.cancel()
	<-d.done
	d.bury()
}

// kill ends it without any chance to write.
func (d *daemon) kill() {
	d.bury()
	d.cancel()
	<-d.done
}

func (d *daemon) bury() {
	d.process.mu.Lock()
	d.process.dead[d.process.id] = true
	d.process.mu.Unlock()
	d.cancel()
}

// An entries is a list of schedules that a test edits under a Scheduler.
type entries struct {
	mu   sync.Mutex
	list []Entry
	err  error
}

func (e *entries) set(err error, list ...Entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list, e.err = list, err
}

func (e *entries) get(context.Context) ([]Entry, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.list, e.err
}

func pass(d time.Duration) {
	time.Sleep(d) // of the fake clock
	synctest.Wait()
}
