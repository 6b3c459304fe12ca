package pjrt_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
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

// Several goroutines share a client and a program.
func TestGoroutines(t *testing.T) {
	c := client(t, nil)
	x := must[*pjrt.Executable](t)(c.Compile([]byte(adds), pjrt.CompileOptions{}))
	defer x.Close()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			from := float32(i)
			a, err := pjrt.Put(c, 0, []float32{from, from, from, from}, 4)
			if err != nil {
				t.Error(err)
				return
			}
			b, err := pjrt.Put(c, 0, []float32{1, 1, 1, 1}, 4)
			if err != nil {
				t.Error(err)
				return
			}
			for range 50 {
				out, err := x.Run([]*pjrt.Buffer{a, b}, 1)
				if err != nil {
					t.Error(err)
					return
				}
				a.Free()
				out[1].Free()
				a = out[0]
			}
			got := make([]float32, 4)
			if err := pjrt.Get(got, a); err != nil || got[0] != from+50 || got[3] != from+50 {
				t.Errorf("%v, %v", got, err)
			}
			a.Free()
			b.Free()
		})
	}
	all.Wait()
}

// A plugin for CPUs takes the number of devices as an option, and a flag of XLA's.
func TestOptions(t *testing.T) {
	c := client(t, map[string]any{"cpu_device_count": 3})
	if len(c.Kinds()) != 3 {
		t.Errorf("%d devices, 3 were asked for", len(c.Kinds()))
	}
	x := must[*pjrt.Executable](t)(c.Compile([]byte(nothing), pjrt.CompileOptions{Flags: map[string]any{"xla_cpu_enable_fast_math": false}}))
	out := must[[]*pjrt.Buffer](t)(x.Run(nil, 1))
	got := []float32{0}
	if err := pjrt.Get(got, out...); err != nil || got[0] != 7 {
		t.Errorf("%v, %v", got, err)
	}
	out[0].Free()
	if err := x.Close(); err != nil {
		t.Error(err)
	}
}

// nothing takes nothing.
const nothing = `module @m {
  func.func public @main() -> tensor<f32> {
    %0 = stablehlo.constant dense<7.0> : tensor<f32>
    return %0 : tensor<f32>
  }
}
`

// What the plugin says is in the error, and what was tried.
func TestErrors(t *testing.T) {
	c := client(t, nil)
	_, err := c.Compile([]byte("module @m { nonsense }"), pjrt.CompileOptions{})
	var e *pjrt.Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "compile the network: ") || e.Code == 0 {
		t.Errorf("%v", err)
	}
	x := must[*pjrt.Executable](t)(c.Compile([]byte(adds), pjrt.CompileOptions{}))
	a := must[*pjrt.Buffer](t)(pjrt.Put(c, 0, []float32{1, 2, 3, 4}, 4))
	b := must[*pjrt.Buffer](t)(pjrt.Put(c, 0, []float32{1, 1, 1, 1}, 4))
	for _, r := range must[[]*pjrt.Buffer](t)(x.Run([]*pjrt.Buffer{a, b}, 1)) {
		r.Free()
	}
	refused := func(what, want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	run := func(devices int, args ...*pjrt.Buffer) error {
		_, err := x.Run(args, devices)
		return err
	}
	compile := func(flags map[string]any) error {
		_, err := c.Compile([]byte(nothing), pjrt.CompileOptions{Flags: flags})
		return err
	}
	put := func(device int, data []float32, dims ...int) error {
		_, err := pjrt.Put(c, device, data, dims...)
		return err
	}
	refused("a donated argument", "run a network: ", run(1, a, b))
	refused("one argument of two", "run a network: ", run(1, b))
	refused("no device", "2 arguments for 0 devices", run(0, b, b))
	refused("more devices than arguments", "1 arguments for 2 devices", run(2, b))
	refused("a donated buffer", "deleted or donated", pjrt.Get(make([]float32, 4), a))
	refused("a flag that nobody knows", "compile the network: ", compile(map[string]any{"no_such_flag": true}))
	refused("a flag of no type", "[]string is no type", compile(map[string]any{"xla_cpu_enable_fast_math": []string{}}))
	refused("too few numbers", "2 of them for [3]", put(0, []float32{1, 2}, 3))
	refused("a shape that is none", "for [-1 -2]", put(0, []float32{1, 2}, -1, -2))
	refused("a device that is not there", "there is no device 99", put(99, []float32{1}, 1))
	_, err = c.Memory(-1)
	refused("the memory of a device that is not there", "there is no device -1", err)
	_, err = c.Deserialize([]byte("nonsense"))
	refused("nonsense as a program", "load a compiled network: ", err)
	_, err = c.NewClient(map[string]any{"x": 1i})
	refused("an option of no type", "option x: complex128", err)

	b.Free()
	refused("an argument that was freed", "argument 0 was freed", run(1, b, b))
	refused("a buffer that was freed", "was freed", pjrt.Get(make([]float32, 4), b))
	refused("no buffer", "was freed", pjrt.Get(make([]float32, 4), nil))
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	refused("a program that was freed", "the network was freed", run(1, b, b))
	_, err = x.Serialize()
	refused("a program that was freed", "the network was freed", err)
	_, err = x.Size()
	refused("a program that was freed", "the network was freed", err)
	a.Free()

	closed := must[*pjrt.Client](t)(c.NewClient(nil))
	if err := closed.Close(); err != nil {
		t.Error(err)
	}
	_, err = pjrt.Put(closed, 0, []float32{1}, 1)
	refused("a client that was closed", "is closed", err)
	_, err = closed.Compile([]byte(nothing), pjrt.CompileOptions{})
	refused("a client that was closed", "is closed", err)
	_, err = closed.Deserialize(nil)
	refused("a client that was closed", "is closed", err)
	_, err = closed.Pin(1)
	refused("a client that was closed", "is closed", err)
	refused("a client that was closed", "is closed", closed.Close())
}
