// Command pipe turns a YAML file into a trained, evaluated, explained model.
// See `pipe --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"pipe/base/memory"
	"pipe/runner"
	"pipe/stages/exec"
)

// guardCommand is the argument with which pipe starts itself to look after the
// commands of exec stages. It is no command for people.
const guardCommand = "__guard"

// forcedEnd is how long a run that was interrupted twice may take to record it.
const forcedEnd = 2 * time.Second

// The first Ctrl-C asks the stages to stop and records that they did. The
// second one kills the commands that still run, and then what does not stop by
// itself. That is safe: bytes are committed before the rows that point at them,
// and a run whose process is gone counts as interrupted.
func main() {
	if len(os.Args) == 2 && os.Args[1] == guardCommand {
		signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // it ends after pipe, whatever ends that
		exec.Guard(os.Stdin)
		return
	}
	limitMemory()
	a := newApp(os.Stdin, os.Stdout, os.Stderr, os.LookupEnv)
	a.commands = exec.NewSupervisor(os.Args[0], guardCommand)
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup does
			signal.Notify(signals, s)
		}
	}
	go func() {
		<-signals
		cancel(runner.ErrInterrupted)
		<-signals
		a.commands.Force()
		select {
		case <-signals:
		case <-time.After(forcedEnd):
		}
		os.Exit(exitInterrupted)
	}()
	// Nobody reads this channel: a closed pipe ends the watching, not the run.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(a.execute(ctx, os.Args[1:]))
}

// limitMemory has garbage collected more often where a container or a service has
// little memory: the collector does not know of that, lets the memory in use double,
// and the system ends the process. A quarter is left to what it does not count.
// GOMEMLIMIT of the environment says otherwise.
func limitMemory() {
	if limit, ok := memory.Limit(); ok && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 4 * 3)
	}
}
