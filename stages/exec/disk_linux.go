package exec

import "syscall"

// freeBytes is how much can still be written to the disk of a folder.
func freeBytes(dir string) (n int64, known bool) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false
	}
	return int64(st.Bavail) * int64(st.Bsize), true
}
