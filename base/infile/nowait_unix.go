//go:build unix

package infile

import "syscall"

// NoWait is a flag for os.OpenFile: a named pipe is opened without waiting for
// its other end. On a regular file it has no effect.
const NoWait = syscall.O_NONBLOCK
