package settings_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pipe/base/diag"
	"pipe/pipeline/settings"
)

var update = flag.Bool("update", false, "rewrite the files in testdata from what the code does")

// TestDecode decodes each testdata/config/NAME.yaml as a network and compares
// all that is known of the result, or the printed problems, with NAME.txt.
func TestDecode(t *testing.T) {
	files, err := filepath.Glob("testdata/config/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compareFixture(t, strings.TrimSuffix(file, ".yaml")+".txt", outcome(t, name+".yaml", source))
		})
	}
}

// outcome is what decoding gives, as text.
func outcome(t *testing.T, name string, source []byte) []byte {
	t.Helper()
	var n network
	var b bytes.Buffer
	if err := settings.DecodeFile(name, source, &n); err != nil {
		var list diag.List
		if !errors.As(err, &list) {
			t.Fatalf("got a %T, want a diag.List", err)
		}
		list.Render(&b, false)
		return b.Bytes()
	}
	fmt.Fprintf(&b, "canonical: %s\n", settings.Canonical(&n))
	fmt.Fprintf(&b, "settings: %s\n", settings.JSON(&n))
	for _, f := range settings.Files(&n) {
		fmt.Fprintf(&b, "file: %s = %s\n", f.Name, f.Path)
	}
	return b.Bytes()
}

func compareFixture(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}
