package plugin

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pipe/base/diag"
	"pipe/base/nvidia"
)

var update = flag.Bool("update", false, "rewrite the files in testdata from what the code does")

// A world is a made-up machine, with a plugin if build was called.
type world struct {
	t    testing.TB
	root string
	Places
}

func newWorld(t testing.TB) *world {
	root := t.TempDir()
	w := &world{t: t, root: root, Places: Places{
		Data:   filepath.Join(root, "data"),
		Cache:  filepath.Join(root, "cache"),
		System: nvidia.System{Root: filepath.Join(root, "system")},
	}}
	w.build("system/lib64/libc.so.6", library{versions: "GLIBC_2.17{}; GLIBC_2.36{};"})
	return w
}

// library is the source of a shared library.
type library struct {
	code     string
	rpath    string
	versions string // a version script of the linker
	needs    string // path of another one
}

const function = "void *GetPjrtApi(void) { return 0; }"

var (
	cudaPlugin = library{code: function + ` const char *opens = "libcuda.so.1";`, rpath: "$ORIGIN/../../nvidia/cu13/lib"}
	cpuPlugin  = library{code: function + ` const char *name = "PjRtCpuClient";`}
)

// compiled are the libraries that were made before: the same one is made once.
var compiled = map[library][]byte{}

// build compiles a shared library.
func (w *world) build(name string, l library) string {
	w.t.Helper()
	if compiled[l] == nil {
		compiled[l] = w.compile(l)
	}
	w.file(name, string(compiled[l]))
	return filepath.Join(w.root, name)
}

