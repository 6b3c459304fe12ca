package lineage_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"pipe/artifacts"
	"pipe/lineage"
	"pipe/lineage/lineagetest"
)

const perRun = 50

// recordForEver is a pipe process that records runs of perRun stages each.
func recordForEver(path string) error {
	ctx := context.Background()
	db, err := lineage.Open(path)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		run, err := db.BeginRun(ctx, lineage.Run{Pipeline: "p"})
		if err != nil {
			return err
		}
		var list []lineage.Execution
		for i := range perRun {
			list = append(list, lineage.Execution{RunID: run, Stage: fmt.Sprint("s", i), Kind: "k", Status: lineage.Succeeded, Key: lineagetest.Key(fmt.Sprint(run, i)),
				Outputs: []lineage.Output{{Port: "o", Type: "table", ID: lineagetest.ID(fmt.Sprint(run, i)), Size: 1}}, Metrics: []lineage.Metric{{Name: "m", Value: 1}}})
		}
		if err := db.RecordAll(ctx, list); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// Whenever a process is killed, each of its transactions is there as a whole
// or not at all, and what it was told is recorded is there.
func TestKillWhileRecording(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	for round := range 3 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "LINEAGE_TEST_RECORD="+path)
		child.Stderr = os.Stderr
		stdout, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		done := 0
		lines := bufio.NewScanner(stdout)
		for done < 3+round && lines.Scan() {
			done++
		}
		child.Process.Kill()
		for lines.Scan() {
			done++ // was on its way
		}
		child.Wait()

		db, err := lineage.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query(t.Context(), fmt.Sprintf(`SELECT
			(SELECT count(*) FROM runs WHERE status <> 'interrupted'),
			(SELECT count(*) FROM (SELECT run_id FROM executions GROUP BY run_id HAVING count(*) = %[1]d)) >= %[2]d,
			(SELECT count(*) FROM (SELECT run_id FROM executions GROUP BY run_id HAVING count(*) <> %[1]d)),
			(SELECT count(*) FROM executions) - (SELECT count(*) FROM metrics)`, perRun, done), 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []int64{0, 1, 0, 0} {
			if got := rows.Rows[0][i]; got != want {
				t.Errorf("round %d: %d runs were told recorded; value %d of the check is %v, want %v", round, done, i, got, want)
			}
		}
		var check string
		if err := db.Writer().QueryRow("PRAGMA integrity_check").Scan(&check); err != nil || check != "ok" {
			t.Errorf("integrity: %s, %v", check, err)
		}
		if _, err := db.Writer().Exec("DELETE FROM metrics; DELETE FROM execution_outputs; DELETE FROM events; DELETE FROM executions; DELETE FROM runs"); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Bytes come first and the rows that point at them second: a crash in between
// leaves an artifact that nothing refers to, which a sweep removes.
func TestCrashBetweenBytesAndRows(t *testing.T) {
	dir := t.TempDir()
	db := lineagetest.Open(t, filepath.Join(dir, "lineage.db"), lineagetest.NewClock())
	store, err := artifacts.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	put := func(content string) artifacts.ID {
		t.Helper()
		w, err := store.Create()
		if err != nil {
			t.Fatal(err)
		}
		defer w.Discard()
		fmt.Fprint(w, content)
		id, _, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-2 * artifacts.Grace)
		name := id.String()
		if err := os.Chtimes(filepath.Join(dir, "objects", name[:2], name[2:]), old, old); err != nil {
			t.Fatal(err)
		}
		return id
	}
	run := lineagetest.Begin(t, db, "p")
	recorded := put("recorded")
	lineagetest.Record(t, db, lineage.Execution{RunID: run, Stage: "a", Kind: "k", Status: lineage.Succeeded, Outputs: []lineage.Output{{Port: "o", Type: "table", ID: recorded, Size: 8}}})
	lost := put("committed, and then the process died")

	live, err := db.Referenced(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	swept, err := store.Sweep(t.Context(), func(id artifacts.ID) bool { return live[id] })
	if err != nil || swept.Objects != 1 {
		t.Errorf("swept %+v, %v", swept, err)
	}
	if _, err := store.Stat(lost); err == nil {
		t.Error("the lost artifact is still there")
	}
	if err := store.Check(t.Context(), recorded); err != nil {
		t.Error(err)
	}
}
