//go:build !unix

package infile

// noWait is for systems whose folders hold no named pipes.
const noWait = 0
