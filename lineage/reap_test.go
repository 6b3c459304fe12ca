package lineage_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/lineagetest"
	"pipe/lineage/ticks"
)

// beginAndWait is a pipe process that begins a run and then hangs.
func beginAndWait(path string) error {
	db, err := lineage.Open(path)
	if err != nil {
		return err
	}
	run, err := db.BeginRun(context.Background(), lineage.Run{Pipeline: "p", Trigger: "manual"})
	if err != nil {
		return err
	}
	if err := db.Record(context.Background(), lineage.Execution{RunID: run, Stage: "s", Kind: "k", Status: lineage.Running}); err != nil {
		return err
	}
	s, err := ticks.Ensure(context.Background(), db, ticks.Schedule{Pipeline: "p", File: "p.yaml", Cron: "@daily", Timezone: "UTC"}, time.Now())
	if err != nil {
		return err
	}
	if _, err := ticks.Claim(context.Background(), db, s.ID, s.Watermark.Add(time.Second), ticks.Claimed, "due"); err != nil {
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

	status := func() (lineage.Status, []lineage.Execution, []ticks.Tick) {
		t.Helper()
		db, err := lineage.Open(path)
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
		open, err := ticks.Open(t.Context(), db, 1)
		if err != nil {
			t.Fatal(err)
		}
		return r.Status, list, open
	}
	if s, list, open := status(); s != lineage.Running || list[0].Status != lineage.Running || len(open) != 1 || open[0].OwnerGone {
		t.Fatalf("while the child lives: run %s, stages %v, ticks %+v", s, list, open)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	child.Wait()

	// Who only reads sees it at once, and writes nothing.
	reader, err := lineage.OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for range 2 {
		r, err := reader.Run(t.Context(), run)
		if err != nil || r.Status != lineage.Interrupted || r.Finished.Before(r.Started) || !strings.Contains(r.Error, "ended without finishing") || r.Counts[lineage.Interrupted] != 1 {
			t.Errorf("a reader sees %+v, %v", r, err)
		}
		for status, want := range map[lineage.Status]int{"": 1, lineage.Running: 0, lineage.Interrupted: 1, lineage.Failed: 0} {
			if runs, err := reader.Runs(t.Context(), lineage.RunFilter{Status: status}); err != nil || len(runs) != want {
				t.Errorf("a reader sees %d runs with status %q, want %d, %v", len(runs), status, want, err)
			}
		}
		list, err := reader.Executions(t.Context(), run)
		if err != nil || len(list) != 1 || list[0].Status != lineage.Interrupted || list[0].Finished.IsZero() {
			t.Errorf("a reader sees the stages %+v, %v", list, err)
		}
	}

	s, list, open := status()
	if s != lineage.Interrupted || list[0].Status != lineage.Interrupted || list[0].Finished.IsZero() {
		t.Errorf("after the child was killed: run %s, stages %+v", s, list)
	}
	if len(open) != 1 || !open[0].OwnerGone {
		t.Errorf("after the child was killed: ticks %+v", open)
	}

	db, err := lineage.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	events := lineagetest.Events(t, db, run)
	if len(events) != 4 || events[2].State != lineage.Interrupted || events[2].Stage != "s" ||
		!strings.Contains(events[3].Message, "ended without finishing") {
		t.Errorf("events %+v", events)
	}
	if taken, err := ticks.TakeOver(t.Context(), db, open[0].ID); !taken || err != nil {
		t.Errorf("TakeOver: %v, %v", taken, err)
	}
	if taken, err := ticks.TakeOver(t.Context(), db, open[0].ID); taken || err != nil {
		t.Errorf("taking it over again: %v, %v", taken, err)
	}
}

// A process in another container that was stopped for minutes holds its claim,
// which tells that it is alive.
func TestClaimShowsThatAnOwnerLives(t *testing.T) {
	dir := t.TempDir()
	open := func() *lineage.DB {
		store, err := artifacts.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		db, err := lineage.OpenWith(filepath.Join(dir, "lineage.db"), lineage.Options{Claims: store})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
	there := open()
	there.Elsewhere("pid:[another container]", 1, func() time.Time { return time.Now().Add(-time.Hour) })
	run, err := there.BeginRun(t.Context(), lineage.Run{Pipeline: "p", Trigger: "manual"})
	if err != nil {
		t.Fatal(err)
	}
	status := func() lineage.Status {
		t.Helper()
		r, err := open().Run(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		return r.Status
	}
	if got := status(); got != lineage.Running {
		t.Errorf("while it is stopped its run is %s", got)
	}
	there.Close()
	if got := status(); got != lineage.Interrupted {
		t.Errorf("after its end its run is %s", got)
	}
}
