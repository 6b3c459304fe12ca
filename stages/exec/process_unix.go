//go:build unix

package exec

import (
	"os/exec"
	"syscall"
)

// separate puts the command into a process group of its own, so that signals
// reach its children too.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// terminate asks every process of the group to end.
func terminate(cmd *exec.Cmd) { signal(cmd, syscall.SIGTERM) }

// kill ends every process of the group.
func kill(cmd *exec.Cmd) { signal(cmd, syscall.SIGKILL) }

// signal ignores the error, which says that there is no such process any more.
func signal(cmd *exec.Cmd, s syscall.Signal) { _ = syscall.Kill(-cmd.Process.Pid, s) }
