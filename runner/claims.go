package runner

import "pipe/artifacts"

// Claims keep two processes from doing the same work at the same time. A claim
// ends with the process that holds it, however that dies.
type Claims interface {
	// Claim takes the claim on the work that has the name, or fails with an
	// *artifacts.ClaimedError at once.
	Claim(name string) (Release, error)
	// Claimed reports whether a claim is held.
	Claimed(name string) bool
}

// Release ends a claim.
type Release func()

// storeClaims are the claims of all processes that use a store: locks of files.
type storeClaims struct{ *artifacts.Store }

func (c storeClaims) Claim(name string) (Release, error) {
	claim, err := c.Store.Claim(name)
	if err != nil {
		return nil, err
	}
	return claim.Release, nil
}
