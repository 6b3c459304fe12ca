package schedule

import (
	"context"
	"time"
)

// A Store remembers what has to survive a restart. Schedules are named by ID;
// a tick belongs to one schedule and one time. Several processes may share the
// store: each tick is given to one of them.
type Store interface {
	// EnsureSchedule makes a schedule known and returns its watermark. If the
	// schedule is new, or has another expression than before, its watermark is
	// first moved forward to now.
	EnsureSchedule(ctx context.Context, entry Entry, now time.Time) (watermark time.Time, err error)

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

	// TakeOverTicks gives this process the open ticks of processes that no
	// longer live, in one transaction each, oldest first.
	TakeOverTicks(ctx context.Context, id string) ([]time.Time, error)
}

// KeepInterval is how often a Scheduler calls KeepTick for its open ticks and
// looks for those of dead processes.
const KeepInterval = 20 * time.Second

// How a tick ended.
const (
	Done    = "done"
	Failed  = "failed"
	Skipped = "skipped" // by the overlap policy; what was under way then was cancelled
	Missed  = "missed"  // by the catch-up policy
)
