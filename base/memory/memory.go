// Package memory tells how much memory there is.
package memory

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"pipe/base/infile"
)

// Total is the memory of the machine in bytes, or less, if a control group that this
// process is in has a limit. Where neither can be read, ok is false.
func Total() (bytes int64, ok bool) {
	var kib int64
	if text, err := infile.ReadAll("/proc/meminfo", most); err == nil {
		if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kib); err == nil {
			bytes, ok = kib<<10, true
		}
	}
	if limit, limited := Limit(); limited && (!ok || limit < bytes) {
		return limit, true
	}
	return bytes, ok
}

// Limit is the least limit of the control groups that this process is in, as of a
// container or of a service: of version 2 of the system's interface, or of 1.
func Limit() (bytes int64, ok bool) {
	groups, err := infile.ReadAll("/proc/self/cgroup", most)
	if err != nil {
		return 0, false
	}
	return limitOf(string(groups), func(name string) string {
		text, _ := infile.ReadAll(name, most)
		return string(text)
	})
}

// most is far above what the files of the system have.
const most = 1 << 20

// unlimited is what version 1 has for a group without a limit, or more.
const unlimited = 1 << 62

// limitOf reads what /proc/self/cgroup says, a line such as 4:memory:/a/b for each
// hierarchy, and the limits of a group and of those that it is in. In a container
// the path may be that of the machine outside, which is not there.
func limitOf(groups string, read func(name string) string) (least int64, ok bool) {
	for line := range strings.Lines(groups) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		root, file := "/sys/fs/cgroup", "memory.max"
		switch controllers := strings.Split(fields[1], ","); {
		case fields[0] == "0" && fields[1] == "":
		case len(controllers) == 1 && controllers[0] == "memory":
			root, file = "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		for group := path.Clean("/" + fields[2]); ; group = path.Dir(group) {
			n, err := strconv.ParseInt(strings.TrimSpace(read(path.Join(root, group, file))), 10, 64)
			if err == nil && n > 0 && n < unlimited && (!ok || n < least) {
				least, ok = n, true
			}
			if group == "/" {
				break
			}
		}
	}
	return least, ok
}
