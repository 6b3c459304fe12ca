package xla

import (
	"os"
	"path/filepath"
	"testing"

	"pipe/nn/xla/xlatest"
)

func TestProbe(t *testing.T) {
	told := 0
	r, err := Probe(xlatest.Plugin(t), func(Step) { told++ })
	if err != nil || told != 4 || len(r.Steps) != 4 || len(r.Devices) == 0 || r.API == "" || len(r.Attributes) == 0 {
		t.Errorf("%+v, %v, told %d times", r, err, told)
	}
}

// What cannot be loaded is an error, with what is known.
func TestProbeRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.so")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Probe(path, func(s Step) { t.Errorf("%s went well", s.Name) })
	if err == nil || len(r.Steps) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
