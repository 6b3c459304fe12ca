package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// newGroup makes a control group whose processes and what is kept of the files that
// they read take so much memory at most. It is removed with Rmdir.
func newGroup(limit int64) (string, error) {
	root, file := "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
	if _, err := os.Stat(root); err != nil {
		root, file = "/sys/fs/cgroup", "memory.max"
	}
	group := filepath.Join(root, fmt.Sprint("pipe-memory-", os.Getpid()))
	if err := os.Mkdir(group, 0o777); err != nil {
		return "", err
	}
	return group, os.WriteFile(filepath.Join(group, file), []byte(strconv.FormatInt(limit, 10)), 0o666)
}

// dropCaches has the system forget the files in a folder.
func dropCaches(dir string) error {
	if err := exec.Command("sync").Run(); err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		// Of nothing copied, dd tells the system that it will not need the file again.
		out, err := exec.Command("dd", "if="+path, "of=/dev/null", "iflag=nocache", "count=0").CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
}
