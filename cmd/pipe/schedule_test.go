package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Files that are wrong are reported together, with what is right in none.
func TestScheduleOfWrongFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.yaml": "pipeline: a\n", "b.yml": "pipeline: b\nstages: {x: {uses: nothing}}\n", "note.txt": "no pipeline"} {
		if err := writeFile(filepath.Join(dir, name), text); err != nil {
			t.Fatal(err)
		}
	}
	code, _, stderr := run(t, "schedule", dir, "--list")
	if code != exitUsage || !strings.Contains(stderr, "a.yaml:1:") || !strings.Contains(stderr, "b.yml:2:") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
}
