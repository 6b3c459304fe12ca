package pipeline

import (
	"testing"
	"time"
)

func TestAttemptsGrowAndStopGrowing(t *testing.T) {
	limit := Timeout{Limit: 10 * time.Minute, Backoff: 2}
	for attempt, want := range map[int]time.Duration{1: 10 * time.Minute, 2: 20 * time.Minute, 4: 80 * time.Minute, 100: 1 << 62} {
		if got := limit.Of(attempt); got != want {
			t.Errorf("attempt %d: %s, want %s", attempt, got, want)
		}
	}
	if got := (Timeout{Backoff: 2}).Of(50); got != 0 {
		t.Errorf("no limit grew to %s", got)
	}
	s := &Step{Resources: Resources{Memory: 1<<53 + 1}} // not a float64
	if got := s.Need(7, Placement{}); got != (Resources{CPU: 1, Memory: 1<<53 + 1}) {
		t.Errorf("without a factor: %+v", got)
	}
	s.MemoryBackoff = 1.5
	if got := s.Need(2, Placement{}).Memory; got <= 1<<53 {
		t.Errorf("second attempt takes %d", got)
	}
}
