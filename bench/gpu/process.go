package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A process is a program that answers lines of text: one that trains.
type process struct {
	name  string
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan []byte
	log   *os.File
	about answer // what it has said of itself
	mu    sync.Mutex
	dead  bool
}

// start starts a program. What it writes to its log stays in the folder of results.
func (b *bench) start(ctx context.Context, name string, limit time.Duration, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(args[0], args[1:]...), lines: make(chan []byte, 1)}
	// JAX would take most of the memory for itself, PyTorch all processors.
	p.cmd.Env = append(os.Environ(), "XLA_PYTHON_CLIENT_PREALLOCATE=false", "TF_CPP_MIN_LOG_LEVEL=2", "TORCHINDUCTOR_COMPILE_THREADS=4")
	var err error
	if p.log, err = os.Create(filepath.Join(b.out, strings.ReplaceAll(name, " ", "_")+".log")); err != nil {
		return nil, err
	}
	p.cmd.Stderr = p.log
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		r := bufio.NewReader(out)
		for {
			line, err := r.ReadBytes('\n')
			if err != nil {
				return
			}
			if line[0] == '{' { // a library may say something too
				p.lines <- line
			}
		}
	}()
	if p.about, err = p.answer(ctx, limit); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// ask sends a request and waits for the answer. A program that is late is ended.
func (p *process) ask(ctx context.Context, limit time.Duration, q request) (answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return answer{}, fmt.Errorf("%s has ended", p.name)
	}
	if err := json.NewEncoder(p.in).Encode(q); err != nil {
		p.kill()
		return answer{}, fmt.Errorf("%s has ended: %w", p.name, err)
	}
	return p.answer(ctx, limit)
}

func (p *process) answer(ctx context.Context, limit time.Duration) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.kill()
			return a, fmt.Errorf("%s has ended: see %s", p.name, filepath.Base(p.log.Name()))
		}
		if err := json.Unmarshal(line, &a); err != nil {
			return a, fmt.Errorf("%s: %w", p.name, err)
		}
		if a.Error != "" {
			return a, errors.New(a.Error)
		}
		return a, nil
	case <-ctx.Done():
		p.kill()
		return a, fmt.Errorf("%s was not ready in time", p.name)
	}
}

func (p *process) kill() {
	p.dead = true
	p.cmd.Process.Kill()
}

func (p *process) close() {
	p.kill()
	for range p.lines {
	}
	p.cmd.Wait()
	p.log.Close()
	if info, err := os.Stat(p.log.Name()); err == nil && info.Size() == 0 {
		os.Remove(p.log.Name())
	}
}