func (w *world) compile(l library) []byte {
	w.t.Helper()
	compiler, err := exec.LookPath("cc")
	if err != nil {
		w.t.Skip("no C compiler")
	}
	dir := w.t.TempDir()
	path, script := filepath.Join(dir, "x.so"), filepath.Join(dir, "versions")
	args := []string{"-shared", "-fPIC", "-nostdlib", "-o", path, "-x", "c", "-"}
	if l.versions != "" {
		if err := os.WriteFile(script, []byte(l.versions), 0o600); err != nil {
			w.t.Fatal(err)
		}
		args = append(args, "-Wl,--version-script="+script)
	}
	if l.rpath != "" {
		args = append(args, "-Wl,-rpath,"+l.rpath)
	}
	if l.needs != "" {
		args = append(args, "-x", "none", l.needs)
	}
	cmd := exec.Command(compiler, args...)
	cmd.Stdin = strings.NewReader(l.code)
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("cc: %v\n%s", err, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

func (w *world) file(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// install lays down what InstallCommand installs.
func (w *world) install(site string) {
	w.build(site+"/jax_plugins/xla_cuda13/xla_cuda_plugin.so", cudaPlugin)
	for i := range parts {
		w.file(site+"/"+parts[i].cuda13.file, parts[i].name)
	}
	for _, s := range installed(13) {
		w.file(site+"/"+normal(s.pkg)+"-"+s.version+".dist-info/RECORD", "")
	}
}

// gpus makes a driver that knows GPUs of these models.
func (w *world) gpus(version string, models ...string) {
	w.file("system/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  "+version+"  Release Build\nGCC version: 12\n")
	w.file("system/usr/lib/x86_64-linux-gnu/libcuda.so.1", "")
	for i, m := range models {
		w.file(fmt.Sprintf("system/proc/driver/nvidia/gpus/0000:0%d:00.0/information", i),
			fmt.Sprintf("Model: \t\t %s\nGPU UUID: \t GPU-%d%d\nDevice Minor: \t %d\n", m, i, i, i))
	}
}

func (w *world) find() *Plugin {
	w.t.Helper()
	x, err := Find(w.Places)
	if err != nil {
		w.t.Fatal(err)
	}
	return x
}

// clean is a text without what differs from run to run.
func (w *world) clean(text string) string { return strings.ReplaceAll(text, w.root, "ROOT") }

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (go test ./nn/xla/plugin -update rewrites it):\n%s", path, got)
	}
}

func TestFindLooksInOrder(t *testing.T) {
	w := newWorld(t)
	if _, err := Find(w.Places); !errors.As(err, new(*NotFoundError)) {
		t.Fatalf("an empty machine gave %v", err)
	}
	want := func(where, path string) {
		t.Helper()
		if x := w.find(); x.Path != path {
			t.Errorf("%s: found %s", where, w.clean(x.Path))
		}
	}
	inEnv := w.build("venv/lib/python3.13/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so", cudaPlugin)
	w.Environments = []string{filepath.Join(w.root, "none"), filepath.Join(w.root, "venv")}
	want("virtual environment", inEnv)
	other := w.build("venv/lib/python3.13/site-packages/xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so", cpuPlugin)
	cpu := w.build("data/pipe/xla/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so", cpuPlugin)
	want("CUDA in an environment before the processor", inEnv)
	os.Remove(inEnv)
	want("data", cpu)
	os.Remove(cpu)
	want("the processor in an environment", other)
	w.build("data/pipe/xla/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so", cpuPlugin)
	w.build("venv/lib/python3.13/site-packages/jax_plugins/xla_cuda12/xla_cuda_plugin.so", cudaPlugin)
	cuda := w.build("data/pipe/xla/jax_plugins/xla_cuda13/xla_cuda_plugin.so", cudaPlugin)
	want("CUDA before the processor", cuda)
	w.XLA = filepath.Join(w.root, "venv")
	want("PIPE_XLA, an environment", inEnv)
	w.XLA = filepath.Dir(cpu)
	want("PIPE_XLA, the folder of a plugin", cpu)
	w.XLA = filepath.Dir(filepath.Dir(cpu))
	want("PIPE_XLA, a folder of packages", cuda)
	w.XLA = cpu
	want("PIPE_XLA, a file", cpu)
}

// What PIPE_XLA names has to be a plugin; elsewhere what is none is only named.
func TestFindRefuses(t *testing.T) {
	w := newWorld(t)
	w.file("text.so", "no library")
	w.file("empty/file", "")
	w.build("plain.so", library{code: "int x;"})
	w.file("data/pipe/xla/jax_plugins/xla_cuda13/xla_cuda_plugin.so", "\x7fELF cut")
	var b strings.Builder
	for _, xla := range []string{"", "none.so", "text.so", "plain.so", "empty", "empty/file"} {
		w.XLA = ""
		if xla != "" {
			w.XLA = filepath.Join(w.root, xla)
		}
		_, err := Find(w.Places)
		if err == nil {
			t.Fatalf("%q was accepted", xla)
		}
		fmt.Fprintf(&b, "PIPE_XLA=%s\n%v\n%s\n\n", xla, err, diag.HintOf(err))
	}
	golden(t, "refused.txt", w.clean(b.String()))
}

// The bytes are read once, until the file is another one. What was kept and is
// damaged counts as nothing.
func TestFactsAreKept(t *testing.T) {
	w := newWorld(t)
	path := w.build("x.so", cpuPlugin)
	w.XLA = path
	first := w.find()
	kept, err := filepath.Glob(filepath.Join(w.Cache, "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept: %q, %v", kept, err)
	}
	data, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	// A hash that is kept and wrong shows that nothing was read.
	wrong := strings.Repeat("0", 64)
	w.file("cache/"+filepath.Base(kept[0]), strings.ReplaceAll(string(data), first.SHA256, wrong))
	if got := w.find().SHA256; got != wrong {
		t.Errorf("the plugin was read again: %s", got)
	}
	for _, damage := range []string{"", "{", strings.ReplaceAll(string(data), first.SHA256, "short"), strings.ReplaceAll(string(data), `"version":1`, `"version":0`), strings.Repeat(" ", maxKept) + string(data)} {
		w.file("cache/"+filepath.Base(kept[0]), damage)
		if got := w.find().SHA256; got != first.SHA256 {
			t.Errorf("with %.20q kept the hash is %s", damage, got)
		}
	}
	w.build("x.so", cudaPlugin)
	second := w.find()
	if second.SHA256 == first.SHA256 || second.Platform != CUDA {
		t.Errorf("another plugin has the facts of the first: %+v", second)
	}
	w.Cache = "/dev/null/none"
	if got := w.find(); got.SHA256 != second.SHA256 {
		t.Errorf("without a cache: %+v", got)
	}
}

// A mark is found wherever the blocks end that are read.
func TestMarkBetweenBlocks(t *testing.T) {
	for _, before := range []int{0, 1<<20 - 20, 1<<20 - 5, 1<<20 - 1, 1 << 20, 2<<20 - 3} {
		f, err := readFacts(strings.NewReader(strings.Repeat("x", before) + "libcuda.so.1"))
		if err != nil || f.Platform != CUDA {
			t.Errorf("after %d bytes: %+v, %v", before, f, err)
		}
	}
}

func TestClass(t *testing.T) {
	w := newWorld(t)
	w.install("data/pipe/xla")
	w.gpus("580.159.04", "NVIDIA H200", "NVIDIA H200")
	x := w.find()
	w.Environment = []string{"XLA_FLAGS=--xla_gpu_autotune_level=0"}
	y := w.find()
	w.file("system/proc/cpuinfo", "processor : 0\nmodel name\t: Some Processor @ 3 GHz\n")
	w.XLA = w.build("cpu.so", cpuPlugin)
	z := w.find()
	got := strings.Join([]string{x.Class("tf32", true, 1), y.Class("bfloat16", false, 2), z.Class("float32", true, 4)}, "\n") + "\n"
	for _, p := range []*Plugin{x, z} {
		got = strings.ReplaceAll(got, p.SHA256, "SHA256") // of what the compiler at hand makes
	}
	golden(t, "class.txt", got)
}

// A class is one line, whatever the environment holds, and flags are the same ones
// however they are set apart.
func TestClassIsOneLine(t *testing.T) {
	env := map[string]string{"XLA_FLAGS": " --a=1\n\t--b=\x1b[31m ", "CUBLAS_WORKSPACE_CONFIG": " "}
	p := NewPlaces(func(name string) (string, bool) { value, ok := env[name]; return value, ok })
	if want := []string{`XLA_FLAGS=--a=1 --b=\x1b[31m`}; !slices.Equal(p.Environment, want) {
		t.Errorf("%q, want %q", p.Environment, want)
	}
}

// XLA_FLAGS may name a file: what is in there is part of the class.
func TestClassHasTheFileOfFlags(t *testing.T) {
	w := newWorld(t)
	w.XLA = w.build("cpu.so", cpuPlugin)
	w.file("flags", "--a=1")
	path := filepath.Join(w.root, "flags")
	w.Flags = NewPlaces(func(name string) (string, bool) { return path, name == "XLA_FLAGS" }).Flags
	classes := map[string]bool{}
	for _, change := range []func(){func() {}, func() { w.file("flags", "--a=2") }, func() { os.Remove(path) }} {
		change()
		classes[w.find().Class("float32", true, 1)] = true
	}
	if len(classes) != 3 {
		t.Errorf("one class for other flags: %v", classes)
	}
	if p := NewPlaces(func(name string) (string, bool) { return " --a=1", name == "XLA_FLAGS" }); p.Flags != "" {
		t.Errorf("flags are taken for the file %q", p.Flags)
	}
}

// An upgrade into the same folder leaves the names of older packages there.
func TestVersionOfTwo(t *testing.T) {
	w := newWorld(t)
	w.install("data/pipe/xla")
	file := parts[0].cuda13.file
	w.file("data/pipe/xla/nvidia_cublas-13.2.0.9.dist-info/RECORD", "a,b,c\n"+file+",sha256=x,7\n")
	cublas := func() Library { return w.find().Libraries[0] }
	if v := cublas().Version; v != "6 bytes" { // none lists it as it is
		t.Errorf("version %q", v)
	}
	w.file("data/pipe/xla/"+file, "1234567")
	if v := cublas().Version; v != "13.2.0.9" {
		t.Errorf("version %q", v)
	}
	w.file("data/pipe/xla/nvidia_cudnn_cu13-\x1b[31m.dist-info/RECORD", "")
	if v := w.find().Libraries[1].Version; v != "9.19.0.56" {
		t.Errorf("version %q", v)
	}
}

// Libraries that are installed without packages are found where the linker does.
func TestLibrariesOfTheSystem(t *testing.T) {
	w := newWorld(t)
	w.XLA = w.build("a/b/c/xla_cuda_plugin.so", cudaPlugin)
	w.file("system/opt/cuda/libcublas.so.13.1.0.3", "")
	if err := os.Symlink("libcublas.so.13.1.0.3", filepath.Join(w.root, "system/opt/cuda/libcublas.so.13")); err != nil {
		t.Fatal(err)
	}
	w.file("system/etc/ld.so.cache", "glibc-ld.so.cache1.1\x00libcublas.so.13\x00/opt/cuda/libcublas.so.13\x00")
	w.file("system/usr/local/cuda/bin/ptxas", "four")
	w.file("extra/libcudnn.so.9", "")
	w.Places.Libraries = []string{filepath.Join(w.root, "extra")}
	var got []string
	for _, l := range w.find().Libraries[:4] {
		got = append(got, l.Name+" "+l.Version+" "+w.clean(l.Path))
	}
	want := `cuBLAS 13.1.0.3 ROOT/system/opt/cuda/libcublas.so.13
cuDNN 0 bytes ROOT/extra/libcudnn.so.9
ptxas 4 bytes ROOT/system/usr/local/cuda/bin/ptxas
libdevice  `
	if strings.Join(got, "\n") != want {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// A folder of links to plugins is none to look for libraries beside.
func TestLibrariesBehindLinks(t *testing.T) {
	w := newWorld(t)
	w.install("real")
	w.file("links/file", "")
	link := filepath.Join(w.root, "links", "xla")
	if err := os.Symlink(filepath.Join(w.root, "real/jax_plugins/xla_cuda13"), link); err != nil {
		t.Fatal(err)
	}
	w.XLA = filepath.Join(link, "xla_cuda_plugin.so")
	if l := w.find().Libraries[0]; w.clean(l.Path) != "ROOT/real/nvidia/cu13/lib/libcublas.so.13" || l.Version != "13.1.0.3" {
		t.Errorf("found %s %s", w.clean(l.Path), l.Version)
	}
}

// One for another processor is refused for that alone.
func TestCheckOtherProcessor(t *testing.T) {
	w := newWorld(t)
	w.XLA = w.build("x.so", cpuPlugin)
	data, err := os.ReadFile(w.XLA)
	if err != nil {
		t.Fatal(err)
	}
	const machine = 18 // the place of the kind of processor in the file
	data[machine], data[machine+1] = 243, 0
	w.file("x.so", string(data))
	list := w.find().Check()
	if len(list) != 1 || !strings.Contains(list[0].Message, "is made for EM_RISCV, but this program for") {
		t.Errorf("got %v", list)
	}
	if err := list.Err(); err == nil || diag.HintOf(err) == "" {
		t.Errorf("error %v", err)
	}
}

// Files of the driver that this user may not open are named.
func TestCheckRights(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may open everything")
	}
	w := newWorld(t)
	w.install("data/pipe/xla")
	w.gpus("580.159.04", "NVIDIA H200")
	for _, name := range []string{"system/dev/nvidiactl", "system/dev/nvidia0"} {
		w.file(name, "")
		if err := os.Chmod(filepath.Join(w.root, name), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	list := w.find().Check()
	if len(list) != 2 || !strings.HasSuffix(list[0].Message, "nvidiactl is not to be used by this user") || !strings.HasSuffix(list[1].Message, "nvidia0 is not to be used by this user") {
		t.Errorf("got %v", list)
	}
}

// A file that somebody made to do harm is refused or read, in a moment.
func FuzzHeader(f *testing.F) {
	w := newWorld(f)
	for _, l := range []library{cudaPlugin, cpuPlugin} {
		data, err := os.ReadFile(w.build("x.so", l))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := parseHeader(bytes.NewReader(data))
		if err == nil && len(h.needs) > len(data) {
			t.Errorf("%d bytes need %d libraries", len(data), len(h.needs))
		}
	})
}

// Each way in which a machine does not fit says what to do.
func TestCheck(t *testing.T) {
	tests := []struct {
		name string
		make func(*world)
	}{
		{"all is well", func(w *world) { w.install("data/pipe/xla"); w.gpus("580.159.04", "NVIDIA H200", "NVIDIA H200") }},
		{"the processor", func(w *world) { w.XLA = w.build("x.so", cpuPlugin) }},
		{"no driver", func(w *world) { w.install("data/pipe/xla") }},
		{"old driver", func(w *world) { w.install("data/pipe/xla"); w.gpus("570.86.15", "NVIDIA H200") }},
		{"unknown driver", func(w *world) { w.install("data/pipe/xla"); w.gpus("?", "NVIDIA H200") }},
		{"no GPU", func(w *world) { w.install("data/pipe/xla"); w.gpus("580.159.04") }},
		{"hidden GPU", func(w *world) {
			w.install("data/pipe/xla")
			w.gpus("580.159.04", "NVIDIA H200")
			w.System.Visible = []string{}
		}},
		{"mixed GPUs", func(w *world) { w.install("data/pipe/xla"); w.gpus("580.159.04", "NVIDIA H200", "Tesla T4") }},
		{"number of mixed GPUs", func(w *world) {
			w.install("data/pipe/xla")
			w.gpus("580.159.04", "NVIDIA H200", "Tesla T4")
			w.System.Visible = []string{"0"}
		}},
		{"name of mixed GPUs", func(w *world) {
			w.install("data/pipe/xla")
			w.gpus("580.159.04", "NVIDIA H200", "Tesla T4")
			w.System.Visible = []string{"GPU-1"}
		}},
		{"old cuBLAS", func(w *world) { w.install("data/pipe/xla"); w.gpus("580.159.04", "NVIDIA B200") }},
		{"libraries", func(w *world) {
			w.install("data/pipe/xla")
			w.gpus("580.159.04", "NVIDIA H200")
			for _, name := range []string{"data/pipe/xla/nvidia/cudnn", "data/pipe/xla/nvidia/cu13/nvvm", "data/pipe/xla/nvidia/nccl", "system/usr/lib/x86_64-linux-gnu/libcuda.so.1"} {
				os.RemoveAll(filepath.Join(w.root, name))
			}
		}},
		{"another version", func(w *world) {
			w.install("data/pipe/xla")
			w.gpus("580.159.04", "NVIDIA H200")
			site := filepath.Join(w.root, "data/pipe/xla/jax_cuda13_pjrt-")
			if err := os.Rename(site+"0.11.2.dist-info", site+"0.12.0.dist-info"); err != nil {
				w.t.Fatal(err)
			}
		}},
		{"CUDA 12", func(w *world) {
			w.XLA = w.build("x/jax_plugins/xla_cuda12/xla_cuda_plugin.so", library{code: cudaPlugin.code, rpath: "$ORIGIN/../../nvidia/cublas/lib"})
			w.gpus("550.54.15", "Tesla T4")
			for i := range parts {
				w.file("x/"+parts[i].cuda12.file, "")
			}
		}},
		{"another device", func(w *world) { w.XLA = w.build("x.so", library{code: function}) }},
		{"no C library", func(w *world) {
			w.build("system/lib64/libc.so.6", library{versions: "GLIBC_2.17{};"})
			lib := w.build("libc.so.6", library{code: "void f(void) {}", versions: "GLIBC_2.99{ global: f; };"})
			w.XLA = w.build("x.so", library{code: `extern void f(void); void *GetPjrtApi(void) { f(); return "PjRtCpuClient"; }`, needs: lib})
			os.Remove(lib)
		}},
	}
	var b strings.Builder
	for _, tt := range tests {
		w := newWorld(t)
		tt.make(w)
		fmt.Fprintf(&b, "# %s\n", tt.name)
		for _, p := range w.find().Check() {
			fmt.Fprintf(&b, "%s: %s\n    %s\n", p.Severity, w.clean(p.Message), strings.ReplaceAll(w.clean(p.Hint()), "\n", "\n    "))
		}
	}
	golden(t, "check.txt", b.String())
}
