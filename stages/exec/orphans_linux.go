package exec

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// separate puts the command into a process group of its own, so that signals
// reach its children too, and lets the kernel kill it when pipe ends.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// adoptOrphans makes this process the parent of every process below it whose
// parent ends, in place of init. So a child that has left the group and the
// session of its command (setsid, as daemons do) is found as soon as the command
// has ended.
func adoptOrphans() {
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER, of which package syscall has no name
	syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			for _, pid := range adopted() {
				reap(pid)
			}
		}
	}()
}

// adopted lists the processes that became children of this one. The kernel gives
// them to the first thread, and commands are started by another one. Whoever else
// in this process starts one there does so in the process group of pipe.
func adopted() (pids []int) {
	self := strconv.Itoa(os.Getpid())
	list, err := os.ReadFile("/proc/self/task/" + self + "/children")
	if err != nil {
		return nil // a kernel without this list
	}
	for _, text := range strings.Fields(string(list)) {
		pid, err := strconv.Atoi(text)
		if err != nil {
			continue
		}
		if group, err := syscall.Getpgid(pid); err == nil && group != syscall.Getpgrp() {
			pids = append(pids, pid)
		}
	}
	return pids
}

func onFirstThread() bool { return syscall.Gettid() == os.Getpid() }

// reap removes a dead child from the table of processes. It reports whether it
// was dead.
func reap(pid int) bool {
	for {
		var status syscall.WaitStatus
		got, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
		if err != syscall.EINTR {
			return got == pid || err != nil
		}
	}
}

// killAdopted kills the orphans of a command that has ended. Those that do not
// show whose they are may belong to a command that still runs, unless this
// process is idle. It reports whether there were any.
func (p *process) killAdopted() (found bool) {
	for _, pid := range adopted() {
		if reap(pid) || !runsIn(pid, []string{p.dir}) && !p.idle() {
			continue
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
		found = true
	}
	return found
}

// killIn kills the processes that run in one of the work folders. It reports
// whether there were any.
func killIn(dirs []string) (found bool) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	var all []string
	for _, dir := range dirs {
		all = append(all, dir)
		if resolved, err := filepath.EvalSymlinks(dir); err == nil && resolved != dir {
			all = append(all, resolved)
		}
	}
	self := os.Getpid()
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == self || !runsIn(pid, all) {
			continue
		}
		if syscall.Kill(pid, syscall.SIGKILL) == nil {
			found = true
		}
	}
	return found
}

// runsIn reports whether a process was started for one of the work folders, or
// is in one now. Every process that descends from a command has the folder in its
// environment (PIPE_OUTPUT_...), in whatever session it is, as long as it did not
// empty that. Nothing needs to be recorded, and no other process that got the
// number of a dead one is mistaken for it.
func runsIn(pid int, dirs []string) bool {
	proc := "/proc/" + strconv.Itoa(pid)
	cwd, _ := os.Readlink(proc + "/cwd")
	environ, _ := os.ReadFile(proc + "/environ") // neither can be read of a zombie, or of a process of others
	for _, dir := range dirs {
		below := dir + "/"
		if cwd == dir || cwd == dir+" (deleted)" || strings.HasPrefix(cwd, below) || bytes.Contains(environ, []byte("="+below)) {
			return true
		}
	}
	return false
}
