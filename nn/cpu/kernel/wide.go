//go:build wide && amd64

package kernel

// #cgo CFLAGS: -DKERNEL_WIDE
import "C"
