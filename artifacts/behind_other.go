//go:build !linux

package artifacts

import "os"

func startWriting(*os.File, int64, int64) {}
