package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"pipe/artifacts/fault"
	"pipe/lineage"
)

// A matrix is one execution of all cases.
type matrix struct {
	*options
	bin       string
	scenarios map[string]*scenario

	mu         sync.Mutex
	tried      int
	rows       map[string]*row // by point; random moments are "random moment"
	violations []string
}

// A row counts the outcomes at a point.
type row struct {
	kills    int
	missed   int // the run was over before the point or the moment came
	nothing  int // no run was recorded
	open     int // a run was recorded as running
	finished int // the end of the run was recorded
	kept     int // stages that were recorded, and not repeated
	losses   int
}

// shown is how many violations are printed.
const shown = 20

const moment = "random moment"

// try kills one run, looks at what is left and runs again.
func (m *matrix) try(k *kill) {
	m.mu.Lock()
	m.tried++
	dir := filepath.Join(m.dir, fmt.Sprintf("case-%d", m.tried))
	m.mu.Unlock()
	count, err := m.check(k, dir)
	m.mu.Lock()
	defer m.mu.Unlock()
	name := k.point
	if name == "" {
		name = moment
	}
	r := m.rows[name]
	if r == nil {
		r = &row{}
		m.rows[name] = r
	}
	r.kills += count.kills
	r.missed += count.missed
	r.nothing += count.nothing
	r.open += count.open
	r.finished += count.finished
	r.kept += count.kept
	if err != nil {
		r.losses++
		again := fmt.Sprintf("go run ./bench/crash -only %s", k)
		if k.point == "" {
			again = fmt.Sprintf("go run ./bench/crash -seed %d -kills %d -only %s (%s after the start of the process)", m.seed, m.kills, k, k.after)
		}
		m.violations = append(m.violations, fmt.Sprintf("%s (%s)\n  again: %s\n  %s",
			k, filepath.Base(dir), again, strings.ReplaceAll(err.Error(), "\n", "\n  ")))
		return
	}
	if err := os.RemoveAll(dir); err != nil {
		m.violations = append(m.violations, err.Error())
	}
}

func (m *matrix) check(k *kill, dir string) (count row, err error) {
	ctx := context.Background()
	if err := m.enter(k.scenario, dir); err != nil {
		return count, err
	}
	before, err := inspect(ctx, dir)
	if err != nil {
		return count, err
	}
	var env []string
	if k.point != "" {
		env = append(env, fmt.Sprintf("PIPE_CRASH_AT=%s:%d", k.point, k.nth))
	}
	if k.power {
		env = append(env, "PIPE_CRASH_POWER=1")
	}
	dead := m.start(dir, k.after, env...)
	if dead.err != nil {
		return count, fmt.Errorf("the run failed before it was killed: %w\n%s", dead.err, dead.output)
	}
	left, err := inspect(ctx, dir)
	count.count(dead, before, left)
	if err != nil {
		return count, err
	}
	again := m.start(dir, 0)
	end, err := inspect(ctx, dir)
	if err != nil {
		return count, fmt.Errorf("after the run that followed: %w", err)
	}
	return count, k.scenario.compare(left, again, end)
}

func (r *row) count(dead *run, before, left *state) {
	if !dead.killed {
		r.missed++
		return
	}
	r.kills++
	r.kept += len(left.done)
	for id, status := range left.status {
		if _, old := before.status[id]; old {
			continue
		}
		if status == string(lineage.Running) {
			r.open++
		} else {
			r.finished++
		}
		return
	}
	r.nothing++
}

// print writes the table.
func (m *matrix) print(w io.Writer, took time.Duration) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "kills\tnot reached\tno run\trunning\tended\tstages kept\tlosses\t  point")
	var sum row
	points := 0
	line := func(name string, r *row) {
		if r == nil {
			return
		}
		fmt.Fprintf(tw, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t  %s\n", r.kills, r.missed, r.nothing, r.open, r.finished, r.kept, r.losses, name)
	}
	for _, name := range append(pointNames(), moment) {
		if r := m.rows[name]; r != nil {
			if name != moment {
				points++
			}
			line(name, r)
			sum.kills += r.kills
			sum.missed += r.missed
			sum.nothing += r.nothing
			sum.open += r.open
			sum.finished += r.finished
			sum.kept += r.kept
			sum.losses += r.losses
		}
	}
	line("total", &sum)
	tw.Flush()
	for i, v := range m.violations {
		if i == shown {
			fmt.Fprintf(w, "\nand %d more\n", len(m.violations)-shown)
			break
		}
		fmt.Fprintf(w, "\nVIOLATION %s\n", v)
	}
	fmt.Fprintf(w, "\n%d kills at %d points and at random moments (seed %d), %d losses, %s\n",
		sum.kills, points, m.seed, sum.losses, took.Round(100*time.Millisecond))
}

func pointNames() []string {
	names := make([]string, len(fault.Points))
	for i, p := range fault.Points {
		names[i] = p.Name
	}
	return names
}
