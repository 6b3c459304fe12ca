package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"pipe/nn/xla"
)

// A bench drives the programs.
type bench struct {
	small   bool
	only    *regexp.Regexp
	peers   []string
	python  string
	scripts string
	out     string
	rounds  int
	turn    time.Duration

	tolerance float64 // of losses in float32

	folder string              // of networks
	live   map[string]*process // peers, by name
	report *report
	loads  atomic.Int64 // of workers, so far
}

// Limits of what a program is asked for.
const (
	startLimit  = 2 * time.Minute // imports
	loadLimit   = 2 * time.Minute
	timeLimit   = time.Minute
	least       = 30 * time.Second // for which it is worth while to begin
	checkSteps  = 5
	warmUpSteps = 3
)

func (b *bench) run(ctx context.Context) (err error) {
	if b.folder, err = os.MkdirTemp("", "pipe-gpu-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder)
	if b.report, err = newReport(b.out, b.small); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.report.close()) }()
	var list []group
	for _, g := range groups(b.small) {
		g = slices.DeleteFunc(g, func(v variant) bool { return !b.only.MatchString(v.String()) })
		if len(g) > 0 {
			list = append(list, g)
		}
	}
	b.startPeers(ctx)
	defer func() {
		for _, p := range b.live {
			p.close()
		}
	}()
	checked := map[string]error{}
	for i, g := range list {
		if left(ctx) < least {
			b.report.note("for lack of time nothing is measured of %v", g)
			continue
		}
		b.measure(ctx, g, checked)
		if i == min(1, len(list)-1) { // all but the rest of the precisions
			b.feeds(ctx, list[:i+1])
		}
	}
	b.report.table()
	return nil
}

// left is how much time there is.
func left(ctx context.Context) time.Duration {
	deadline, _ := ctx.Deadline()
	return time.Until(deadline)
}

// peers are the programs to compare with, and their arguments.
var peers = map[string][]string{
	"eager":   {"torch_peer.py", "eager"},
	"compile": {"torch_peer.py", "compile"},
	"jax":     {"jax_peer.py"},
}

// startPeers starts those that take one variant after the other. Eager PyTorch is
// always there: it says what losses should be. Compiling one takes long, so there is
// a process for each.
func (b *bench) startPeers(ctx context.Context) {
	names := []string{"eager"}
	if b.wants("jax") {
		names = append(names, "jax")
	}
	started := make([]*process, len(names))
	together(len(names), len(names), func(i int) { started[i] = b.startPeer(ctx, names[i], names[i]) })
	b.live = map[string]*process{}
	for i, p := range started {
		if p != nil {
			b.live[names[i]] = p
		}
	}
}

func (b *bench) wants(peer string) bool { return slices.Contains(b.peers, peer) }

// startPeer gives nil if it cannot.
func (b *bench) startPeer(ctx context.Context, name, log string) *process {
	args := peers[name]
	args = append([]string{b.python, filepath.Join(b.scripts, args[0])}, args[1:]...)
	p, err := b.start(ctx, log, startLimit, args...)
	if err != nil {
		b.report.note("%s does not start: %v", log, err)
		return nil
	}
	b.report.machine(p.about)
	return p
}

// together calls a function for each of n numbers, so many at a time.
func together(n, atOnce int, f func(i int)) {
	room := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i := range n {
		room <- struct{}{}
		wait.Go(func() {
			f(i)
			<-room
		})
	}
	wait.Wait()
}

// A run is a worker of pipe's that has loaded a variant.
type run struct {
	*process
	loaded answer
}

// How a worker computes.
type mode struct {
	precision     xla.Precision
	deterministic bool
	host          bool // data comes from there
	fresh         bool // compiled anew, whatever the cache has
}

func (m mode) args() []string {
	args := []string{"-worker", "-precision", string(m.precision), fmt.Sprintf("-deterministic=%v", m.deterministic)}
	if m.host {
		args = append(args, "-room", "-1")
	}
	return args
}

// load starts a worker. Its first steps are timed from the start of the process on.
func (b *bench) load(ctx context.Context, n *network, m mode, q request) (r run, started float64, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, 0, err
	}
	args := append([]string{self}, m.args()...)
	args = append(args, fmt.Sprintf("-small=%v", b.small))
	if !m.fresh {
		args = append(args, "-cache", filepath.Join(b.folder, "cache"))
	}
	begun := time.Now()
	name := fmt.Sprintf("pipe %s %s %d", n.Name, m.precision, b.loads.Add(1))
	if r.process, err = b.start(ctx, name, timeLimit, args...); err != nil {
		return r, 0, err
	}
	started = time.Since(begun).Seconds()
	q.Do, q.Case, q.Folder = "load", n.Name, b.folder
	if r.loaded, err = r.ask(ctx, loadLimit, q); err != nil {
		r.close()
		return r, 0, err
	}
	b.report.machine(answer{Program: "pipe", Device: r.loaded.Device, About: r.loaded.About})
	return r, started + r.loaded.Seconds, nil
}

// check holds the losses of the first steps against PyTorch's, in float32.
func (b *bench) check(ctx context.Context, n *network) error {
	if err := n.writeData(b.folder); err != nil {
		return err
	}
	r, _, err := b.load(ctx, n, mode{precision: xla.Float32, deterministic: true}, request{Steps: checkSteps, Write: true})
	if err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	r.close()
	eager := b.live["eager"]
	if eager == nil {
		return errors.New("there is no PyTorch to compare losses with")
	}
	a, err := eager.ask(ctx, loadLimit, request{Do: "load", Case: n.Name, Precision: string(xla.Float32), Folder: b.folder, Steps: checkSteps})
	if err != nil {
		return fmt.Errorf("PyTorch: %w", err)
	}
	if _, err := eager.ask(ctx, timeLimit, request{Do: "free"}); err != nil {
		return err
	}
	b.report.losses(n, r.loaded.Losses, a.Losses)
	if err := same(r.loaded.Losses, a.Losses, b.tolerance); err != nil {
		return fmt.Errorf("PyTorch: %w", err)
	}
	return nil
}

// same compares losses: programs sum in other orders, and training makes small
// differences larger.
func same(want, got []float64, tolerance float64) error {
	for i := range want {
		if i >= len(got) || !(math.Abs(got[i]-want[i]) <= tolerance*(1+math.Abs(want[i]))) {
			return fmt.Errorf("its losses are %.6v, those of pipe %.6v", got, want)
		}
	}
	return nil
}
