// Command memory measures how much memory the stages of a pipeline take for data
// of different sizes, and whether training on more data than there is memory for is
// as fast as on data that fits. Every stage runs in a process of its own. Its peak is
// that of the memory that it has for itself, looked at every few milliseconds: pages
// of a file that it has mapped, which the system takes back as it likes, do not count.
//
//	go run ./bench/memory                      files of 21, 210 and 1050 MB, of four shapes
//	go run ./bench/memory -train -limit 256    pictures of half and of four times that, in MB
//
// The second form needs the right to make control groups (root), as the limit holds
// for what the system keeps of files, too.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type options struct {
	pipe, dir, only string
	sizes           string // in MB
	train           bool
	limit           int64 // in MB
	epochs          int
}

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.pipe, "pipe", "", "the program pipe; empty builds it")
	flag.StringVar(&o.dir, "dir", "", "where to work; it needs four times the size of the largest file")
	flag.StringVar(&o.only, "only", "", "measure the shapes whose name matches this expression")
	flag.StringVar(&o.sizes, "sizes", "21,210,1050", "sizes of files in MB")
	flag.BoolVar(&o.train, "train", false, "measure training beyond memory")
	flag.Int64Var(&o.limit, "limit", 256, "of -train, the memory in MB")
	flag.IntVar(&o.epochs, "epochs", 1, "of -train, the epochs of the large set")
	flag.Parse()
	if err := o.run(); err != nil {
		log.Fatal("memory: ", err)
	}
}

func (o *options) run() (err error) {
	only, err := regexp.Compile(o.only)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp(o.dir, "pipe-memory-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if o.pipe == "" {
		o.pipe = filepath.Join(temp, "pipe")
		if out, err := exec.Command("go", "build", "-o", o.pipe, "./cmd/pipe").CombinedOutput(); err != nil {
			return fmt.Errorf("build pipe: %w\n%s", err, out)
		}
	}
	if o.pipe, err = filepath.Abs(o.pipe); err != nil {
		return err
	}
	if o.train {
		return o.trainBeyond(temp)
	}
	for _, s := range shapes() {
		if !only.MatchString(s.name) {
			continue
		}
		fmt.Printf("\n%s: %s; peak in MB\n%10s", s.name, s.about, "file")
		for _, stage := range s.stages {
			fmt.Printf("%10s", stage)
		}
		fmt.Println()
		for size := range strings.SplitSeq(o.sizes, ",") {
			mb, err := strconv.ParseInt(size, 10, 64)
			if err != nil {
				return fmt.Errorf("-sizes: %w", err)
			}
			w := &work{pipe: o.pipe, dir: filepath.Join(temp, s.name+size)}
			if err := w.begin(s, mb*1e6, 1); err != nil {
				return err
			}
			fmt.Printf("%7d MB", mb)
			for _, stage := range s.stages {
				u, err := w.stage(stage, "")
				if err != nil {
					return fmt.Errorf("%s, %d MB, %s: %w", s.name, mb, stage, err)
				}
				fmt.Printf("%10.0f", float64(u.peak)/1e6)
			}
			fmt.Println()
			if err := os.RemoveAll(w.dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// trainBeyond trains on pictures that take half of the limit and four times as much,
// as many rows in all.
func (o *options) trainBeyond(temp string) error {
	s := pictures()
	limit := o.limit * 1e6
	for _, c := range []struct {
		times  float64
		epochs int
	}{{0.5, 8 * o.epochs}, {4, o.epochs}} {
		w := &work{pipe: o.pipe, dir: filepath.Join(temp, fmt.Sprint("train", c.times))}
		size := int64(c.times * float64(limit) / trainShare)
		if err := w.begin(s, size, c.epochs); err != nil {
			return err
		}
		if _, err := w.stage("features", ""); err != nil {
			return err
		}
		if err := dropCaches(w.dir); err != nil {
			return err
		}
		group, err := newGroup(limit)
		if err != nil {
			return err
		}
		u, err := w.stage("model", group)
		if err := errors.Join(err, syscall.Rmdir(group)); err != nil {
			return err
		}
		rows := float64(size) * trainShare / pictureBytes * float64(c.epochs)
		fmt.Printf("%.1f times the limit of %d MB, %d epochs: %.1f s, %.0f rows/s, %.1f s CPU, peak %.0f MB\n",
			c.times, o.limit, c.epochs, u.wall, rows/u.wall, u.cpu, float64(u.peak)/1e6)
		if err := os.RemoveAll(w.dir); err != nil {
			return err
		}
	}
	return nil
}

// A usage is what a stage took.
type usage struct {
	wall, cpu float64 // seconds
	peak      int64   // bytes
}

// work is a folder with a pipeline.
type work struct{ pipe, dir string }

func (w *work) begin(s shape, size int64, epochs int) error {
	if err := os.MkdirAll(filepath.Join(w.dir, ".pipe"), 0o777); err != nil {
		return err
	}
	if err := s.write(w.dir, size); err != nil {
		return err
	}
	text := "pipeline: bench\nstages:\n" + strings.ReplaceAll(s.pipeline, "EPOCHS", strconv.Itoa(epochs))
	return os.WriteFile(filepath.Join(w.dir, "bench.yaml"), []byte(text), 0o666)
}

// stage runs a stage, whose inputs are made, in a control group if one is named.
func (w *work) stage(name, group string) (usage, error) {
	args := []string{w.pipe, "run", "bench.yaml", name}
	if group != "" {
		args = append([]string{"sh", "-c", `echo $$ > "$0/cgroup.procs" && exec "$@"`, group}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = w.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	done, peak := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-tick.C:
				most = max(most, anonymous(cmd.Process.Pid))
			case <-done:
				peak <- most
				return
			}
		}
	}()
	err := cmd.Wait()
	close(done)
	u := usage{wall: time.Since(began).Seconds(), peak: <-peak}
	if err != nil {
		return usage{}, fmt.Errorf("%w\n%s", err, out.Bytes())
	}
	u.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return u, nil
}

// anonymous is what memory a process has that is not that of a file, in bytes.
func anonymous(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}
