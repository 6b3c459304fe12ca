package lineage_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/lineage"
	"pipe/lineage/lineagetest"
	"pipe/lineage/walk"
)

func TestMigrationsAreNumbered(t *testing.T) {
	files, err := lineage.Migrations.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		if want := fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(f.Name(), want) {
			t.Errorf("%s does not begin with %s", f.Name(), want)
		}
	}
	if len(files) != lineage.SchemaVersion {
		t.Errorf("%d migrations, lineage.SchemaVersion is %d", len(files), lineage.SchemaVersion)
	}
}

func TestPragmas(t *testing.T) {
	db, _ := lineagetest.New(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "60000"} {
		for range 2 { // also after a relaxed transaction
			var got string
			if err := db.Writer().QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %s, %v, want %s", pragma, got, err, want)
			}
			if err := db.Update(t.Context(), lineage.Relaxed, "test", func(*lineage.Tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
	}
	var tables int
	if err := db.Writer().QueryRow("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'").Scan(&tables); err != nil || tables != 0 {
		t.Errorf("%d tables are not STRICT, %v", tables, err)
	}
}

func TestForeignKeysHold(t *testing.T) {
	db, c := lineagetest.New(t)
	lineagetest.TwoRuns(t, db, c)
	rows, err := db.Writer().Query("PRAGMA foreign_key_check")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if rows.Next() {
		t.Error("a row points nowhere")
	}
	if _, err := db.Writer().Exec("DELETE FROM executions WHERE id = 1"); err == nil {
		t.Error("an execution that others refer to was deleted")
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := []struct {
		name, query string // what was done to a database before
		fresh       bool   // to a new file, not to ours
		want, hint  string
	}{
		{"newer version", "PRAGMA user_version = 99", false, "written by a newer pipe (schema version 99", "use the newer pipe"},
		{"database of another program", "CREATE TABLE cookies (id)", true, "database of another program", "another path"},
		{"another application", "PRAGMA application_id = 7; CREATE TABLE x (id)", true, "database of another program", "another path"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lineage.db")
			if !test.fresh {
				if db, err := lineage.Open(path); err != nil || db.Close() != nil {
					t.Fatal(err)
				}
			}
			lineagetest.Change(t, path, test.query)
			for name, open := range map[string]func(string) (*lineage.DB, error){"Open": lineage.Open, "OpenReadOnly": lineage.OpenReadOnly} {
				_, err := open(path)
				var hint interface{ Hint() string }
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
					t.Errorf("%s: error is %v", name, err)
				} else if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), test.hint) {
					t.Errorf("%s: no hint in %v", name, err)
				}
			}
		})
	}
}

// Who reads while another process makes the database waits for it.
func TestOpenReadOnlyWhileItIsMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	made := make(chan error)
	go func() {
		db, err := lineage.Open(path)
		if err == nil {
			err = db.Close()
		}
		made <- err
	}()
	db, err := lineage.OpenReadOnly(path)
	if err != nil {
		t.Error(err)
	} else {
		db.Close()
	}
	if err := <-made; err != nil {
		t.Error(err)
	}
}

func TestOpenReadOnlyDoesNotMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := lineage.OpenReadOnly(path); err == nil || !strings.Contains(err.Error(), "there is nothing in the lineage database") {
		t.Errorf("error is %v", err)
	}
	db, err := lineage.Open(path) // what a crash right after the creation leaves
	if err != nil {
		t.Fatal(err)
	}
	db.Close()
}

// exercise calls everything that reads and writes, and returns the errors.
func exercise(t *testing.T, db *lineage.DB) error {
	ctx := t.Context()
	var errs []error
	note := func(err error) { errs = append(errs, err) }
	runs, err := db.Runs(ctx, lineage.RunFilter{})
	note(err)
	for _, r := range runs {
		_, err := db.Executions(ctx, r.ID)
		note(err)
		_, err = walk.Upstream(ctx, db, lineage.Ref{RunID: r.ID})
		note(err)
	}
	_, err = db.Lookup(ctx, lineagetest.Key("score"))
	note(err)
	_, err = walk.Downstream(ctx, db, lineage.Ref{Artifact: lineagetest.ID("csv")})
	note(err)
	_, err = db.Query(ctx, "SELECT * FROM runs_view, executions_view", 10)
	note(err)
	run, err := db.BeginRun(ctx, lineage.Run{Pipeline: "penguins"})
	note(err)
	note(db.RecordAll(ctx, lineagetest.Penguins(run)))
	note(db.FinishRun(ctx, run, lineage.Succeeded, ""))
	return errors.Join(errs...)
}

