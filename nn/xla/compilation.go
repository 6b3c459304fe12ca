package xla

import (
	"context"
	"errors"

	"pipe/nn/xla/pjrt"
)

// A compilation goes on in the background until it is done: a plugin has no way to
// end one, and it may take minutes.
type compilation struct {
	done chan struct{}
	exec *pjrt.Executable
	err  error
}

// begin starts to compile a module.
func (d *Device) begin(text string) *compilation {
	c := &compilation{done: make(chan struct{})}
	go func() {
		defer close(c.done)
		c.exec, c.err = d.compile(text)
	}()
	return c
}

// wait waits for the program, at most until the context ends.
func (c *compilation) wait(ctx context.Context) (*pjrt.Executable, error) {
	select {
	case <-c.done:
	case <-ctx.Done():
		if !c.isDone() {
			return nil, context.Cause(ctx)
		}
	}
	return c.exec, c.err
}

func (c *compilation) isDone() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// abandon frees the program, or leaves that to the end of the device if the compiler
// is still at work and nobody will wait for it.
func (d *Device) abandon(c *compilation) error {
	select {
	case <-c.done:
	case <-d.ctx.Done():
	}
	if !c.isDone() {
		d.left = append(d.left, c)
		return nil
	}
	return c.free()
}

// free frees the program once the compiler is done.
func (c *compilation) free() error {
	<-c.done
	if c.exec == nil {
		return nil
	}
	return c.exec.Close()
}

// end ends the client, when the compiler is done with what was left to it.
func (d *Device) end() error {
	var errs []error
	for _, c := range d.left {
		errs = append(errs, c.free())
	}
	return errors.Join(append(errs, d.client.Close())...)
}
