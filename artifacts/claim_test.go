package artifacts

import (
	"errors"
	"fmt"
	"os"
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
}

// Taking and releasing in a hurry, in one process and, as it were, in two: still
// nobody is inside with somebody else.
func TestClaimsNeverOverlap(t *testing.T) {
	stores := []*Store{newStore(t)}
	stores = append(stores, later(t, stores[0], 0))
	var inside, taken atomic.Int64
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 300 {
				c, err := stores[w%2].Claim(fmt.Sprint(i % 3))
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
