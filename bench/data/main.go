// Command data compares reading a file into a table with DuckDB, Polars and
// pyarrow: the same files, the same types, by turns in one run, after all have
// given the same values.
//
//	bench/data/peers.sh /tmp/peers
//	go run ./bench/data -python /tmp/peers/bin/python
//
// Five tasks are measured. "commit" is from the file to an artifact in a new
// store, where pipe hashes what it reads and writes, syncs it and takes types
// from all values; the others write an Arrow IPC file. "all rows" is the same
// with types from all rows for those peers that can. "reader" is from bytes in
// memory to columns. "parquet" is "commit" from a Parquet file of the mixed table,
// with columns of 16 and 32 bits and dictionaries.
//
// "prepare" is from the table of "commit" to the features of a train and a test
// part, with scikit-learn in place of DuckDB and pyarrow: ten numbers imputed and
// scaled, a text encoded one hot, float32 rows on disk. No two programs draw the
// same rows, so each first makes the features of the parts of pipe, which have to
// be those of pipe to 1e-6. Then each divides the table in its own way. Pipe
// starts as a process, writes the parts with all of their columns, too, hashes
// what it reads and writes, and syncs it; the others divide the whole table too,
// and keep the parts in memory.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

type options struct {
	pipe, python, dir string
	only, tasks       string
	rounds            int
	limit             time.Duration
	short             bool
}

func main() {
	log.SetFlags(0)
	var o options
	var alone string
	flag.StringVar(&o.pipe, "pipe", "", "the program pipe; empty builds it")
	flag.StringVar(&o.python, "python", "", "the Python of the environment that peers.sh made; empty measures pipe alone")
	flag.StringVar(&o.dir, "dir", "", "folder to keep the files in; empty makes them for this run")
	flag.StringVar(&o.only, "only", "", "measure the files whose name matches this expression")
	flag.StringVar(&o.tasks, "tasks", "", "measure the tasks whose name matches this expression")
	flag.IntVar(&o.rounds, "rounds", 3, "how often each program is measured; the least counts")
	flag.DurationVar(&o.limit, "limit", 2*time.Minute, "how long a peer may take")
	flag.BoolVar(&o.short, "short", false, "measure small files")
	flag.StringVar(&alone, "reader", "", "read this file, as one program of a run does")
	flag.Parse()
	run := o.run
	if alone != "" {
		run = func() error { return readAlone(alone) }
	}
	if err := run(); err != nil {
		log.Fatal("data: ", err)
	}
}

func (o *options) run() (err error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	tasks, err := regexp.Compile(o.tasks)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "pipe-data-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if o.dir == "" {
		o.dir = temp
	} else if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	} else if err := os.MkdirAll(o.dir, 0o777); err != nil {
		return err
	}
	if o.pipe == "" {
		o.pipe = filepath.Join(temp, "pipe")
		if out, err := exec.Command("go", "build", "-o", o.pipe, "./cmd/pipe").CombinedOutput(); err != nil {
			return fmt.Errorf("build pipe: %w\n%s", err, out)
		}
	} else if o.pipe, err = filepath.Abs(o.pipe); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for _, b := range benches() {
		if !only.MatchString(b.name) {
			continue
		}
		m := &measurement{options: o, self: self, temp: temp, shop: workshop{pipe: o.pipe, dir: filepath.Join(temp, b.name)}}
		if err := os.Mkdir(m.shop.dir, 0o777); err != nil {
			return err
		}
		if m.file, err = b.file(o.dir, o.short); err != nil {
			return err
		}
		info, err := os.Stat(m.file)
		if err != nil {
			return err
		}
		m.size = info.Size()
		fmt.Printf("\n%s, %.0f MB: %s\n", filepath.Base(m.file), float64(m.size)/1e6, b.about)
		for _, t := range m.tasks() {
			if !tasks.MatchString(t.name) {
				continue
			}
			if err := m.measure(t); err != nil {
				return fmt.Errorf("%s, %s: %w", b.name, t.name, err)
			}
		}
		for _, later := range m.later(b.name) {
			if !tasks.MatchString(later.name) {
				continue
			}
			t, err := later.prepare()
			if err == nil {
				err = m.measure(t)
			}
			if err != nil {
				return fmt.Errorf("%s, %s: %w", b.name, later.name, err)
			}
		}
		if err := os.RemoveAll(m.shop.dir); err != nil {
			return err
		}
	}
	return nil
}

// A later task has something to do before it is measured.
type later struct {
	name    string
	prepare func() (task, error)
}

// later are the tasks of a file that come after the others.
func (m *measurement) later(file string) []later {
	if file != "mixed" {
		return nil
	}
	list := []later{{"prepare", m.prepare}}
	if m.python != "" {
		list = append(list, later{"parquet", m.parquet})
	}
	return list
}

// A task is what is asked of all programs.
type task struct {
	name     string
	programs []*program
}

// A program does a task.
type program struct {
	name string
	run  func() (usage, error)
	best usage
	err  error // why it is out
}

