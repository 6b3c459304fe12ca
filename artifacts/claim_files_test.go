//go:build !linux

package artifacts

import (
	"os"
	"path/filepath"
	"testing"
)

// What a dead process leaves is a file without a lock.
func TestOrphanOfADeadProcessIsClaimed(t *testing.T) {
	s := newStore(t)
	writeFile(t, filepath.Join(s.claimDir(), "work"), "4194305")
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
	writeFile(t, filepath.Join(s.claimDir(), "orphan"), "")
	s.sweepClaims()
	if left, err := os.ReadDir(s.claimDir()); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
