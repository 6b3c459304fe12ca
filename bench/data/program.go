package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pipe/data/source"
	"pipe/data/source/cell"
	"pipe/data/source/csv"
)

// A usage is what a task took.
type usage struct {
	Wall    float64 `json:"wall"` // seconds
	CPU     float64 `json:"cpu"`  // seconds, of all threads
	Peak    int64   `json:"peak"` // bytes in memory
	Differs string  `json:"differs"`
}

// call runs a program that ends with a line of JSON about itself.
func call(limit time.Duration, name string, args ...string) (u usage, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return u, fmt.Errorf("no result within %v", limit)
	}
	if err != nil {
		return u, fmt.Errorf("%w\n%s", err, stderr.Bytes())
	}
	return u, json.Unmarshal(out, &u)
}

// A workshop is a folder where pipe runs.
type workshop struct {
	pipe string // the program
	dir  string
}

// ingest reads a file into a table that is an artifact of a new store. The
// pipeline may have more stages, which are not run.
func (w *workshop) ingest(file string, more ...string) (usage, error) {
	if err := os.RemoveAll(filepath.Join(w.dir, ".pipe")); err != nil {
		return usage{}, err
	}
	if err := os.Mkdir(filepath.Join(w.dir, ".pipe"), 0o777); err != nil {
		return usage{}, err
	}
	for name, text := range map[string]string{
		"bench.yaml":        fmt.Sprintf("pipeline: bench\nstages:\n  load:\n    uses: ingest\n    with: {path: %q}\n", file) + strings.Join(more, ""),
		".pipe/config.yaml": fmt.Sprintf("files: {allow: [%q]}\n", filepath.Dir(file)),
	} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o666); err != nil {
			return usage{}, err
		}
	}
	return w.run("load")
}

// run makes what is not there yet. The time is that of the whole process; the
// others tell that of their work alone.
func (w *workshop) run(args ...string) (usage, error) {
	cmd := exec.Command(w.pipe, append([]string{"run", "bench.yaml"}, args...)...)
	cmd.Dir = w.dir
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		return usage{}, fmt.Errorf("%w\n%s", err, out)
	}
	u := usage{Wall: time.Since(began).Seconds(), CPU: (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.Peak = r.Maxrss << 10
	}
	return u, nil
}

// get writes an artifact that was made to a file.
func (w *workshop) get(artifact, path string) error {
	cmd := exec.Command(w.pipe, "get", "bench/"+artifact, "-o", path)
	cmd.Dir = w.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// readAlone reads the bytes of a file, which are in memory, into columns, which
// go nowhere. It prints the least of three times.
func readAlone(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var best usage
	for range 3 {
		var before, after syscall.Rusage
		began := time.Now()
		if err := errors.Join(syscall.Getrusage(syscall.RUSAGE_SELF, &before), columns(data), syscall.Getrusage(syscall.RUSAGE_SELF, &after)); err != nil {
			return err
		}
		if wall := time.Since(began).Seconds(); best.Wall == 0 || wall < best.Wall {
			best.Wall = wall
			best.CPU = seconds(after.Utime) + seconds(after.Stime) - seconds(before.Utime) - seconds(before.Stime)
		}
	}
	best.Peak = peak()
	return json.NewEncoder(os.Stdout).Encode(best)
}

func columns(data []byte) error {
	ctx := context.Background()
	rows, err := csv.Usual().Open(ctx, source.Inputs{
		Files:    []*source.File{{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Name: "in.csv"}},
		Contract: cell.Contract{Rules: cell.Rules{Missing: cell.NewMissing(nil, true)}},
		Threads:  runtime.GOMAXPROCS(0),
	})
	if err != nil {
		return err
	}
	for again := true; again; {
		again = false
		for _, err := range rows.Batches(ctx) {
			if again = err == source.ErrRetyped; err != nil && !again {
				return err
			}
		}
	}
	return rows.Close()
}

func seconds(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }

// peak is the most memory that the process had. That of a Rusage would count
// what its parent had.
func peak() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}
