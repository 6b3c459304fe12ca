//go:build unix && !linux

package exec

import (
	"os/exec"
	"syscall"
)

// separate puts the command into a process group of its own, so that signals
// reach its children too.
func separate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
