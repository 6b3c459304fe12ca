// Package filelock locks ranges of bytes of open files, where the system has locks
// that belong to the open file and not to the process: on Linux.
package filelock
