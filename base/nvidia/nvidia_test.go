package nvidia

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lay writes the files of a made-up machine, and gives its root.
func lay(t *testing.T, files map[string]string) string {
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const proc = "proc/driver/nvidia/"

func information(model, uuid string, minor int) string {
	return fmt.Sprintf("Model: \t\t %s\nIRQ:   \t\t 32\nGPU UUID: \t %s\nBus Location: \t 0000:00:05.0\nDevice Minor: \t %d\nGPU Excluded:\t No\n", model, uuid, minor)
}

func TestVersionOfDriver(t *testing.T) {
	for text, want := range map[string]string{
		"NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.161.08  Sat Feb 24 22:16:42 UTC 2024\nGCC version:  gcc version 12.2.0": "535.161.08",
		"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build  (dvs-builder@U22)\n":                    "580.159.04",
		"NVRM version: NVIDIA UNIX x86_64 Kernel Module  575.57":                                                                     "575.57",
		"no number\n1.2.3": "",
		"":                 "",
	} {
		root := lay(t, map[string]string{proc + "version": text})
		if d := (System{Root: root}).Driver(); !d.Loaded || d.Version != want {
			t.Errorf("%q gave %+v", text, d)
		}
	}
	if d := (System{Root: t.TempDir()}).Driver(); d.Loaded || d.Major() != 0 {
		t.Errorf("without a driver: %+v", d)
	}
	if d := (Driver{Version: "580.159.04"}); d.Major() != 580 {
		t.Errorf("major version %d", d.Major())
	}
}

// What CUDA_VISIBLE_DEVICES leaves is named as it names it, so that all processes
// call a GPU the same.
func TestVisible(t *testing.T) {
	alike := map[string]string{
		proc + "version":                           "NVRM version: Module 580.1",
		proc + "gpus/0000:00:05.0/information":     information("NVIDIA H200", "GPU-aa11", 0),
		proc + "gpus/0000:01:05.0/information":     information("NVIDIA H200", "GPU-ab22", 1),
		proc + "gpus/10000:00:05.0/information":    information("NVIDIA H200", "GPU-cc33", 2),
		proc + "gpus/10000:00:06.0/information":    "GPU Excluded: Yes\nModel: x\n",
		proc + "gpus/10000:00:07.0/information":    "nothing",
		proc + "gpus/10000:00:08.0/no-information": "",
	}
	mixed := map[string]string{
		proc + "version":                       "NVRM version: Module 580.1",
		proc + "gpus/0000:00:05.0/information": information("NVIDIA H200", "GPU-aa11", 0),
		proc + "gpus/0000:01:05.0/information": information("Tesla T4", "GPU-????????-????", 1),
	}
	given := map[string]string{"dev/nvidia1": "", "dev/nvidiactl": ""}
	for name, text := range alike {
		given[name] = text
	}
	const unset = "-"
	for _, tt := range []struct {
		machine        map[string]string
		visible, order string
		want           string
	}{
		{alike, unset, "", "0 1 2"},
		{alike, "", "", "hidden 3"},
		{alike, "-1", "", "hidden 3"},
		{alike, "2,0", "", "2 0 hidden 1"},
		{alike, " 2 , GPU-aa ", "", "2 0 hidden 1"},
		{alike, "1,7,0", "", "1 hidden 2"},    // CUDA stops at what it does not know
		{alike, "1,GPU-ab22", "", "hidden 3"}, // twice
		{alike, "GPU-a", "", "hidden 3"},      // could be two
		{alike, "NoDevFiles", "", "hidden 3"}, // as some schedulers write it
		{alike, "MIG-x1", "", "MIG-x1=NVIDIA H200 MIG-x1 hidden 2"},
		{given, unset, "", "0"}, // of a container
		{mixed, unset, "", "0 1 ambiguous"},
		{mixed, unset, "PCI_BUS_ID", "0 1"},
		{mixed, "1", "", "1 hidden 1 ambiguous"},
		{mixed, "GPU-aa", "", "GPU-aa hidden 1"},
		{mixed, "GPU-bb", "", "GPU-bb= hidden 1"}, // the driver does not tell all names
	} {
		s := NewSystem(func(name string) (string, bool) {
			switch name {
			case "CUDA_VISIBLE_DEVICES":
				return tt.visible, tt.visible != unset
			case "CUDA_DEVICE_ORDER":
				return tt.order, tt.order != ""
			}
			return "", false
		})
		s.Root = lay(t, tt.machine)
		d := s.Driver()
		var got []string
		for i, g := range d.GPUs {
			if g.Index != i {
				t.Errorf("%q: %+v has the place %d", tt.visible, g, i)
			}
			if g.Minor < 0 {
				g.Name += "=" + g.Model
			}
			got = append(got, g.Name)
		}
		if d.Hidden > 0 {
			got = append(got, fmt.Sprintf("hidden %d", d.Hidden))
		}
		if d.Ambiguous {
			got = append(got, "ambiguous")
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%q: %s, not %s", tt.visible, s, tt.want)
		}
	}
}

// What a driver tells is text from outside.
func TestHostileDriver(t *testing.T) {
	root := lay(t, map[string]string{
		proc + "version":            "NVRM version: Module 580.1",
		proc + "gpus/0/information": "Model: \x1b[31mred\u202e  one\nDevice Minor: -7\nGPU UUID: GPU-?\n",
		proc + "gpus/1/information": "Model: " + strings.Repeat("long ", 1000) + "\n",
		proc + "gpus/2/information": "Model: a\n" + strings.Repeat("x", maxFile),
	})
	d := (System{Root: root}).Driver()
	var models []string
	for _, g := range d.GPUs {
		models = append(models, g.Model)
		if g.Minor >= 0 || g.UUID != "" {
			t.Errorf("accepted: %+v", g)
		}
	}
	if !slices.Equal(models, []string{"[31mred one", strings.Repeat("long ", 25) + "lon"}) {
		t.Errorf("models %q", models)
	}
}
