//go:build unix

package infile

import "syscall"

// noWait opens a named pipe without waiting for its writer. On a regular file
// it has no effect.
const noWait = syscall.O_NONBLOCK
