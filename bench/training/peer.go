package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pipe/nn"
)

// A peer is a program that trains the same network, driven by lines of text.
type peer struct {
	name  string // with its settings
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
	about string
}

// startPeer starts the program of a script on so many threads. Waiting threads
// sleep, since two of them share two cores with others.
func startPeer(python, script, dir string, threads int) (*peer, error) {
	p := &peer{name: fmt.Sprintf("%s, %d threads", strings.TrimSuffix(filepath.Base(script), "_peer.py"), threads)}
	p.cmd = exec.Command(python, script, dir)
	p.cmd.Env = append(os.Environ(), fmt.Sprint("OMP_NUM_THREADS=", threads), fmt.Sprint("MKL_NUM_THREADS=", threads), "OMP_WAIT_POLICY=PASSIVE",
		fmt.Sprintf("XLA_FLAGS=--xla_cpu_multi_thread_eigen=%v intra_op_parallelism_threads=%d", threads > 1, threads), "JAX_PLATFORMS=cpu")
	p.cmd.Env = without(p.cmd.Env, "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
	if threads == 1 {
		p.cmd.Args = append([]string{"taskset", "-c", "1"}, p.cmd.Args...)
		path, err := exec.LookPath("taskset")
		if err != nil {
			return nil, err
		}
		p.cmd.Path = path
	}
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = io.Discard
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<20)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if p.about, err = p.line(); err == nil {
		_, err = p.ask("threads %d", threads)
	}
	if err != nil {
		p.close()
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return p, nil
}

func without(env []string, names ...string) []string {
	var list []string
	for _, e := range env {
		keep := true
		for _, n := range names {
			keep = keep && !strings.HasPrefix(e, n+"=")
		}
		if keep {
			list = append(list, e)
		}
	}
	return list
}

func (p *peer) line() (string, error) {
	if !p.out.Scan() {
		if err := p.out.Err(); err != nil {
			return "", err
		}
		return "", fmt.Errorf("it ended")
	}
	return p.out.Text(), nil
}

func (p *peer) ask(format string, args ...any) (string, error) {
	if _, err := fmt.Fprintf(p.in, format+"\n", args...); err != nil {
		return "", err
	}
	return p.line()
}

// losses trains n steps from the begin.
func (p *peer) losses(n int) ([]float64, error) {
	text, err := p.ask("losses %d", n)
	if err != nil {
		return nil, err
	}
	var list []float64
	for word := range strings.FieldsSeq(text) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// time gives the time of one step, the mean of n.
func (p *peer) time(n int) (time.Duration, error) {
	text, err := p.ask("time %d", n)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseFloat(text, 64)
	return time.Duration(v / float64(n) * 1e9), err
}

func (p *peer) close() {
	p.in.Close()
	p.cmd.Wait()
}

// An entry names an array in a file.
type entry struct {
	Name  string `json:"name,omitempty"`
	Shape []int  `json:"shape"`
	File  string `json:"file"`
}

// writeCase writes what peers read: data, and parameters before training.
func writeCase(dir string, b *bench, d nn.Data, params []nn.Param) error {
	y := make([]float32, len(d.Target))
	for i, v := range d.Target {
		y[i] = float32(v)
	}
	doc := struct {
		Name   string  `json:"name"`
		Task   string  `json:"task"`
		Batch  int     `json:"batch"`
		Rate   float64 `json:"learning_rate"`
		Params []entry `json:"params"`
		X      entry   `json:"x"`
		Y      entry   `json:"y"`
	}{b.name, string(b.sig.Task), b.batch, rate, nil, entry{"", []int{d.Rows, b.inputs}, "x"}, entry{"", []int{d.Rows}, "y"}}
	files := map[string][]float32{"x": d.Features, "y": y}
	for i, p := range params {
		name := fmt.Sprint("p", i)
		files[name] = p.Data
		doc.Params = append(doc.Params, entry{p.Name, p.Shape, name})
	}
	for name, data := range files {
		raw := make([]byte, 0, 4*len(data))
		for _, v := range data {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o666); err != nil {
			return err
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "case.json"), text, 0o666)
}
