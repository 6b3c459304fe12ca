// Package artifacts is the content-addressed store of pipe: immutable bytes,
// named by their SHA-256. It knows nothing about stages, runs or lineage.
//
// # Layout
//
//	.pipe/objects/ab/cdef...   one read-only file per artifact, named by its ID
//	.pipe/tmp/                 files being written
//	.pipe/claims/NAME          work that a process is at, see Claim
//	.pipe/checkpoints/NAME     how far unfinished work has come, see SaveCheckpoint
//	.pipe/notes/KIND/ID        what was found out of an artifact, see SaveNote
//	.pipe/references/ab/cd...  files outside of the store that hold artifacts, see Refer
//	.pipe/parts/NAME           what has come of a download, see Part
//
// # What is promised
//
// Atomicity: an ID is either absent or names a file that was completely
// written. No reader ever sees a partial artifact, whatever is killed and
// whenever.
//
// Durability: when Writer.Commit has returned nil, the artifact survives a
// loss of power. The file is synced before it gets its name, and so is each
// directory on the way to it afterwards.
//
// Integrity: Store.Open hashes all bytes before it returns, so what a caller
// reads is what was committed. Up to 1 MiB it is those very bytes; what is
// larger is read again, and a disk that gives other bytes the second time is
// not found out. A Check hashes what is larger beside the work that reads it:
// that counts only once Check.Wait has found nothing.
//
// Any number of goroutines and processes may create, commit and open the same
// content at the same time.
//
// # Where it does not hold
//
// Durability is as good as the word of the disk: with write barriers off
// (mount option nobarrier), on a drive that lies about flushing, and on tmpfs,
// a loss of power may take recent commits with it; Open then reports them as
// missing or damaged. On Windows directories cannot be synced, so a recent
// rename may be undone. On a file system that has no atomic rename (some FUSE
// and SMB mounts) atomicity fails too. Nothing guards against another program
// that writes to a file after Open has verified it, except the read-only mode.
// Advisory locks that guard Sweep against concurrent commits exist on Unix
// only; elsewhere its age rule alone protects.
package artifacts
