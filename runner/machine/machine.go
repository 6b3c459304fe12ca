// Package machine shares out what one machine has among all processes on it that
// do the work of pipelines: CPU slots, memory, GPUs and named limits. It knows
// nothing of stages, and trusts no other process with more than its waiting time.
//
// What is taken is locked: each slot, each MiB of memory and each GPU is a byte
// of one file, far behind its end, and whoever uses it holds an advisory lock of
// the kernel on that byte. So it is free again in the moment in which its user
// ends, however that dies, and there is no book that could be wrong.
//
// Whoever waits holds nothing, so no circle of waiting processes can arise. Who
// has waited long for much takes the turn: what is freed of the kinds that it
// lacks is kept for it, or a stream of small ones, which always find a gap, would
// keep it waiting to the end.
package machine

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A Machine is what the caller may use of this machine: all callers share the
// parts that they name alike.
type Machine struct {
	Locks *Locks

	CPU    int            // slots
	Memory int64          // bytes
	GPUs   []string       // the names of the GPUs, as CUDA_VISIBLE_DEVICES has them
	Limits map[string]int // how many units there are of what has a name

	Patience time.Duration // after which a request takes the turn; 0 is DefaultPatience
}

// DefaultPatience is how long a request may be passed by smaller ones.
const DefaultPatience = 10 * time.Second

// A Need is what a piece of work takes while it goes on.
type Need struct {
	CPU    int
	Memory int64 // bytes
	GPU    int
	Limits map[string]int
}

// IsZero reports whether nothing is needed.
func (n Need) IsZero() bool { return n.CPU == 0 && n.Memory == 0 && n.GPU == 0 && len(n.Limits) == 0 }

// Covers reports whether a need is at least another one in every part in which
// that lacks.
func (n Need) Covers(other Need, l *Lack) bool {
	switch l.Kind {
	case "cpu":
		return n.CPU >= other.CPU
	case "memory":
		return n.Memory >= other.Memory
	case "gpu":
		return n.GPU >= other.GPU
	}
	return n.Limits[l.Kind] >= other.Limits[l.Kind]
}

// A Lack says why a request has to wait.
type Lack struct {
	Kind   string // cpu, memory, gpu, or the name of a limit; empty if it was only not its turn
	Holder string // who has what is lacking, in the words of its Request; empty if that is not known
}

// Check refuses what could never be had, with the name of the part and what there
// is of it.
func (m *Machine) Check(n Need) error {
	for _, name := range slices.Sorted(maps.Keys(n.Limits)) {
		if have, ok := m.Limits[name]; !ok {
			return &UnknownLimitError{name}
		} else if n.Limits[name] > have {
			return fmt.Errorf("needs %d of the limit %q, but there are %d", n.Limits[name], name, have)
		}
	}
	return nil
}

// An UnknownLimitError says that nobody has said how much there is of a limit.
type UnknownLimitError struct{ Name string }

func (e *UnknownLimitError) Error() string {
	return fmt.Sprintf("needs the limit %q, of which nobody has said how much there is", e.Name)
}

// A Request waits for its turn, and then holds what it needs.
type Request struct {
	m      *Machine
	need   Need
	who    string
	since  time.Time
	handle handle
	busy   time.Time // since when the mutex is not to be had; zero if it was
	turn   []int64   // the bytes that make everybody else leave free what it lacks
	gpus   []string  // that it has got
}

// Request makes one for a need that Check accepts. Who is shown to those who
// wait for it. It begins to wait now.
func (m *Machine) Request(n Need, who string, now time.Time) *Request {
	return &Request{m: m, need: n, who: who, since: now}
}

// GPUs are the names of those that it has got.
func (r *Request) GPUs() []string { return r.gpus }

// Release gives back what the request has got, or gives up waiting.
func (r *Request) Release() {
	if r.handle != nil {
		r.handle.close()
		r.handle, r.turn, r.gpus = nil, nil, nil
	}
}

// Try takes all that is needed, or nothing: then it says what is lacking, and is
// to be called again.
func (r *Request) Try(now time.Time) (*Lack, error) {
	if r.handle == nil {
		h, err := r.m.Locks.open()
		if err != nil {
			return nil, err
		}
		r.handle = h
	}
	h := r.handle
	// Two that take at once could each get a half.
	if ok, err := enter(h); !ok || err != nil {
		return r.locked(now), err
	}
	defer h.unlock(mutexByte, 1)
	r.busy = time.Time{}

	found, lacks, err := r.find()
	if err != nil {
		return nil, err
	}
	if len(lacks) == 0 {
		return nil, r.take(found)
	}
	if len(r.turn) > 0 || now.Sub(r.since) >= cmp.Or(r.m.Patience, DefaultPatience) {
		err = r.takeTurn(lacks)
	}
	return &Lack{lacks[0].kind, lacks[0].holder}, err
}

