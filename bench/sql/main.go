// Command sql measures stages of the kind sql as people run them: joins and windows as
// those of TPC-H, on SQLite and on DuckDB. Before anything is told, both have given
// the same rows, and `pipe verify` the same bytes again.
//
//	go build -C pipe-sql -tags duckdb_arrow -o /tmp/bin/pipe-sql .
//	PATH=/tmp/bin:$PATH go run ./bench/sql
//
// Without pipe-sql in PATH, SQLite is measured alone.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	rows := flag.Int("rows", 1_000_000, "rows of the largest table")
	memory := flag.String("memory", "256MiB", "memory_limit of the stages")
	flag.Parse()
	if err := run(*rows, *memory); err != nil {
		log.Fatal("sql: ", err)
	}
}

// A usage is what a command took, with the programs that it called.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // bytes of the largest process
}

// A bench is a folder with a pipeline.
type bench struct {
	dir, pipe string
	engines   []string
	memory    string
}

func run(rows int, memory string) error {
	dir, err := os.MkdirTemp("", "pipe-bench-sql-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &bench{dir, filepath.Join(dir, "pipe"), []string{"sqlite", "duckdb"}, memory}
	if _, err := exec.LookPath("pipe-sql"); err != nil {
		b.engines = b.engines[:1]
		log.Print("there is no pipe-sql in PATH: SQLite alone")
	}
	if out, err := exec.Command("go", "build", "-o", b.pipe, "./cmd/pipe").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	if err := makeTables(dir, rows); err != nil {
		return err
	}
	if _, err := b.call("run", b.pipeline("tables", "")); err != nil {
		return err
	}
	fmt.Printf("%d rows; of the whole command `pipe run`, with the tables in the store\n", rows)
	fmt.Printf("%-9s %-8s %9s %9s %9s %9s\n", "query", "engine", "rows", "wall s", "CPU s", "peak MB")
	for _, q := range queries {
		if err := b.measure(q); err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
	}
	return nil
}

// measure runs a query on all engines.
func (b *bench) measure(q query) error {
	var first string // a file
	for _, engine := range b.engines {
		file := b.pipeline(q.name+"_"+engine, fmt.Sprintf(`
  answer:
    uses: sql
    inputs: {lines: lines, orders: orders, customers: customers}
    with:
      engine: %s
      memory_limit: %s
      query: |
        %s
`, engine, b.memory, strings.ReplaceAll(strings.TrimSpace(q.text), "\n", "\n        ")))
		took, err := b.call("run", file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(file, ".yaml")
		if _, err := b.call("verify", name); err != nil {
			return err
		}
		out, err := b.output("cat", name+"/answer")
		if err != nil {
			return err
		}
		if first == "" {
			first = out
		} else if err := same(first, out); err != nil {
			return fmt.Errorf("%s gives other rows than %s: %w", engine, b.engines[0], err)
		}
		rows, err := lines(out)
		if err != nil {
			return err
		}
		fmt.Printf("%-9s %-8s %9d %9.2f %9.2f %9d\n", q.name, engine, rows-1, took.wall.Seconds(), took.cpu.Seconds(), took.peak>>20)
	}
	return nil
}

// same compares two files. What they hold is not kept in memory, since the system
// counts that as memory of the programs that are started.
func same(a, b string) error {
	x, err := os.Open(a)
	if err != nil {
		return err
	}
	defer x.Close()
	y, err := os.Open(b)
	if err != nil {
		return err
	}
	defer y.Close()
	one, other := bufio.NewScanner(x), bufio.NewScanner(y)
	for n := 1; ; n++ {
		more, another := one.Scan(), other.Scan()
		if !more && !another {
			return errors.Join(one.Err(), other.Err())
		}
		if one.Text() != other.Text() {
			return fmt.Errorf("line %d\n%s\n%s", n, one.Text(), other.Text())
		}
	}
}

func lines(file string) (n int, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		n++
	}
	return n, s.Err()
}

// pipeline writes one with the tables and more stages.
func (b *bench) pipeline(name, more string) string {
	text := "pipeline: " + name + "\nstages:\n"
	for _, table := range []string{"lines", "orders", "customers"} {
		text += fmt.Sprintf("  %s: {uses: ingest, with: {path: %s.arrow}}\n", table, table)
	}
	file := name + ".yaml"
	if err := os.WriteFile(filepath.Join(b.dir, file), []byte(text+more), 0o666); err != nil {
		log.Fatal(err)
	}
	return file
}

func (b *bench) call(args ...string) (usage, error) {
	cmd := exec.Command(b.pipe, args...)
	cmd.Dir = b.dir
	begin := time.Now()
	out, err := cmd.CombinedOutput()
	u := usage{wall: time.Since(begin)}
	if err != nil {
		return u, fmt.Errorf("pipe %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.peak = cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	return u, nil
}

// output writes what a command prints to a file.
func (b *bench) output(args ...string) (file string, err error) {
	file = filepath.Join(b.dir, strings.ReplaceAll(strings.Join(args, "-"), "/", "-")+".csv")
	f, err := os.Create(file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	cmd := exec.Command(b.pipe, args...)
	cmd.Dir, cmd.Stdout = b.dir, f
	return file, cmd.Run()
}