// A measurement is of one file.
type measurement struct {
	*options
	self, temp string
	shop       workshop
	file       string
	size       int64
	ours       string // the table of pipe, once it was made
}

func (m *measurement) tasks() []task {
	ours := &program{name: "pipe", run: func() (usage, error) { return m.shop.ingest(m.file) }}
	alone := &program{name: "pipe", run: func() (usage, error) { return call(m.limit, m.self, "-reader", m.file) }}
	commit := task{"commit", []*program{ours}}
	all := task{"all rows", []*program{{name: "pipe", run: ours.run}}}
	reader := task{"reader", []*program{alone}}
	if m.python != "" {
		for _, peer := range []string{"duckdb", "polars", "pyarrow"} {
			commit.programs = append(commit.programs, m.writer(peer, "ipc"))
			if peer != "pyarrow" {
				all.programs = append(all.programs, m.writer(peer, "all"))
			}
			reader.programs = append(reader.programs, &program{name: peer, run: func() (usage, error) {
				return call(m.limit, m.python, "bench/data/peer.py", peer, "memory", m.file)
			}})
		}
	}
	return []task{commit, all, reader}
}

// parquet is the task from a file in that format, of the table that is read.
func (m *measurement) parquet() (task, error) {
	path := strings.TrimSuffix(m.file, ".csv") + ".parquet"
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if _, err := call(m.limit, m.python, "bench/data/peer.py", "pyarrow", "make", m.file, path); err != nil {
			return task{}, err
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		return task{}, err
	}
	m.file, m.size, m.ours = path, info.Size(), ""
	t := task{"parquet", []*program{{name: "pipe", run: func() (usage, error) { return m.shop.ingest(path) }}}}
	for _, peer := range []string{"duckdb", "polars", "pyarrow"} {
		t.programs = append(t.programs, m.writer(peer, "ipc"))
	}
	return t, nil
}

// writer is a peer that writes an IPC file. Its values are compared the first
// time.
func (m *measurement) writer(peer, task string) *program {
	compared := false
	return &program{name: peer, run: func() (usage, error) {
		out := filepath.Join(m.temp, peer+".arrow")
		defer os.Remove(out)
		u, err := call(m.limit, m.python, "bench/data/peer.py", peer, task, m.file, out)
		if err != nil || compared {
			return u, err
		}
		compared = true
		return u, m.compare(peer, out)
	}}
}

// compare holds all values of a peer against those of pipe.
func (m *measurement) compare(peer, out string) error {
	if m.ours == "" {
		m.ours = filepath.Join(m.shop.dir, "pipe.arrow")
		if err := m.shop.get("load", m.ours); err != nil {
			return err
		}
	}
	u, err := call(m.limit, m.python, "bench/data/peer.py", peer, "equal", m.ours, out)
	if err == nil && u.Differs != "" {
		err = fmt.Errorf("other values: %s", u.Differs)
	}
	return err
}

// measure does a task by turns. A peer that fails is out; pipe must not.
func (m *measurement) measure(t task) error {
	for range m.rounds {
		for i, p := range t.programs {
			if p.err != nil {
				continue
			}
			u, err := p.run()
			if p.err = err; err != nil && i == 0 {
				return fmt.Errorf("pipe: %w", err)
			}
			if err == nil && (p.best.Wall == 0 || u.Wall < p.best.Wall) {
				u.CPU = least(p.best.CPU, u.CPU)
				p.best = u
			} else if err == nil {
				p.best.CPU = least(p.best.CPU, u.CPU)
			}
		}
	}
	m.report(t)
	return nil
}

func least(best, now float64) float64 {
	if best == 0 {
		return now
	}
	return min(best, now)
}

func (m *measurement) report(t task) {
	ours := t.programs[0].best
	var peers []*program
	for _, p := range t.programs {
		if p.err != nil {
			fmt.Printf("  %-9s %-8s %v\n", t.name, p.name, p.err)
			continue
		}
		fmt.Printf("  %-9s %-8s %7.2f s wall %5.0f MB/s %7.2f s CPU %6.0f MB peak", t.name, p.name,
			p.best.Wall, float64(m.size)/1e6/p.best.Wall, p.best.CPU, float64(p.best.Peak)/1e6)
		if p != t.programs[0] {
			peers = append(peers, p)
			fmt.Printf("   pipe is %.2f times as fast, %.2f by CPU", p.best.Wall/ours.Wall, p.best.CPU/ours.CPU)
		}
		fmt.Println()
	}
	if len(peers) == 0 {
		return
	}
	wall := slices.MinFunc(peers, func(a, b *program) int { return cmp.Compare(a.best.Wall, b.best.Wall) })
	cpu := slices.MinFunc(peers, func(a, b *program) int { return cmp.Compare(a.best.CPU, b.best.CPU) })
	fmt.Printf("  %-9s best of them: %.2f by wall (%s), %.2f by CPU (%s)\n", t.name, wall.best.Wall/ours.Wall, wall.name, cpu.best.CPU/ours.CPU, cpu.name)
}
