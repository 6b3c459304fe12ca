//go:build unix

package exec

import (
	"os/exec"
	"syscall"
)

// detach puts a process into a session of its own, where no Ctrl-C reaches it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// terminate asks every process of the group of a command to end. The error
// says that there is no such process any more.
func terminate(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }

// killGroup kills every process of a group. It reports whether there were any.
func killGroup(group int) (found bool) {
	found = syscall.Kill(-group, syscall.SIGKILL) == nil
	for found { // those whose parent has ended became children of this process
		var status syscall.WaitStatus
		if pid, err := syscall.Wait4(-group, &status, syscall.WNOHANG, nil); err != syscall.EINTR && (err != nil || pid <= 0) {
			break
		}
	}
	return found
}
