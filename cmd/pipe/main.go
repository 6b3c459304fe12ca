// Command pipe turns a YAML file into a trained, evaluated, explained model.
// See `pipe --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"pipe/runner"
)

// The first Ctrl-C asks the stages to stop and records that they did. The
// second one ends the process at once, which is safe too: bytes are committed
// before the rows that point at them.
func main() {
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
		os.Exit(exitInterrupted)
	}()
	// Nobody reads this channel: a closed pipe ends the watching, not the run.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	os.Exit(newApp(os.Stdin, os.Stdout, os.Stderr, os.LookupEnv).execute(ctx, os.Args[1:]))
}