// A database that was cut or overwritten gives errors with a hint, and never
// a panic, whatever is called.
func TestDamagedDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	c := lineagetest.NewClock()
	db, err := lineage.OpenWith(path, lineage.Options{Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	lineagetest.TwoRuns(t, db, c)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damages := map[string][]byte{"not a database": []byte(strings.Repeat("hello ", 1000))}
	for _, n := range []int{1, 50, 99, 100, 1000, 4096, 5000, len(sound) / 2, len(sound) - 4096, len(sound) - 1} {
		damages[fmt.Sprintf("cut at %d of %d", n, len(sound))] = sound[:n]
	}
	for at := 0; at < len(sound); at += 3 * 4096 {
		b := append([]byte(nil), sound...)
		copy(b[at:], strings.Repeat("\xff", 2000))
		damages[fmt.Sprintf("overwritten at %d", at)] = b
	}
	found := 0
	for name, bytes := range damages {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lineage.db")
			if err := os.WriteFile(path, bytes, 0o666); err != nil {
				t.Fatal(err)
			}
			db, err := lineage.Open(path)
			if err == nil {
				err = exercise(t, db)
				db.Close()
			}
			if err == nil {
				return // the damage is in a page that nobody looked at
			}
			found++
			var e *lineage.Error
			if !errors.As(err, &e) || e.Path != path || !strings.Contains(err.Error(), path) {
				t.Errorf("error is %v", err)
			} else if e.Hint() == "" {
				t.Errorf("no hint in %v", err)
			}
		})
	}
	if found < len(damages)/2 {
		t.Errorf("only %d of %d damages were found", found, len(damages))
	}
}

// Many processes may create the database at the same moment.
func TestConcurrentFirstOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			db, err := lineage.Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := db.BeginRun(t.Context(), lineage.Run{Pipeline: "p"}); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	db, err := lineage.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if runs, err := db.Runs(t.Context(), lineage.RunFilter{}); len(runs) != 8 || err != nil {
		t.Errorf("%d runs, %v", len(runs), err)
	}
}

// Two handles stand for two processes: SQLite locks between connections.
func TestManyWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	c := lineagetest.NewClock()
	dbs := []*lineage.DB{lineagetest.Open(t, path, c), lineagetest.Open(t, path, c)}
	const writers, each = 16, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			db := dbs[w%2]
			run, err := db.BeginRun(t.Context(), lineage.Run{Pipeline: fmt.Sprint("p", w)})
			if err != nil {
				t.Error(err)
				return
			}
			for i := range each {
				e := lineage.Execution{RunID: run, Stage: fmt.Sprint(i), Kind: "k", Status: lineage.Succeeded, Key: lineagetest.Key(fmt.Sprint(w, i)),
					Outputs: []lineage.Output{{Port: "o", Type: "table", ID: lineagetest.ID(fmt.Sprint(i)), Size: 1}}} // shared by all writers
				if err := db.Record(t.Context(), e); err != nil {
					t.Error(err)
				}
				if err := db.Heartbeat(t.Context(), run); err != nil {
					t.Error(err)
				}
				if hit, err := dbs[(w+1)%2].Lookup(t.Context(), e.Key); hit == nil || err != nil {
					t.Errorf("the other handle does not see what was recorded: %v", err)
				}
			}
			if err := db.FinishRun(t.Context(), run, lineage.Succeeded, ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	rows, err := dbs[0].Query(t.Context(), "SELECT count(*), (SELECT count(*) FROM artifacts), (SELECT count(*) FROM runs WHERE status = 'succeeded') FROM executions", 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]any{{int64(writers * each), int64(each), int64(writers)}}, rows.Rows); diff != "" {
		t.Error(diff)
	}
}