// takeTurn makes others leave free what is lacking, unless one of them has the
// turn. What was lacking before stays kept, or others would take it meanwhile.
func (r *Request) takeTurn(lacks []shortage) error {
	flags := []int64{turnByte}
	for _, l := range lacks {
		flags = append(flags, l.flags...)
	}
	for _, flag := range flags {
		if slices.Contains(r.turn, flag) {
			continue
		}
		if ok, err := r.handle.lock(flag, 1); !ok || err != nil {
			return err // somebody else has the turn; only who has it takes flags
		}
		r.handle.note(flag, r.who)
		r.turn = append(r.turn, flag)
	}
	return nil
}

// locked is what is lacking while others have the mutex. That they have it for
// long can only be if one of them was stopped just then, or means harm.
func (r *Request) locked(now time.Time) *Lack {
	if r.busy.IsZero() {
		r.busy = now
	}
	if now.Sub(r.busy) < time.Second {
		return &Lack{}
	}
	return &Lack{Kind: "the lock of " + r.m.Locks.path}
}

// enter locks the mutex, which others hold for microseconds.
func enter(h handle) (ok bool, err error) {
	for range 50 {
		if ok, err = h.lock(mutexByte, 1); ok || err != nil {
			break
		}
		time.Sleep(20 * time.Microsecond)
	}
	return ok, err
}

// A span is a part of a pool.
type span struct{ start, n int64 }

// A shortage is a kind of which there is too little now, with the bytes that say
// so to others.
type shortage struct {
	kind, holder string
	flags        []int64
}

// find looks for all that is needed: for what is scarce first, since the first
// thing that is lacking is the one that people are told of.
func (r *Request) find() (found []span, lacks []shortage, err error) {
	r.gpus = nil
	if r.need.GPU > 0 {
		spans, short, err := r.findGPUs()
		if err != nil {
			return nil, nil, err
		}
		if short != nil {
			lacks = append(lacks, *short)
		}
		found = append(found, spans...)
	}
	add := func(p pool, want, have int64) {
		if want <= 0 || err != nil {
			return
		}
		var spans []span
		var holder string
		if spans, holder, err = r.findIn(p, want, min(have, p.size)); spans == nil && err == nil {
			lacks = append(lacks, shortage{p.kind, holder, []int64{p.flag}})
		}
		found = append(found, spans...)
	}
	for _, name := range slices.Sorted(maps.Keys(r.need.Limits)) {
		add(limitPool(name), int64(r.need.Limits[name]), int64(r.m.Limits[name]))
	}
	add(memoryPool, units(r.need.Memory), units(r.m.Memory))
	add(cpuPool, int64(r.need.CPU), int64(r.m.CPU))
	return found, lacks, err
}

// findIn looks for free units among the first of a pool; nil if there are too
// few, or if they are kept for somebody who has the turn.
func (r *Request) findIn(p pool, want, have int64) (spans []span, holder string, err error) {
	if kept, holder, err := r.keptFor(p.flag); kept || err != nil {
		return nil, holder, err
	}
	var walk func(lo, hi int64) error
	walk = func(lo, hi int64) error {
		if lo >= hi || want == 0 {
			return nil
		}
		at, n, held, err := r.handle.held(lo, hi-lo)
		if err != nil {
			return err
		}
		if !held {
			n := min(want, hi-lo)
			spans, want = append(spans, span{lo, n}), want-n
			return nil
		}
		if holder == "" {
			holder = r.handle.noted(at)
		}
		if err := walk(lo, at); err != nil {
			return err
		}
		return walk(max(lo, at+n), hi)
	}
	if err := walk(p.start, p.start+have); err != nil {
		return nil, "", err
	}
	if want > 0 {
		return nil, holder, nil
	}
	return spans, "", nil
}

func (r *Request) findGPUs() ([]span, *shortage, error) {
	short := shortage{kind: "gpu"}
	var spans []span
	for _, name := range r.m.GPUs {
		if len(spans) == r.need.GPU {
			break
		}
		at := gpuByte(name)
		flag := at + 1
		short.flags = append(short.flags, flag)
		kept, holder, err := r.keptFor(flag)
		if err != nil {
			return nil, nil, err
		}
		if !kept {
			if _, _, kept, err = r.handle.held(at, 1); err != nil {
				return nil, nil, err
			}
			holder = r.handle.noted(at)
		}
		if kept {
			short.holder = cmp.Or(short.holder, holder)
			continue
		}
		spans, r.gpus = append(spans, span{at, 1}), append(r.gpus, name)
	}
	if len(spans) < r.need.GPU {
		r.gpus = nil
		return nil, &short, nil
	}
	return spans, nil, nil
}

// keptFor reports whether somebody else who has the turn waits for what a flag
// stands for.
func (r *Request) keptFor(flag int64) (kept bool, who string, err error) {
	_, _, kept, err = r.handle.held(flag, 1)
	if kept {
		who = r.handle.noted(flag)
	}
	return kept, who, err
}

// take locks what find has found, and ends the turn.
func (r *Request) take(found []span) error {
	for _, flag := range r.turn {
		r.handle.unlock(flag, 1)
	}
	r.turn = nil
	for _, s := range found {
		if ok, err := r.handle.lock(s.start, s.n); !ok || err != nil {
			return cmp.Or(err, errTaken)
		}
		r.handle.note(s.start, r.who)
	}
	return nil
}

// errTaken says that a process has locked something without the mutex.
var errTaken = errors.New("another program has locked what was free")
