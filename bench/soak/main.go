// Soak lets many pipe processes loose on one store and counts what went wrong.
//
//	go run ./bench/soak           16 processes at a time for a minute
//	go run ./bench/soak -short    6 processes at a time for ten seconds
//
// Each of them runs one command of a mix: runs of three pipelines that share
// stages, with parameters that several of them use at the same moment, and
// commands that read. It fails if a command fails or complains of a lock, if a
// key was executed more than once, if a run was left running, or if the
// database or an artifact is damaged.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	short := flag.Bool("short", false, "a short run, for CI")
	binary := flag.String("pipe", "", "the binary to test (default: build ./cmd/pipe)")
	processes := flag.Int("processes", 0, "how many at a time")
	length := flag.Duration("for", 0, "how long")
	keep := flag.Bool("keep", false, "keep the store, and say where it is")
	flag.Parse()
	s := &soak{processes: 16, length: time.Minute, pipe: *binary}
	if *short {
		s.processes, s.length = 6, 10*time.Second
	}
	if *processes > 0 {
		s.processes = *processes
	}
	if *length > 0 {
		s.length = *length
	}
	if err := s.main(*keep); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// A soak is one test.
type soak struct {
	processes int
	length    time.Duration
	pipe      string // the binary
	dir       string // pipelines and store
	first     string // ID of a run that is over

	next  atomic.Int64 // number of the next command
	mu    sync.Mutex
	count map[string]int           // commands that ended well
	slow  map[string]time.Duration // the longest of each
	bad   []string
}

func (s *soak) main(keep bool) (err error) {
	if s.dir, err = os.MkdirTemp("", "soak"); err != nil {
		return err
	}
	if keep {
		fmt.Println("store:", filepath.Join(s.dir, ".pipe"))
	} else {
		defer os.RemoveAll(s.dir)
	}
	if s.pipe == "" {
		s.pipe = filepath.Join(s.dir, "pipe")
		build := exec.Command("go", "build", "-o", s.pipe, "./cmd/pipe")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build: %w (run it from the root of the repository)", err)
		}
	}
	if err := s.write(); err != nil {
		return err
	}
	s.count, s.slow = map[string]int{}, map[string]time.Duration{}
	// The readers need a store to read.
	out, err := s.command("run", "a.yaml").CombinedOutput()
	id := regexp.MustCompile(`run (\S+)`).FindSubmatch(out)
	if err != nil || id == nil {
		return fmt.Errorf("first run: %v\n%s", err, out)
	}
	s.first = string(id[1])
	ctx, cancel := context.WithTimeout(context.Background(), s.length)
	defer cancel()
	begun := time.Now()
	var workers sync.WaitGroup
	for range s.processes {
		workers.Go(func() {
			for ctx.Err() == nil {
				s.one(s.next.Add(1))
			}
		})
	}
	workers.Wait()
	took := time.Since(begun)
	facts, err := s.verify()
	s.print(took, facts)
	if err == nil && len(s.bad) > 0 {
		err = fmt.Errorf("%d commands went wrong", len(s.bad))
	}
	return err
}

// mix is what the processes do. A run has a parameter that changes with every
// dozen of commands, so that several of them need the same work at once.
var mix = [][]string{
	{"run", "a.yaml"}, {"run", "b.yaml"}, {"run", "c.yaml"}, {"ls"}, {"run", "a.yaml"}, {"run", "b.yaml"},
	{"show", "a"}, {"run", "a.yaml"}, {"query", "SELECT pipeline, count(*) FROM runs_view GROUP BY pipeline"},
	{"run", "c.yaml"}, {"lineage", "FIRST/parts.train"}, {"run", "b.yaml"}, {"run", "c.yaml"}, {"plan", "b.yaml"},
}

// one runs the n-th command.
func (s *soak) one(n int64) {
	words := slices.Clone(mix[n%int64(len(mix))])
	name := words[0]
	for i := range words {
		words[i] = strings.Replace(words[i], "FIRST", s.first, 1)
	}
	if name == "run" {
		step := (n / 12) % 800
		words = append(words, "--set", fmt.Sprintf("train=0.%03d", 100+step), "--set", fmt.Sprintf("rest=0.%03d", 900-step))
	}
	cmd := s.command(words...)
	begun := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(begun)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || bytes.Contains(out, []byte("locked")) {
		s.bad = append(s.bad, fmt.Sprintf("%s: %v\n%s", strings.Join(words, " "), err, out))
		return
	}
	s.count[name]++
	s.slow[name] = max(s.slow[name], took)
}

func (s *soak) command(words ...string) *exec.Cmd {
	cmd := exec.Command(s.pipe, words...)
	cmd.Dir = s.dir
	return cmd
}

func (s *soak) print(took time.Duration, facts []string) {
	fmt.Printf("%d processes at a time on %d CPUs for %s\n", s.processes, runtime.NumCPU(), took.Round(time.Millisecond))
	names := make([]string, 0, len(s.count))
	total := 0
	for name, n := range s.count {
		names = append(names, name)
		total += n
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Printf("  %-8s %6d  the slowest took %s\n", name, s.count[name], s.slow[name].Round(time.Millisecond))
	}
	fmt.Printf("  %-8s %6d  failed %d\n", "all", total, len(s.bad))
	for _, f := range facts {
		fmt.Println(f)
	}
	for _, text := range s.bad[:min(5, len(s.bad))] {
		fmt.Println("FAILED", text)
	}
}

// write makes the pipelines. They share `load`; a and b share `parts`.
func (s *soak) write() error {
	var csv strings.Builder
	csv.WriteString("x,y,kind\n")
	for i := range 2000 {
		fmt.Fprintf(&csv, "%d,%d,%c\n", i, i*i%977, 'a'+i%3)
	}
	const head = "params: {train: 0.5, rest: 0.5}\nstages:\n  load: {uses: ingest, with: {path: data.csv}}\n" +
		"  parts: {uses: split, inputs: {table: load}, with: {parts: {train: $train, rest: $rest}}}\n"
	files := map[string]string{
		"data.csv": csv.String(),
		"a.yaml":   "pipeline: a\n" + head,
		"b.yaml": "pipeline: b\n" + head +
			"  features: {uses: preprocess, inputs: {train: parts.train}, with: {target: kind, features: {x: {scale: standard}}}}\n",
		"c.yaml": "pipeline: c\nseed: 3\n" + head +
			"  count: {uses: exec, inputs: {t: parts.train}, with: {shell: wc -c < inputs/t.arrow > outputs/n, outputs: {n: file}}}\n",
	}
	var errs []error
	for name, text := range files {
		errs = append(errs, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o666))
	}
	return errors.Join(errs...)
}
