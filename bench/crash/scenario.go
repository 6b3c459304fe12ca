package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"pipe/artifacts/fault"
)

// A scenario is a state of the store in which a run begins.
type scenario struct {
	name     string
	pipeline string
	config   string   // of the store
	before   []string // crashes of the runs before it; "" lets one finish

	prepared string            // a folder in that state
	passages map[string]int    // of each point in the run that is to be killed
	took     time.Duration     // by that run
	want     map[string]string // artifacts of an undisturbed run, by stage.port
}

func scenarios() []*scenario {
	return []*scenario{
		{name: "first", pipeline: branches},
		// Outputs are in the store and not recorded: they are made again, and
		// found to be there. A dead run is found.
		{name: "resume", pipeline: branches, before: []string{"runner.stage.committed:3"}},
		{name: "no-op", pipeline: branches, before: []string{""}},
		{name: "retry", pipeline: flaky},
		// A training that is killed goes on from its checkpoint.
		{name: "training", pipeline: training, config: often},
		{name: "trained", pipeline: training, config: often, before: []string{"runner.checkpoint.saved:1"}},
	}
}

const branches = `pipeline: crash
seed: 3
stages:
  load:
    uses: ingest
    with: {path: rows.csv}
  split:
    uses: split
    inputs: {table: load}
    with: {parts: {train: 0.6, validation: 0.2, test: 0.2}, stratify: kind}
  near:
    uses: preprocess
    inputs: {train: split.train, validation: split.validation, test: split.test}
    with: {target: kind, features: {x: {scale: standard}, y: {scale: standard}}}
  far:
    uses: preprocess
    inputs: {train: split.train, validation: split.validation, test: split.test}
    with: {target: kind, features: {x: {scale: standard}}}
  small:
    uses: train
    inputs: {train: near.train, validation: near.validation}
    with: {network: [dense: {units: 2, activation: relu}], epochs: 2, batch_size: 16}
  tiny:
    uses: train
    inputs: {train: far.train, validation: far.validation}
    with: {network: [dense: {units: 2, activation: relu}], epochs: 2, batch_size: 16}
  score:
    uses: evaluate
    inputs: {model: small, data: near.test}
    with: {metrics: [accuracy]}
  compare:
    uses: evaluate
    inputs: {model: tiny, data: far.test}
    with: {metrics: [accuracy]}
`

// training takes a second or two, in which checkpoints are saved.
const training = `pipeline: training
seed: 5
stages:
  load:
    uses: ingest
    with: {path: rows.csv}
  features:
    uses: preprocess
    inputs: {train: load}
    with: {target: kind, features: {x: {scale: standard}, y: {scale: standard}}}
  model:
    uses: train
    inputs: {train: features.train}
    with:
      network: [{dense: 96}, {dropout: 0.2}, {dense: 96}]
      epochs: 1200
      batch_size: 16
`

const often = "machine: {checkpoint_every: 1ms}\n"

// flaky fails once in each folder, and makes the same bytes twice, too many to
// be kept in memory. It is the only pipeline here that needs other programs.
const flaky = `pipeline: flaky
stages:
  once:
    uses: exec
    retry: {limit: 2, delay: 1ms}
    with:
      command: [sh, -c, 'if test -e "MARK"; then echo made > outputs/out; else : > "MARK"; exit 1; fi']
      outputs: {out: file}
  large:
    uses: exec
    needs: once
    with: {command: [sh, -c, "head -c 100000 /dev/zero > outputs/out"], outputs: {out: file}}
  again:
    uses: exec
    needs: large
    with: {command: [sh, -c, "head -c 100000 /dev/zero >outputs/out"], outputs: {out: file}}
`

// write puts the pipeline and its data into an empty folder.
func (s *scenario) write(dir string) error {
	var rows strings.Builder
	rows.WriteString("x,y,kind\n")
	for i := range 90 {
		fmt.Fprintf(&rows, "%d.5,%d.25,%c\n", i*37%50+i%3*20, i*17%40, 'a'+i%3)
	}
	text := strings.ReplaceAll(s.pipeline, "MARK", filepath.ToSlash(filepath.Join(dir, "mark")))
	store := filepath.Join(dir, ".pipe")
	if s.config != "" {
		if err := errors.Join(os.MkdirAll(store, 0o777), os.WriteFile(filepath.Join(store, "config.yaml"), []byte(s.config), 0o666)); err != nil {
			return err
		}
	}
	return errors.Join(os.MkdirAll(dir, 0o777),
		os.WriteFile(filepath.Join(dir, "rows.csv"), []byte(rows.String()), 0o666),
		os.WriteFile(filepath.Join(dir, "p.yaml"), []byte(text), 0o666))
}

// A run is a process of pipe, ended.
type run struct {
	killed bool
	err    error // it failed by itself
	output string
	stages map[string]string // status of each stage that finished
	made   map[string]string // artifact of each stage.port
	took   time.Duration
}

// start runs the pipeline in dir and kills it after a while, unless that is 0.
func (m *matrix) start(dir string, after time.Duration, env ...string) *run {
	cmd := exec.Command(m.bin, "run", "p.yaml", "--json")
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	begun := time.Now()
	r := &run{stages: map[string]string{}, made: map[string]string{}}
	if r.err = cmd.Start(); r.err != nil {
		return r
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	r.err = cmd.Wait()
	r.took = time.Since(begun)
	r.output = errs.String()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		r.killed, r.err = true, nil
	}
	for dec := json.NewDecoder(&out); ; {
		var ev struct {
			Event, Stage, Status string
			Outputs              map[string]struct{ ID string }
		}
		if dec.Decode(&ev) != nil { // the end, or a line that a kill has cut
			return r
		}
		if ev.Event == "stage_finished" {
			r.stages[ev.Stage] = ev.Status
			for port, o := range ev.Outputs {
				r.made[ev.Stage+"."+port] = o.ID
			}
		}
	}
}

// observe brings a folder into the state of the scenario, and runs a copy of
// it undisturbed to learn which points it passes and what it makes.
func (m *matrix) observe(s *scenario) error {
	s.prepared = filepath.Join(m.dir, s.name)
	if err := s.write(s.prepared); err != nil {
		return err
	}
	for _, at := range s.before {
		if r := m.start(s.prepared, 0, "PIPE_CRASH_AT="+at); r.killed == (at == "") || r.err != nil {
			return fmt.Errorf("the run before it (%q): killed %v, %w\n%s", at, r.killed, r.err, r.output)
		}
	}
	dir, log := filepath.Join(m.dir, s.name+".seen"), filepath.Join(m.dir, s.name+".log")
	if err := m.enter(s, dir); err != nil {
		return err
	}
	r := m.start(dir, 0, "PIPE_CRASH_LOG="+log)
	if r.err != nil {
		return fmt.Errorf("undisturbed run: %w\n%s", r.err, r.output)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	s.passages, s.took, s.want = map[string]int{}, r.took, r.made
	for point := range strings.FieldsSeq(string(text)) {
		known := slices.ContainsFunc(fault.Points, func(p fault.Point) bool { return p.Name == point })
		if !known && !strings.HasPrefix(point, "lineage.heartbeat.") { // which is every ten seconds
			return fmt.Errorf("the point %s is not in fault.Points", point)
		}
		s.passages[point]++
	}
	m.scenarios[s.name] = s
	return os.RemoveAll(dir)
}

// enter makes a folder in the state of the scenario.
func (m *matrix) enter(s *scenario, dir string) error {
	if s.before == nil {
		return s.write(dir)
	}
	return os.CopyFS(dir, os.DirFS(s.prepared))
}
