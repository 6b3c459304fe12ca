//go:build !unix

package exec

import "os/exec"

func separate(*exec.Cmd) {}

// terminate cannot ask on this system.
func terminate(*exec.Cmd) {}

// kill reaches the command itself only, not its children.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
