//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package artifacts

// SyncDir does nothing where directories cannot be synced.
func (osFS) SyncDir(string) error { return nil }

// There are no portable advisory locks: the age rule of Sweep protects alone.
func lockShared(FSFile) error    { return nil }
func lockExclusive(FSFile) error { return nil }
func isLocked(FSFile) bool       { return false }
