package lineage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipe/lineage"
)

// A process that died while it made the database leaves a journal. Reading
// must not fail because of it: the journal is rolled back first.
func TestReadOnlyAfterDeathInFirstOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.db")
	for suffix, file := range map[string]string{"": "made.db", "-journal": "made.db-journal"} {
		text, err := os.ReadFile(filepath.Join("testdata", "killed", file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+suffix, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := lineage.OpenReadOnly(path); err == nil || !strings.Contains(err.Error(), "there is nothing in the lineage database") {
		t.Errorf("OpenReadOnly: %v", err)
	}
	db, err := lineage.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := db.Check(t.Context()); err != nil || len(problems) > 0 {
		t.Errorf("Check: %v, %v", problems, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
