package schedule

import (
	"context"
	"time"
)

// A Store remembers what has to survive a restart. Schedules are named by ID;
// a tick belongs to one schedule and one time. Several processes may share the
// store: each tick is given to one of them.
type Store interface {
	// Hold makes this process the one that acts for a schedule, until Release
	// or its end, however it ends. It is false while another process is.
	Hold(ctx context.Context, id string) (bool, error)
	Release(id string)

	// EnsureSchedule makes a schedule known with its text, and returns its
	// state. If the schedule is new, or has another expression than before, its
	// watermark is first moved forward to now.
	EnsureSchedule(ctx context.Context, entry Entry, now time.Time) (State, error)

	// States returns those of the schedules that are known, by ID.
	States(ctx context.Context, ids []string) (map[string]State, error)

	// ClaimTick gives a tick to this process and moves the watermark forward
	// to it, in one transaction. The tick is open if status is empty;
	// otherwise, with Skipped or Missed, it has ended, and note says why. The
	// result is false if the tick was claimed before, by whichever process.
	ClaimTick(ctx context.Context, id string, at time.Time, status, note string) (bool, error)

	// KeepTick says that this process, which has an open tick, is alive. It is
	// called every KeepInterval.
	KeepTick(ctx context.Context, id string, at time.Time) error

	// FinishTick ends an open tick. Finishing it again changes nothing.
	FinishTick(ctx context.Context, id string, at time.Time, status, note string) error

	// TakeAsked gives this process the oldest tick that a person asked for and
	// that waits; ok is false if there is none any more.
	TakeAsked(ctx context.Context, id string) (at time.Time, ok bool, err error)

	// TakeOverTicks gives this process the open ticks of processes that no
	// longer live, in one transaction each, oldest first; if asked is set, only
	// those that a person asked for. Their Entry is not set.
	TakeOverTicks(ctx context.Context, id string, asked bool) ([]Tick, error)
}

// A State is what the Store knows of a schedule, and other processes change.
type State struct {
	Watermark time.Time
	Paused    bool // nothing starts but what a person asks for
	Waiting   int  // ticks that a person asked for and that no process has taken on
	Asked     int  // ticks that a person asked for and that have not ended
}

// KeepInterval is how often a Scheduler calls KeepTick for its open ticks and
// looks for those of dead processes. It looks for those that a person asked for
// every Poll.
const KeepInterval = 20 * time.Second

// How a tick ended.
const (
	Done    = "done"
	Failed  = "failed"
	Skipped = "skipped" // by the overlap policy; what was under way then was cancelled
	Missed  = "missed"  // by the catch-up policy
)
