package xla_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"pipe/base/random"
	"pipe/data/task"
	"pipe/data/tensor"
	"pipe/nn"
	"pipe/nn/xla"
	"pipe/nn/xla/xlatest"
)

// rows makes data for a signature: the class or the number follows from the
// features, more or less.
func rows(n, width, classes int) nn.Data {
	s := random.New(7, "rows", 0)
	d := nn.Data{Rows: n, Features: make([]float32, n*width), Target: make([]float64, n)}
	for i := range n {
		sum := 0.0
		for j := range width {
			v := 2*s.Float32(uint64(i*width+j)) - 1
			d.Features[i*width+j] = v
			sum += float64(v) * math.Cos(float64(j))
		}
		d.Target[i] = sum
		if classes > 0 {
			d.Target[i] = math.Mod(math.Abs(math.Floor(2*sum)), float64(classes))
		}
	}
	return d
}

func names(prefix string, n int) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprint(prefix, i))
	}
	return list
}

func signature(width, classes int) nn.Signature {
	sig := nn.Signature{Features: names("x", width), Column: "y", Task: task.Regression, Scale: 1}
	if classes > 0 {
		sig.Task, sig.Classes, sig.Scale = task.Multiclass, names("c", classes), 0
	}
	return sig
}

func layers(list ...nn.Layer) []nn.Layer { return nn.Expand(list, "") }

func dense(units int, act nn.Activation) nn.Layer {
	return nn.NewLayer("dense", &nn.Dense{Units: units, Activation: act})
}

// A training is the same on any backend.
type training struct {
	spec              nn.Spec
	sig               nn.Signature
	train, validation nn.Data
	cfg               nn.Config
}

func mlp() training {
	t := training{sig: signature(6, 3), train: rows(53, 6, 3), validation: rows(11, 6, 3)}
	t.spec = nn.Spec{Inputs: 6, Outputs: 3, Layers: layers(dense(8, nn.Tanh), nn.NewLayer("dropout", &nn.Dropout{Rate: 0.3}), dense(5, nn.GELU))}
	t.cfg = nn.Config{Optimizer: nn.Adam{LearningRate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 1e-4}, Epochs: 4, BatchSize: 16, Shuffle: true, Seed: 3, ClipNorm: 1, Average: 0.9}
	return t
}

