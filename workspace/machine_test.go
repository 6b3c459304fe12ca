package workspace

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pipe/base/nvidia"
)

// GPUs are found; what is said of them is believed, and what the environment
// hides is not used.
func TestGPUs(t *testing.T) {
	root := t.TempDir()
	driver := filepath.Join(root, "proc/driver/nvidia")
	for i := range 2 {
		dir := filepath.Join(driver, "gpus", fmt.Sprintf("0000:0%d:00.0", i))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "information"), []byte("Model: NVIDIA H200\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(driver, "version"), []byte("NVRM version: 580.1"), 0o600); err != nil {
		t.Fatal(err)
	}
	found, none := root, t.TempDir()
	for _, tt := range []struct {
		root         string
		visible      []string
		config, flag int
		want         string
	}{
		{found, nil, -1, -1, "0 1"},
		{found, nil, 1, -1, "0"},
		{found, nil, 1, 2, "0 1"},
		{found, nil, 0, -1, ""},
		{found, nil, -1, 0, ""},
		{found, nil, 3, -1, "0 1 2"},
		{found, []string{"1"}, -1, -1, "1"},
		{found, []string{"1"}, 2, -1, "1"},
		{found, []string{}, -1, 2, ""},
		{none, nil, -1, -1, ""},
		{none, nil, 2, -1, "0 1"},
		{none, []string{"3", "GPU-a", "5"}, 2, -1, "3 GPU-a"},
		{none, []string{"3"}, -1, -1, ""},
	} {
		h := NewHost(nil)
		h.NVIDIA, h.GPUs = nvidia.System{Root: tt.root, Visible: tt.visible}, tt.flag
		if got := strings.Join(h.gpus(MachineConfig{GPU: tt.config}), " "); got != tt.want {
			t.Errorf("visible %q, config %d, flag %d: %q, not %q", tt.visible, tt.config, tt.flag, got, tt.want)
		}
	}
}
