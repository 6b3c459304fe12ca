//go:build crashpoints

package main

import (
	"os"

	"pipe/artifacts"
	"pipe/artifacts/fault"
	"pipe/base/diag"
)

// crashPoints lets the process kill itself at a named point, for the crash
// matrix (bench/crash). PIPE_CRASH_AT=POINT:N chooses the N-th passage of a
// point of fault.Points, PIPE_CRASH_POWER=1 takes back what was not synced by
// then, and PIPE_CRASH_LOG=FILE lists the points that were passed.
func (a *app) crashPoints() (err error) {
	var log *os.File
	if name, ok := os.LookupEnv("PIPE_CRASH_LOG"); ok {
		if log, err = os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o666); err != nil {
			return err
		}
	}
	text, _ := os.LookupEnv("PIPE_CRASH_AT")
	power, _ := os.LookupEnv("PIPE_CRASH_POWER")
	crash, err := fault.NewCrash(text, log)
	if err != nil {
		return diag.Usagef("PIPE_CRASH_AT: %w", err)
	}
	a.host.FS, a.host.At = crash.FS(artifacts.SystemFS(), power == "1"), crash.At
	return nil
}
