package lineage

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func pidNamespace() string {
	name, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return name
}

// processStart returns the start time of a process in clock ticks since boot,
// and false if there is no such process. A zombie, which is dead but not yet
// waited for, counts as none.
func processStart(pid int) (ticks int64, alive bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		// Not being allowed to look (hidepid) is no proof of death.
		return 0, !os.IsNotExist(err) || syscall.Kill(pid, 0) == syscall.EPERM
	}
	// pid (name) state ppid ...: the name may hold anything, also ")".
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	const state, start = 0, 19 // fields 3 and 22 in proc(5)
	if len(fields) <= start {
		return 0, true
	}
	if s := fields[state][0]; s == 'Z' || s == 'X' {
		return 0, false
	}
	ticks, _ = strconv.ParseInt(string(fields[start]), 10, 64)
	return ticks, true
}
