package memory

import (
	"runtime"
	"testing"
)

func TestLimitOf(t *testing.T) {
	files := map[string]string{
		"/sys/fs/cgroup/a/memory.max":                        "300\n",
		"/sys/fs/cgroup/a/b/memory.max":                      "max\n",
		"/sys/fs/cgroup/a/c/memory.max":                      "200\n",
		"/sys/fs/cgroup/memory/memory.limit_in_bytes":        "9223372036854771712\n",
		"/sys/fs/cgroup/memory/x/memory.limit_in_bytes":      "500\n",
		"/sys/fs/cgroup/memory/x/y/memory.limit_in_bytes":    "600\n",
		"/sys/fs/cgroup/memory/broken/memory.limit_in_bytes": "much",
	}
	for groups, want := range map[string]int64{
		"0::/a/b\n":                       300, // of the group that it is in
		"0::/a/c\n":                       200,
		"0::/\n":                          0,
		"0::/not/there\n":                 0,
		"0::/../../a/c\n":                 200, // as it may stand in a container
		"9:name=systemd:/\n5:memory:/x\n": 500,
		"5:memory:/x/y\n0::/\n":           500,
		"5:memory:/broken\n":              0,
		"5:memory:/\n":                    0,
		"5:cpu,cpuacct:/x\n":              0,
		"":                                0,
		"nonsense":                        0,
	} {
		got, ok := limitOf(groups, func(name string) string { return files[name] })
		if got != want || ok != (want > 0) {
			t.Errorf("%q: %d, %v, want %d", groups, got, ok, want)
		}
	}
}

func TestTotal(t *testing.T) {
	if n, ok := Total(); ok && n < 1<<20 || !ok && runtime.GOOS == "linux" {
		t.Errorf("the machine has %d bytes of memory, %v", n, ok)
	}
}
