package artifacts

import "strconv"

// A Claim says to all processes that one of them is at work on something that
// would end in the same artifacts if another one did it. It is an advisory
// lock of the kernel, so it ends with the process that holds it, however that
// dies. On systems without such locks every claim is granted, and work may be
// done twice, to the same end.
//
// A holder must not wait for another claim while it holds one: then no circle
// of processes that wait for each other can arise. Who holds the claim of a stage
// may wait for that of a download, whose holder waits for nobody.
type Claim struct{ claim }

// A ClaimedError says that another claim on the same work is held.
type ClaimedError struct {
	PID int // of the process that holds it; 0 if it is not known
}

func (e *ClaimedError) Error() string {
	if e.PID == 0 {
		return "claimed by another process"
	}
	return "claimed by process " + strconv.Itoa(e.PID)
}

// Claim takes the claim on a piece of work, or fails with a *ClaimedError at
// once. The name must be usable as a file name. Two Claims of one process
// exclude each other too.
func (s *Store) Claim(name string) (*Claim, error) {
	c, err := s.claim(name)
	if err != nil {
		return nil, err
	}
	return &Claim{c}, nil
}

// Release ends a claim.
func (c *Claim) Release() { c.release() }

// Claimed reports whether a claim is held.
func (s *Store) Claimed(name string) bool { return s.isClaimed(name) }