func (c training) run(t *testing.T, on nn.Backend) *nn.Model {
	t.Helper()
	c.cfg.Backend = on
	m, err := nn.Train(context.Background(), c.spec, c.sig, c.train, c.validation, c.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// compiled is where the tests of a run keep compiled programs.
var compiled = sync.OnceValue(func() string {
	folder, err := os.MkdirTemp("", "pipe-xla-test-*")
	if err != nil {
		panic(err)
	}
	return folder
})

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(compiled())
	os.Exit(code)
}

func open(t *testing.T, o xla.Options) *xla.Device {
	t.Helper()
	if o.Cache == "" {
		o.Cache, o.Identity = compiled(), "test"
	}
	d, err := xla.Open(context.Background(), xlatest.Plugin(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// near holds two models against each other: their curves, and their numbers.
func near(t *testing.T, got, want *nn.Model, tolerance float64) {
	t.Helper()
	for i, c := range want.Summary.Curves {
		for e, v := range c.Values {
			if d := math.Abs(got.Summary.Curves[i].Values[e] - v); !(d <= tolerance*max(1, math.Abs(v))) {
				t.Errorf("%s of epoch %d is %v, on the CPU %v", c.Name, e+1, got.Summary.Curves[i].Values[e], v)
			}
		}
	}
	for i, p := range want.Params {
		for j, v := range p.Data {
			if d := math.Abs(float64(got.Params[i].Data[j] - v)); !(d <= 10*tolerance) {
				t.Errorf("%s[%d] is %v, on the CPU %v", p.Name, j, got.Params[i].Data[j], v)
				break
			}
		}
	}
}

func same(a, b *nn.Model) bool {
	for i := range a.Params {
		if !slices.Equal(a.Params[i].Data, b.Params[i].Data) {
			return false
		}
	}
	return true
}

// A network learns on a device what it learns on the CPU.
func TestTraining(t *testing.T) {
	c := mlp()
	d := open(t, xla.Options{Deterministic: true})
	m := c.run(t, d)
	near(t, m, c.run(t, nil), 2e-5)
	if !same(m, c.run(t, open(t, xla.Options{Deterministic: true}))) {
		t.Error("a second training gives other bits")
	}
}

// A network of images learns on a device what it learns on the CPU.
func TestTrainingOfImages(t *testing.T) {
	one, c := nn.Pair{1}, mlp()
	conv := func(act nn.Activation) nn.Layer {
		return nn.NewLayer("conv2d", &nn.Conv2D{Filters: 4, Kernel: nn.Pair{3, 2}, Stride: one, Dilation: nn.Pair{2, 1}, Padding: nn.Same, Groups: 2, Activation: act, NoBias: true})
	}
	norm := nn.NewLayer("batch_norm", &nn.BatchNorm{Momentum: 0.1, Epsilon: 1e-5})
	c.sig, c.train, c.validation = signature(60, 3), rows(16, 60, 3), rows(8, 60, 3)
	c.cfg.BatchSize = 8
	c.spec = nn.Spec{Inputs: 60, Outputs: 3, Layers: layers(
		nn.NewLayer("reshape", &nn.Reshape{Dims: []int{2, 6, 5}}), norm, conv(nn.SiLU),
		nn.NewLayer("residual", &nn.Residual{Layers: []nn.Layer{conv(nn.Linear), norm}}),
		nn.NewLayer("spatial_dropout", &nn.SpatialDropout{Rate: 0.2}),
		nn.NewLayer("max_pool", &nn.Pool{Size: nn.Pair{2}, Stride: nn.Pair{2, 1}, Padding: one}),
		nn.NewLayer("average_pool", &nn.Pool{Size: nn.Pair{3, 2}, Stride: one}),
		nn.NewLayer("group_norm", &nn.GroupNorm{Groups: 2, Epsilon: 1e-5}),
		nn.NewLayer("global_pool", &nn.GlobalPool{Kind: "average"}))}
	near(t, c.run(t, open(t, xla.Options{})), c.run(t, nil), 2e-5)
}

// What the device has no room for comes batch by batch, large ones through pinned
// memory.
func TestFeeding(t *testing.T) {
	c := mlp()
	near(t, c.run(t, open(t, xla.Options{Room: -1})), c.run(t, nil), 2e-5)
	const width = 1 << 11
	c = training{sig: signature(width, 3), train: rows(70, width, 3), validation: rows(11, width, 3), cfg: c.cfg}
	c.spec = nn.Spec{Inputs: width, Outputs: 3, Layers: layers(dense(3, nn.Tanh))}
	for _, devices := range []int{1, 2} {
		near(t, c.run(t, open(t, xla.Options{Room: -1, Devices: devices})), c.run(t, nil), 2e-5)
	}
}

// fewer makes some of the features of rows 0.
type fewer struct{}

func (fewer) Augment(epoch int, rows []int, inputs []tensor.Rows) {
	list := inputs[0].F32
	width := len(list) / len(rows)
	for i, row := range rows {
		list[i*width+(row+epoch)%width] = 0
	}
}

// Rows that are changed in each epoch come batch by batch, also where the device has the
// data, which it still measures there.
func TestAugmented(t *testing.T) {
	c := mlp()
	plain := c.run(t, nil)
	c.cfg.Augment = fewer{}
	want := c.run(t, nil)
	if same(plain, want) {
		t.Error("nothing was changed")
	}
	for _, room := range []int64{0, -1} {
		near(t, c.run(t, open(t, xla.Options{Room: room})), want, 2e-5)
	}
}

// A compiled program is kept and found again; one that is damaged is made anew.
func TestCache(t *testing.T) {
	c := mlp()
	c.cfg.Epochs = 1
	o := xla.Options{Cache: filepath.Join(t.TempDir(), "programs"), Identity: "test"}
	files := func() []string {
		list, err := filepath.Glob(filepath.Join(o.Cache, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	first := c.run(t, open(t, o))
	kept := files()
	if len(kept) == 0 {
		t.Fatal("nothing was kept")
	}
	for _, damaged := range []bool{false, true} {
		var before []os.FileInfo
		for i, path := range kept {
			if damaged {
				if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 40*i), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before = append(before, stat(t, path))
		}
		if !same(first, c.run(t, open(t, o))) {
			t.Error("other bits")
		}
		if !slices.Equal(files(), kept) {
			t.Fatalf("kept %v, then %v", kept, files())
		}
		for i, path := range kept { // what is compiled is written anew
			if anew := !os.SameFile(before[i], stat(t, path)); anew != damaged {
				t.Errorf("damaged %v: compiled anew %v", damaged, anew)
			}
		}
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// Who is interrupted does not wait for the compiler, and leaves nothing behind that
// another one would trip over.
func TestInterruptedCompilation(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	d, err := xla.Open(ctx, xlatest.Plugin(t), xla.Options{}) // without a cache it has to compile
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("enough")
	cancel(why)
	c := mlp()
	c.cfg.Backend = d
	if _, err := nn.Train(context.Background(), c.spec, c.sig, c.train, c.validation, c.cfg); !errors.Is(err, why) {
		t.Errorf("training ends with %v, not with what it was interrupted by", err)
	}
	if _, err := d.Memory("no module"); err == nil {
		t.Error("there is no error for what is no module")
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	c.cfg.Epochs = 1
	c.run(t, open(t, xla.Options{}))
}

// Several batches are one step.
func TestAccumulation(t *testing.T) {
	c := mlp()
	c.cfg.Accumulate = 3
	c.cfg.Epochs = 2
	near(t, c.run(t, open(t, xla.Options{})), c.run(t, nil), 2e-5)
}

// Devices that share each batch find the losses of one.
func TestDevices(t *testing.T) {
	c := mlp()
	c.cfg.Epochs = 2
	near(t, c.run(t, open(t, xla.Options{Devices: 4})), c.run(t, nil), 2e-5)
}

// Training that was stopped goes on to the same bits.
func TestResume(t *testing.T) {
	c := mlp()
	whole := c.run(t, open(t, xla.Options{}))
	var saved bytes.Buffer
	ctx, cancel := context.WithCancel(context.Background())
	steps := 0
	c.cfg.Checkpoint = func(save func(io.Writer) error) {
		if steps++; steps == 6 {
			cancel()
		}
		if ctx.Err() != nil {
			saved.Reset()
			if err := save(&saved); err != nil {
				t.Error(err)
			}
		}
	}
	c.cfg.Backend = open(t, xla.Options{})
	if _, err := nn.Train(ctx, c.spec, c.sig, c.train, c.validation, c.cfg); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	c.cfg.Checkpoint = nil
	for name, on := range map[string]nn.Backend{"device": open(t, xla.Options{}), "cpu": nil} {
		c.cfg.Resume = bytes.NewReader(saved.Bytes())
		c.cfg.OnAnew = func(why error) { t.Errorf("%s: %v", name, why) }
		m := c.run(t, on)
		if name == "device" && !same(m, whole) {
			t.Error("going on from a checkpoint gives other bits")
		}
		near(t, m, whole, 2e-5)
	}
}

// A number that is not finite ends training with the parameters before it, and
// with the layer where it came from.
func TestDivergence(t *testing.T) {
	for name, spoil := range map[string]func(c *training) []float32{
		"training":   func(c *training) []float32 { return c.train.Features[40*6:][:6] },
		"validation": func(c *training) []float32 { return c.validation.Features[9*6:][:6] },
	} {
		t.Run(name, func(t *testing.T) {
			c := mlp()
			c.sig, c.spec.Outputs = signature(6, 0), 1
			c.spec.Layers = layers(dense(8, nn.ReLU))
			c.train, c.validation = rows(53, 6, 0), rows(11, 6, 0)
			for i, v := range spoil(&c) {
				spoil(&c)[i] = float32(math.Copysign(3e38, float64(v)))
			}
			c.diverges(t)
		})
	}
}

// diverges holds the errors of a device and of the CPU against each other.
func (c training) diverges(t *testing.T) {
	t.Helper()
	var want, got *nn.DivergedError
	_, err := nn.Train(context.Background(), c.spec, c.sig, c.train, c.validation, c.cfg)
	if !errors.As(err, &want) {
		t.Fatalf("on the CPU: %v", err)
	}
	c.cfg.Backend = open(t, xla.Options{})
	_, err = nn.Train(context.Background(), c.spec, c.sig, c.train, c.validation, c.cfg)
	if !errors.As(err, &got) {
		t.Fatalf("on the device: %v", err)
	}
	if got.Epoch != want.Epoch || got.Step != want.Step || got.Layer != want.Layer || got.Tensor != want.Tensor {
		t.Errorf("on the device: %v\non the CPU: %v", got, want)
	}
}

// The losses of the first steps are those of the CPU to 1e-6, with dropout: the
// random numbers are the same to the bit. Later, rounding makes a difference.
func TestFirstLosses(t *testing.T) {
	c := mlp()
	c.spec.Layers = layers(dense(8, nn.GELU), nn.NewLayer("dropout", &nn.Dropout{Rate: 0.3}), dense(5, nn.SiLU), nn.NewLayer("dropout", &nn.Dropout{Rate: 0.5}))
	var want []float64
	for _, on := range []nn.Backend{nil, open(t, xla.Options{})} {
		c.cfg.Backend = on
		s, err := nn.NewSteps(c.spec, c.sig, c.train, c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for i := range 3 {
			loss, err := s.Step(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if on == nil {
				want = append(want, loss)
			} else if d := math.Abs(loss - want[i]); !(d <= 1e-6*math.Abs(want[i])) {
				t.Errorf("the loss of step %d is %v, on the CPU %v", i+1, loss, want[i])
			}
		}
	}
}

// photos are rows of one picture each, of bytes.
type photos struct {
	nn.Data
	width int
}

func (p photos) Gather(rows []int, into *nn.Batch) error {
	all := nn.Batch{Inputs: make([]tensor.Rows, min(1, len(into.Inputs))), Targets: into.Targets, Weights: into.Weights}
	if err := p.Data.Gather(rows, &all); err != nil {
		return err
	}
	into.Weights = all.Weights
	if len(into.Inputs) > 0 {
		for _, v := range all.Inputs[0].F32 {
			into.Inputs[0].U8 = append(into.Inputs[0].U8, uint8(127+100*v))
		}
	}
	return nil
}

// Bytes become normalised numbers on the device, as they do here.
func TestNormalised(t *testing.T) {
	c := mlp()
	const width = 12
	in := nn.Input{Name: "photo", Type: tensor.U8, Shape: nn.Shape{2, 2, 3}, Scale: nn.PixelScale, Center: []float64{0.4, 0.6}, Deviation: []float64{0.2, 0.5}}
	sig := signature(width, 3)
	sig.Features, sig.Inputs = nil, []nn.Input{in}
	spec := nn.Spec{Outputs: 3, Branches: []nn.Branch{{Input: in.Name, Shape: in.Shape, Layers: []nn.Layer{}}}, Layers: layers(nn.NewLayer("flatten", &nn.Flatten{}), dense(5, nn.Tanh))}
	run := func(on nn.Backend, in nn.Input) *nn.Model {
		cfg := c.cfg
		cfg.Backend = on
		sig := sig
		sig.Inputs = []nn.Input{in}
		m, err := nn.Train(t.Context(), spec, sig, photos{rows(53, width, 3), width}, photos{rows(11, width, 3), width}, cfg)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	want := run(nil, in)
	plain := in
	plain.Center, plain.Deviation = nil, nil
	if same(run(nil, plain), want) {
		t.Error("nothing was normalised")
	}
	for _, room := range []int64{0, -1} {
		near(t, run(open(t, xla.Options{Room: room}), in), want, 2e-5)
	}
}
