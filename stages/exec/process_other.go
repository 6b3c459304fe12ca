//go:build !unix

package exec

import (
	"os"
	"os/exec"
)

func separate(*exec.Cmd) {}
func detach(*exec.Cmd)   {}

// terminate cannot ask on this system.
func terminate(*exec.Cmd) {}

// killGroup reaches the command itself only, not its children.
func killGroup(group int) (found bool) {
	p, err := os.FindProcess(group)
	if err != nil {
		return false
	}
	defer p.Release()
	return p.Kill() == nil
}
