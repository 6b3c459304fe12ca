//go:build unix

package lineage

import "syscall"

// mayWrite asks the system whether this process may write to a file or a folder.
func mayWrite(path string) bool {
	const write = 2 // W_OK
	return syscall.Access(path, write) == nil
}
