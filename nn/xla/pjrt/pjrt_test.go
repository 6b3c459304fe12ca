package pjrt_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pipe/nn/xla/pjrt"
	"pipe/nn/xla/xlatest"
)

func client(t *testing.T, options map[string]any) *pjrt.Client {
	t.Helper()
	p, err := pjrt.Load(xlatest.Plugin(t))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.NewClient(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// adds is a module that adds its second argument to the first, which is donated.
const adds = `module @m {
  func.func public @main(%a: tensor<4xf32> {tf.aliasing_output = 0 : i32}, %b: tensor<4xf32>) -> (tensor<4xf32>, tensor<f32>) {
    %0 = stablehlo.add %a, %b : tensor<4xf32>
    %1 = stablehlo.constant dense<0.0> : tensor<f32>
    %2 = stablehlo.reduce(%0 init: %1) applies stablehlo.add across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
    return %0, %2 : tensor<4xf32>, tensor<f32>
  }
}
`

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestClient(t *testing.T) {
	c := client(t, nil)
	name, version := c.Platform()
	if name == "" || len(c.Kinds()) == 0 || c.Kinds()[0] == "" {
		t.Errorf("platform %q %q, devices %q", name, version, c.Kinds())
	}
	if major, minor := c.Version(); major != 0 || minor < 81 {
		t.Errorf("version %d.%d", major, minor)
	}
	if m := must[map[string]any](t)(c.Attributes()); len(m) == 0 {
		t.Error("the plugin says nothing of itself")
	}
}

// Runs are queued behind each other; a donated argument is gone, its memory is that
// of the result; what was serialised does the same.
func TestRun(t *testing.T) {
	c := client(t, nil)
	x := must[*pjrt.Executable](t)(c.Compile([]byte(adds), pjrt.CompileOptions{}))
	defer func() { x.Close() }()
	data := must[[]byte](t)(x.Serialize())
	loaded := must[*pjrt.Executable](t)(c.Deserialize(data))
	defer loaded.Close()
	if s := must[pjrt.Size](t)(x.Size()); s.Arguments != 32 || s.Alias != 16 {
		t.Errorf("memory %+v: want 32 bytes of arguments, 16 of them donated", s)
	}
	for _, x := range []*pjrt.Executable{x, loaded} {
		if x.Outputs() != 2 {
			t.Fatalf("%d results", x.Outputs())
		}
		a := must[*pjrt.Buffer](t)(pjrt.Put(c, 0, []float32{1, 2, 3, 4}, 4))
		b := must[*pjrt.Buffer](t)(pjrt.Put(c, 0, []float32{1, 1, 1, 1}, 4))
		var sum *pjrt.Buffer
		for range 3 {
			sum.Free()
			out := must[[]*pjrt.Buffer](t)(x.Run([]*pjrt.Buffer{a, b}, 1))
			if gone := must[bool](t)(a.Deleted()); !gone {
				t.Error("the donated argument is still there")
			}
			a.Free()
			a, sum = out[0], out[1]
		}
		fetch := must[*pjrt.Fetch[float32]](t)(pjrt.Begin[float32](sum))
		got := make([]float32, 5)
		if err := pjrt.Get(got, a, sum); err != nil || !slices.Equal(got, []float32{4, 5, 6, 7, 22}) {
			t.Errorf("%v, %v", got, err)
		}
		if got := must[[]float32](t)(fetch.Wait()); !slices.Equal(got, []float32{22}) {
			t.Errorf("%v", got)
		}
		if err := pjrt.Get(make([]float32, 3), a); err == nil {
			t.Error("four numbers went into three")
		}
		for _, b := range []*pjrt.Buffer{a, b, sum} {
			b.Free()
		}
	}
}

func TestPinned(t *testing.T) {
	c := client(t, nil)
	m := must[*pjrt.Pinned](t)(c.Pin(100))
	copy(m.Floats(), []float32{1, 2, 3, 4, 5, 6})
	b, done, err := m.Put(0, 2, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := done.Wait(); err != nil {
		t.Fatal(err)
	}
	clear(m.Floats())
	got := make([]float32, 4)
	if err := pjrt.Get(got, b); err != nil || !slices.Equal(got, []float32{3, 4, 5, 6}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, _, err := m.Put(0, 0, 1<<20); err == nil {
		t.Error("more was brought than there is")
	}
	b.Free()
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// shared adds up a vector of which each device has a part.
const shared = `module @m attributes {mhlo.num_partitions = 2 : i32, mhlo.num_replicas = 1 : i32} {
  sdy.mesh @devices = <["batch"=2]>
  func.func public @main(%a: tensor<4xf32> {sdy.sharding = #sdy.sharding<@devices, [{"batch"}]>}) -> (tensor<f32> {sdy.sharding = #sdy.sharding<@devices, []>}) {
    %1 = stablehlo.constant dense<0.0> : tensor<f32>
    %2 = stablehlo.reduce(%a init: %1) applies stablehlo.add across dimensions = [0] : (tensor<4xf32>, tensor<f32>) -> tensor<f32>
    return %2 : tensor<f32>
  }
}
`

func TestDevices(t *testing.T) {
	c := client(t, nil)
	if len(c.Kinds()) < 2 {
		t.Skip("the plugin shows one device")
	}
	x := must[*pjrt.Executable](t)(c.Compile([]byte(shared), pjrt.CompileOptions{Partitions: 2}))
	defer x.Close()
	var args []*pjrt.Buffer
	for i, part := range [][]float32{{1, 2}, {3, 4}} {
		args = append(args, must[*pjrt.Buffer](t)(pjrt.Put(c, i, part, 2)))
	}
	for i, b := range must[[]*pjrt.Buffer](t)(x.Run(args, 2)) {
		got := []float32{0}
		if err := pjrt.Get(got, b); err != nil || got[0] != 10 {
			t.Errorf("device %d has %v, %v", i, got, err)
		}
		b.Free()
	}
	for _, b := range args {
		b.Free()
	}
}

// What the plugin says is in the error, and what was tried.
func TestErrors(t *testing.T) {
	c := client(t, nil)
	_, err := c.Compile([]byte("module @m { nonsense }"), pjrt.CompileOptions{})
	var e *pjrt.Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "compile the network: ") || e.Code == 0 {
		t.Errorf("%v", err)
	}
	if _, err := c.Deserialize([]byte("nonsense")); err == nil {
		t.Error("nonsense was loaded")
	}
	if _, err := pjrt.Put(c, 0, []float32{1, 2}, 3); err == nil {
		t.Error("two numbers became three")
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
