package lineage

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"pipe/artifacts"
)

// beginAndWait is a pipe process that begins a run and then hangs.
func beginAndWait(path string) error {
	db, err := Open(path)
	if err != nil {
		return err
	}
	run, err := db.BeginRun(context.Background(), Run{Pipeline: "p", Trigger: "manual"})
	if err != nil {
		return err
	}
	if err := db.Record(context.Background(), Execution{RunID: run, Stage: "s", Kind: "k", Status: Running}); err != nil {
		return err
	}
	s, err := db.EnsureSchedule(context.Background(), Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC"}, time.Now())
	if err != nil {
		return err
	}
	if _, err := db.ClaimTick(context.Background(), s.ID, s.Watermark.Add(time.Second), TickClaimed, "due"); err != nil {
		return err
	}
	fmt.Println(run)
	bufio.NewReader(os.Stdin).ReadString('\n') // until it is killed
	return nil
}

// A run whose process was killed is interrupted by the next process that opens
// the database, and not before.
func TestReapAfterKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "LINEAGE_TEST_RUN="+path)
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	run := strings.TrimSpace(line)
	if err != nil || run == "" {
		t.Fatalf("the child says %q, %v", line, err)
	}

	status := func() (Status, []Execution, []Tick) {
		t.Helper()
		db, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		r, err := db.Run(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		list, err := db.Executions(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		ticks, err := db.OpenTicks(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return r.Status, list, ticks
	}
	if s, list, ticks := status(); s != Running || list[0].Status != Running || len(ticks) != 1 || ticks[0].OwnerGone {
		t.Fatalf("while the child lives: run %s, stages %v, ticks %+v", s, list, ticks)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()

	// Who only reads sees it at once, and writes nothing.
	reader, err := OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for range 2 {
		r, err := reader.Run(t.Context(), run)
		if err != nil || r.Status != Interrupted || r.Finished.Before(r.Started) || !strings.Contains(r.Error, "ended without finishing") || r.Counts[Interrupted] != 1 {
			t.Errorf("a reader sees %+v, %v", r, err)
		}
		for status, want := range map[Status]int{"": 1, Running: 0, Interrupted: 1, Failed: 0} {
			if runs, err := reader.Runs(t.Context(), RunFilter{Status: status}); err != nil || len(runs) != want {
				t.Errorf("a reader sees %d runs with status %q, want %d, %v", len(runs), status, want, err)
			}
		}
		list, err := reader.Executions(t.Context(), run)
		if err != nil || len(list) != 1 || list[0].Status != Interrupted || list[0].Finished.IsZero() {
			t.Errorf("a reader sees the stages %+v, %v", list, err)
		}
	}

	s, list, ticks := status()
	if s != Interrupted || list[0].Status != Interrupted || list[0].Finished.IsZero() {
		t.Errorf("after the child was killed: run %s, stages %+v", s, list)
	}
	if len(ticks) != 1 || !ticks[0].OwnerGone {
		t.Errorf("after the child was killed: ticks %+v", ticks)
	}

	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	events, err := db.Events(t.Context(), run)
	if err != nil || len(events) != 4 || events[2].State != Interrupted || events[2].Stage != "s" ||
		!strings.Contains(events[3].Message, "ended without finishing") {
		t.Errorf("events %+v, %v", events, err)
	}
	if taken, err := db.TakeOverTick(t.Context(), ticks[0].ID); !taken || err != nil {
		t.Errorf("TakeOverTick: %v, %v", taken, err)
	}
	if taken, err := db.TakeOverTick(t.Context(), ticks[0].ID); taken || err != nil {
		t.Errorf("taking it over again: %v, %v", taken, err)
	}
}

func TestOwnerGone(t *testing.T) {
	self, err := currentOwner()
	if err != nil {
		t.Fatal(err)
	}
	if self.bootID == "" || self.pidStart == 0 {
		t.Skip("this system does not tell one process from a later one")
	}
	now := time.Now()
	fresh, stale := now.Add(-time.Second), now.Add(-2*heartbeatLimit)
	other := func(change func(*owner)) owner {
		o := self
		change(&o)
		return o
	}
	tests := []struct {
		name  string
		owner owner
		beat  time.Time
		want  bool
	}{
		{"this process", self, stale, false},
		{"its number was used again", other(func(o *owner) { o.pidStart-- }), fresh, true},
		{"no such process", other(func(o *owner) { o.pid = 1 << 30 }), fresh, true},
		{"start time not known", other(func(o *owner) { o.pidStart = 0 }), stale, false},
		{"before the last boot", other(func(o *owner) { o.bootID = "other" }), fresh, true},
		{"another machine, alive", other(func(o *owner) { o.bootID, o.hostname = "other", "other" }), fresh, false},
		{"another machine, silent", other(func(o *owner) { o.bootID, o.hostname = "other", "other" }), stale, true},
		{"another container, alive", other(func(o *owner) { o.namespace = "other" }), fresh, false},
		{"another container, silent", other(func(o *owner) { o.namespace = "other" }), stale, true},
	}
	for _, test := range tests {
		if got := self.gone(test.owner, test.beat, now); got != test.want {
			t.Errorf("%s: gone is %v, want %v", test.name, got, test.want)
		}
	}
	blind := owner{hostname: "somewhere"} // a system without /proc
	if blind.gone(self, fresh, now) || !blind.gone(self, stale, now) {
		t.Error("without a look at processes the heartbeat must decide")
	}
}

// A process in another container that was stopped for minutes holds its claim,
// which tells that it is alive.
func TestClaimShowsThatAnOwnerLives(t *testing.T) {
	dir := t.TempDir()
	open := func() *DB {
		store, err := artifacts.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		db, err := OpenWith(filepath.Join(dir, "lineage.db"), Options{Claims: store})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	there := open()
	there.self.namespace, there.self.pid = "pid:[another container]", 1
	there.now = func() time.Time { return time.Now().Add(-time.Hour) }
	run, err := there.BeginRun(t.Context(), Run{Pipeline: "p", Trigger: "manual"})
	if err != nil {
		t.Fatal(err)
	}
	status := func() Status {
		t.Helper()
		r, err := open().Run(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		return r.Status
	}
	if got := status(); got != Running {
		t.Errorf("while it is stopped its run is %s", got)
	}
	there.Close()
	if got := status(); got != Interrupted {
		t.Errorf("after its end its run is %s", got)
	}
}

// A zombie is dead, although its number is still taken.
func TestZombieIsGone(t *testing.T) {
	child := exec.Command(os.Args[0], "-test.run=^$")
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait()
	start, ok := processStart(child.Process.Pid)
	if start == 0 {
		t.Skip("processes cannot be looked at here")
	}
	if !ok {
		t.Skip("it ended too soon")
	}
	io.Copy(io.Discard, stdout) // until it has closed its output
	for begun := time.Now(); time.Since(begun) < 5*time.Second; runtime.Gosched() {
		if _, alive := processStart(child.Process.Pid); !alive {
			return
		}
	}
	t.Error("it ended and was not waited for, and counts as alive")
}
