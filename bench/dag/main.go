// Command dag runs one graph of trivial steps with pipe and with ninja, by
// turns, and compares how long they take: everything new (full), and nothing
// to do (no-op). Before it counts a time it checks that the work was right.
//
//	go run ./bench/dag -stages 10000
//	go run ./bench/dag -stages 1000,10000,100000 -rounds 3
//	go run ./bench/dag -stages 100,1000 -peers dvc,snakemake -noops 3
//
// What a step does: ninja, DVC and Snakemake start `touch` for its file; pipe
// writes a manifest of the inputs into its store, durably, with the lineage of
// it. DVC and Snakemake come from PyPI, in fixed versions, into a folder that
// is thrown away. They are left out above -peer-stages stages.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

type options struct {
	stages []int
	rounds int
	noops  int
	pipe   string
	ninja  string
	dir    string

	peers      []*peer
	peerStages int
}

func main() {
	log.SetFlags(0)
	var opt options
	sizes := flag.String("stages", "10000", "numbers of stages, with commas between them")
	flag.IntVar(&opt.rounds, "rounds", 1, "full runs of each program")
	flag.IntVar(&opt.noops, "noops", 7, "no-op runs of each program after each full run")
	flag.StringVar(&opt.pipe, "pipe", "", "the pipe to measure; empty builds one from ./cmd/pipe")
	flag.StringVar(&opt.ninja, "ninja", "ninja", "the ninja to compare with; empty measures pipe alone")
	flag.StringVar(&opt.dir, "dir", "", "where to work, on the disk to be measured; empty takes a temporary folder")
	peers := flag.String("peers", "", "more programs to compare with, with commas between them: dvc, snakemake; NAME=PATH takes one that is installed")
	flag.IntVar(&opt.peerStages, "peer-stages", 1000, "the largest number of stages that those get")
	flag.Parse()
	err := opt.parse(*sizes, *peers)
	if err == nil {
		err = opt.run()
	}
	if err != nil {
		log.Fatal("dag: ", err)
	}
}

func (o *options) parse(sizes, peers string) (err error) {
	for _, text := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1_000_000 {
			return fmt.Errorf("-stages %q: want numbers from 1 to 1000000", sizes)
		}
		o.stages = append(o.stages, n)
	}
	o.peers, err = parsePeers(peers)
	return err
}

func (o *options) run() error {
	work, err := os.MkdirTemp(o.dir, "pipe-dag-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if o.pipe == "" {
		o.pipe = filepath.Join(work, "pipe")
		build := exec.Command("go", "build", "-o", o.pipe, "./cmd/pipe")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build pipe: %w", err)
		}
	}
	if o.pipe, err = filepath.Abs(o.pipe); err != nil {
		return err
	}
	for _, p := range o.peers {
		if err := p.install(work); err != nil {
			return err
		}
	}
	fmt.Printf("%8s  %-6s  %-9s  %10s  %10s  %12s\n", "stages", "run", "tool", "min", "median", "per stage")
	for _, n := range o.stages {
		if err := o.measure(n, filepath.Join(work, strconv.Itoa(n))); err != nil {
			return fmt.Errorf("%d stages: %w", n, err)
		}
	}
	return nil
}

// A tool is a program with the way to call it and to check what it did.
type tool struct {
	name       string
	file       string // that holds the graph
	write      func(io.Writer) error
	setup      func(dir string) error // what else it needs; may be nil
	call       func(dir string) *exec.Cmd
	didAll     func(out string) error
	didNothing func(out string) error
	check      func(dir string) error
	full, noop []time.Duration
}

func (o *options) measure(stages int, dir string) error {
	g := newGraph(stages)
	tools := []*tool{pipeTool(o.pipe, g)}
	if o.ninja != "" {
		tools = append(tools, ninjaTool(o.ninja, g))
	}
	for _, p := range o.peers {
		if stages <= o.peerStages {
			tools = append(tools, p.tool(g))
		}
	}
	order := slices.Clone(tools)
	// What a round leaves stays until the end: ext4 without a journal searches
	// long for an inode that was not deleted in the last minute, which costs
	// whoever comes first after that. And each tool comes first in turn.
	for round := range o.rounds {
		if round > 0 {
			order = append(order[1:], order[0])
		}
		at := filepath.Join(dir, strconv.Itoa(round))
		for _, t := range order {
			if err := t.prepare(filepath.Join(at, t.name)); err != nil {
				return err
			}
		}
		for _, t := range order {
			took, err := t.once(filepath.Join(at, t.name), t.didAll)
			if err != nil {
				return err
			}
			t.full = append(t.full, took)
		}
		for range o.noops {
			for _, t := range order {
				took, err := t.once(filepath.Join(at, t.name), t.didNothing)
				if err != nil {
					return err
				}
				t.noop = append(t.noop, took)
			}
		}
	}
	report(stages, "full", tools, func(t *tool) []time.Duration { return t.full })
	report(stages, "no-op", tools, func(t *tool) []time.Duration { return t.noop })
	return nil
}

func (t *tool) prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, t.file))
	if err != nil {
		return err
	}
	if err := errors.Join(t.write(f), f.Close()); err != nil || t.setup == nil {
		return err
	}
	return t.setup(dir)
}

// once runs a tool, and gives the time only if what it did was right.
func (t *tool) once(dir string, check func(string) error) (time.Duration, error) {
	cmd := t.call(dir)
	cmd.Dir = dir
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begun)
	if err == nil {
		err = check(string(out))
	}
	if err == nil {
		err = t.check(dir)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", t.name, err, last(string(out), 2000))
	}
	return took, nil
}

func report(stages int, what string, tools []*tool, times func(*tool) []time.Duration) {
	for _, t := range tools {
		list := slices.Sorted(slices.Values(times(t)))
		if len(list) == 0 {
			continue
		}
		least, median := list[0], list[len(list)/2]
		fmt.Printf("%8d  %-6s  %-9s  %10s  %10s  %12s\n", stages, what, t.name, least.Round(100*time.Microsecond),
			median.Round(100*time.Microsecond), (median / time.Duration(stages)).Round(10*time.Nanosecond))
	}
	for _, t := range tools[1:] {
		if len(times(t)) > 0 {
			a, b := slices.Sorted(slices.Values(times(tools[0]))), slices.Sorted(slices.Values(times(t)))
			fmt.Printf("%8d  %-6s  pipe takes %.3g times as long as %s (least of each), %.3g times (medians)\n", stages, what,
				float64(a[0])/float64(b[0]), t.name, float64(a[len(a)/2])/float64(b[len(b)/2]))
		}
	}
}

func last(s string, n int) string { return s[max(0, len(s)-n):] }
