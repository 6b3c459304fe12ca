package pjrt_test

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pipe/nn/xla/pjrt"
)

// broken compiles a plugin that does as the variable PLUGIN says.
func broken(t *testing.T) string {
	t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	path := filepath.Join(t.TempDir(), "plugin.so")
	if out, err := exec.Command(compiler, "-shared", "-fPIC", "-o", path, "testdata/plugin.c").CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return path
}

// A plugin that does not fit, or that does not do what it has to, is an error.
func TestBrokenPlugin(t *testing.T) {
	path := broken(t)
	for what, want := range map[string]string{
		"empty":   "its GetPjrtApi gives nothing",
		"cut off": "its table of functions is cut off",
		"major":   "it speaks version 1.100 of the PJRT API; one from 0.81 on, below 1.0, is needed",
		"minor":   "it speaks version 0.40 of the PJRT API; one from 0.81 on, below 1.0, is needed",
		"old":     "it has no function EXECUTABLE_MEMORY of the PJRT API",
		"lacks":   "it has no function COMPILE of the PJRT API",
		"ill":     "initialize it: the driver is from 1999",
	} {
		t.Setenv("PLUGIN", what)
		if p, err := pjrt.Load(path); err == nil || err.Error() != "open the plugin "+path+": "+want || p != nil {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	for what, want := range map[string]struct {
		text string
		code pjrt.Code
	}{
		"full":    {"out of memory", pjrt.ResourceExhausted},
		"silent":  {"", 13},
		"without": {"has no device", 0}, // and nothing else
	} {
		t.Setenv("PLUGIN", what)
		c, err := must[*pjrt.Plugin](t)(pjrt.Load(path)).NewClient(nil)
		var e *pjrt.Error
		if c != nil || err == nil || !strings.HasSuffix(err.Error(), want.text) {
			t.Errorf("%s: %v, want %q", what, err, want.text)
		} else if errors.As(err, &e) != (want.code != 0) || e != nil && e.Code != want.code {
			t.Errorf("%s: %#v, want code %d", what, e, want.code)
		} else if full := e != nil && e.Hint() != ""; full != (want.code == pjrt.ResourceExhausted) {
			t.Errorf("%s: hint %q", what, e.Hint())
		}
	}
}

// What a plugin says of itself may have more fields than were known, or be less than
// it promises.
func TestAttributes(t *testing.T) {
	path := broken(t)
	for what, want := range map[string]map[string]any{
		"newer": {"a": int64(0), "b": "", "c": int64(2)},
		"mute":  {},
	} {
		t.Setenv("PLUGIN", what)
		p := must[*pjrt.Plugin](t)(pjrt.Load(path))
		if got := must[map[string]any](t)(p.Attributes()); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
}

// Options arrive in the order of their names, whatever type they have.
func TestOptionsArrive(t *testing.T) {
	path := broken(t)
	t.Setenv("PLUGIN", "echo")
	_, err := must[*pjrt.Plugin](t)(pjrt.Load(path)).NewClient(map[string]any{
		"text": "a b", "number": -3, "list": []int64{4, 5}, "none": []int64{}, "fraction": 0.25, "yes": true, "no": false,
	})
	want := "start the plugin " + path + ": fraction=0.25 list=4 5 no=no none=number=-3 text=a b yes=yes "
	if err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

// A network is compiled for a device that is not there, and told from one that can run.
func TestCompileFor(t *testing.T) {
	path := broken(t)
	p := must[*pjrt.Plugin](t)(pjrt.Load(path))
	compile := func() (*pjrt.Executable, error) {
		return p.CompileFor("cuda", map[string]any{"target_config": "H100"}, []byte("module {}"), pjrt.CompileOptions{})
	}
	x := must[*pjrt.Executable](t)(compile())
	if s := must[pjrt.Size](t)(x.Size()); s != (pjrt.Size{Arguments: 2, Outputs: 3, Alias: 4, Temp: 5, Code: 1, Peak: 6}) || s.Total() != 7 || x.Outputs() != 3 {
		t.Errorf("%+v, %d results", s, x.Outputs())
	}
	if _, err := x.Run(nil, 1); err == nil || !strings.Contains(err.Error(), "a device that is not there") {
		t.Errorf("it runs: %v", err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	for what, want := range map[string]string{
		"nowhere": "describe the device: target_config=H100 ",
		"unsure":  "look at a compiled network: how would it know?",
	} {
		t.Setenv("PLUGIN", what)
		if x, err := compile(); err == nil || err.Error() != want || x != nil {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
}

// A path is that of a file, also where it has no folder, which the linker would look
// for elsewhere.
func TestLoadIsRelative(t *testing.T) {
	path := broken(t)
	t.Chdir(filepath.Dir(path))
	if _, err := pjrt.Load(filepath.Base(path)); err != nil {
		t.Error(err)
	}
}

// No file stops the process, whatever it is.
func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.so"):     "no such file",
		dir:                               "folder",
		fifo:                              "named pipe",
		file("text.so", "hello"):          "text.so",
		file("empty.so", ""):              "empty.so",
		file("elf.so", "\x7fELF\x02"):     "elf.so",
		"/lib/x86_64-linux-gnu/libm.so.6": "GetPjrtApi",
	} {
		if _, err := os.Stat(path); path[:4] == "/lib" && err != nil {
			continue
		}
		if _, err := pjrt.Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something about %q", path, err, want)
		}
	}
}
