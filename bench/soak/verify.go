package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3"

	"pipe/artifacts"
)

// verify looks at the store with means that are not pipe's own, as far as
// there are any, and returns what it counted.
func (s *soak) verify() (facts []string, err error) {
	dir := filepath.Join(s.dir, ".pipe")
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "lineage.db")+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	checks := []struct {
		what, query, want string
	}{
		{"integrity_check", "PRAGMA integrity_check", "ok"},
		{"broken references", "SELECT count(*) FROM pragma_foreign_key_check", "0"},
		{"runs left running", "SELECT count(*) FROM runs WHERE status = 'running'", "0"},
		{"runs that did not succeed", "SELECT count(*) FROM runs WHERE status <> 'succeeded'", "0"},
		{"keys executed more than once", "SELECT count(*) FROM (SELECT key FROM executions WHERE status = 'succeeded' GROUP BY key HAVING count(*) > 1)", "0"},
		{"runs", "SELECT count(*) FROM runs", ""},
		{"stages executed", "SELECT count(*) FROM executions WHERE status = 'succeeded'", ""},
		{"stages cached", "SELECT count(*) FROM executions WHERE status = 'cached'", ""},
	}
	var errs []error
	for _, c := range checks {
		var got string
		if err := db.QueryRow(c.query).Scan(&got); err != nil {
			return facts, fmt.Errorf("%s: %w", c.what, err)
		}
		facts = append(facts, fmt.Sprintf("  %-28s %s", c.what, got))
		if c.want != "" && got != c.want {
			errs = append(errs, fmt.Errorf("%s: %s, want %s", c.what, got, c.want))
		}
	}
	store, err := artifacts.Open(dir)
	if err != nil {
		return facts, err
	}
	n := 0
	for info, err := range store.All() {
		if err == nil {
			err = store.Check(context.Background(), info.ID)
		}
		errs = append(errs, err)
		n++
	}
	return append(facts, fmt.Sprintf("  %-28s %d", "artifacts that verify", n)), errors.Join(errs...)
}
