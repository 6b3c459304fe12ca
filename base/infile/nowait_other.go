//go:build !unix

package infile

// NoWait is a flag for os.OpenFile. The folders of these systems hold no named
// pipes, so that there is nothing to wait for.
const NoWait = 0
