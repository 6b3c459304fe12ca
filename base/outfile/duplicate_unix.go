//go:build unix

package outfile

import (
	"os"
	"syscall"
)

// duplicate gives another handle of an open file, with the same position.
func duplicate(fd int) (*os.File, error) {
	copied, err := syscall.Dup(fd)
	if err != nil {
		return nil, err
	}
	syscall.CloseOnExec(copied)
	return os.NewFile(uintptr(copied), ""), nil
}
