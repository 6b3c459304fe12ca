package artifacts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestClaimExcludesAndNamesItsHolder(t *testing.T) {
	s := newStore(t)
	other := later(t, s, 0)
	c, err := s.Claim("work")
	if err != nil {
		t.Fatal(err)
	}
	var claimed *ClaimedError
	if _, err := other.Claim("work"); !errors.As(err, &claimed) || claimed.PID != os.Getpid() {
		t.Errorf("second claim: %v, want a ClaimedError of process %d", err, os.Getpid())
	}
	if !other.Claimed("work") || other.Claimed("other work") {
		t.Error("Claimed sees the wrong claims")
	}
	c.Release()
	if other.Claimed("work") {
		t.Error("still claimed after the release")
	}
	again, err := other.Claim("work")
	if err != nil {
		t.Fatal(err)
	}
	again.Release()
	if left, err := os.ReadDir(s.claims()); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// What a dead process leaves is a file without a lock.
func TestOrphanOfADeadProcessIsClaimed(t *testing.T) {
	s := newStore(t)
	writeFile(t, filepath.Join(s.claims(), "work"), "4194305")
	if s.Claimed("work") {
		t.Error("the file alone counts as a claim")
	}
	c, err := s.Claim("work")
	if err != nil {
		t.Fatal(err)
	}
	s.sweepClaims()
	if !later(t, s, 0).Claimed("work") {
		t.Error("a held claim was swept")
	}
	c.Release()
	writeFile(t, filepath.Join(s.claims(), "orphan"), "")
	s.sweepClaims()
	if left, err := os.ReadDir(s.claims()); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// Taking and releasing in a hurry: the file vanishes and comes back all the
// time, and still nobody is inside with somebody else.
func TestClaimsNeverOverlap(t *testing.T) {
	s := newStore(t)
	var inside, taken atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 300 {
				c, err := s.Claim(fmt.Sprint(i % 3))
				if err != nil {
					if !errors.As(err, new(*ClaimedError)) {
						t.Error(err)
					}
					continue
				}
				if i%3 == 0 {
					if n := inside.Add(1); n != 1 {
						t.Errorf("%d hold one claim", n)
					}
					taken.Add(1)
					inside.Add(-1)
				}
				c.Release()
			}
		})
	}
	wg.Wait()
	if taken.Load() == 0 {
		t.Error("nobody ever got the claim")
	}
}
