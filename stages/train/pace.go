package train

import (
	"log/slog"
	"math"
	"time"
)

// A pace says how far training is, and how fast.
type pace struct {
	tell func(done, total int64)
	now  func() time.Time

	done, of int64
	at       time.Time // of done; 0: an epoch has not begun
	told     time.Time
	taken    int64 // rows of steps
	took     time.Duration
}

// tellEvery is how long nothing is told of steps.
const tellEvery = time.Second / 5

// rows is nn.Config.OnRows. The first step of an epoch is not timed: what lies before
// it is the measuring of the one before.
func (p *pace) rows(done, of int64) {
	now := p.now()
	if !p.at.IsZero() {
		p.taken += done - p.done
		p.took += now.Sub(p.at)
	}
	p.done, p.of, p.at = done, of, now
	if now.Sub(p.told) >= tellEvery {
		p.told = now
		p.tell(done, of)
	}
}

// epoch tells that an epoch has been measured.
func (p *pace) epoch() {
	p.at = time.Time{}
	if p.of > 0 { // no epoch of a checkpoint
		p.tell(p.done, p.of)
	}
}

// attrs are for the log.
func (p *pace) attrs() []any {
	if p.took <= 0 {
		return nil
	}
	return []any{slog.Int64("rows_per_second", int64(math.Round(float64(p.taken)/p.took.Seconds())))}
}
